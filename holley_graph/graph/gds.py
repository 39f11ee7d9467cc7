"""Graph Data Science inside the server: a named projection, FastRP on it, and nearest neighbours (docs/gds.md)."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from graphdatascience import GraphDataScience
from graphdatascience.error.gds_not_installed import GdsNotFound

from holley_graph.errors import GraphStateError
from holley_graph.graph import queries
from holley_graph.graph.client import Graph, Row, translated

NAME = "holley"
EMBEDDING = "embedding"
ITERATION_WEIGHTS = (0.0, 0.0, 1.0, 1.0)
"""How much the neighbourhood after 1, 2, 3 and 4 steps counts in FastRP (docs/gds.md says how it was chosen)."""
NORMALIZATION_STRENGTH = -0.5
"""Exponent of a node's degree in its first random vector: below 0, parts that everybody buys say less."""

Vectors = dict[str, tuple[npt.NDArray[np.object_], npt.NDArray[np.float32]]]


@dataclass(frozen=True)
class Projected:
    """A subgraph in the memory of the server.

    Attributes:
        name: in GDS's catalogue.
        nodes: how many.
        relationships: how many, each direction counted.
        labels: of its nodes.
        graph: where it is.
        gds: the client.
        handle: what the client knows the projection by.
    """

    name: str
    nodes: int
    relationships: int
    labels: tuple[str, ...]
    graph: Graph
    gds: Any
    handle: Any


@contextmanager
def projection(graph: Graph, cut: int, pairs: Sequence[Row] = (), name: str = NAME) -> Iterator[Projected]:
    """Hold the training subgraph in the server's memory, and drop it at the end, whatever happens.

    Users with a history before the cut, products, vehicles, models, makes and part types; all relationships
    undirected, interactions weighted by the number of their times before the cut.

    Args:
        graph: where to project.
        cut: epoch seconds; nothing that was done at or after it enters.
        pairs: type, sku, other_sku, weight of relationships between products *as they were at the cut*. They are
            given because the stored ones follow from everything that the graph knows.
        name: in GDS's catalogue.

    Raises:
        GraphStateError: GDS is not installed, the name is taken, or the graph is empty.
        ServerUnreachable, AuthFailed: as named.
    """
    graph.verify()  # the client below would try an absent server for ten minutes
    with _quiet(graph.uri):
        gds = _client(graph)
        if gds.graph.exists(name):
            raise GraphStateError(
                f"GDS holds a projection {name} already: another run works on it, or was killed",
                f"if no run does: CALL gds.graph.drop('{name}')",
            )
        text = queries.load("gds/project").text
        try:
            projected, result = gds.graph.project.cypher(text, name=name, cut=cut, pairs=list(pairs))
        except ValueError as error:  # the client's word for an aggregation over no rows
            raise GraphStateError("the graph is empty", "holley-graph sync --source files:DIR") from error
    try:
        with _quiet(graph.uri):
            labels = tuple(projected.node_labels())
        yield Projected(name, result.node_count, result.relationship_count, labels, graph, gds, projected)
    finally:
        with _quiet(graph.uri):
            gds.graph.drop(name, fail_if_missing=False)


def fastrp(projected: Projected, dim: int = 64, seed: int = 0) -> Vectors:
    """Embed every node of the projection (Chen et al., Fast and Accurate Network Embeddings via Very Sparse
    Random Projection, CIKM 2019), relationship weights used, and keep the vectors there for `neighbours`.

    Args:
        projected: may be embedded anew; the last vectors stay.
        dim: length of a vector.
        seed: same seed, same graph: same vectors.

    Returns:
        Label to keys [nodes], ascending, and vectors [nodes, dim].
    """
    gds, handle = projected.gds, projected.handle
    with _quiet(projected.graph.uri):
        if any(EMBEDDING in names for names in handle.node_properties().values()):
            gds.graph.node_properties.drop(handle, [EMBEDDING])
        gds.fast_rp.mutate(
            handle,
            EMBEDDING,
            dim,
            iteration_weights=list(ITERATION_WEIGHTS),
            normalization_strength=NORMALIZATION_STRENGTH,
            relationship_weight_property="weight",
            random_seed=seed,
            concurrency=1,  # sums of floats depend on who adds first
        )
        return {label: _vectors(projected, label) for label in projected.labels}


def neighbours(projected: Projected, label: str, neighbour: str, k: int, seed: int = 0) -> pd.DataFrame:
    """Find the k nodes of label `neighbour` whose vectors are nearest (cosine) to each node of a label.

    Approximate (Dong et al., WWW 2011), and among all of them: fitment is not asked.

    Args:
        projected: embedded by `fastrp`.
        label: of the nodes, for example Vehicle.
        neighbour: label of their neighbours, for example Product.
        k: neighbours of each node.
        seed: same seed, same vectors: same neighbours.

    Returns:
        Columns node, neighbour (keys) and similarity, (1 + cosine) / 2, the nearest first.
    """
    gds, handle = projected.gds, projected.handle
    with _quiet(projected.graph.uri):
        stream = gds.knn.filtered.stream(
            handle,
            EMBEDDING,
            source_node_filter=label,
            target_node_filter=neighbour,
            node_labels=sorted({label, neighbour}),
            top_k=k,
            random_seed=seed,
            concurrency=1,  # a seed is only taken with one thread
        )
    named = pd.DataFrame(
        {
            "node": _keys(projected.graph, stream["node1"]),
            "neighbour": _keys(projected.graph, stream["node2"]),
            "similarity": stream["similarity"],
        }
    )
    order = ["node", "similarity", "neighbour"]
    return named.sort_values(order, ascending=[True, False, True], ignore_index=True)


def _client(graph: Graph) -> Any:
    try:
        return GraphDataScience(graph.driver, database=graph.database, arrow=False, show_progress=False)
    except GdsNotFound as error:
        raise GraphStateError(
            f"Graph Data Science is not installed on {graph.uri}",
            "the embedded server has it (holley-graph up); elsewhere put its jar into Neo4j's plugins",
        ) from error


def _vectors(projected: Projected, label: str) -> tuple[npt.NDArray[np.object_], npt.NDArray[np.float32]]:
    rows = projected.gds.graph.node_properties.stream(projected.handle, EMBEDDING, node_labels=[label])
    keys = _keys(projected.graph, rows["nodeId"])
    order = np.argsort(keys)
    return keys[order], np.array(rows[EMBEDDING].to_list(), np.float32)[order]


def _keys(graph: Graph, ids: pd.Series[int]) -> npt.NDArray[np.object_]:
    """[ids] external keys of internal ids, repeats allowed."""
    known = pd.DataFrame(graph.read("gds/keys", ids=ids.unique().tolist()), columns=["id", "key"])
    return ids.map(known.set_index("id")["key"]).to_numpy(object)


@contextmanager
def _quiet(uri: str) -> Iterator[None]:
    """Errors become ours; the client's warnings about its own procedures do not reach the user."""
    with translated(uri), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
