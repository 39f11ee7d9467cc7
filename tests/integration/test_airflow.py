"""The DAG in deploy/, loaded by a real Airflow."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]
PYTHON = ROOT / ".venv-airflow" / "bin" / "python"
CODES = (0, 1, 19, 10)

LOADS = """
import contextlib, json, sys
with contextlib.redirect_stdout(sys.stderr):
    from airflow.dag_processing.dagbag import DagBag
    bag = DagBag(sys.argv[1])
    (dag,) = bag.dags.values()
    (task,) = dag.tasks
    ended = {}
    for code in json.loads(sys.argv[2]):
        try:
            task.python_callable(str(code), "files:/raw", "/mail.csv", "2026-01-01")
            ended[code] = "done"
        except Exception as error:
            ended[code] = type(error).__name__
print(json.dumps({"errors": bag.import_errors, "dag": dag.dag_id, "retries": task.retries, "ended": ended}))
"""


def test_airflow_loads_it_and_tries_again_only_what_may_end_otherwise(tmp_path: Path) -> None:
    """The command is a stand-in that ends with the exit code that its home is called by."""
    if not PYTHON.exists():
        raise RuntimeError(f"{PYTHON} does not exist: run `make airflow`")
    command = tmp_path / "holley-graph"
    command.write_text('#!/bin/sh\n[ "$3" = night ] && exit "$2"\nexit 70\n')
    command.chmod(0o700)
    environment = os.environ | {
        "PATH": f"{tmp_path}:{os.environ['PATH']}",
        "AIRFLOW_HOME": str(tmp_path / "airflow"),
    }
    process = subprocess.run(
        [PYTHON, "-c", LOADS, ROOT / "deploy" / "airflow_dag.py", json.dumps(CODES)],
        capture_output=True, text=True, check=False, env=environment,
    )  # fmt: skip
    assert process.returncode == 0, process.stderr
    assert json.loads(process.stdout.splitlines()[-1]) == {
        "errors": {},
        "dag": "holley_graph_night",
        "retries": 3,
        "ended": {"0": "done", "1": "AirflowFailException", "19": "AirflowFailException", "10": "RuntimeError"},
    }
