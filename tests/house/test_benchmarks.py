"""Benchmarks are run by hand; a rename in the product must not break one unseen."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
NAMES = sorted(path.stem for path in (ROOT / "benchmarks").glob("[a-z]*.py"))


def test_every_benchmark_can_be_imported() -> None:
    lines = "\n".join(f"import benchmarks.{name}" for name in NAMES)
    done = subprocess.run([sys.executable, "-c", lines], cwd=ROOT, capture_output=True, text=True, check=False)
    assert NAMES and done.returncode == 0, done.stderr
