"""Threads of a training wait for each other without holding a core, unless somebody wants it otherwise."""

import os
import subprocess
import sys

import pytest

SAY = "import holley_graph, os; print(os.environ['OMP_WAIT_POLICY'])"


@pytest.mark.parametrize(("wanted", "expected"), [(None, "passive"), ("active", "active")])
def test_threads_wait_passively_and_a_wish_is_kept(wanted: str | None, expected: str) -> None:
    environment = {name: value for name, value in os.environ.items() if name != "OMP_WAIT_POLICY"}
    environment |= {"OMP_WAIT_POLICY": wanted} if wanted else {}
    process = subprocess.run(
        [sys.executable, "-c", SAY], env=environment, capture_output=True, text=True, check=True
    )
    assert process.stdout.strip() == expected
