"""A run folder: what a training learned, and what it says of itself, sealed."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from holley_graph import files, sealed
from holley_graph.embeddings import table
from holley_graph.model import curve
from holley_graph.model.catalogue import CatalogueConfig
from holley_graph.model.encoder import Encoder
from holley_graph.model.fitment_ranker import FitmentRankerConfig
from holley_graph.model.trainer import Curve


@dataclass(frozen=True)
class Run:
    """A finished run folder and what it says of itself."""

    path: Path
    manifest: dict[str, Any]


@dataclass(frozen=True)
class TrainingResult:
    """What a way of training leaves: vectors, parameters, and how it went."""

    config: FitmentRankerConfig | CatalogueConfig
    tables: table.Tables
    encoder: Encoder
    epochs: int
    curve: Curve
    validation: dict[str, Any] | None = None
    loss: float | None = None
    warm: dict[str, Any] | None = None
    drift: dict[str, Any] | None = None
    calibration: dict[str, float] | None = None
    trust: dict[str, Any] | None = None
    """How far the network is trusted beside counting, and what that rests on; none for a graph without vehicles."""


def seal(runs: Path, manifest: dict[str, Any], learned: TrainingResult) -> None:
    """Write a run folder; it has its name when it is complete.

    Args:
        runs: folder of run folders.
        manifest: gets the digests of the files.
        learned: what is written.
    """
    with files.folder(runs / manifest["run_id"]) as folder:
        table.save(learned.tables, folder)
        learned.encoder.save(folder)
        curve.draw(learned.curve, folder / "curve.png")
        (folder / "curve.json").write_text(json.dumps(asdict(learned.curve)))
        manifest["files"] = sealed.digests(folder, (path.name for path in folder.iterdir()))
        sealed.write(folder / "manifest.json", manifest)
