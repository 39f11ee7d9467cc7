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
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pyarrow as pa
from google.cloud import bigquery
from sqlglot import exp

from holley_graph.loaders.bigquery import tables
from holley_graph.loaders.bigquery.connection import Connection
from holley_graph.loaders.bigquery.scratch import Scratch, body, parameters
from holley_graph.loaders.contracts import FEEDS
from holley_graph.loaders.engine import statements
from holley_graph.loaders.engine.engine import Engine, Relation
from holley_graph.loaders.engine.statements import Statement
from holley_graph.loaders.source import Cost, RawTables, SourceTable
from holley_graph.progress import Progress
from holley_graph.settings import Settings


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
            raw = tables.find(self.connection)
            scratch = Scratch(self.connection, self.settings, run_id)
            opened = BigQueryTables(self.settings, scratch, raw, engine, progress, self.notes)
            try:
                yield opened
            finally:
                self.notes += scratch.drop()
        finally:
            self.connection.close()


@dataclass(frozen=True)
class BigQueryTables:
    """The raw tables that were found, and the results that wait in the scratch dataset."""

    settings: Settings
    scratch: Scratch
    raw: Mapping[str, tables.Raw]
    engine: Engine
    progress: Progress
    notes: list[str]

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
        text = body(statement, self._bound(statement))
        return self.scratch.jobs.estimate(name, text, self._parameters(statement, values))

    def run(self, name: str, clean: Mapping[str, Relation], **values: Any) -> Relation:
        """Run a statement in BigQuery, where the clean tables are that it reads, and show its result to the engine.

        Raises:
            SourceUnreachable: the result did not come whole until the deadline.
        """
        statement = statements.load(name)
        table = self.scratch.make(statement, self._bound(statement), self._parameters(statement, values))
        rows, by = self.scratch.read(name, table, partial(self._watched, name, table))
        self.notes.append(f"{name}: {rows.num_rows:,} rows by {by}")
        return self.engine.read(rows)

    def _bound(self, statement: Statement) -> dict[str, exp.Query]:
        return {name: self._select(name) for name in statement.reads}

    def _select(self, name: str) -> exp.Select:
        if name in self.raw:
            return self.raw[name].bound()
        feed = next(feed for feed in FEEDS if name == f"clean_{feed.clean.name}")
        columns = [exp.column(column.name, quoted=True) for column in feed.clean.columns]
        clean = exp.EQ(this=exp.column("outcome"), expression=exp.Literal.string("clean"))
        made = self.scratch.made.get(feed.clean.name)
        if made is None:
            return exp.select(*(tables.nothing(c.name, c.type) for c in feed.clean.columns)).limit(0)
        return exp.select(*columns).from_(tables.name_of(made.reference)).where(clean)

    def _parameters(self, statement: Statement, values: Mapping[str, Any]) -> dict[str, tuple[str, Any]]:
        typed = parameters(statement, values)
        partition = next(
            (raw.partition for name in statement.reads if (raw := self.raw.get(name)) and raw.partition), None
        )
        if partition:
            # Nothing is inserted before it happens, but for clocks that are fast.
            days = timedelta(days=self.settings.sync.late_days)
            start = values["since"] - days if "since" in statement.params else datetime(1970, 1, 1, tzinfo=UTC)
            typed[tables.PARTITION_FROM] = (partition[1], start.date() if partition[1] == "DATE" else start)
        return typed

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
