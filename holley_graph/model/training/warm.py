"""Training on from the live release instead of from nothing.

The live release has seen the days that a length would be chosen on, so none is chosen: training goes on, gently,
until the loss per event is where the live one's own training left it, and not at all where it is there already.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from holley_graph.embeddings import manifest as manifests
from holley_graph.embeddings import table
from holley_graph.embeddings.manifest import RunManifest
from holley_graph.errors import GraphStateError, ParcelError, SettingsError
from holley_graph.evaluation import drift, registry
from holley_graph.model.architectures.recipe import Recipe
from holley_graph.model.inference import encoder
from holley_graph.model.inference.encoder import Encoder
from holley_graph.model.inference.trained import TrainedModel, rotated
from holley_graph.model.training.choose import Choice

SLACK = 1e-3
"""Share by which the loss may be above its aim: a step moves every vector; a few new events are not worth it."""
HINT = "holley-graph train, without --warm"


@dataclass(frozen=True)
class Live:
    """The release that a training goes on from.

    Attributes:
        manifest: of its run.
        encoder: its parameters.
        tables: its vectors, as they are served.
    """

    manifest: RunManifest
    encoder: Encoder
    tables: table.Tables

    @property
    def until(self) -> float:
        """Loss per event that training aims at: where the last training from nothing ended."""
        return float((self.manifest.warm or {"until": self.manifest.loss})["until"])

    @property
    def target_loss(self) -> float:
        """Loss per event at which training ends."""
        return self.until * (1 + SLACK)

    @property
    def choice(self) -> Choice:
        """What its own training chose: no time is held back to choose on."""
        scale = float(self.encoder.state[encoder.SCALE])
        known = self.manifest
        return Choice(known.kind_weights, scale, known.trust, calibration=known.calibration)


def live(runs: Path, recipe: Recipe, as_of: int) -> Live:
    """Open the release that was last put live from this home.

    Args:
        runs: folder of run folders.
        recipe: of the training that goes on from it.
        as_of: epoch seconds that it trains up to.

    Raises:
        GraphStateError: there is none, or it knows what is to be held out.
        SettingsError: the recipe is of another model or shape.
        ParcelError: its run is not here, or of a version that kept nothing to go on from.
    """
    name = registry.read(runs)[registry.CHAMPION]
    if name is None:
        raise GraphStateError("no release is live to start from", HINT)
    if not (runs / name / manifests.FILE).is_file():
        raise ParcelError(f"release {name} is live, but its run is not in {runs}", HINT)
    manifest = RunManifest.load(runs / name)
    if manifest.model != recipe.model:
        raise SettingsError(f"release {name} is of model {manifest.model}, not {recipe.model}", HINT)
    if (dim := manifest.dim - table.EXTRA) != recipe.config.dim:
        raise SettingsError(f"release {name} has {dim} dimensions, not {recipe.config.dim}", HINT)
    if manifest.as_of > as_of:
        raise GraphStateError(f"release {name} knows what came after the cut: nothing could be held out", HINT)
    if manifest.loss is None:
        raise ParcelError(f"release {name} is of an earlier version and kept nothing to go on from", HINT)
    return Live(manifest, encoder.load(runs / name), table.load(runs / name))


def rotated_onto(old: table.Table, trained: TrainedModel, keys: Any) -> TrainedModel:
    """Rotate all vectors of a model at once, products onto their old ones.

    Args:
        old: products of the release before.
        trained: the model.
        keys: [products] of the model.
    """
    padded = np.pad(trained.z.numpy(), ((0, 0), (0, table.EXTRA)))
    return rotated(trained, torch.from_numpy(drift.rotation(table.Table(keys, padded), old)).float())
