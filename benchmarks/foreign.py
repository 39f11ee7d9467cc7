"""The whole product in worlds of another generator: from raw tables to an exported file, judged by their truth.

Each world is a folder with `raw/` (the five tables), `truth/` and `v518/` (the answer of the published rules), and
`judge.py` beside the worlds says what counts. A model is trained, written back and exported as an operator would do
it. `counting` takes the same way: its numbers become the popularity and lift of a release without vectors, and the
paths of a person's own history have weights that it learns as the models do. Every other rival is a baseline of
`backtest`. It scores the judge's own candidates, and the judge's caps make its lists, so that it breaks no rule.

The share that is closed is (ranker − v5.18) / (ceiling − v5.18) by MRR@4. For cold people the ceiling knows their
vehicle, for warm ones their taste as well. Intervals are 95 %, by a bootstrap over users; differences from
`counting` and from the default model are paired.
"""

from __future__ import annotations

import argparse
import importlib.util
import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from benchmarks.record import record
from holley_graph.baselines.rankers import BASELINES
from holley_graph.counting import utility, weights
from holley_graph.embeddings import table
from holley_graph.embeddings.lift import Lift
from holley_graph.embeddings.paths import Paths
from holley_graph.embeddings.table import Table, Tables
from holley_graph.embeddings.writeback import write_back
from holley_graph.evaluation.targets import Ranker, RankingTask
from holley_graph.export.everybody import export
from holley_graph.keys import find
from holley_graph.loaders import sync
from holley_graph.loaders.files import FilesSource
from holley_graph.model.architectures.fitment_ranker import FitmentRankerConfig
from holley_graph.model.architectures.recipe import Recipe
from holley_graph.model.training.fit_history import fit_history
from holley_graph.model.training.plan import Plan
from holley_graph.model.training.train import train
from holley_graph.server import lifecycle
from holley_graph.settings import Settings, load
from holley_graph.snapshot import extract
from holley_graph.snapshot.snapshot import Snapshot
from holley_graph.times import moment, seconds
from holley_graph.workflows.connection import connect
from holley_graph.workflows.sync import offline_import

Floats = npt.NDArray[np.float64]
AS_OF = seconds("2026-02-01")
DRAWS = 2_000
AGAINST, DEFAULT = "counting", "sage"
K, MRR = 4, 2  # of the judge's metrics per user
LISTED = ("trending", "shrinkage", "shrinkage-trend", "logit", "boosted")
"""Baselines of `backtest` that answer anybody whose vehicle is known."""


def main() -> None:
    """Take every ranker through every world, and write the shares down."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--worlds", type=Path, default=Path("../shared/worlds"), help="folder of worlds and judge.py"
    )
    parser.add_argument("--only", nargs="+", help="names of worlds (default: all)")
    parser.add_argument("--models", nargs="*", default=[DEFAULT])
    parser.add_argument("--rivals", nargs="*", choices=[AGAINST, *LISTED], default=[AGAINST, *LISTED])
    parser.add_argument("--home", type=Path, default=Path(".holley-graph/foreign"))
    parser.add_argument("--name", default="foreign", help="of the file in results/")
    arguments = parser.parse_args()
    judge = judge_of(arguments.worlds)
    worlds = sorted(path for path in arguments.worlds.iterdir() if (path / "raw").is_dir())
    rankers = list(dict.fromkeys([*arguments.rivals, *arguments.models]))
    results = {}
    for world in worlds:
        if arguments.only and world.name not in arguments.only:
            continue
        truth = judge.load(str(world))
        files, seconds = through(world, arguments.home / world.name, rankers, partial(answered, judge, truth))
        results[world.name] = {"seconds": seconds, **judged(judge, world, truth, files)}
        _show(world.name, results[world.name])
    record(arguments.name, {"as_of": f"{moment(AS_OF):%Y-%m-%d}", "training_seed": 0, "worlds": results})


def through(
    world: Path, home: Path, rankers: list[str], answer: Callable[[Snapshot, Ranker, Path], None]
) -> tuple[dict[str, Path], dict[str, float]]:
    """Sync a world, then let every ranker answer; return the files, and the seconds that each took to learn."""
    settings = load(home=home.absolute())
    files, seconds = {}, {}
    lifecycle.up(settings)
    try:
        with connect(settings) as graph:
            sync.sync(FilesSource(world / "raw"), graph, settings, as_of=AS_OF, bulk=offline_import(settings))
            snapshot = extract.take(graph, extract.options(settings.sync))
            for name in rankers:
                started = time.perf_counter()
                files[name] = home / f"{name}.parquet"
                if name in LISTED:
                    answer(snapshot, BASELINES[name], files[name])
                else:
                    run = _run(name, snapshot, settings)
                    write_back(graph, run)
                    export(graph, settings, files[name], moment(AS_OF), ranker="graph", layout="wide")
                seconds[name] = round(time.perf_counter() - started, 1)
    finally:
        lifecycle.down(settings)
    return files, seconds


def answered(judge: ModuleType, truth: dict[str, Any], snapshot: Snapshot, ranker: Ranker, path: Path) -> None:
    """Let a ranker score the judge's own candidates of everybody who is asked, and write the lists down."""
    users = judge.candidates(truth, sorted(judge.relevant(truth).user_id.unique()))
    candidate = find(snapshot.product_ids.keys, users.sku.to_numpy(object))
    vehicle = find(snapshot.vehicle_ids.keys, users.vehicle_id.to_numpy(object))
    is_known = snapshot.fitment(vehicle, candidate) >= 0
    users, candidate, vehicle = users[is_known], candidate[is_known], vehicle[is_known]
    person, first, size = np.unique(users.user_id.to_numpy(object), return_index=True, return_counts=True)
    offsets = np.concatenate([[0], np.cumsum(size)]).astype(np.int64)
    nothing, user = np.zeros(len(candidate), bool), find(snapshot.user_ids.keys, person)
    task = RankingTask(user, vehicle[first], offsets, candidate, nothing, user >= 0)
    ranked = users.assign(score=-ranker(task, snapshot)).sort_values(["user_id", "score", "sku"])
    judge.caps(ranked[["user_id", "sku"]], truth["P"], K).to_parquet(path)


def judged(judge: ModuleType, world: Path, truth: dict[str, Any], files: dict[str, Path]) -> dict[str, Any]:
    """Judge files by a world's truth."""
    relevant = judge.relevant(truth)
    users = np.array(sorted(relevant.user_id.unique()))
    kinds = relevant.drop_duplicates("user_id").set_index("user_id").segment.reindex(users).to_numpy()
    oracle = truth["orc"].sort_values(["user_id", "rank"])
    vehicle = oracle.sort_values(["user_id", "rank_vehicle"])
    lists = {
        "v518": judge.pd.read_parquet(world / "v518" / "long.parquet")[["user_id", "rank", "sku"]],
        "oracle": judge.caps(oracle[["user_id", "sku"]], truth["P"], K),
        "vehicle": judge.caps(vehicle[["user_id", "sku"]], truth["P"], K),
        **{name: judge.read_recs(str(path), truth)[0] for name, path in files.items()},
    }
    sampled = np.isin(users, oracle.user_id.unique().astype(str))
    scores = {name: judge.per_user(rows, relevant, users, K)[:, MRR] for name, rows in lists.items()}
    broken = {name: _broken(judge.violations(lists[name], truth)) for name in files}
    result: dict[str, Any] = {"broken_rules": broken}
    for kind, ceiling in (("cold", "vehicle"), ("warm", "oracle")):
        of_kind = sampled & (kinds == kind)
        result[kind] = {
            "users": int(of_kind.sum()),
            **_shares({n: s[of_kind] for n, s in scores.items()}, ceiling, files),
        }
    return result


def _shares(scores: dict[str, Floats], ceiling: str, files: dict[str, Path]) -> dict[str, Any]:
    count = len(scores["v518"])
    weights = np.random.default_rng(0).multinomial(count, np.full(count, 1 / count), DRAWS) / count
    draws = {name: weights @ values for name, values in scores.items()}
    gap, gaps = (scores[ceiling] - scores["v518"]).mean(), draws[ceiling] - draws["v518"]
    shares = {}
    for name in files:
        share = (scores[name] - scores["v518"]).mean() / gap
        shares[name] = {
            "mrr": round(float(scores[name].mean()), 4),
            "closed": _interval(share, (draws[name] - draws["v518"]) / gaps),
        }
        for other in (AGAINST, DEFAULT):
            if other in files and name != other:
                ahead = (scores[name] - scores[other]).mean()
                shares[name][f"mrr_over_{other}"] = _interval(ahead, draws[name] - draws[other])
    return shares


def _interval(value: float, draws: Floats) -> list[float]:
    return [round(float(number), 4) for number in (value, *np.quantile(draws, (0.025, 0.975)))]


def _broken(counts: dict[str, Any]) -> dict[str, Any]:
    about = ("rows", "users", "distinct_skus", "users_owed", "coverage")
    return {name: count for name, count in counts.items() if name not in about and count}


def _run(name: str, snapshot: Snapshot, settings: Settings) -> Path:
    """Train a model, or put what is counted into a run folder."""
    if name != AGAINST:
        return train(snapshot, settings.home / "runs", Plan(Recipe.default(name))).path
    counted = utility.count(snapshot, weights.estimate(snapshot).of_kinds)
    config = FitmentRankerConfig(dim=1)
    silent = (torch.zeros(count, 1) for count in (snapshot.vehicles.num_rows, snapshot.products.num_rows))
    paths = fit_history(snapshot, *silent, counted, config)[1]
    folder = settings.home / "runs" / f"{datetime.now(UTC):%Y%m%dT%H%M%S}-{name}"
    folder.mkdir(parents=True)
    table.save(without_vectors(snapshot, counted.popularity, counted.lift, paths), folder)
    return folder


def without_vectors(snapshot: Snapshot, popular: Floats, lift: Floats, paths: Paths) -> Tables:
    """Lay a ranking out as a release whose vectors say nothing: nobody asks along the directions of its products.

    They have directions, for a release whose index cannot tell its products apart is refused.
    """
    dim = 8
    none = Table(np.empty(0, object), np.empty((0, dim + table.EXTRA), np.float32))
    skus, vehicles = snapshot.product_ids.keys, snapshot.vehicle_ids.keys
    directions = np.random.default_rng(0).normal(size=(len(skus), dim)).astype(np.float32)
    tables = {
        "product": Table(skus, table.products(directions, popular.astype(np.float32))),
        "product_anchor": Table(skus, table.queries(np.zeros((len(skus), dim), np.float32))),
        "vehicle": Table(vehicles, table.queries(np.zeros((len(vehicles), dim), np.float32))),
        **dict.fromkeys(("vehicle_model", "make", "user"), none),
    }
    return Tables(tables, Lift(vehicles, skus, *snapshot.fits.T, lift.astype(np.float32)), paths)


def judge_of(worlds: Path) -> ModuleType:
    """Load what judges the worlds of a folder."""
    spec = importlib.util.spec_from_file_location("judge", worlds / "judge.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _show(world: str, result: dict[str, Any]) -> None:
    for kind in ("cold", "warm"):
        for name, figures in result[kind].items():
            if name != "users":
                ahead = figures.get("mrr_over_counting")
                print(f"{world} {kind:5} {name:12} closed {figures['closed']}, MRR@4 over counting {ahead}")


if __name__ == "__main__":
    main()
