"""A run's vectors into the graph: staged in a slot of their own, checked there, then named live; and back again."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

import numpy as np

from holley_graph.embeddings import checks, slots, table
from holley_graph.embeddings.lift import Lift
from holley_graph.embeddings.table import NAMES, Table, Tables
from holley_graph.errors import NotFound, ReleaseCheckFailed
from holley_graph.graph import migrations
from holley_graph.graph.alone import in_graph
from holley_graph.graph.client import Graph
from holley_graph.progress import Progress, silent, step

BATCH = 2_000
VEHICLES = 200
"""Vehicles whose lifts are written in one transaction."""
CANDIDATES = 200
"""Neighbours that the index is asked for, where the settings do not say otherwise."""
SIDE_BY_SIDE = 2
"""Batches under way at once: one is packed here while the server writes another."""


@dataclass(frozen=True)
class WritebackReport:
    """What a writeback did.

    Attributes:
        run_id: the live release.
        staged: vectors that were written, by table, and lifts; none if they lay in a slot already.
        missing: vectors whose node, and lifts whose fitment, has left the graph.
        recall: share of the true neighbours that the index finds; none if nothing was staged.
        seconds: by stage.
    """

    run_id: str
    staged: dict[str, int]
    missing: dict[str, int]
    recall: float | None
    seconds: dict[str, float] = field(default_factory=dict)


def write_back(
    graph: Graph, run: Path, *, candidates: int = CANDIDATES, progress: Progress = silent
) -> WritebackReport:
    """Put a run's embeddings live.

    They are written into a free slot, indexed and checked there; then one property names the slot. A run that lies
    in a slot already, live or the one before, only is named. Killed at any moment, the next call tidies up.

    Args:
        graph: where to write.
        run: a run folder.
        candidates: neighbours that answers ask the index for; it is checked by as many.
        progress: told after each batch.

    Raises:
        ReleaseCheckFailed: a check failed; the live release is untouched.
        GraphStateError: somebody else writes into this graph.
        ParcelError: `run` holds no readable embeddings.
    """
    tables = table.load_with_inductive(run)
    dim = checks.vectors(tables)
    clock = _Clock()
    with in_graph(graph, f"writeback of {run.name}"):
        migrations.apply(graph)
        slots.tidy(graph)
        states = {row["run_id"]: row for row in slots.releases(graph)}
        here = states.get(run.name, {"state": None})
        if here["state"] == "previous":
            slots.go_live(graph, here["number"])
        if here["state"] in ("live", "previous"):
            return WritebackReport(run.name, {}, {}, None, clock.laps)
        try:
            return _stage_and_go_live(graph, run.name, tables, dim, candidates, clock, progress)
        except ReleaseCheckFailed:
            slots.tidy(graph)
            raise


def roll_back(graph: Graph) -> tuple[str, str]:
    """Put the release live that came before the live one; if it is live already, it stays.

    Returns:
        The run that is live now, and the one that can be written back at once.

    Raises:
        NotFound: no other release is kept.
        GraphStateError: somebody else writes into this graph.
    """
    with in_graph(graph, "rollback"):
        slots.tidy(graph)
        releases = [row for row in slots.releases(graph) if row["state"] in ("live", "previous")]
        if len(releases) < 2:
            raise NotFound("there is no previous release to roll back to", "holley-graph writeback RUN")
        newer, older = releases
        if older["state"] != "live":
            slots.go_live(graph, older["number"])
    return older["run_id"], newer["run_id"]


def stage(graph: Graph, number: int, tables: Mapping[str, Table], progress: Progress = silent) -> dict[str, int]:
    """Write vectors into a release's slot, where none are yet; return how many found their node, by table."""

    def write(batch: tuple[str, slice]) -> tuple[str, int, int]:
        name, part = batch
        keys, vectors = tables[name].keys[part], tables[name].vectors[part].tolist()
        rows = [{"key": key, "vector": vector} for key, vector in zip(keys, vectors, strict=True)]
        return name, len(rows), int(graph.write(f"writeback/stage_{name}", number=number, rows=rows)["staged"])

    parts = [(name, part) for name, table in tables.items() for part in _batches(len(table.keys))]
    total, done = sum(len(table.keys) for table in tables.values()), 0
    staged = dict.fromkeys(tables, 0)
    pool = ThreadPoolExecutor(SIDE_BY_SIDE)
    try:
        for name, rows, written in pool.map(write, parts):
            staged[name] += written
            done += rows
            progress("staging vectors", done, total)
    finally:
        pool.shutdown(cancel_futures=True)  # interrupted: no batch begins that nobody waits for
    return staged


def stage_lift(graph: Graph, number: int, lift: Lift, progress: Progress = silent) -> int:
    """Write lifts into a release's slot, where none are yet; return how many found their fitment."""
    staged, vehicles = 0, len(np.unique(lift.vehicle))
    packed, done = lift.by_vehicle(), 0
    while batch := list(islice(packed, VEHICLES)):
        rows = [{"key": key, "lifts": lifts} for key, lifts in batch]
        staged += int(graph.write("writeback/stage_lift", number=number, rows=rows)["staged"])
        done += len(batch)
        progress("staging lifts", done, vehicles)
    return staged


def _stage_and_go_live(
    graph: Graph, run_id: str, tables: Tables, dim: int, candidates: int, clock: _Clock, progress: Progress
) -> WritebackReport:
    norm = float(np.linalg.norm(tables["product"].vectors.astype(float), axis=1).max(initial=0.0))
    number, slot = slots.stage(graph, run_id, dim, norm, tables.paths)
    staged = stage(graph, number, {name: tables[name] for name in NAMES}, progress)
    staged["lift"] = stage_lift(graph, number, tables.lift, progress)
    clock.lap("stage")
    missing = {name: len(tables[name].keys) - staged[name] for name in NAMES}
    missing["lift"] = len(tables.lift) - staged["lift"]
    with step(progress, "checking what was staged"):
        checks.staged(graph, slot, tables, missing, dim)
    clock.lap("verify")
    with step(progress, "building the indexes"):
        graph.write("writeback/mark_active")
        slots.index(graph, slot, dim)
    with step(progress, "checking the index"):
        recall = checks.recall(graph, slot, tables["product"], missing["product"], candidates)
    clock.lap("index")
    slots.go_live(graph, number)
    clock.lap("live")
    with step(progress, "freeing what is no longer needed"):
        slots.tidy(graph)
    clock.lap("tidy")
    return WritebackReport(run_id, staged, missing, recall, clock.laps)


def _batches(rows: int) -> Iterable[slice]:
    return (slice(start, start + BATCH) for start in range(0, rows, BATCH))


class _Clock:
    def __init__(self) -> None:
        self.laps: dict[str, float] = {}
        self._last = time.monotonic()

    def lap(self, name: str) -> None:
        now = time.monotonic()
        self.laps[name], self._last = round(now - self._last, 3), now
