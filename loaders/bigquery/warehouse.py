"""BigQuery as a warehouse: the files of a sync and of a release go there once, and statements run on them."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from google.cloud import bigquery
from sqlglot import exp

from holley_graph import spill
from holley_graph.loaders.bigquery import tables
from holley_graph.loaders.bigquery.connection import Connection
from holley_graph.loaders.bigquery.scratch import Scratch, parameters
from holley_graph.loaders.engine import statements
from holley_graph.progress import Progress, silent
from holley_graph.settings import Settings


class BigQueryWarehouse:
    """`engine.warehouse.Warehouse` in the scratch dataset.

    Args:
        scratch: its tables are dropped by whoever opened it.
        progress: told about every table that goes there, is made there, or comes from there.
    """

    def __init__(self, scratch: Scratch, progress: Progress) -> None:
        self.scratch, self.progress = scratch, progress

    def keep(self, name: str, read: Mapping[str, Any], /, **values: Any) -> bigquery.Table:
        """Run a statement, and leave its rows there."""
        statement = statements.load(name)
        bound = {table: self._bound(table, rows) for table, rows in statement.tables(read).items()}
        table = self.scratch.make(statement, bound, parameters(statement, values))
        self.progress(f"made {name}", table.num_rows, table.num_rows)
        return table

    def read(self, rows: bigquery.Table, /) -> pa.Table:
        """Bring rows here."""
        return self.scratch.read(rows.table_id, rows)[0]

    def _bound(self, name: str, rows: Any) -> exp.Select:
        table = rows if isinstance(rows, bigquery.Table) else self._loaded(name, rows)
        columns = (exp.column(field.name, quoted=True) for field in table.schema)
        return exp.select(*columns).from_(tables.name_of(table.reference))

    def _loaded(self, name: str, rows: Path | pa.Table) -> bigquery.Table:
        """Load a file or a table in memory when it is first read."""
        if name not in self.scratch.made:
            file = (
                rows
                if isinstance(rows, Path)
                else spill.folder(self.scratch.settings.home.absolute()) / f"{name}.parquet"
            )
            if file is not rows:
                pq.write_table(rows, file, compression="zstd")
            table = self.scratch.load(name, file)
            self.progress(f"loaded {name}", 1, 1)
            return table
        return self.scratch.made[name]


@contextmanager
def opened(settings: Settings, progress: Progress = silent) -> Iterator[BigQueryWarehouse]:
    """Open the scratch dataset of the settings; its tables go at the end.

    Raises:
        SourceError, AccessDenied: there is no such dataset, or no right to it.
    """
    connection = Connection(settings.bigquery)
    run_id = f"{datetime.now(UTC):%Y%m%dT%H%M%S}-export-{secrets.token_hex(2)}"
    try:
        scratch = Scratch(connection, settings, run_id)
        try:
            yield BigQueryWarehouse(scratch, progress)
        finally:
            scratch.drop()
    finally:
        connection.close()
