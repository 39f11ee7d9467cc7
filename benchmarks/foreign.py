"""The whole product in worlds of another generator: from raw tables to an exported file, judged by their truth.

Each world is a folder with `raw/` (the five tables), `truth/` and `v518/` (the answer of the published rules), and
`judge.py` beside the worlds says what counts. A model is trained, written back and exported as an operator would do
it. Rivals, which know the vehicle alone, rank the judge's own candidates of the people who bought something. The
share that is closed is (ranker − v5.18) / (ceiling − v5.18) by MRR@4. For cold people the ceiling knows their
vehicle, for warm ones their taste as well. Intervals are 95 %, by a bootstrap over users; differences from
`counting` are paired.
"""

from __future__ import annotations

import argparse
import importlib.util
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks.record import record
from holley_graph.cli.connection import connect
from holley_graph.cli.sync import offline_import
from holley_graph.counting import utility
from holley_graph.embeddings.writeback import write_back
from holley_graph.evaluation import popularity, shrinkage
from holley_graph.evaluation.targets import RankingTask
from holley_graph.export.export import export
from holley_graph.model.train import train
from holley_graph.server import lifecycle
from holley_graph.settings import load
from holley_graph.snapshot import exporter
from holley_graph.snapshot.snapshot import Snapshot
from loaders import sync
from loaders.files import FilesSource

Floats = npt.NDArray[np.float64]
AS_OF = datetime(2026, 2, 1, tzinfo=UTC)
DRAWS = 2_000
AGAINST = "counting"
K, MRR = 4, 2  # of the judge's metrics per user
RIVALS = ("counting", "trending", "shrinkage")


@dataclass(frozen=True)
class Answers:
    """What was asked of one world.

    Attributes:
        snapshot: that everything was learned from.
        files: model to its exported file.
        scores: rival to [fitments].
        seconds: that each took to learn.
    """

    snapshot: Snapshot
    files: dict[str, Path]
    scores: dict[str, Floats]
    seconds: dict[str, float]


def main() -> None:
    """Take every ranker through every world, and write the shares down."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--worlds", type=Path, default=Path("../shared/worlds"), help="folder of worlds and judge.py"
    )
    parser.add_argument("--only", nargs="+", help="names of worlds (default: all)")
    parser.add_argument("--models", nargs="*", default=["sage"])
    parser.add_argument("--rivals", nargs="*", choices=RIVALS, default=list(RIVALS))
    parser.add_argument("--home", type=Path, default=Path(".holley-graph/foreign"))
    parser.add_argument("--name", default="foreign", help="of the file in results/")
    arguments = parser.parse_args()
    judge = _judge(arguments.worlds / "judge.py")
    worlds = sorted(path for path in arguments.worlds.iterdir() if (path / "raw").is_dir())
    results = {}
    for world in worlds:
        if arguments.only and world.name not in arguments.only:
            continue
        answers = through(world, arguments.home / world.name, arguments.models, arguments.rivals)
        results[world.name] = {"seconds": answers.seconds, **judged(judge, world, answers)}
        _show(world.name, results[world.name])
    record(arguments.name, {"as_of": f"{AS_OF:%Y-%m-%d}", "training_seed": 0, "worlds": results})


def through(world: Path, home: Path, models: list[str], rivals: list[str]) -> Answers:
    """Sync a world, let every model export and every rival score, and say how long each took to learn."""
    settings = load(home=home.absolute())
    files, scores, seconds = {}, {}, {}
    lifecycle.up(settings)
    try:
        with connect(settings) as graph:
            sync.sync(FilesSource(world / "raw"), graph, settings, as_of=AS_OF, bulk=offline_import(settings))
            snapshot = exporter.take(graph, exporter.options(settings.sync))
            for name in models:
                started = time.perf_counter()
                run = train(snapshot, settings.home / "runs", model=name, device="cpu").path
                seconds[name] = round(time.perf_counter() - started, 1)
                write_back(graph, run)
                files[name] = home / f"{name}.parquet"
                export(graph, settings, files[name], AS_OF, ranker="graph", layout="wide")
    finally:
        lifecycle.down(settings)
    for name in rivals:
        started = time.perf_counter()
        scores[name] = _scores(name, snapshot)
        seconds[name] = round(time.perf_counter() - started, 1)
    return Answers(snapshot, files, scores, seconds)


def judged(judge: ModuleType, world: Path, answers: Answers) -> dict[str, Any]:
    """Judge exported files, and the rivals' scores, by a world's truth."""
    truth = judge.load(str(world))
    relevant = judge.relevant(truth)
    users = np.array(sorted(relevant.user_id.unique()))
    kinds = relevant.drop_duplicates("user_id").set_index("user_id").segment.reindex(users).to_numpy()
    oracle = truth["orc"].sort_values(["user_id", "rank"])
    vehicle = oracle.sort_values(["user_id", "rank_vehicle"])
    exported = {name: judge.read_recs(str(path), truth)[0] for name, path in answers.files.items()}
    lists = {
        "v518": judge.pd.read_parquet(world / "v518" / "long.parquet")[["user_id", "rank", "sku"]],
        "oracle": judge.caps(oracle[["user_id", "sku"]], truth["P"], K),
        "vehicle": judge.caps(vehicle[["user_id", "sku"]], truth["P"], K),
        **_ranked(judge, truth, users, answers),
        **exported,
    }
    sampled = np.isin(users, oracle.user_id.unique().astype(str))
    scores = {name: judge.per_user(rows, relevant, users, K)[:, MRR] for name, rows in lists.items()}
    broken = {name: _broken(judge.violations(rows, truth)) for name, rows in exported.items()}
    result: dict[str, Any] = {"broken_rules": broken}
    names = [*answers.scores, *answers.files]
    for kind, ceiling in (("cold", "vehicle"), ("warm", "oracle")):
        asked = sampled & (kinds == kind)
        shares = _shares({name: each[asked] for name, each in scores.items()}, ceiling, names)
        result[kind] = {"users": int(asked.sum()), **shares}
    return result


def _ranked(judge: ModuleType, truth: dict[str, Any], users: npt.NDArray[Any], answers: Answers) -> dict[str, Any]:
    """Rank the judge's candidates of each user by every rival's scores."""
    candidates, snapshot = judge.candidates(truth, list(users)), answers.snapshot
    vehicle, product = (
        judge.pd.Index(ids.keys).get_indexer(column).astype(np.int64)
        for ids, column in (
            (snapshot.vehicle_ids, candidates.vehicle_id),
            (snapshot.product_ids, candidates.sku),
        )
    )
    fitment = snapshot.fitment(vehicle, product)
    ranked = {}
    for name, scores in answers.scores.items():
        score = np.where(fitment >= 0, scores[fitment], -np.inf)
        best = candidates.assign(score=-score).sort_values(["user_id", "score", "sku"])
        ranked[name] = judge.caps(best[["user_id", "sku"]], truth["P"], K)
    return ranked


def _shares(scores: dict[str, Floats], ceiling: str, names: list[str]) -> dict[str, Any]:
    count = len(scores["v518"])
    weights = np.random.default_rng(0).multinomial(count, np.full(count, 1 / count), DRAWS) / count
    draws = {name: weights @ values for name, values in scores.items()}
    gap, gaps = (scores[ceiling] - scores["v518"]).mean(), draws[ceiling] - draws["v518"]
    shares = {}
    for name in names:
        share = (scores[name] - scores["v518"]).mean() / gap
        shares[name] = {
            "mrr": round(float(scores[name].mean()), 4),
            "closed": _interval(share, (draws[name] - draws["v518"]) / gaps),
        }
        if AGAINST in names and name != AGAINST:
            ahead = (scores[name] - scores[AGAINST]).mean()
            shares[name]["mrr_over_counting"] = _interval(ahead, draws[name] - draws[AGAINST])
    return shares


def _interval(value: float, draws: Floats) -> list[float]:
    return [round(float(each), 4) for each in (value, *np.quantile(draws, (0.025, 0.975)))]


def _broken(counts: dict[str, Any]) -> dict[str, Any]:
    about = ("rows", "users", "distinct_skus", "users_owed", "coverage")
    return {name: count for name, count in counts.items() if name not in about and count}


def _scores(name: str, snapshot: Snapshot) -> Floats:
    """[fitments] the scores of a rival."""
    if name == "counting":
        return utility.count(snapshot).scores(snapshot)
    if name == "shrinkage":
        return shrinkage.rates(snapshot)
    everything, nobody = np.arange(snapshot.products.num_rows), np.zeros(1, np.int64)
    nothing = np.zeros(len(everything), bool)
    task = RankingTask(nobody, nobody, np.array([0, len(everything)]), everything, nothing, np.zeros(1, bool))
    return popularity.trending(task, snapshot)[snapshot.fits[:, 1]]


def _judge(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location("judge", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _show(world: str, result: dict[str, Any]) -> None:
    for kind in ("cold", "warm"):
        for name, each in result[kind].items():
            if name != "users":
                ahead = each.get("mrr_over_counting")
                print(f"{world} {kind:5} {name:12} closed {each['closed']}, MRR@4 over counting {ahead}")


if __name__ == "__main__":
    main()
