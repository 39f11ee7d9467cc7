"""What a release has to pass before it goes live."""

from __future__ import annotations

import numpy as np

from holley_graph.embeddings.table import EXTRA, NAMES, Table, Tables
from holley_graph.errors import ReleaseCheckFailed
from holley_graph.graph.client import Graph

_ANEW = "holley-graph train makes another run"
PROBES = 100
NEIGHBOURS = 10
LEAST_RECALL = 0.9
MOST_MISSING = 0.01
"""Share of a table whose nodes may have left the graph since the snapshot."""


def vectors(tables: Tables) -> int:
    """Check a run's tables; return the common length of the vectors.

    Raises:
        ReleaseCheckFailed: a table is missing, or vectors are not finite or not of one length.
    """
    lost = [name for name in NAMES if name not in tables]
    if lost:
        raise ReleaseCheckFailed(f"the run has no table {lost[0]}", _ANEW)
    dim = int(tables["product"].vectors.shape[1])
    for name in NAMES:
        rows = tables[name].vectors
        if rows.shape[1] != dim:
            raise ReleaseCheckFailed(f"{name} vectors have length {rows.shape[1]}, products {dim}", _ANEW)
        if not np.isfinite(rows).all():
            raise ReleaseCheckFailed(f"{name} has vectors that are not finite", _ANEW)
    if not len(tables["product"].keys):
        raise ReleaseCheckFailed("the run has no product vectors", _ANEW)
    if not np.isfinite(tables.lift.value).all():
        raise ReleaseCheckFailed("the run has lifts that are not finite", _ANEW)
    return dim


def staged(graph: Graph, slot: str, tables: Tables, missing: dict[str, int], dim: int) -> None:
    """Hold what is in a slot against a run's tables.

    Args:
        graph: where the slot is.
        slot: its name.
        tables: of the run.
        missing: how many rows of each found no node.
        dim: length of the vectors.

    Raises:
        ReleaseCheckFailed: too much is missing, or what is there is not what was sent.
    """
    counts = {row["name"]: row for row in graph.read("writeback/staged", slot=slot, dim=dim)}
    for name in NAMES:
        count, expected = counts[name], len(tables[name].keys)
        if count["wrong"] or count["staged"] != expected - missing[name]:
            raise ReleaseCheckFailed(
                f"{name}: staged {count['staged']}, of wrong length {count['wrong']}, expected {expected}",
                "holley-graph writeback RUN stages it again",
            )
        _refuse_gaps(name, missing[name], expected)
    _refuse_gaps("lift", missing["lift"], len(tables.lift))


def _refuse_gaps(name: str, missing: int, expected: int) -> None:
    if missing > MOST_MISSING * expected:
        raise ReleaseCheckFailed(
            f"{name}: {missing} of {expected} have left the graph since the snapshot", "train on a new snapshot"
        )


def recall(graph: Graph, slot: str, products: Table, missing: int, candidates: int) -> float:
    """Hold what a slot's product index finds against exact search.

    Args:
        graph: where the slot is.
        slot: its name.
        products: the run's.
        missing: how many of them found no node.
        candidates: neighbours that the index is asked for beside those that count, as answers do.

    Raises:
        ReleaseCheckFailed: it finds too few of the nearest.
    """
    generator = np.random.default_rng(0)
    chosen = generator.choice(len(products.keys), min(PROBES, len(products.keys)), replace=False)
    probes = products.vectors[chosen].astype(float)
    probes[:, -EXTRA:] = [1.0, 0.0]
    limit = min(candidates + NEIGHBOURS, len(products.keys))
    answers = graph.read("writeback/probe", slot=slot, queries=probes.tolist(), k=limit)
    scores = probes @ products.vectors.astype(float).T
    wanted = min(NEIGHBOURS, len(products.keys) - missing)
    best = np.argsort(-scores, axis=1)[:, :wanted]
    pairs = zip(products.keys[best], answers, strict=True)
    share = float(np.mean([np.isin(nearest, answer["found"]).mean() for nearest, answer in pairs]))
    if share < LEAST_RECALL and not missing:
        raise ReleaseCheckFailed(
            f"the index finds {share:.0%} of the true neighbours, {LEAST_RECALL:.0%} is the least",
            f"let it be asked for more than {candidates}: recommend.index_candidates, which answers ask for, too",
        )
    return share
