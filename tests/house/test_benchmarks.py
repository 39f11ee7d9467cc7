"""Benchmarks are run by hand; a rename in the product must not break one unseen."""

import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks import lines

ROOT = Path(__file__).parents[2]
LEAST = 0.85
"""Lines of test code to a line of product code."""
NAMES = sorted(path.stem for path in (ROOT / "benchmarks").glob("[a-z]*.py"))


def test_every_benchmark_can_be_imported() -> None:
    imports = "\n".join(f"import benchmarks.{name}" for name in NAMES)
    done = subprocess.run([sys.executable, "-c", imports], cwd=ROOT, capture_output=True, text=True, check=False)
    assert NAMES and done.returncode == 0, done.stderr


def test_every_room_has_the_lines_of_tests_that_are_promised(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    product, tests = lines.by_room()
    thin = {room: f"{tests[room] / product[room]:.2f}" for room in product if tests[room] < LEAST * product[room]}
    assert thin == {}
