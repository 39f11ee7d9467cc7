"""Models that learn from a snapshot of the graph."""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path

from holley_graph.embeddings.manifest import RunManifest
from holley_graph.errors import GraphStateError, NotFound, ParcelError, SettingsError
from holley_graph.evaluation import registry
from holley_graph.model.architectures.catalogue import CatalogueConfig
from holley_graph.model.architectures.recipe import Recipe
from holley_graph.model.training import train as room
from holley_graph.model.training import warm
from holley_graph.model.training.execution import Execution, device
from holley_graph.model.training.plan import Plan
from holley_graph.model.training.run import Run
from holley_graph.model.tuning import recipe_file
from holley_graph.progress import Progress, silent
from holley_graph.settings import Settings
from holley_graph.snapshot import parcel
from holley_graph.times import DAY
from holley_graph.workflows.snapshots import take_snapshot

CATALOGUE = registry.recipe_name("catalogue", asdict(CatalogueConfig()))
"""What a graph without vehicles is trained by, whichever recipe is named."""


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


def renew(settings: Settings, folder: Path, progress: Progress = silent) -> tuple[RunManifest, str]:
    """Train tonight's run: on from the live release, or from nothing where that is due.

    Args:
        settings: `night` names the recipe, and the days after which a training from nothing is due.
        folder: the snapshot; a run that was trained on it already is tonight's.
        progress: told after each step.

    Returns:
        The run, and why it was trained from nothing; an empty reason says that it went on.
    """
    runs, chosen = settings.home / "runs", recipe("sage", settings.night.recipe, None)
    as_of = parcel.open_parcel(folder).as_of
    why = _from_nothing(runs, chosen, as_of, settings.night.from_nothing_days)
    names = (CATALOGUE, registry.recipe_name(chosen.model, asdict(chosen.config)))
    for run in reversed(registry.manifests(runs)):
        same = (run.snapshot, run.as_of) == (folder.name, as_of) and registry.recipe(run) in names
        if same and not (why and run.warm):
            return run, why
    plan = Plan(chosen, warm=not why, execution=Execution(device()))
    return train(settings, plan, folder, progress).manifest, why


def _from_nothing(runs: Path, chosen: Recipe, as_of: int, days: int) -> str:
    """Say why a training cannot go on from the live release, or should not; empty: it can."""
    try:
        run = warm.live(runs, chosen, as_of).manifest
        while run.warm:
            run = RunManifest.named(runs, run.warm["from"])
    except (GraphStateError, ParcelError, SettingsError, NotFound) as error:
        return str(error)
    age = (as_of - run.as_of) / DAY
    return f"the last training from nothing is {age:.0f} days old" if age >= days else ""
