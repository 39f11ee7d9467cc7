"""Models that learn from a snapshot of the graph."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from holley_graph.errors import SettingsError
from holley_graph.model.architectures.recipe import Recipe
from holley_graph.model.training import train as room
from holley_graph.model.training.plan import Plan
from holley_graph.model.training.run import Run
from holley_graph.model.tuning import recipe_file
from holley_graph.progress import Progress, silent
from holley_graph.settings import Settings
from holley_graph.snapshot import parcel
from holley_graph.workflows.snapshots import take_snapshot


def train(settings: Settings, plan: Plan, folder: Path | None = None, progress: Progress = silent) -> Run:
    """Train by a plan.

    Args:
        settings: where the server and the home are.
        plan: see there; the name of the snapshot is filled in here.
        folder: the snapshot; none: a new one of the graph is taken and kept.
        progress: told after each step.

    Raises:
        SettingsError: several processes train, and no snapshot is named.
    """
    if folder is None and plan.execution.processes.count > 1:
        raise SettingsError("several processes need the same snapshot", "--snapshot FOLDER")
    folder = folder or take_snapshot(settings, progress)
    return room.train(
        parcel.open_parcel(folder), settings.home / "runs", replace(plan, snapshot=folder.name), progress
    )


def recipe(model: str, path: Path | None, as_of: int | None) -> Recipe:
    """Return the recipe of a file, or the default one of a model.

    Args:
        model: its name.
        path: file that `tune` wrote.
        as_of: epoch seconds from which on the run is measured; a recipe that was chosen by later data is refused.
    """
    chosen = Recipe.default(model) if path is None else recipe_file.read(path)
    if as_of is not None:
        recipe_file.refuse_to_judge_by_what_chose([chosen], as_of)
    return chosen
