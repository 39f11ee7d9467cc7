"""A run's vectors into the graph: stage beside the live ones, verify, flip in one transaction; and back again."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from holley_graph.embeddings import table
from holley_graph.embeddings.table import EXTRA, NAMES, Table, Tables
from holley_graph.errors import GraphStateError, NotFound, ReleaseCheckFailed
from holley_graph.graph.client import Graph, Row, Step
from holley_graph.progress import Progress, silent

BATCH = 2_000
SIDE_BY_SIDE = 2
"""Batches under way at once: one is packed here while the server writes another."""
PROBES = 100
NEIGHBOURS = 10
ASKED = 100
"""Neighbours that the index is asked for so that the best `NEIGHBOURS` are among them, as the queries do."""
LEAST_RECALL = 0.9
MOST_MISSING = 0.01
"""Share of a table whose nodes may have left the graph since the snapshot."""
INDEXED = ("product", "vehicle", "user")
"""What is searched, and so costs at a flip; of users only those who did something since the boundary."""


@dataclass(frozen=True)
class Report:
    """What a writeback did."""

    run_id: str
    staged: dict[str, int]
    missing: dict[str, int]
    recall: float
    seconds: dict[str, float] = field(default_factory=dict)


def releases(graph: Graph) -> list[Row]:
    """List every release that the graph has seen, newest first."""
    return graph.read("writeback/releases")


def write_back(graph: Graph, run: Path, *, reindex: bool = False, progress: Progress = silent) -> Report:
    """Put a run's embeddings live.

    Until the flip commits, readers see the old vectors only; after it the new ones only. A statement that runs in
    the moment of the commit can meet both, since Neo4j reads what is committed record by record: the number of the
    release stands on every node, the queries compare it and say `mixed`, a mark that they see stands while the flip
    lasts, and `recommend` asks again. Killed before the flip, the next writeback clears what was staged and starts
    again.

    Args:
        graph: where to write.
        run: a run folder.
        reindex: rebuild the vector indexes for vectors of another length than the live ones.
        progress: told after each batch.

    Raises:
        ReleaseCheckFailed: a check failed; the live release is untouched.
        GraphStateError: the run is live already.
        ParcelError: `run` holds no readable embeddings.
    """
    tables, run_id = table.load_with_late(run), run.name
    seconds: dict[str, float] = {}
    clock = _Clock(seconds)
    dim = _check_vectors(tables)
    _check_live(graph, run_id, dim, reindex)
    for name in NAMES:
        graph.write(f"writeback/clear_{name}")
    graph.write("writeback/drop_index_check")  # a killed one may be of another length
    norm = float(np.linalg.norm(tables["product"].vectors.astype(float), axis=1).max(initial=0.0))
    announced = graph.write("writeback/release_staging", run_id=run_id, dim=dim, product_norm=norm)

    staged = _stage(graph, tables, progress)
    clock.lap("stage")
    missing = {name: len(tables[name].keys) - staged[name] for name in NAMES}
    _check_staged(graph, tables, missing, dim)
    recall = _recall(graph, tables["product"], dim, missing["product"])
    clock.lap("verify")

    graph.write("writeback/mark_active")
    if reindex:
        for name in INDEXED:
            graph.write(f"writeback/drop_index_{name}")
    number = {"release": announced["number"]}
    flips: list[Step] = [(f"writeback/flip_{name}", {} if name == "product_source" else number) for name in NAMES]
    flip(graph, [*flips, ("writeback/release_live", {"run_id": run_id})])
    clock.lap("flip")
    for name in INDEXED:
        graph.write(f"writeback/index_{name}", dim=dim)
    await_indexes(graph)
    clock.lap("index")
    return Report(run_id, staged, missing, recall, seconds)


def roll_back(graph: Graph) -> tuple[str, str]:
    """Exchange the live release with the previous one, in one transaction.

    Returns:
        The run that is live now, and the one that was.

    Raises:
        NotFound: there is no previous release.
    """
    states = {row["state"]: row for row in releases(graph)}
    if "live" not in states or "previous" not in states:
        raise NotFound("there is no previous release to roll back to", "holley-graph writeback RUN")
    if states["live"]["dim"] != states["previous"]["dim"]:
        raise GraphStateError(
            "the previous release has vectors of another length; the indexes hold only the live one's",
            f"holley-graph writeback {states['previous']['run_id']} --reindex",
        )
    flips: list[Step] = [(f"writeback/rollback_{name}", {}) for name in NAMES]
    flip(graph, [*flips, ("writeback/release_back", {})])
    await_indexes(graph)
    return states["previous"]["run_id"], states["live"]["run_id"]


def flip(graph: Graph, steps: list[Step]) -> None:
    """Move everything in one transaction, between two that warn readers and give the all-clear."""
    graph.write("writeback/flip_begins")
    # once more inside, where it locks the marker: no two of them at once, nor one of late vectors
    graph.transaction([("writeback/flip_begins", {}), *steps])
    graph.write("writeback/flip_ended")


def await_indexes(graph: Graph) -> None:
    """Return when every vector index serves.

    Raises:
        GraphStateError: one did not come online in time.
    """
    graph.read("server/await_indexes")
    offline = graph.read("writeback/offline_indexes")
    if offline:
        raise GraphStateError(f"index {offline[0]['name']} is {offline[0]['state']}", "holley-graph status")


def _stage(graph: Graph, tables: Tables, progress: Progress) -> dict[str, int]:
    """Write the vectors beside the live ones; return how many found their node, by table."""

    def write(batch: tuple[str, slice]) -> tuple[str, int, int]:
        name, part = batch
        keys, vectors = tables[name].keys[part], tables[name].vectors[part].tolist()
        rows = [{"key": key, "vector": vector} for key, vector in zip(keys, vectors, strict=True)]
        return name, len(rows), int(graph.write(f"writeback/stage_{name}", rows=rows)["staged"])

    parts = [(name, slice(i, i + BATCH)) for name in NAMES for i in range(0, len(tables[name].keys), BATCH)]
    total, done = sum(len(each.keys) for each in tables.values()), 0
    staged = dict.fromkeys(NAMES, 0)
    pool = ThreadPoolExecutor(SIDE_BY_SIDE)
    try:
        for name, rows, found in pool.map(write, parts):
            staged[name] += found
            done += rows
            progress("staging vectors", done, total)
    finally:
        pool.shutdown(cancel_futures=True)  # interrupted: no batch begins that nobody waits for
    return staged


def _check_vectors(tables: Tables) -> int:
    """Return the common length of the vectors."""
    lost = [name for name in NAMES if name not in tables]
    if lost:
        raise ReleaseCheckFailed(f"the run has no table {lost[0]}")
    dim = int(tables["product"].vectors.shape[1])
    for name in NAMES:
        vectors = tables[name].vectors
        if vectors.shape[1] != dim:
            raise ReleaseCheckFailed(f"{name} vectors have length {vectors.shape[1]}, products {dim}")
        if not np.isfinite(vectors).all():
            raise ReleaseCheckFailed(f"{name} has vectors that are not finite")
    if not len(tables["product"].keys):
        raise ReleaseCheckFailed("the run has no product vectors")
    return dim


def _check_live(graph: Graph, run_id: str, dim: int, reindex: bool) -> None:
    live = [row for row in releases(graph) if row["state"] == "live"]
    if live and live[0]["run_id"] == run_id:
        raise GraphStateError(f"{run_id} is live already", "holley-graph rollback puts the previous release live")
    if live and live[0]["dim"] != dim and not reindex:
        raise ReleaseCheckFailed(
            f"vectors of length {dim}, but the live release and its indexes have {live[0]['dim']}",
            "--reindex rebuilds them; similarity search pauses meanwhile",
        )


def _check_staged(graph: Graph, tables: Tables, missing: dict[str, int], dim: int) -> None:
    for name in NAMES:
        count = graph.read(f"writeback/staged_{name}", dim=dim)[0]
        expected = len(tables[name].keys)
        if count["wrong"] or count["staged"] != expected - missing[name]:
            raise ReleaseCheckFailed(
                f"{name}: staged {count['staged']}, of wrong length {count['wrong']}, expected {expected}"
            )
        if missing[name] > MOST_MISSING * expected:
            raise ReleaseCheckFailed(
                f"{name}: {missing[name]} of {expected} have left the graph since the snapshot",
                "train on a new snapshot",
            )


def _recall(graph: Graph, products: Table, dim: int, missing: int) -> float:
    """Build a passing index over the staged vectors and hold what it finds against exact search."""
    graph.write("writeback/index_check", dim=dim)
    try:
        await_indexes(graph)
        generator = np.random.default_rng(0)
        chosen = generator.choice(len(products.keys), min(PROBES, len(products.keys)), replace=False)
        probes = products.vectors[chosen].astype(float)
        probes[:, -EXTRA:] = [1.0, 0.0]
        found = graph.read("writeback/probe", queries=probes.tolist(), k=min(ASKED, len(products.keys)))
    finally:
        graph.write("writeback/drop_index_check")
    scores = probes @ products.vectors.astype(float).T
    wanted = min(NEIGHBOURS, len(products.keys) - missing)
    best = np.argsort(-scores, axis=1)[:, :wanted]
    hits = [np.isin(products.keys[b], row["found"]).mean() for b, row in zip(best, found, strict=True)]
    recall = float(np.mean(hits))
    if recall < LEAST_RECALL and not missing:
        raise ReleaseCheckFailed(
            f"the index finds {recall:.0%} of the true neighbours, {LEAST_RECALL:.0%} is the least"
        )
    return recall


class _Clock:
    def __init__(self, seconds: dict[str, float]) -> None:
        self._seconds, self._last = seconds, time.monotonic()

    def lap(self, name: str) -> None:
        now = time.monotonic()
        self._seconds[name], self._last = round(now - self._last, 2), now
