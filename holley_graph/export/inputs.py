"""What an export starts from: the tables of the last sync, the run folder of the live release, and a ranker."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Self

import pyarrow as pa

from holley_graph.baselines import v5_18
from holley_graph.embeddings import table
from holley_graph.embeddings.paths import Paths
from holley_graph.embeddings.table import Tables
from holley_graph.errors import GraphStateError, ParcelError
from holley_graph.export.audience import Audience
from holley_graph.export.catalogue import Catalogue
from holley_graph.export.rankers import ByBaseline, ByGraph, ByHybrid, ByUniversal, VehicleRanker
from holley_graph.export.rows import Stamp
from holley_graph.graph.client import Graph
from holley_graph.loaders.engine.warehouse import Warehouse
from holley_graph.loaders.sync_tables import SyncTables, open_tables
from holley_graph.settings import Settings

RANKERS = ("graph", "baseline", "hybrid", "universal")
SHARED = ("product", "vehicle", "vehicle_model", "make")
"""Vectors that are held in memory; those of users are read where they lie."""


def last_sync(graph: Graph, home: Path) -> SyncTables:
    """Open the tables that the graph last took.

    Raises:
        GraphStateError: nothing was synced yet, or a sync was not finished.
        ParcelError: that sync ran from another home.
    """
    marker = next(iter(graph.read("load/marker")), None)
    if marker is None:
        raise GraphStateError("nothing was synced into this graph yet", "holley-graph sync --source files:DIR")
    if marker["state"] != "complete":
        raise GraphStateError(f"sync {marker['run_id']} was not finished", "run the sync again")
    sync_tables = open_tables(home, marker["run_id"])
    if sync_tables is None:
        raise ParcelError(
            f"{home} holds no tables of sync {marker['run_id']}",
            "use the home that synced: --home DIR; after an update of this tool, run the sync again",
        )
    return sync_tables


def live_run(graph: Graph, home: Path) -> Path:
    """Find the run folder of the live release.

    Raises:
        GraphStateError: no release is live.
        ParcelError: its folder is not in this home.
    """
    live = graph.read("server/live_release")
    if not live:
        raise GraphStateError("there are no embeddings yet", "holley-graph train, then holley-graph writeback RUN")
    name = str(live[0]["run_id"])
    folder = home / "runs" / name
    if not folder.is_dir():
        raise ParcelError(
            f"release {name} is live, but its run is not in {folder.parent}", "use the home that trained it"
        )
    return folder


@dataclass(frozen=True)
class StampedRanker:
    """A ranker with what its rows say of it.

    Attributes:
        ranker: who ranks.
        stamp: the release that it ranks by (the sync for one that needs none), and what consumers call it.
    """

    ranker: VehicleRanker
    stamp: Stamp


@dataclass(frozen=True)
class Inputs:
    """What some rankers read.

    Attributes:
        sync_tables: of the last sync.
        run: folder of the live release; none if the baseline ranks alone.
        tables: its vectors but those of users; none without a run.
        scores: what the baseline says; none if no ranker asks it.
    """

    sync_tables: SyncTables
    run: Path | None
    tables: Tables
    scores: pa.Table | None

    @classmethod
    def of(cls, rankers: Sequence[str], graph: Graph, settings: Settings) -> Self:
        """Find what rankers need. The baseline scores now: its engine and an audience's want the same memory.

        Raises:
            GraphStateError, ParcelError: no sync is finished or no release live, or they are not of this home, or
                files of the release were changed.
        """
        sync_tables = last_sync(graph, settings.home)
        run = None if set(rankers) == {"baseline"} else live_run(graph, settings.home)
        tables = Tables({}) if run is None else table.load_with_inductive(run, SHARED)
        with_baseline = {"baseline", "hybrid"} & set(rankers)
        scores = v5_18.scores(sync_tables.clean_files(), sync_tables.as_of, settings) if with_baseline else None
        return cls(sync_tables, run, tables, scores)

    def audience(
        self,
        settings: Settings,
        user_id: str | None = None,
        *,
        one_per_email: bool = False,
        warehouse: Warehouse | None = None,
    ) -> Audience:
        """Open those who are ranked for: everybody with a vehicle, or one user, here or in a warehouse."""
        vectors = self.run / "keys_user.parquet" if self.run and warehouse is None else None
        return Audience(
            self.sync_tables,
            settings,
            vectors=vectors,
            user_id=user_id,
            one_per_email=one_per_email,
            warehouse=warehouse,
        )

    def ranker(self, name: str, catalogue: Catalogue, settings: Settings) -> StampedRanker:
        """Open one of the rankers."""
        if name == "baseline":
            return StampedRanker(
                self._baseline(catalogue), Stamp(v5_18.VERSION, self.sync_tables.path.name, "fitment")
            )
        assert self.run is not None  # noqa: S101  `of` found it
        version_, run_id = f"holley-graph-{version('holley-graph')}", self.run.name
        graph = ByGraph(catalogue, self.tables, table.mapped(self.run, "user"))
        if name == "hybrid":
            return StampedRanker(
                ByHybrid(self._baseline(catalogue), graph), Stamp(f"{version_}-hybrid", run_id, "fitment")
            )
        if name == "universal":
            universal = ByUniversal(graph, settings.recommend.universal_share)
            return StampedRanker(universal, Stamp(f"{version_}-universal", run_id, "universal"))
        return StampedRanker(graph, Stamp(version_, run_id, "fitment"))

    def paths(self, name: str) -> Paths:
        """Return the weights of an owner's own history in the score of a ranker: none in the baseline's."""
        return Paths() if name == "baseline" else self.tables.paths

    def _baseline(self, catalogue: Catalogue) -> ByBaseline:
        assert self.scores is not None  # noqa: S101  `of` scored
        return ByBaseline(catalogue, self.scores)
