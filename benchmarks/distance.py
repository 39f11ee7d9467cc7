"""How much of the way from baseline v5.18 to the best possible ranking a model goes, in worlds that know the truth.

Every question is asked of v5.18, of the model, and of the generator itself: its probabilities as of the cut.
`truth` knows the hidden taste of each person, `knowable` only what their past and vehicle could tell anybody. The
share that is closed is (model − v5.18) / (truth − v5.18) by MRR@4, over all worlds together, with its 95 % interval
by a bootstrap over users.
"""

from __future__ import annotations

import argparse
import time
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks.record import record
from benchmarks.worlds import Known, open_world
from holley_graph.baselines import blends, shrinkage, v5_18
from holley_graph.embeddings import table
from holley_graph.evaluation import metrics, scoring, study
from holley_graph.evaluation.targets import Ranker, RankingTask
from holley_graph.model.architectures.recipe import Recipe
from holley_graph.model.training.plan import Plan
from holley_graph.model.training.train import train
from holley_graph.simulator import PRESETS
from holley_graph.snapshot.snapshot import Snapshot

Floats = npt.NDArray[np.float64]
DRAWS = 2_000
LEVEL = (0.025, 0.975)


def main() -> None:
    """Ask every world, and write the shares down."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--users", type=int, default=50_000)
    parser.add_argument("--seeds", type=int, nargs="+", default=[45, 46, 47, 48])
    parser.add_argument("--presets", nargs="+", default=["usual"], choices=PRESETS)
    parser.add_argument("--models", nargs="+", default=["sage", "two_tower"])
    parser.add_argument("--home", type=Path, default=Path(".holley-graph/bench"))
    parser.add_argument("--name", default="distance", help="of the file in results/")
    arguments = parser.parse_args()
    values: dict[str, dict[str, Floats]] = {}
    seconds: dict[str, list[float]] = {}
    for preset, seed in product(arguments.presets, arguments.seeds):
        known = open_world(arguments.home, arguments.users, seed, preset)
        values[f"{preset} {seed}"] = ask(known, arguments.models, seconds)
    names = next(iter(values.values()))
    together = {name: np.concatenate([of_world[name] for of_world in values.values()]) for name in names}
    record(
        arguments.name,
        {
            "users": arguments.users,
            "presets": arguments.presets,
            "world_seeds": arguments.seeds,
            "training_seed": 0,
            "train_s": seconds,
            "shares": shares(together, arguments.models),
            "worlds": {world: shares(of_world, arguments.models) for world, of_world in values.items()},
        },
    )


def ask(known: Known, models: list[str], seconds: dict[str, list[float]]) -> dict[str, Floats]:
    """Train on all but the last window of a world and ask everybody about it.

    Returns:
        Ranker to MRR@4 of each question, and `warm`, 1 for users of whom something was known.
    """
    full = known.snapshot
    at = study.rolling(full, 1)[0]
    published = v5_18.scores(known.clean.clean_files(), at, known.settings)
    rankers: dict[str, Ranker] = {
        v5_18.VERSION: partial(blends.champion, published),
        "truth": partial(truth, known, True),
        "knowable": partial(truth, known, False),
    }
    for model in models:
        started = time.perf_counter()
        run = train(full, known.settings.home / "runs", Plan(Recipe.default(model), as_of=at))
        seconds.setdefault(model, []).append(round(time.perf_counter() - started, 1))
        tables = table.load(run.path)
        rankers[model] = lambda task, past, tables=tables: scoring.scores(tables, past, task)
    cut = study.cut(full, at, rankers | {"shrinkage": shrinkage.scores})
    values = {
        name: metrics.per_user(cut.task, metrics.ranks(cut.task, scores), study.SERVED)["MRR@4"]
        for name, scores in cut.scores.items()
    }
    return values | {"warm": cut.task.warm.astype(float)}


def truth(known: Known, hidden: bool, task: RankingTask, past: Snapshot) -> Floats:
    """[candidates] probability that each is chosen, by the generator; 0 what it says does not fit."""
    world = known.world
    choices = world.choice_probabilities(
        at=past.as_of, users=past.user_ids.keys[task.user].astype(str), hidden=hidden
    )
    row = np.repeat(np.arange(len(task.user)), np.diff(choices.offsets))
    order = np.argsort(world.skus)
    sku = past.product_ids.keys[task.candidate].astype(str)
    place = order[np.minimum(np.searchsorted(world.skus, sku, sorter=order), len(order) - 1)]
    wanted = np.where(world.skus[place] == sku, task.owner * len(order) + place, -1)
    pairs = row * len(order) + choices.skus
    sorted_pairs = np.argsort(pairs)
    at = sorted_pairs[np.minimum(np.searchsorted(pairs, wanted, sorter=sorted_pairs), len(pairs) - 1)]
    return np.where(pairs[at] == wanted, choices.probabilities[at].astype(float), 0.0)


def shares(values: dict[str, Floats], models: list[str]) -> dict[str, Any]:
    """MRR@4 of every ranker and the shares of the distance, for cold users, warm ones and all."""
    groups = {"cold": values["warm"] == 0, "warm": values["warm"] == 1, "all": values["warm"] >= 0}
    rankers = [name for name in values if name != "warm"]
    return {
        group: {
            "questions": int(mask.sum()),
            "MRR@4": {name: round(float(values[name][mask].mean()), 4) for name in rankers},
            "closed": {
                model: {top: share(values[model][mask], values[v5_18.VERSION][mask], values[top][mask])
                        for top in ("truth", "knowable")}
                for model in [*models, "shrinkage"]
            },
        }
        for group, mask in groups.items()
    }  # fmt: skip


def share(ranker: Floats, low: Floats, high: Floats) -> dict[str, float]:
    """Share of the distance between two rankers that a third goes, and its interval."""
    draw = np.random.default_rng(0).integers(0, len(ranker), (DRAWS, len(ranker)))
    means = [ranks[draw].mean(1) for ranks in (ranker, low, high)]
    interval = np.quantile((means[0] - means[1]) / (means[2] - means[1]), LEVEL)
    closed = (ranker.mean() - low.mean()) / (high.mean() - low.mean())
    return dict(zip(("share", "from", "to"), np.round([closed, *interval], 3).tolist(), strict=True))


if __name__ == "__main__":
    main()
