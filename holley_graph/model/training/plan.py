"""What is trained on what, and how: all that a run's vectors follow from beside the snapshot."""

from __future__ import annotations

import platform
from dataclasses import asdict, dataclass, field
from importlib.metadata import version
from typing import Any

from holley_graph.errors import GraphStateError, SettingsError
from holley_graph.model.architectures.recipe import Recipe
from holley_graph.model.training.execution import Execution
from holley_graph.snapshot.snapshot import Snapshot

PACKAGES = ("torch", "torch-geometric", "holley-graph")
"""What vectors may depend on beside the snapshot and the recipe."""


@dataclass(frozen=True)
class Plan:
    """A training.

    Attributes:
        recipe: model and configuration; without vehicles all but `lightgcn` are `catalogue`.
        seed: same seed, same snapshot, same machine: same vectors on a CPU.
        as_of: epoch seconds to train up to; none: all of the snapshot.
        warm: go on from the live release, by its seed, and rotate all vectors onto its own.
        execution: where, in which parts, and by whom.
        snapshot: name of the parcel that the snapshot was opened from, for the manifest.
    """

    recipe: Recipe = field(default_factory=Recipe.default)
    seed: int = 0
    as_of: int | None = None
    warm: bool = False
    execution: Execution = field(default_factory=Execution)
    snapshot: str = ""

    def past(self, full: Snapshot) -> Snapshot:
        """Return what may be learned from.

        Raises:
            GraphStateError: there is nothing.
            SettingsError: the model, the device or a graph without vehicles cannot be trained in this way.
        """
        past = full.before(full.as_of if self.as_of is None else self.as_of)
        if not past.events.num_rows:
            raise GraphStateError("no interaction before the cut: nothing to learn from", "name a later --as-of")
        self.execution.check(self.recipe.model)
        if not past.vehicles.num_rows and (self.warm or self.execution.batch):
            raise SettingsError("a graph without vehicles is learned as a whole", "without --warm and --batch")
        return past

    def decisive(self, start: str | None) -> dict[str, Any]:
        """Return all that a training depends on beside the snapshot, as plain values.

        Args:
            start: the run that it goes on from.
        """
        recipe = {"model": self.recipe.model, "config": asdict(self.recipe.config), "seed": self.seed}
        return {**recipe, **self.execution.described, "versions": versions(), "warm": start}


def versions() -> dict[str, str]:
    """Return the versions of what vectors may depend on."""
    return {"python": platform.python_version()} | {package: version(package) for package in PACKAGES}
