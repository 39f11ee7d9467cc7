"""A Parquet file into a table of BigQuery: loaded beside it, counted, and put in place by one statement."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow.parquet as pq
from google.cloud import bigquery
from sqlglot import exp

from holley_graph.errors import SettingsError, SourceError, SourceUnreachable
from holley_graph.loaders.bigquery import faults, tables
from holley_graph.loaders.bigquery.connection import Connection
from holley_graph.loaders.bigquery.jobs import Jobs, labels
from holley_graph.settings import Settings

DATED_BY = "generated_at"
"""Column by whose day a target is partitioned."""


@dataclass(frozen=True)
class Loaded:
    """What stands in BigQuery now."""

    table: str
    rows: int
    """Rows of this load; a table that was appended to has more."""
    replaced: bool


def load(settings: Settings, file: Path, target: str, run_id: str, *, replace: bool) -> Loaded:
    """Load a file; whoever reads the target sees all of it or nothing of it.

    Args:
        settings: where BigQuery is, and the scratch dataset that holds the file's rows until they are counted.
        file: Parquet with a column `generated_at`.
        target: `dataset.table`, or `project.dataset.table`; made if it is not there.
        run_id: stands on the jobs, and in the name of the scratch table.
        replace: whether the target holds these rows only afterwards, or these too.

    Raises:
        SettingsError: the target is not written so, or the file has no `generated_at`.
        SourceUnreachable: not all rows arrived; the target is as it was.
        SourceError, AccessDenied: BigQuery refuses.
    """
    columns = pq.read_schema(file).names
    rows = pq.read_metadata(file).num_rows
    if DATED_BY not in columns:
        raise SettingsError(
            f"{file} has no column {DATED_BY}: the table is partitioned by its day", "export writes it"
        )
    connection = Connection(settings.bigquery)
    try:
        return _Load(connection, settings, run_id).into(
            _reference(target, connection), file, columns, rows, replace
        )
    finally:
        connection.close()


class _Load:
    def __init__(self, connection: Connection, settings: Settings, run_id: str) -> None:
        self.connection, self.jobs = connection, Jobs(connection, run_id)
        self.deadline_s = settings.bigquery.deadline_s
        self.staging = bigquery.Table(tables.scratch(connection).table(f"{run_id}_export".replace("-", "_")))
        self.staging.expires = datetime.now(UTC) + timedelta(hours=settings.bigquery.scratch_hours)

    def into(
        self, target: bigquery.TableReference, file: Path, columns: list[str], rows: int, replace: bool
    ) -> Loaded:
        try:
            arrived = self._stage(file)
            if arrived != rows:
                raise SourceUnreachable(
                    f"loading {file.name}: {arrived:,} of {rows:,} rows arrived; {target} is as it was",
                    "run the same command again",
                )
            made = replace or not self._exists(target)
            moved = _made(target, self._rows(columns)) if made else _appended(target, columns, self._rows(columns))
            self.jobs.run("export", moved.sql("bigquery"), {})
        finally:
            tables.drop(self.connection, self.staging)
        return Loaded(str(target), rows, replace)

    def _stage(self, file: Path) -> int:
        client, retry, call_s = self.connection.client, self.connection.retry, self.connection.call_s
        config = bigquery.LoadJobConfig(
            source_format=bigquery.SourceFormat.PARQUET,
            write_disposition=bigquery.WriteDisposition.WRITE_TRUNCATE,
            labels=labels(self.jobs.run_id),
        )
        with faults.told(f"loading {file.name}", self.deadline_s), file.open("rb") as content:
            self.staging.schema = _schema(file)
            client.create_table(self.staging, exists_ok=True, retry=retry, timeout=call_s)
            job = client.load_table_from_file(
                content, self.staging.reference, job_config=config, num_retries=3, timeout=call_s
            )
            job.result(retry=retry)
            return int(client.get_table(self.staging, retry=retry, timeout=call_s).num_rows)

    def _exists(self, target: bigquery.TableReference) -> bool:
        connection = self.connection
        try:
            with faults.told(f"table {target}", self.deadline_s):
                connection.client.get_table(target, retry=connection.retry, timeout=connection.call_s)
        except SourceError:
            return False
        return True

    def _rows(self, columns: list[str]) -> exp.Select:
        selected = exp.select(*(exp.column(name, quoted=True) for name in columns))
        return selected.from_(tables.name_of(self.staging.reference))


def _made(target: bigquery.TableReference, rows: exp.Select) -> exp.Create:
    day = exp.Anonymous(this="DATE", expressions=[exp.column(DATED_BY, quoted=True)])
    parts = exp.Properties(expressions=[exp.PartitionedByProperty(this=day)])
    return exp.Create(this=tables.name_of(target), kind="TABLE", replace=True, properties=parts, expression=rows)


def _appended(target: bigquery.TableReference, columns: list[str], rows: exp.Select) -> exp.Insert:
    named = exp.Schema(
        this=tables.name_of(target), expressions=[exp.to_identifier(name, quoted=True) for name in columns]
    )
    return exp.Insert(this=named, expression=rows)


def _schema(file: Path) -> list[bigquery.SchemaField]:
    return [bigquery.SchemaField(field.name, tables.spelled(field.type)) for field in pq.read_schema(file)]


def _reference(target: str, connection: Connection) -> bigquery.TableReference:
    dataset, _, table = target.rpartition(".")
    if not dataset or not table:
        raise SettingsError(f"{target!r} is no dataset.table", "--to dataset.table")
    return tables.dataset_of(dataset, connection.client.project).table(table)
