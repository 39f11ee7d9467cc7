"""BigQuery as the engine of the feeds' statements.

Each feed's statement runs unchanged, as the body of a `CREATE TABLE … AS` in the scratch dataset; in front of it
stand the tables that it names, as common table expressions with named columns. The result streams back as Arrow,
and DuckDB, where everything after the feeds happens, reads it as it lies. Scratch tables hold addresses for as long
as a sync runs; they are dropped at its end, and expire by themselves if it is killed.
"""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa
from google.cloud import bigquery
from sqlglot import exp

from holley_graph import spill
from holley_graph.errors import SourceUnreachable
from holley_graph.loaders.bigquery import faults, landing, streams, tables
from holley_graph.loaders.bigquery.connection import Connection
from holley_graph.loaders.bigquery.jobs import Jobs
from holley_graph.loaders.contracts import FEEDS
from holley_graph.loaders.engine import statements
from holley_graph.loaders.engine.engine import Engine, Relation
from holley_graph.loaders.engine.statements import Statement
from holley_graph.loaders.source import Cost, RawTables, SourceTable
from holley_graph.progress import Progress
from holley_graph.settings import Settings

_TRIES = 3  # of reading one result that came back short


class BigQuerySource:
    """The raw tables of `[bigquery]`, and the queries that turn them into clean ones."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.connection = Connection(settings.bigquery)
        self.notes: list[str] = []

    @property
    def name(self) -> str:
        """Project and datasets."""
        where = self.settings.bigquery
        return f"bigquery:{self.connection.client.project} {where.events_dataset} {where.catalog_dataset}"

    @property
    def lineage(self) -> str:
        """The same tables, or another shop."""
        return self.name

    def settled(self, settings: Settings) -> Settings:
        """Leave the settings as they are."""
        return settings

    def digests(self) -> dict[str, str]:
        """Condense what BigQuery says of each table's last change, for nothing.

        A view does not know when its rows changed, and an emulator's tables do not either: never the same twice.
        """
        return {name: self._digest(raw.table) for name, raw in tables.find(self.connection).items()}

    def _digest(self, table: bigquery.Table) -> str:
        if self.connection.emulated or table.table_type != "TABLE":
            return uuid.uuid4().hex
        state = (table.reference, table.etag, table.num_rows, table.modified, table.streaming_buffer)
        return hashlib.sha256(json.dumps([str(value) for value in state]).encode()).hexdigest()

    @contextmanager
    def open(self, engine: Engine, run_id: str, progress: Progress) -> Iterator[RawTables]:
        """Find the raw tables and hold their schemas against the contract; scratch tables go at the end.

        Raises:
            SourceError: a table is gone, a column missing or of another type, or there is no scratch dataset.
        """
        try:
            raw, dataset = tables.find(self.connection), tables.scratch(self.connection)
            jobs = Jobs(self.connection, run_id)
            opened = BigQueryTables(self.settings, jobs, raw, dataset, engine, progress, self.notes)
            try:
                yield opened
            finally:
                opened.drop()
        finally:
            self.connection.close()


@dataclass(frozen=True)
class BigQueryTables:
    """The raw tables that were found, and the results that wait in the scratch dataset."""

    settings: Settings
    jobs: Jobs
    raw: Mapping[str, tables.Raw]
    dataset: bigquery.DatasetReference
    engine: Engine
    progress: Progress
    notes: list[str]
    scratch: dict[str, bigquery.Table] = field(default_factory=dict)

    @property
    def found(self) -> dict[str, SourceTable]:
        """Say what is there."""
        return {name: raw.found for name, raw in self.raw.items()}

    def cost(self, name: str, **values: Any) -> Cost:
        """Ask BigQuery what a statement would read.

        A clean table that is not made yet stands in as an empty one.

        Raises:
            TooExpensive: more than `bigquery.max_bytes_billed`.
        """
        statement = statements.load(name)
        return self.jobs.estimate(name, self._body(statement), self._parameters(statement, values))

    def run(self, name: str, clean: Mapping[str, Relation], **values: Any) -> Relation:
        """Run a statement in BigQuery, where the clean tables are that it reads, and show its result to the engine.

        Raises:
            SourceUnreachable: the result did not come whole until the deadline.
        """
        statement, target = statements.load(name), self._scratch(name)
        text = f"{_created(target, self.settings.bigquery.scratch_hours)} AS\n{self._body(statement)}"
        self.jobs.run(name, text, self._parameters(statement, values))
        connection = self.jobs.connection
        with faults.told(f"scratch table {target}", self.settings.bigquery.deadline_s):
            table = connection.client.get_table(target, retry=connection.retry, timeout=connection.call_s)
        self.scratch[name] = table
        for _ in range(_TRIES):
            reading = streams.read(connection, table)
            watched = self._watched(name, table, reading.batches)
            rows = landing.land(reading.schema, watched, spill.folder(self.settings.home.absolute()))
            if rows.num_rows == table.num_rows:
                self.notes.append(f"{name}: {rows.num_rows:,} rows by {reading.by}")
                return self.engine.read(rows)
        raise SourceUnreachable(
            f"reading {name}: the stream ended after {rows.num_rows:,} of {table.num_rows:,} rows, {_TRIES} times",
            "nothing was written; run the same command again",
        )

    def drop(self) -> None:
        """Drop the scratch tables."""
        for table in self.scratch.values():
            if not tables.drop(self.jobs.connection, table):
                self.notes.append(f"scratch table {table.reference} could not be dropped")

    def _body(self, statement: Statement) -> str:
        """Put the tables that a statement reads in front of it; its own text stays as it is."""
        bound = [exp.CTE(this=self._bound(name), alias=exp.TableAlias(this=exp.to_identifier(name)))
                 for name in statement.reads]  # fmt: skip
        return f"{exp.With(expressions=bound).sql('bigquery')}\n(\n{statement.text}\n)"

    def _bound(self, name: str) -> exp.Select:
        if name in self.raw:
            return self.raw[name].bound()
        feed = next(feed for feed in FEEDS if name == f"clean_{feed.clean.name}")
        columns = [exp.column(column.name, quoted=True) for column in feed.clean.columns]
        clean = exp.EQ(this=exp.column("outcome"), expression=exp.Literal.string("clean"))
        if feed.clean.name not in self.scratch:
            return exp.select(*(tables.nothing(c.name, c.type) for c in feed.clean.columns)).limit(0)
        return exp.select(*columns).from_(tables.name_of(self.scratch[feed.clean.name].reference)).where(clean)

    def _parameters(self, statement: Statement, values: Mapping[str, Any]) -> dict[str, tuple[str, Any]]:
        parameters = {
            name: (statement.params[name].split()[0], value) for name, value in statement.values(values).items()
        }
        partition = next(
            (raw.partition for name in statement.reads if (raw := self.raw.get(name)) and raw.partition), None
        )
        if partition:
            # Nothing is inserted before it happens, but for clocks that are fast.
            days = timedelta(days=self.settings.sync.late_days)
            start = values["since"] - days if "since" in statement.params else datetime(1970, 1, 1, tzinfo=UTC)
            parameters[tables.PARTITION_FROM] = (partition[1], start.date() if partition[1] == "DATE" else start)
        return parameters

    def _scratch(self, name: str) -> bigquery.TableReference:
        return self.dataset.table(f"{self.jobs.run_id}_{name}".replace("-", "_").replace("/", "_"))

    def _watched(
        self, name: str, table: bigquery.Table, batches: Iterator[pa.RecordBatch]
    ) -> Iterator[pa.RecordBatch]:
        """Tell progress about rows and bytes."""
        rows = size = 0
        for batch in batches:
            rows, size = rows + batch.num_rows, size + batch.nbytes
            self.progress(f"read {name}", rows, max(rows, table.num_rows))
            self.progress(f"read {name}, bytes", size, size * max(rows, table.num_rows) // max(rows, 1))
            yield batch


def _created(target: bigquery.TableReference, hours: int) -> str:
    """Spell the head of a statement that may be repeated and whose table removes itself."""
    expires = exp.cast(exp.Literal.string((datetime.now(UTC) + timedelta(hours=hours)).isoformat()), "TIMESTAMP")
    option = exp.Property(this=exp.var("expiration_timestamp"), value=expires)
    created = exp.Create(
        this=tables.name_of(target), kind="TABLE", replace=True, properties=exp.Properties(expressions=[option])
    )
    return created.sql("bigquery")
