"""Going on from the live release beside training from nothing: steps, seconds, and how well both rank afterwards.

A release is trained as of some days before the newest cut of a generated world and put live; then both ways train
as of that cut. What people bought in the 30 days after it is asked of the old release and of both new ones, the
same questions; the difference between both has a paired 95 % interval.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from benchmarks.record import record
from benchmarks.worlds import open_world
from holley_graph.embeddings import table
from holley_graph.evaluation import metrics, registry, scoring, study
from holley_graph.evaluation.targets import future_choices
from holley_graph.model.architectures.models import MODELS
from holley_graph.model.architectures.recipe import Recipe
from holley_graph.model.training.plan import Plan
from holley_graph.model.training.train import Run, train
from holley_graph.snapshot.snapshot import Snapshot
from holley_graph.times import DAY


def main() -> None:
    """Ask every model after every gap, and write it down."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--users", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=62)
    parser.add_argument("--models", nargs="+", default=["sage"], choices=list(MODELS))
    parser.add_argument("--days", type=int, nargs="+", default=[1, 7, 30], help="that the live release is older")
    parser.add_argument("--home", type=Path, default=Path(".holley-graph/bench"))
    arguments = parser.parse_args()
    known = open_world(arguments.home, arguments.users, arguments.seed)
    runs = known.settings.home / "runs"
    options = {
        model: {str(days): ask(known.snapshot, runs, model, days) for days in arguments.days}
        for model in arguments.models
    }
    record("warm", {"users": arguments.users, "world_seed": arguments.seed, "training_seed": 0, "models": options})


def ask(full: Snapshot, runs: Path, model: str, days: int) -> dict[str, Any]:
    """Train a release, then both ways as of the newest cut; ask all three."""
    at = study.rolling(full, 1)[0]
    task = future_choices(full, at, study.WINDOW_DAYS)
    old = train(full, runs, Plan(Recipe.default(model), as_of=at - days * DAY))
    registry.promote(runs, old.manifest.run_id)
    cold, warm = (train(full, runs, Plan(Recipe.default(model), as_of=at, warm=warm)) for warm in (False, True))
    mrr = {
        name: metrics.per_user(
            task, metrics.ranks(task, scoring.scores(table.load(run.path), full.before(at), task)), 4
        )["MRR@4"]
        for name, run in (("live", old), ("cold", cold), ("warm", warm))
    }
    losses = json.loads((cold.path / "curve.json").read_text())
    return {
        "questions": len(task.user),
        "cold": _told(cold) | {"steps_with_choosing": len(losses["loss"]) + cold.manifest.epochs},
        "warm": _told(warm) | {"drift": warm.manifest.metrics["drift"]},
        "MRR@4": {name: round(float(values.mean()), 4) for name, values in mrr.items()},
        "warm over cold": metrics.lift(task, mrr["warm"], mrr["cold"]),
    }


def _told(run: Run) -> dict[str, Any]:
    return {name: getattr(run.manifest, name) for name in ("epochs", "loss", "seconds")}


if __name__ == "__main__":
    main()
