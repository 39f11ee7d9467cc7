"""What the graph really holds, read by plain driver queries, and what it should hold by the plain-Python rules."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import pyarrow as pa

from holley_graph.graph.client import Graph
from holley_graph.graph.schema import NODES, RELATIONSHIPS, Node, Relationship

Held = dict[str, dict[tuple[str, ...], dict[str, Any]]]
"""Table name to key to properties; absent properties are absent, times are epoch seconds."""

DECLARED = {kind.table: kind for kind in (*NODES, *RELATIONSHIPS)}


def held(graph: Graph) -> Held:
    """Read every node and relationship of the schema."""
    contents: Held = {}
    with graph.driver.session() as session:
        for node in NODES:
            records = session.run(f"MATCH (n:{node.label}) RETURN {properties('n', node)}").value()
            contents[node.table] = keyed(records, node.table)
        for rel in RELATIONSHIPS:
            start, end = (key_of(label) for label in (rel.start_label, rel.end_label))
            ends = f"{{`{rel.start}`: a.{start}, `{rel.end}`: b.{end}}}"
            records = session.run(f"MATCH (a:{rel.start_label})-[r:{rel.type}]->(b:{rel.end_label}) "
                                  f"RETURN {properties('r', rel)}, {ends}").values()  # fmt: skip
            assert len({tuple(ends.values()) for _, ends in records}) == len(records), f"parallel {rel.type}"
            contents[rel.table] = keyed([properties | ends for properties, ends in records], rel.table)
    return contents


def properties(name: str, kind: Node | Relationship) -> str:
    """Return the Cypher of all properties, with times as epoch seconds: the driver makes objects slowly."""
    times = [prop.name for prop in kind.properties if prop.kind == "datetime"]
    return f"{name} {{.*{''.join(f', {time}: {name}.{time}.epochSeconds' for time in times)}}}"


def of_tables(tables: Mapping[str, pa.Table]) -> Held:
    """Give graph tables in the form of `held`."""
    return {name: keyed(table.to_pylist(), name) for name, table in tables.items()}


def keyed(rows: Iterable[Mapping[str, Any]], table: str) -> dict[tuple[str, ...], dict[str, Any]]:
    """Index rows of one table by their key."""
    declared = DECLARED[table]
    keys = [declared.key.name] if isinstance(declared, Node) else [declared.start, declared.end]
    kinds = {prop.name: prop.kind for prop in declared.properties}
    return {
        tuple(row[k] for k in keys): {n: plain(row[n], kind) for n, kind in kinds.items() if row.get(n) is not None}
        for row in rows
    }


def assert_same(contents: Held, expected: Held, relative: float = 1e-9) -> None:
    """Compare sets of keys, then properties; floats within `relative`."""
    assert set(contents) == set(expected)
    for name, rows in expected.items():
        assert set(contents[name]) == set(rows), f"keys of {name}"
        assert exact(contents[name]) == exact(rows), f"properties of {name}"
        actual, right = (floats(column[name], rows) for column in (contents, expected))
        np.testing.assert_allclose(actual, right, rtol=relative, err_msg=f"floats of {name}")


def exact(rows: Mapping[tuple[str, ...], dict[str, Any]]) -> dict[tuple[str, ...], dict[str, Any]]:
    return {key: {n: "float" if isinstance(v, float) else v for n, v in row.items()} for key, row in rows.items()}


def floats(rows: Mapping[tuple[str, ...], dict[str, Any]], order: Iterable[tuple[str, ...]]) -> list[float]:
    return [v for key in order for _, v in sorted(rows[key].items()) if isinstance(v, float)]


def key_of(label: str) -> str:
    return next(node.key.name for node in NODES if node.label == label)


def plain(value: Any, kind: str) -> Any:
    return float(value) if kind == "float" else value
