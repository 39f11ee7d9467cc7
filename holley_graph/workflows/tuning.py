"""A search for the configuration of a model."""

from __future__ import annotations

from pathlib import Path

from holley_graph.model.architectures.recipe import Recipe
from holley_graph.model.training.plan import Plan
from holley_graph.model.tuning import tune as room
from holley_graph.model.tuning.tune import Tuned
from holley_graph.progress import Progress, silent
from holley_graph.settings import Settings
from holley_graph.snapshot import parcel
from holley_graph.workflows.snapshots import take_snapshot


def tune(
    settings: Settings,
    model: str,
    trials: int,
    *,
    seed: int = 0,
    as_of: int | None = None,
    folder: Path | None = None,
    progress: Progress = silent,
) -> Tuned:
    """Try configurations of a model on a snapshot, or on a new one, and keep the best as a recipe."""
    snapshot = parcel.open_parcel(folder or take_snapshot(settings, progress))
    plan = Plan(Recipe.default(model), seed, as_of)
    return room.tune(snapshot, settings.home / "tuning", plan, trials, progress=progress)
