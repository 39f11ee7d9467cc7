"""A run folder: what a training learned, and what it says of itself, sealed."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from holley_graph import files, sealed
from holley_graph.embeddings import table
from holley_graph.embeddings.manifest import RunManifest
from holley_graph.model.architectures.catalogue import CatalogueConfig
from holley_graph.model.architectures.fitment_ranker import FitmentRankerConfig
from holley_graph.model.architectures.lightgcn_users import LightGCNUsersConfig
from holley_graph.model.inference.encoder import Encoder
from holley_graph.model.inference.trained import Curve
from holley_graph.model.training import curve
from holley_graph.model.training.choose import Choice
from holley_graph.model.training.warm import Live


@dataclass(frozen=True)
class Run:
    """A finished run folder and what it says of itself."""

    path: Path
    manifest: RunManifest


@dataclass(frozen=True)
class TrainingResult:
    """What a training leaves: vectors, parameters, and how it went.

    Attributes:
        model: one of `MODELS`, or `catalogue`.
        config: of the model.
        tables: its vectors.
        encoder: its parameters.
        epochs: passes over the data.
        curve: of the loss.
        loss: per event, in nats; none of a graph without vehicles.
        choice: how far the network is trusted.
        live: the release that it went on from.
    """

    model: str
    config: FitmentRankerConfig | CatalogueConfig | LightGCNUsersConfig
    tables: table.Tables
    encoder: Encoder
    epochs: int
    curve: Curve
    loss: float | None = None
    choice: Choice = field(default_factory=Choice)
    live: Live | None = None


def seal(runs: Path, manifest: RunManifest, result: TrainingResult) -> RunManifest:
    """Write a run folder; it has its name when it is complete.

    Args:
        runs: folder of run folders.
        manifest: what the run says of itself.
        result: what is written.

    Returns:
        The manifest with the digests of the files.
    """
    with files.folder(runs / manifest.run_id) as folder:
        table.save(result.tables, folder)
        result.encoder.save(folder)
        curve.draw(result.curve, folder / "curve.png")
        (folder / "curve.json").write_text(json.dumps(asdict(result.curve)))
        manifest = replace(manifest, files=sealed.digests(folder, (path.name for path in folder.iterdir())))
        manifest.save(folder)
    return manifest
