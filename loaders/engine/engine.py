"""Runs statements on DuckDB within limits.

A statement sees the tables that the caller passes and nothing else: no two callers share a name in the engine.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import duckdb
import pyarrow as pa

from holley_graph import spill
from holley_graph.loaders import parquet
from holley_graph.loaders.engine import dialects, letters, statements

if TYPE_CHECKING:
    from holley_graph.settings import Settings

Error = duckdb.Error
Relation = duckdb.DuckDBPyRelation
Rows: TypeAlias = Relation | pa.Table | Path
"""What a statement can be run on: rows of the engine, a table in memory, or a Parquet file."""


class Engine:
    """DuckDB, until closed. Times are UTC.

    Args:
        settings: how much memory it may take, and the home that it spills into; none: as DuckDB does by itself.

    Attributes:
        duckdb: its connection, for reading files.
    """

    def __init__(self, settings: Settings | None = None) -> None:
        self.duckdb = duckdb.connect(config=_limits(settings) if settings else {})
        # refused as part of `config`: its extension is not loaded by then
        self.duckdb.execute("SET TimeZone = 'UTC'")
        letters.teach(self.duckdb)
        self._kept = 0

    def __enter__(self) -> Engine:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        """Give memory and disk back."""
        self.duckdb.close()

    def run(self, name: str, tables: Mapping[str, Rows], /, **values: Any) -> pa.Table:
        """Run a statement, and copy its rows out.

        Args:
            name: of the statement's file (`statements.load`).
            tables: at least those that its header names.
            values: at least those that its header names.

        Raises:
            QueryFileError: a table or a value is missing.
        """
        with self.rows(name, tables, **values) as rows:
            return rows.to_arrow_table()

    def keep(self, name: str, tables: Mapping[str, Rows], /, **values: Any) -> Relation:
        """Run a statement, and leave its rows in the engine, which spills those that memory does not hold."""
        with self.rows(name, tables, **values) as rows:
            return self.store(rows)

    @contextmanager
    def rows(self, name: str, tables: Mapping[str, Rows], /, **values: Any) -> Iterator[Relation]:
        """Run a statement; its rows can be read inside the block."""
        statement = statements.load(name)
        with ExitStack() as bound:
            for table, rows in statement.tables(tables).items():
                self._bind(table, rows, bound)
            yield self.duckdb.sql(dialects.duckdb(name), params=statement.values(values))

    def read(self, rows: Rows) -> Relation:
        """Give the rows of a table in memory or a Parquet file as rows of the engine."""
        if isinstance(rows, Path):
            return self.duckdb.read_parquet(parquet.literal(rows))
        return self.duckdb.from_arrow(rows) if isinstance(rows, pa.Table) else rows

    def store(self, rows: Relation) -> Relation:
        """Keep rows as they are now."""
        self._kept += 1
        name = f"kept_{self._kept}"
        rows.create(name)
        return self.duckdb.table(name)

    def _bind(self, name: str, rows: Rows, bound: ExitStack) -> None:
        """Give rows the name that a statement has for them; the next statement that reads it has its own."""
        if isinstance(rows, pa.Table):
            self.duckdb.register(name, rows)  # a view on top of that of a relation, and gone after the statement
            bound.callback(self.duckdb.unregister, name)
        else:
            self.read(rows).create_view(name, replace=True)


def _limits(settings: Settings) -> dict[str, str | bool | int | float | list[str]]:
    settings.home.mkdir(mode=0o700, parents=True, exist_ok=True)
    return {
        "memory_limit": f"{settings.sync.memory_mb}MB",
        "temp_directory": str(spill.folder(settings.home.absolute())),
    }
