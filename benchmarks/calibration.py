"""Is the sigmoid of a `click` score the probability that it says it is?

Trained on all but the last month of a generated world and asked about every purchase in it: each part that fits the
buyer's vehicle is a case, sorted by what was said of it into ten bins of one size. The twin, whose scores are
softmax logits and no log-odds, stands beside it.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from benchmarks.record import RESULTS, record
from benchmarks.worlds import open_world
from holley_graph.embeddings import table
from holley_graph.evaluation import scoring, study
from holley_graph.evaluation.calibration import Reliability, reliability
from holley_graph.evaluation.targets import future_purchases
from holley_graph.model.train import train


def main() -> None:
    """Train both, write the bins down and draw them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--users", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=61)
    parser.add_argument("--home", type=Path, default=Path(".holley-graph/bench"))
    arguments = parser.parse_args()
    known = open_world(arguments.home, arguments.users, arguments.seed)
    at = study.rolling(known.snapshot, 1)[0]
    task = future_purchases(known.snapshot, at, study.WINDOW_DAYS)
    warm = task.warm[task.owner]
    found: dict[str, Any] = {}
    for model in ("click", "twin"):
        run = train(known.snapshot, known.settings.home / "runs", as_of=at, model=model)
        score = scoring.scores(table.load(run.path), known.snapshot, task)
        said = 1 / (1 + np.exp(-score))
        found[model] = {
            name: reliability(said[asked], task.is_target[asked])
            for name, asked in {"all": warm >= 0, "cold": ~warm, "warm": warm}.items()
        }
    draw(found["click"], RESULTS / "calibration.png")
    figures = {
        model: {name: {"error": round(each.error, 4), **_bins(each)} for name, each in groups.items()}
        for model, groups in found.items()
    }
    record("calibration", {"users": arguments.users, "world_seed": arguments.seed, "models": figures})


def _bins(each: Reliability) -> dict[str, list[float]]:
    return {"said": each.said.round(4).tolist(), "happened": each.happened.round(4).tolist()}


def draw(groups: dict[str, Reliability], path: Path) -> None:
    """Draw what happened over what was said, both logarithmic."""
    figure = Figure(figsize=(5, 5), layout="constrained")
    axes = figure.subplots()
    axes.set(xscale="log", yscale="log", xlabel="said", ylabel="happened", title="click: parts bought next")
    for name, each in groups.items():
        axes.plot(each.said, each.happened, marker="o", label=name)
    ends = [min(each.said.min() for each in groups.values()), max(each.said.max() for each in groups.values())]
    axes.plot(ends, ends, color="tab:gray", linestyle=":", label="as said")
    axes.legend()
    figure.savefig(path, dpi=90)


if __name__ == "__main__":
    main()
