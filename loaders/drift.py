"""Stops a sync that would lose much: more likely an accident upstream than a shop that forgot its customers."""

from __future__ import annotations

from collections.abc import Mapping

import pyarrow as pa

from holley_graph.errors import SourceError
from holley_graph.graph.schema import NODES, RELATIONSHIPS
from holley_graph.settings import Sync
from loaders.change import Difference
from loaders.source import Found

_NAMES = {node.table: node.label for node in NODES} | {each.table: each.type for each in RELATIONSHIPS}


def stop_if_rows_are_gone(
    found: Mapping[str, Found], before: Mapping[str, int], allow_empty: tuple[str, ...], max_fall: float
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
    for name, table in found.items():
        had = before.get(name, 0)
        if table.rows is None:
            continue
        if not table.rows and not had and name not in allow_empty:
            raise SourceError(
                f"table {name}: expected rows, found none", "if that is right, name the table in sync.allow_empty"
            )
        if table.rows < had * (1 - max_fall):
            raise SourceError(
                f"table {name}: expected at least {had * (1 - max_fall):,.0f} rows "
                f"(the last sync saw {had:,}), found {table.rows:,}",
                "if they are gone for good, raise sync.max_row_fall for one sync",
            )


def shrinking(difference: Mapping[str, Difference], old: Mapping[str, pa.Table], limits: Sync) -> str:
    """Say which labels and relationship types would lose more than `sync.max_removed_share`; "" if none would."""
    lost = []
    for table, each in difference.items():
        rows = old[table].num_rows
        if each.removed > limits.max_removed_share * max(rows, limits.least_judged):
            lost.append(f"{_NAMES[table]} {each.removed:,} of {rows:,}")
    return ", ".join(lost)


def stop_if_the_graph_shrinks(lost: str, limits: Sync) -> None:
    """Refuse to remove what `shrinking` names.

    Raises:
        SourceError: it names something.
    """
    if lost:
        raise SourceError(
            f"this sync would remove {lost}; allowed are {limits.max_removed_share:.0%} of each",
            "look at the report's rejected and ignored rows; if they are gone for good, raise "
            "sync.max_removed_share for one sync",
        )
