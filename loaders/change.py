"""Compares the graph tables of this sync with what the graph holds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from holley_graph.errors import SourceError
from holley_graph.graph.load import Change
from holley_graph.graph.schema import NODES, RELATIONSHIPS, Node, Relationship
from holley_graph.graph.tables import arrow_schema
from holley_graph.loaders import ageing
from holley_graph.loaders.engine.engine import Engine
from holley_graph.settings import Sync


@dataclass(frozen=True)
class Difference:
    """What to write for one graph table, and how many rows of each kind that is."""

    change: Change
    added: int
    changed: int
    removed: int


def empty_tables() -> dict[str, pa.Table]:
    """Return what an empty graph holds."""
    return {declared.table: arrow_schema(declared).empty_table() for declared in (*NODES, *RELATIONSHIPS)}


def compare(
    engine: Engine,
    old: Mapping[str, pa.Table],
    new: Mapping[str, pa.Table],
    people: Mapping[str, pa.Array] | None = None,
) -> dict[str, Difference]:
    """Find what must be written so that a graph with `old` holds `new`.

    Args:
        engine: that compares.
        old: graph tables as the graph holds them.
        new: graph tables as they should be; one that is the very table of `old` is not looked at.
        people: of some tables, whose rows alone can differ (`user_id`).

    Returns:
        Every graph table's difference, in schema order.
    """
    differences = {}
    for declared in (*NODES, *RELATIONSHIPS):
        was, is_ = old[declared.table], new[declared.table]
        if was is is_:
            was = is_ = was.slice(0, 0)
        elif people and declared.table in people:
            whose = people[declared.table]
            was, is_ = (rows.filter(pc.is_in(rows["user_id"], value_set=whose)) for rows in (was, is_))
        differences[declared.table] = _compare(engine, declared, was, is_)
    return differences


def shrinking(difference: Mapping[str, Difference], old: Mapping[str, pa.Table], limits: Sync) -> str:
    """Say which labels and relationship types would lose more than `sync.max_removed_share`; "" if none would."""
    names = {node.table: node.label for node in NODES} | {
        declared.table: declared.type for declared in RELATIONSHIPS
    }
    lost = []
    for table, change in difference.items():
        rows = old[table].num_rows
        if change.removed > limits.max_removed_share * max(rows, limits.min_judged):
            lost.append(f"{names[table]} {change.removed:,} of {rows:,}")
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


def _compare(engine: Engine, declared: Node | Relationship, old: pa.Table, new: pa.Table) -> Difference:
    keys = [declared.key.name] if isinstance(declared, Node) else [declared.start, declared.end]
    tables = {name: _rows(declared.table, rows, keys) for name, rows in (("new_rows", new), ("old_rows", old))}
    changes = engine.run("diff/changes", tables)
    is_new, was_there = (pc.is_valid(changes[name]) for name in ("new_position", "old_position"))
    only_weight = pc.and_(pc.and_(is_new, was_there), changes["settled"])
    written = changes.filter(pc.and_not(is_new, only_weight))["new_position"]
    removed = changes.filter(pc.invert(is_new))["old_position"]
    added = len(changes) - int(np.count_nonzero(was_there))
    change = Change(
        upserts=new.take(written),
        removals=old.take(removed).select(keys),
        weight_only=new.take(changes.filter(only_weight)["new_position"]),
    )
    return Difference(change, added, len(changes) - added - len(removed), len(removed))


def _rows(name: str, table: pa.Table, keys: list[str]) -> pa.Table:
    settled = [c for c in table.column_names if c not in keys and c != "weight"]
    nothing = pa.nulls(table.num_rows, pa.bool_())
    weight = table["weight"] if "weight" in table.column_names and name not in ageing.TABLES else nothing
    return pa.table(
        {
            "position": np.arange(table.num_rows),
            "one_end": table[keys[0]],
            "other_end": table[keys[-1]],
            "settled": table.select(settled).combine_chunks().to_struct_array() if settled else nothing,
            "weight": weight,
        }
    )
