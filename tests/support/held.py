"""What the graph really holds, read by plain driver queries, and what it should hold by the plain-Python rules."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import pyarrow as pa

from holley_graph.graph.client import Graph
from holley_graph.graph.schema import NODES, RELATIONSHIPS, Node

Held = dict[str, dict[tuple[str, ...], dict[str, Any]]]
"""Table name to key to properties; absent properties are absent, times are epoch seconds."""

DECLARED = {each.table: each for each in (*NODES, *RELATIONSHIPS)}


def held(graph: Graph) -> Held:
    """Read every node and relationship of the schema."""
    found: Held = {}
    with graph.driver.session() as session:
        for node in NODES:
            records = session.run(f"MATCH (n:{node.label}) RETURN properties(n)").value()
            found[node.table] = keyed(records, node.table)
        for rel in RELATIONSHIPS:
            start, end = (key_of(label) for label in (rel.start_label, rel.end_label))
            ends = f"{{`{rel.start}`: a.{start}, `{rel.end}`: b.{end}}}"
            records = session.run(f"MATCH (a:{rel.start_label})-[r:{rel.type}]->(b:{rel.end_label}) "
                                  f"RETURN properties(r), {ends}").values()  # fmt: skip
            assert len({tuple(ends.values()) for _, ends in records}) == len(records), f"parallel {rel.type}"
            found[rel.table] = keyed([properties | ends for properties, ends in records], rel.table)
    return found


def of_tables(tables: Mapping[str, pa.Table]) -> Held:
    """Give graph tables in the form of `held`."""
    return {name: keyed(table.to_pylist(), name) for name, table in tables.items()}


def keyed(rows: Iterable[Mapping[str, Any]], table: str) -> dict[tuple[str, ...], dict[str, Any]]:
    """Index rows of one table by their key."""
    declared = DECLARED[table]
    keys = [declared.key.name] if isinstance(declared, Node) else [declared.start, declared.end]
    kinds = {each.name: each.kind for each in declared.properties}
    return {
        tuple(row[k] for k in keys): {n: plain(row[n], kind) for n, kind in kinds.items() if row.get(n) is not None}
        for row in rows
    }


def assert_same(found: Held, expected: Held, relative: float = 1e-9) -> None:
    """Compare sets of keys, then properties; floats within `relative`."""
    assert set(found) == set(expected)
    for name, rows in expected.items():
        assert set(found[name]) == set(rows), f"keys of {name}"
        assert exact(found[name]) == exact(rows), f"properties of {name}"
        ours, theirs = (floats(each[name], rows) for each in (found, expected))
        np.testing.assert_allclose(ours, theirs, rtol=relative, err_msg=f"floats of {name}")


def exact(rows: Mapping[tuple[str, ...], dict[str, Any]]) -> dict[tuple[str, ...], dict[str, Any]]:
    return {key: {n: "float" if isinstance(v, float) else v for n, v in row.items()} for key, row in rows.items()}


def floats(rows: Mapping[tuple[str, ...], dict[str, Any]], order: Iterable[tuple[str, ...]]) -> list[float]:
    return [v for key in order for _, v in sorted(rows[key].items()) if isinstance(v, float)]


def key_of(label: str) -> str:
    return next(node.key.name for node in NODES if node.label == label)


def plain(value: Any, kind: str) -> Any:
    if kind == "float":
        return float(value)
    return round(value.to_native().timestamp()) if hasattr(value, "to_native") else value
