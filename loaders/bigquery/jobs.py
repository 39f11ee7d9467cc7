"""Statements as jobs: under a cap, with the run's label, tried again until the deadline, and never past it."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from google.api_core.exceptions import GoogleAPICallError
from google.cloud import bigquery
from google.cloud.bigquery.retry import job_retry_reasons

from holley_graph.errors import TooExpensive
from holley_graph.loaders.bigquery import faults
from holley_graph.loaders.bigquery.connection import Connection
from holley_graph.loaders.source import Cost

_TIB = 2**40
_POLL_S = (0.2, 5.0)  # between two looks at a job: the first pause, and the longest


@dataclass(frozen=True)
class Jobs:
    """Runs the queries of one run."""

    connection: Connection
    run_id: str

    def estimate(self, name: str, text: str, values: Mapping[str, tuple[str, Any]]) -> Cost:
        """Ask what a query would read; it is checked, but not run.

        Raises:
            TooExpensive: more than `bigquery.max_bytes_billed`.
        """
        config = self._config(values)
        config.dry_run, config.use_query_cache = True, False
        read = int(self._submit(name, text, config).total_bytes_processed or 0)
        settings = self.connection.settings
        if read > settings.max_bytes_billed:
            raise TooExpensive(
                f"query {name} would read {read:,} bytes, bigquery.max_bytes_billed allows "
                f"{settings.max_bytes_billed:,}; it was not run",
                "raise bigquery.max_bytes_billed to allow it",
            )
        return Cost(name, read, round(read / _TIB * settings.price_per_tib, 4))

    def run(self, name: str, text: str, values: Mapping[str, tuple[str, Any]]) -> bigquery.QueryJob:
        """Run a query to its end.

        Args:
            name: of the statement, for messages.
            text: SQL that may be repeated: a job that failed for the moment is submitted anew.
            values: parameter name to its BigQuery type and value.

        Raises:
            SourceUnreachable: it failed for the moment, again and again until the deadline, or was cancelled.
            SourceError, AccessDenied, TooExpensive: it cannot work.
        """
        end = time.monotonic() + self.connection.settings.deadline_s
        while True:
            job = self._submit(name, text, self._config(values))
            error = self._ended(name, job)
            if error is None:
                return job
            if faults.reason_of(error) not in {*job_retry_reasons, "rateLimitExceeded"} or time.monotonic() > end:
                raise faults.of(error, f"query {name}", self.connection.settings.deadline_s) from error
            time.sleep(1)

    def _submit(self, name: str, text: str, config: bigquery.QueryJobConfig) -> bigquery.QueryJob:
        connection = self.connection
        with faults.told(f"query {name}", connection.settings.deadline_s):
            return connection.client.query(
                text,
                job_config=config,
                job_id_prefix=f"{self.run_id}-{name.replace('/', '-')}-",
                retry=connection.retry,
                job_retry=None,  # ours: the client's own has no deadline that could be set for all of it
                timeout=connection.call_s,
            )

    def _ended(self, name: str, job: bigquery.QueryJob) -> GoogleAPICallError | None:
        """Wait for a job, however long it runs, as long as somebody answers."""
        connection, (pause, longest) = self.connection, _POLL_S
        while job.state != "DONE":
            time.sleep(pause)
            pause = min(pause * 1.5, longest)
            with faults.told(f"query {name}", connection.settings.deadline_s):
                job.reload(retry=connection.retry, timeout=connection.call_s)
        error: GoogleAPICallError | None = job.exception(timeout=connection.call_s) if job.error_result else None
        return error

    def _config(self, values: Mapping[str, tuple[str, Any]]) -> bigquery.QueryJobConfig:
        return bigquery.QueryJobConfig(
            query_parameters=[bigquery.ScalarQueryParameter(n, type_, v) for n, (type_, v) in values.items()],
            maximum_bytes_billed=self.connection.settings.max_bytes_billed,
            labels=labels(self.run_id),
        )


def labels(run_id: str) -> dict[str, str]:
    """Labels of everything that a run makes; BigQuery takes lower case only."""
    return {"tool": "holley-graph", "run_id": run_id.lower()}
