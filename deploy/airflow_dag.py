"""A night as an Airflow DAG: one task, because `holley-graph night` remembers its own steps.

A retry goes on where the failed try was stopped. After an exit code that says "nothing was sent" the task fails at
once, because a retry would say the same. The DAG is for Airflow 3 and reads three of its variables.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from airflow.providers.standard.operators.python import PythonOperator
from airflow.sdk import DAG
from airflow.sdk.exceptions import AirflowFailException

SAID_NO = {1: "no-go, or the gate said no", 19: "too few buyers to say"}
"""Exit codes after which yesterday's release and file are in place."""


def night(home: str, source: str, to: str, as_of: str) -> None:
    """Run the command, and turn its exit code into what Airflow understands."""
    import subprocess

    command = ["holley-graph", "--home", home, "night", "--source", source, "--to", to, "--as-of", as_of]
    code = subprocess.run(command, check=False).returncode
    if code in SAID_NO:
        raise AirflowFailException(SAID_NO[code])
    if code:
        raise RuntimeError(f"holley-graph night ended with exit code {code}")


with DAG(
    dag_id="holley_graph_night",
    schedule="30 2 * * *",
    start_date=datetime(2026, 1, 1),
    catchup=False,
    max_active_runs=1,
    default_args={"retries": 3, "retry_delay": timedelta(minutes=10)},
):
    PythonOperator(
        task_id="night",
        python_callable=night,
        op_kwargs={
            "home": "{{ var.value.holley_graph_home }}",
            "source": "{{ var.value.holley_graph_source }}",
            "to": "{{ var.value.holley_graph_to }}",
            "as_of": "{{ data_interval_end | ds }}",
        },
    )
