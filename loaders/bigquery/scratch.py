"""Intermediate tables of one run: made by statements or loaded from files, read back, and dropped at its end.

They may hold addresses for as long as the run lasts. If it is killed, they expire by themselves.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from google.cloud import bigquery
from google.cloud.bigquery.format_options import ParquetOptions
from sqlglot import exp

from holley_graph import spill
from holley_graph.errors import SourceUnreachable
from holley_graph.loaders.bigquery import faults, landing, streams, tables
from holley_graph.loaders.bigquery.connection import Connection
from holley_graph.loaders.bigquery.jobs import Jobs, labels
from holley_graph.loaders.engine.statements import Statement
from holley_graph.settings import Settings

_TRIES = 3  # of reading one result that came back short
_AGAIN = "run the same command again"


class Scratch:
    """The scratch dataset as one run uses it.

    Args:
        connection: to BigQuery.
        settings: when a table expires, and the home that results wait in.
        run_id: stands on the jobs, and in the names of the tables.

    Raises:
        SourceError: there is no such dataset.
    """

    def __init__(self, connection: Connection, settings: Settings, run_id: str) -> None:
        self.connection, self.settings = connection, settings
        self.jobs = Jobs(connection, run_id)
        self.dataset = tables.scratch(connection)
        self.made: dict[str, bigquery.Table] = {}

    def make(
        self, statement: Statement, bound: Mapping[str, exp.Query], values: Mapping[str, Any]
    ) -> bigquery.Table:
        """Run a statement; its rows are a table of its name.

        Args:
            statement: whose own text stays as it is.
            bound: the tables that it reads, which are put in front of it.
            values: parameter name to its type and value.
        """
        target = self._reference(statement.name)
        text = f"{_created(target, self.settings.bigquery.scratch_hours)} AS\n{body(statement, bound)}"
        self.jobs.run(statement.name, text, values)
        with faults.told(f"scratch table {target}", self.settings.bigquery.deadline_s):
            table = self.connection.client.get_table(
                target, retry=self.connection.retry, timeout=self.connection.call_s
            )
        self.made[statement.name] = table
        return table

    def load(self, name: str, file: Path, otherwise: str = "nothing was written") -> bigquery.Table:
        """Load a Parquet file; it is a table of that name when all its rows have arrived.

        Args:
            name: of the table.
            file: whose rows it gets.
            otherwise: what a message says if not all arrive.

        Raises:
            SourceUnreachable: not all did.
        """
        connection = self.connection
        client, retry, call_s = connection.client, connection.retry, connection.call_s
        table = bigquery.Table(self._reference(name), _fields(file))
        table.expires = datetime.now(UTC) + timedelta(hours=self.settings.bigquery.scratch_hours)
        self.made[name] = table  # before it exists: it is dropped, too, if loading fails
        lists = ParquetOptions()
        lists.enable_list_inference = True  # else a list is a record of records
        config = bigquery.LoadJobConfig(
            source_format=bigquery.SourceFormat.PARQUET,
            write_disposition=bigquery.WriteDisposition.WRITE_TRUNCATE,
            labels=labels(self.jobs.run_id),
        )
        config.parquet_options = lists
        with faults.told(f"loading {file.name}", self.settings.bigquery.deadline_s), file.open("rb") as content:
            client.create_table(table, exists_ok=True, retry=retry, timeout=call_s)
            job = client.load_table_from_file(
                content, table.reference, job_config=config, num_retries=3, timeout=call_s
            )
            job.result(retry=retry)
            loaded = client.get_table(table, retry=retry, timeout=call_s)
        arrived, rows = int(loaded.num_rows), pq.read_metadata(file).num_rows
        if arrived != rows:
            raise SourceUnreachable(
                f"loading {file.name}: {arrived:,} of {rows:,} rows arrived; {otherwise}", _AGAIN
            )
        return loaded

    def read(
        self,
        name: str,
        table: bigquery.Table,
        watched: Callable[[Iterator[pa.RecordBatch]], Iterator[pa.RecordBatch]] = lambda batches: batches,
    ) -> tuple[pa.Table, str]:
        """Bring a table here; say also by which way it came.

        Args:
            name: of what is read, for messages.
            table: with its number of rows.
            watched: sees every batch.

        Raises:
            SourceUnreachable: it did not come whole, again and again.
        """
        for _ in range(_TRIES):
            reading = streams.read(self.connection, table)
            folder = spill.folder(self.settings.home.absolute())
            rows = landing.land(reading.schema, watched(reading.batches), folder)
            if rows.num_rows == table.num_rows:
                return rows, reading.by
        raise SourceUnreachable(
            f"reading {name}: the stream ended after {rows.num_rows:,} of {table.num_rows:,} rows, {_TRIES} times",
            f"nothing was written; {_AGAIN}",
        )

    def drop(self) -> list[str]:
        """Drop every table; say which could not be."""
        return [
            f"scratch table {table.reference} could not be dropped"
            for table in self.made.values()
            if not tables.drop(self.connection, table)
        ]

    def _reference(self, name: str) -> bigquery.TableReference:
        return self.dataset.table(f"{self.jobs.run_id}_{name}".replace("-", "_").replace("/", "_"))


def body(statement: Statement, bound: Mapping[str, exp.Query]) -> str:
    """Put the tables that a statement reads in front of it."""
    named = [
        exp.CTE(this=bound[name], alias=exp.TableAlias(this=exp.to_identifier(name))) for name in statement.reads
    ]
    return f"{exp.With(expressions=named).sql('bigquery')}\n(\n{statement.text}\n)"


def parameters(statement: Statement, values: Mapping[str, Any]) -> dict[str, tuple[str, Any]]:
    """Give a statement's values with the types of its header."""
    return {name: (statement.params[name].split()[0], value) for name, value in statement.values(values).items()}


def _created(target: bigquery.TableReference, hours: int) -> str:
    """Spell the head of a statement that may be repeated and whose table removes itself."""
    expires = exp.cast(exp.Literal.string((datetime.now(UTC) + timedelta(hours=hours)).isoformat()), "TIMESTAMP")
    option = exp.Property(this=exp.var("expiration_timestamp"), value=expires)
    created = exp.Create(
        this=tables.name_of(target), kind="TABLE", replace=True, properties=exp.Properties(expressions=[option])
    )
    return created.sql("bigquery")


def _fields(file: Path) -> list[bigquery.SchemaField]:
    return [_field(field) for field in pq.read_schema(file)]


def _field(field: pa.Field) -> bigquery.SchemaField:
    repeated = pa.types.is_list(field.type)
    kind = tables.spelled(field.type.value_type if repeated else field.type)
    return bigquery.SchemaField(field.name, kind, "REPEATED" if repeated else "NULLABLE")
