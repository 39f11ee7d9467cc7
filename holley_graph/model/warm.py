"""Training on from the live release instead of from nothing.

The live release has seen the days that a length would be chosen on, so none is chosen: training goes on, gently,
until the loss per event is where the live one's own training left it, and not at all where it is there already.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from holley_graph import sealed
from holley_graph.embeddings import table
from holley_graph.errors import GraphStateError, ParcelError
from holley_graph.evaluation import drift, registry
from holley_graph.model import encoder
from holley_graph.model.encoder import Encoder
from holley_graph.model.fit import TrainedModel
from holley_graph.model.fitment_ranker import FitmentRankerConfig

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

    manifest: dict[str, Any]
    encoder: Encoder
    tables: table.Tables

    @property
    def until(self) -> float:
        """Loss per event at which training ends: where the last training from nothing did."""
        return float((self.manifest.get("warm") or {"until": self.manifest["loss"]})["until"])


def live(runs: Path, model: str, config: FitmentRankerConfig, as_of: int) -> Live:
    """Open the release that was last put live from this home.

    Raises:
        GraphStateError: there is none, it is of another model or shape, or it knows what is to be held out.
        ParcelError: its run is not here, or of a version that kept nothing to go on from.
    """
    name = registry.read(runs)[registry.CHAMPION]
    if name is None:
        raise GraphStateError("no release is live to start from", HINT)
    if not (runs / name / "manifest.json").is_file():
        raise ParcelError(f"release {name} is live, but its run is not in {runs}", HINT)
    manifest = sealed.read(runs / name / "manifest.json")
    if manifest["model"] != model:
        raise GraphStateError(f"release {name} is of model {manifest['model']}, not {model}", HINT)
    if manifest["dim"] - table.EXTRA != config.dim:
        raise GraphStateError(
            f"release {name} has {manifest['dim'] - table.EXTRA} dimensions, not {config.dim}", HINT
        )
    if manifest["as_of"] > as_of:
        raise GraphStateError(f"release {name} knows what came after the cut: nothing could be held out", HINT)
    if "loss" not in manifest:
        raise ParcelError(f"release {name} is of an earlier version and kept nothing to go on from", HINT)
    return Live(manifest, encoder.load(runs / name), table.load(runs / name))


def turned(fitted: TrainedModel, old: table.Table, keys: Any) -> TrainedModel:
    """Rotate all vectors of a model at once, products onto their old ones.

    Args:
        fitted: the model.
        old: products of the release before.
        keys: [products] of the model.
    """
    padded = np.pad(fitted.z.numpy(), ((0, 0), (0, table.EXTRA)))
    return rotated(fitted, torch.from_numpy(drift.rotation(table.Table(keys, padded), old)).float())


def rotated(fitted: TrainedModel, by: torch.Tensor) -> TrainedModel:
    """Rotate all vectors of a model, and what its history layer makes of them.

    Args:
        fitted: the model.
        by: [dim, dim] orthogonal; it stays with the encoder, whose parameters know nothing of it.
    """
    history = type(fitted.history)(len(by))
    with torch.no_grad():
        history.weights.copy_(by.T @ fitted.history.weights @ by)
    kept = replace(fitted.encoder, state=fitted.encoder.state | {encoder.ROTATION: by})
    source = None if fitted.source is None else fitted.source @ by
    return replace(
        fitted, q=fitted.q @ by, z=fitted.z @ by, source=source, history=history.requires_grad_(False), encoder=kept
    )
