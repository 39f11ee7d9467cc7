"""FastRP as a baseline: its vectors as tables that are scored like those of a trained run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from holley_graph.embeddings import table
from holley_graph.embeddings.table import Table, Tables, Vectors
from holley_graph.graph import gds
from holley_graph.graph.client import Graph
from holley_graph.snapshot.snapshot import Snapshot

_LABELS = {"product": "Product", "vehicle": "Vehicle", "user": "User"}


def embed(graph: Graph, past: Snapshot, dim: int = 64, seed: int = 0) -> Tables:
    """Let the server embed what `past` knows, and nothing later.

    Args:
        graph: the graph that `past` was taken from.
        past: a snapshot, cut or not.
        dim: length of the vectors.
        seed: same seed, same graph: same vectors.

    Raises:
        GraphStateError: GDS is not installed, another run works on the projection, or the graph is empty.
    """
    with gds.projection(graph, past.as_of, pairs(past)) as projected:
        return tables(gds.fastrp(projected, dim, seed), dim)


def tables(vectors: Mapping[str, tuple[npt.NDArray[np.object_], Vectors]], dim: int = 64) -> Tables:
    """Lay FastRP's vectors out as tables, so that the score is the cosine.

    Args:
        vectors: label to keys [nodes], ascending, and vectors [nodes, dim]; a label may be absent.
        dim: length of the vectors.
    """
    nothing = np.empty(0, object), np.empty((0, dim), np.float32)
    by_table = {name: vectors.get(label, nothing) for name, label in _LABELS.items()}
    flat = np.zeros(len(by_table["product"][0]), np.float32)
    extended = {name: table.queries(_unit(matrix)) for name, (_, matrix) in by_table.items()}
    extended["product"] = table.products(_unit(by_table["product"][1]), flat)
    return Tables({name: Table(by_table[name][0], matrix) for name, matrix in extended.items()})


def pairs(past: Snapshot) -> list[dict[str, Any]]:
    """Rebuild CO_PURCHASED and CO_VIEWED as they were when `past` was cut, one row per relationship.

    Returns:
        Rows of type, sku, other_sku and weight, as a projection takes them.
    """
    sku = pa.array(past.product_ids.keys, pa.string())
    derived = {"CO_PURCHASED": past.co_purchased, "CO_VIEWED": past.co_viewed}
    parts = [
        pa.table(
            {
                "type": pa.repeat(kind, rows.num_rows),
                "sku": sku.take(rows.column("sku").combine_chunks()),
                "other_sku": sku.take(rows.column("other_sku").combine_chunks()),
                "weight": rows.column("weight").combine_chunks(),
            }
        )
        for kind, rows in derived.items()
    ]
    return list(pa.concat_tables(parts).to_pylist())


def _unit(vectors: Vectors) -> Vectors:
    norms = np.linalg.norm(vectors, axis=1, keepdims=True)
    return (vectors / np.where(norms > 0, norms, 1)).astype(np.float32)
