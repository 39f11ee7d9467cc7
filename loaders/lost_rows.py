"""Stops a sync whose source lost rows: more likely an accident upstream than a shop that forgot its customers."""

from __future__ import annotations

from collections.abc import Mapping

from holley_graph.errors import SourceError
from holley_graph.loaders.source import SourceTable


def stop_if_rows_are_gone(
    tables: Mapping[str, SourceTable], before: Mapping[str, int], allow_empty: tuple[str, ...], max_fall: float
) -> None:
    """Compare every raw table's number of rows with the last sync's.

    Args:
        found: raw tables as they are; one that does not know its rows is passed over.
        before: rows that they had when the graph last took them; a table that is not in it is new.
        allow_empty: tables that may have no rows, unless they had some.
        max_fall: share of the rows that may be gone.

    Raises:
        SourceError: a table is empty, or has lost more than that.
    """
    for name, table in tables.items():
        had = before.get(name, 0)
        if table.rows is None:
            continue
        if not table.rows and not had and name not in allow_empty and not table.may_be_missing:
            raise SourceError(
                f"table {name}: expected rows, found none", "if that is right, name the table in sync.allow_empty"
            )
        if table.rows < had * (1 - max_fall):
            raise SourceError(
                f"table {name}: expected at least {had * (1 - max_fall):,.0f} rows "
                f"(the last sync saw {had:,}), found {table.rows:,}",
                "if they are gone for good, raise sync.max_row_fall for one sync",
            )
