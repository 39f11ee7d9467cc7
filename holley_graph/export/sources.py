"""What an export starts from: the tables of the last sync, the run folder of the live release, and a ranker."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from holley_graph.embeddings import table
from holley_graph.errors import GraphStateError, ParcelError
from holley_graph.export.rankers import ByBaseline, ByGraph, ByHybrid, ByUniversal, Ranker
from holley_graph.export.rows import Stamp
from holley_graph.export.stock import Stock
from holley_graph.graph.client import Graph
from holley_graph.settings import Settings
from loaders import baseline
from loaders.taken import Taken, open_taken

RANKERS = ("graph", "baseline", "hybrid", "universal")


@dataclass(frozen=True)
class Named:
    """A ranker with what its rows say of it.

    Attributes:
        ranker: who ranks.
        stamp: the release that it ranks by (the sync for one that needs none), and what consumers call it.
    """

    ranker: Ranker
    stamp: Stamp


def last_sync(graph: Graph, home: Path) -> Taken:
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
    taken = open_taken(home, marker["run_id"])
    if taken is None:
        raise ParcelError(
            f"{home} holds no tables of sync {marker['run_id']}", "use the home that synced: --home DIR"
        )
    return taken


def live_run(graph: Graph, home: Path) -> Path:
    """Find the run folder of the live release.

    Raises:
        GraphStateError: no release is live.
        ParcelError: its folder is not in this home.
    """
    live = [str(row["run_id"]) for row in graph.read("writeback/releases") if row["state"] == "live"]
    if not live:
        raise GraphStateError("there are no embeddings yet", "holley-graph train, then holley-graph writeback RUN")
    folder = home / "runs" / live[0]
    if not folder.is_dir():
        raise ParcelError(
            f"release {live[0]} is live, but its run is not in {folder.parent}", "use the home that trained it"
        )
    return folder


def ranker(name: str, graph: Graph, taken: Taken, stock: Stock, settings: Settings) -> Named:
    """Open a ranker by name.

    Raises:
        GraphStateError, ParcelError: there is no live release, or its vectors are not here.
    """
    if name == "baseline":
        return Named(_baseline(taken, stock, settings), Stamp(baseline.VERSION, taken.path.name, "fitment"))
    run = live_run(graph, settings.home)
    ours = f"holley-graph-{version('holley-graph')}"
    by_graph = ByGraph(stock, table.load(run))
    if name == "hybrid":
        by_hybrid = ByHybrid(_baseline(taken, stock, settings), by_graph)
        return Named(by_hybrid, Stamp(f"{ours}-hybrid", run.name, "fitment"))
    if name == "universal":
        share = settings.recommend.universal_share
        return Named(ByUniversal(by_graph, share), Stamp(f"{ours}-universal", run.name, "universal"))
    return Named(by_graph, Stamp(ours, run.name, "fitment"))


def _baseline(taken: Taken, stock: Stock, settings: Settings) -> ByBaseline:
    return ByBaseline(stock, baseline.scores(taken.clean_tables(), taken.as_of, settings))
