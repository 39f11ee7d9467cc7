"""A run folder: what a training learned, and what it says of itself, sealed."""

from __future__ import annotations

import json
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from holley_graph import sealed
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
    """Write everything beside the runs, then give it its name.

    Args:
        runs: folder of run folders.
        manifest: gets the digests of the files.
        learned: what is written.
    """
    partial = runs / f"{manifest['run_id']}.partial"
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True, mode=0o700)
    table.save(learned.tables, partial)
    learned.encoder.save(partial)
    curve.draw(learned.curve, partial / "curve.png")
    (partial / "curve.json").write_text(json.dumps(asdict(learned.curve)))
    manifest["files"] = sealed.digests(partial, (path.name for path in partial.iterdir()))
    sealed.write(partial / "manifest.json", manifest)
    partial.rename(runs / manifest["run_id"])
