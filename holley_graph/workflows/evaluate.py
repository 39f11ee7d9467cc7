"""Runs beside v5.18 and other rankers, on what people did later."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial

from holley_graph.baselines import blends, v5_18
from holley_graph.baselines.rankers import BASELINES
from holley_graph.embeddings import fastrp as fastrp_room
from holley_graph.embeddings import table as embeddings
from holley_graph.embeddings.manifest import RunManifest
from holley_graph.embeddings.table import Tables
from holley_graph.errors import SettingsError
from holley_graph.evaluation import conclusion, scoring, study
from holley_graph.evaluation.conclusion import Conclusion
from holley_graph.evaluation.study import Cut
from holley_graph.evaluation.targets import Ranker
from holley_graph.graph.client import Graph, Row
from holley_graph.loaders import sync_tables
from holley_graph.progress import Progress, silent, step
from holley_graph.settings import Settings
from holley_graph.snapshot import extract
from holley_graph.snapshot.snapshot import Snapshot
from holley_graph.workflows.connection import connect


def evaluate(
    settings: Settings,
    runs: Sequence[str],
    *,
    target: str = "ordered",
    with_verdict: bool = False,
    fastrp: bool = False,
    progress: Progress = silent,
) -> Conclusion:
    """Compare runs that were trained up to the same time on what came after it.

    Args:
        settings: where the server and the home are.
        runs: their names.
        target: what rankers have to find, one of `ordered`, `carted` and `viewed`.
        with_verdict: decide whether they may go live; only of what was ordered.
        fastrp: also rank by FastRP vectors.
        progress: told after each step.

    Raises:
        NotFound: there is no such run.
        SettingsError: they end at different times.
    """
    folder = settings.home / "runs"
    manifests = {run: RunManifest.named(folder, run) for run in runs}
    ends = {manifest.as_of for manifest in manifests.values()}
    if len(ends) > 1:
        raise SettingsError("these runs have different --as-of times and cannot be compared", "train --as-of TIME")
    tables = {run: embeddings.load(folder / run) for run in runs}
    with measuring(settings, progress) as (graph, full):
        at = ends.pop()
        ranked = rankers(settings, graph, full, at, tables, fastrp, progress)
        cuts = [study.cut(full, at, ranked, progress, target)]
        return conclude(settings, graph, cuts, full, manifests, with_verdict, progress)


@contextmanager
def measuring(settings: Settings, progress: Progress) -> Iterator[tuple[Graph, Snapshot]]:
    """Open the graph, and a snapshot of it that is not kept."""
    with connect(settings, progress) as graph:
        yield graph, extract.take(graph, extract.options(settings.sync), progress)


def rankers(
    settings: Settings,
    graph: Graph,
    full: Snapshot,
    at: int,
    runs: Mapping[str, Tables],
    fastrp: bool,
    progress: Progress,
) -> dict[str, Ranker]:
    """Name the rankers of a cut.

    These are the baselines, v5.18 where this home has the tables that it needs, FastRP where it is wanted, and
    every run: its vectors alone, behind popularity (`hybrid`), and among parts for many vehicles (`universal`).

    Args:
        settings: where the server and the home are.
        graph: says which sync it holds, and makes FastRP vectors.
        full: the snapshot.
        at: epoch seconds of the cut.
        runs: name to the vectors of a run that knows nothing from the cut on.
        fastrp: whether FastRP is wanted.
        progress: told about each step.
    """
    ranked = dict(BASELINES)
    before = sync_tables.open_tables(settings.home, graph.read("load/marker")[0]["run_id"])
    with step(progress, "scores of v5.18"):
        known = None if before is None else v5_18.scores(before.clean_files(), at, settings)
    if known is not None:
        ranked[v5_18.VERSION] = partial(blends.champion, known)
    if fastrp:
        with step(progress, "FastRP"):
            ranked["fastrp"] = _by_vectors(fastrp_room.embed(graph, full.before(at)))
    for name, tables in runs.items():
        ranked[name] = _by_vectors(tables)
        ranked[f"{name} universal"] = partial(blends.universal, tables, settings.recommend.universal_share)
        if known is not None:
            ranked[f"{name} hybrid"] = partial(blends.hybrid, known, tables)
    return ranked


def conclude(
    settings: Settings,
    graph: Graph,
    cuts: list[Cut],
    full: Snapshot,
    manifests: Mapping[str, RunManifest],
    with_verdict: bool,
    progress: Progress,
) -> Conclusion:
    """Measure the cuts, decide where that is wanted, and keep the report."""
    with step(progress, "intervals and report"):

        def cards(skus: list[str]) -> list[Row]:
            return graph.read("find/cards", skus=skus)

        return conclusion.conclude(cuts, full, manifests, settings.home, with_verdict, cards)


def _by_vectors(tables: Tables) -> Ranker:
    return lambda task, past: scoring.scores(tables, past, task)
