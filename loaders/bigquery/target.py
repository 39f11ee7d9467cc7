"""A Parquet file into a table of BigQuery: loaded beside it, counted, and put in place by one statement."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pyarrow.parquet as pq
from google.cloud import bigquery
from sqlglot import exp

from holley_graph.errors import SettingsError, SourceError
from holley_graph.loaders.bigquery import faults, tables
from holley_graph.loaders.bigquery.connection import Connection
from holley_graph.loaders.bigquery.scratch import Scratch
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
    if DATED_BY not in columns:
        raise SettingsError(
            f"{file} has no column {DATED_BY}: the table is partitioned by its day", "export writes it"
        )
    connection = Connection(settings.bigquery)
    try:
        return _Load(connection, settings, run_id).into(_reference(target, connection), file, columns, replace)
    finally:
        connection.close()


class _Load:
    def __init__(self, connection: Connection, settings: Settings, run_id: str) -> None:
        self.connection, self.deadline_s = connection, settings.bigquery.deadline_s
        self.scratch = Scratch(connection, settings, run_id)

    def into(self, target: bigquery.TableReference, file: Path, columns: list[str], replace: bool) -> Loaded:
        try:
            staged = self.scratch.load("export", file, f"{target} is as it was")
            named = (exp.column(name, quoted=True) for name in columns)
            rows = exp.select(*named).from_(tables.name_of(staged.reference))
            made = replace or not self._exists(target)
            moved = _made(target, rows) if made else _appended(target, columns, rows)
            self.scratch.jobs.run("export", moved.sql("bigquery"), {})
        finally:
            self.scratch.drop()
        return Loaded(str(target), staged.num_rows, replace)

    def _exists(self, target: bigquery.TableReference) -> bool:
        connection = self.connection
        try:
            with faults.told(f"table {target}", self.deadline_s):
                connection.client.get_table(target, retry=connection.retry, timeout=connection.call_s)
        except SourceError:
            return False
        return True


def _made(target: bigquery.TableReference, rows: exp.Select) -> exp.Create:
    day = exp.Anonymous(this="DATE", expressions=[exp.column(DATED_BY, quoted=True)])
    parts = exp.Properties(expressions=[exp.PartitionedByProperty(this=day)])
    return exp.Create(this=tables.name_of(target), kind="TABLE", replace=True, properties=parts, expression=rows)


def _appended(target: bigquery.TableReference, columns: list[str], rows: exp.Select) -> exp.Insert:
    named = exp.Schema(
        this=tables.name_of(target), expressions=[exp.to_identifier(name, quoted=True) for name in columns]
    )
    return exp.Insert(this=named, expression=rows)


def _reference(target: str, connection: Connection) -> bigquery.TableReference:
    dataset, _, table = target.rpartition(".")
    if not dataset or not table:
        raise SettingsError(f"{target!r} is no dataset.table", "--to dataset.table")
    return tables.dataset_of(dataset, connection.client.project).table(table)
