"""Threads of a training wait for each other without holding a core, unless somebody wants it otherwise."""

import os
import subprocess
import sys

import pytest

SAY = "import holley_graph, os; print(os.environ['OMP_WAIT_POLICY'])"


@pytest.mark.parametrize(("wanted", "found"), [(None, "passive"), ("active", "active")])
def test_threads_wait_passively_and_a_wish_is_kept(wanted: str | None, found: str) -> None:
    environment = {name: value for name, value in os.environ.items() if name != "OMP_WAIT_POLICY"}
    environment |= {"OMP_WAIT_POLICY": wanted} if wanted else {}
    said = subprocess.run([sys.executable, "-c", SAY], env=environment, capture_output=True, text=True, check=True)
    assert said.stdout.strip() == found
