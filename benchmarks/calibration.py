"""Does what a run says of the parts that a buyer will buy happen as often as it says?

Trained on all but the last month of generated worlds and asked about every purchase in it: each part that fits the
buyer's vehicle, can be bought and was not bought before is a case, sorted by what was said of it into ten bins of
one size. `σ(score)` is what `click` says of events, before the days that are held back ahead of the cut tell how
often purchases follow; `two_tower`, whose scores are softmax logits, goes through the same two numbers beside it.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.figure import Figure
from scipy.special import expit

from benchmarks.record import RESULTS, record
from benchmarks.worlds import Known, open_world
from holley_graph.embeddings import table
from holley_graph.evaluation import scoring, study
from holley_graph.evaluation.calibration import Calibration, Reliability, reliability
from holley_graph.evaluation.targets import RankingTask, future_choices
from holley_graph.model.architectures.recipe import Recipe
from holley_graph.model.training.plan import Plan
from holley_graph.model.training.train import train
from holley_graph.snapshot.snapshot import Snapshot

Floats = npt.NDArray[np.float64]
MODELS = ("click", "two_tower")
RAW = "σ(score) of click"
DRAWS = 2_000
LEVEL = (0.025, 0.975)


@dataclass(frozen=True)
class Cases:
    """One world's cases, laid out flat.

    Attributes:
        buyer: [cases] whose case it is, from 0.
        bought: [cases] whether it was bought.
        warm: [cases] whether anything was known of the buyer.
        said: ranker to [cases] probability.
        notes: what else was found out.
    """

    buyer: npt.NDArray[np.int64]
    bought: npt.NDArray[np.bool_]
    warm: npt.NDArray[np.bool_]
    said: dict[str, Floats]
    notes: dict[str, Any]


def main() -> None:
    """Ask every world, write the bins of all together down, and draw them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--users", type=int, default=20_000)
    parser.add_argument("--seeds", type=int, nargs="+", default=[63, 64, 65])
    parser.add_argument("--home", type=Path, default=Path(".holley-graph/bench"))
    arguments = parser.parse_args()
    answered = [ask(open_world(arguments.home, arguments.users, seed)) for seed in arguments.seeds]
    names = list(answered[0].said)
    worlds = {
        seed: {"happened/said": {name: ratio([world], name) for name in names}, **world.notes}
        for seed, world in zip(arguments.seeds, answered, strict=True)
    }
    together = {name: bins(answered, name) for name in names}
    draw(together, RESULTS / "calibration.png")
    figures = {
        name: {"happened/said": ratio(answered, name)} | {group: _figures(world) for group, world in groups.items()}
        for name, groups in together.items()
    }
    record("calibration", {"users": arguments.users, "worlds": worlds, "together": figures})


def ask(known: Known) -> Cases:
    """Train on all but the last window of a world, and ask about everybody who bought in it."""
    full = known.snapshot
    at = study.rolling(full, 1)[0]
    task = future_choices(full, at, study.WINDOW_DAYS)
    predicted: dict[str, Floats] = {}
    notes: dict[str, Any] = {"buyers": len(task.user)}
    for model in MODELS:
        run = train(full, known.settings.home / "runs", Plan(Recipe.default(model), as_of=at))
        tables = table.load(run.path)
        score = scoring.scores(tables, full.before(at), task)
        if model == "click":
            predicted[RAW] = np.asarray(expit(score))
            notes["why σ(score) is not it"] = apart(tables, full, task, predicted[RAW])
        predicted[model] = Calibration(**run.manifest.calibration).probability(score)
        notes[model] = run.manifest.calibration
    return Cases(task.owner, task.is_target, task.warm[task.owner], predicted, notes)


def apart(tables: table.Tables, full: Snapshot, task: RankingTask, predicted: Floats) -> dict[str, float]:
    """Take happened/said of σ(score) to pieces, whose product it is."""
    cells, offsets = full.fitting(task.vehicle)
    owner = np.repeat(np.arange(len(task.user)), np.diff(offsets))
    product = tables["product"].vectors[tables["product"].find(full.product_ids.keys)[full.fits[cells, 1]]]
    query = scoring.queries(tables, full, task)
    of_events = float(expit(np.einsum("ij,ij->i", query[owner], product.astype(float))).sum())
    return {
        "purchases per buyer": round(float(task.is_target.sum()) / len(task.user), 3),
        "1 over what is said of all that fits together": round(len(task.user) / of_events, 3),
        "what is said of all that fits over that of candidates": round(of_events / float(predicted.sum()), 3),
    }


def ratio(worlds: list[Cases], name: str) -> dict[str, float]:
    """How often it happened over how often it was said, with its interval by a bootstrap over buyers."""
    happened = np.concatenate([np.bincount(world.buyer, world.bought) for world in worlds])
    predicted = np.concatenate([np.bincount(world.buyer, world.said[name]) for world in worlds])
    drawn = np.random.default_rng(0).integers(0, len(predicted), (DRAWS, len(predicted)))
    low, high = np.quantile(happened[drawn].sum(1) / predicted[drawn].sum(1), LEVEL)
    ratios = [happened.sum() / predicted.sum(), low, high]
    return dict(zip(("ratio", "from", "to"), np.round(ratios, 3).tolist(), strict=True))


def bins(worlds: list[Cases], name: str) -> dict[str, Reliability]:
    """What was said beside what happened, of everybody and by whether anything was known of them."""
    warm, bought, predicted = (
        np.concatenate(part)
        for part in ([a.warm for a in worlds], [a.bought for a in worlds], [a.said[name] for a in worlds])
    )
    chosen = {"all": np.ones(len(warm), bool), "cold": ~warm, "warm": warm}
    return {group: reliability(predicted[rows], bought[rows]) for group, rows in chosen.items()}


def _figures(reliability_: Reliability) -> dict[str, Any]:
    return {
        "error": round(reliability_.error, 4),
        "said": reliability_.predicted.round(4).tolist(),
        "happened": reliability_.happened.round(4).tolist(),
        "cases": int(reliability_.cases.sum()),
    }


def draw(together: dict[str, dict[str, Reliability]], path: Path) -> None:
    """Draw what happened over what was said, both logarithmic."""
    figure = Figure(figsize=(6, 5.5), layout="constrained")
    axes = figure.subplots()
    axes.set(xscale="log", yscale="log", xlabel="said", ylabel="happened", title="parts that buyers buy in a month")
    lines = [(name, "all") for name in together] + [("click", "cold"), ("click", "warm")]
    for name, group in lines:
        curve, style = together[name][group], {"all": "-", "cold": "--", "warm": ":"}[group]
        label = f"{name}, {group}"
        axes.plot(curve.predicted, curve.happened, marker="o", markersize=4, linestyle=style, label=label)
    ends = [f(together[name]["all"].predicted[i] for name in together) for f, i in ((min, 0), (max, -1))]
    axes.plot(ends, ends, color="tab:gray", linewidth=1, label="as said")
    axes.legend()
    figure.savefig(path, dpi=90)


if __name__ == "__main__":
    main()
