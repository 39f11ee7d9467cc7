"""One training run: choose on time held back how far to trust the network, refit on everything, seal the folder."""

from __future__ import annotations

import platform
import secrets
import time
from dataclasses import asdict, replace
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import torch

from holley_graph.errors import GraphStateError
from holley_graph.evaluation import drift
from holley_graph.evaluation.targets import future_choices
from holley_graph.model import catalogue, vectors
from holley_graph.model import warm as going_on
from holley_graph.model.architectures import MODELS, Architecture
from holley_graph.model.catalogue import CatalogueConfig
from holley_graph.model.checkpoint import Checkpoint, open_checkpoint
from holley_graph.model.encoder import SCALE, Encoder
from holley_graph.model.execution import Execution
from holley_graph.model.fit import fit, rescaled
from holley_graph.model.fitment_ranker import FitmentRankerConfig
from holley_graph.model.held_back import FEWEST_TEST_USERS, WINDOW_DAYS, calibration, compare, hold_back, trust
from holley_graph.model.processes import ALONE, Processes
from holley_graph.model.run import Run, TrainingResult, seal
from holley_graph.model.trainer import Curve
from holley_graph.model.warm import Live
from holley_graph.progress import Progress, silent
from holley_graph.snapshot.snapshot import Snapshot

STEPS = 150
"""Full-batch steps of a training; twice as many change no ranking by more than noise (docs/experiments.md)."""
PACKAGES = ("torch", "torch-geometric", "holley-graph")
"""What vectors may depend on beside the snapshot and the recipe."""


def train(
    full: Snapshot,
    runs: Path,
    *,
    as_of: int | None = None,
    model: str = "sage",
    config: FitmentRankerConfig | None = None,
    seed: int = 0,
    warm: bool = False,
    device: str = "auto",
    batch: int | None = None,
    mixed: bool = False,
    processes: Processes = ALONE,
    snapshot: str = "",
    progress: Progress = silent,
) -> Run:
    """Train a model and seal a run folder; one that was stopped goes on, with the same result.

    Args:
        full: the snapshot; what it knows from `as_of` on is held out and only measured against.
        runs: folder of run folders.
        as_of: epoch seconds to train up to; none: all of the snapshot.
        model: one of `architectures.MODELS`; a graph without vehicles is factorised instead (`catalogue`).
        config: of the model; none: its default.
        seed: same seed, same snapshot, same machine: same vectors on CPU.
        warm: go on from the live release, by its seed, and turn all vectors onto its own.
        device: `cpu`, `cuda` or `auto`.
        batch: vehicles per step; none: all of them.
        mixed: multiply matrices in bfloat16.
        processes: who trains it together; the first one writes the run folder.
        snapshot: name of the parcel that `full` was opened from, for the manifest.
        progress: told after each step.

    Raises:
        GraphStateError: there is no interaction to learn from, or no live release of this kind to go on from.
        SettingsError: the model or the device cannot do it in this way.
    """
    started = time.monotonic()
    chosen = MODELS[model] if config is None else replace(MODELS[model], config=config)
    cut = full.as_of if as_of is None else as_of
    past = full.before(cut)
    if not past.events.num_rows:
        raise GraphStateError("no interaction before the cut: nothing to learn from")
    execution = Execution(torch.device(_device(device)), batch, mixed, processes)
    execution.check(model)

    versions = {"python": platform.python_version()} | {package: version(package) for package in PACKAGES}
    checkpoint: Checkpoint | None = None
    if past.vehicles.num_rows:
        live = going_on.live(runs, model, chosen.config, cut) if warm else None
        seed = live.manifest["seed"] if live else seed
        recipe = {"model": model, "config": asdict(chosen.config), "seed": seed, **execution.described}
        recipe |= {"versions": versions, "warm": live and live.manifest["run_id"]}
        checkpoint = open_checkpoint(runs, past, recipe, processes)
        if live:
            learned = _from_live(past, chosen, live, seed, execution, checkpoint, progress)
        else:
            learned = _within_fit(past, chosen, seed, execution, checkpoint, progress)
    elif warm or batch:
        raise GraphStateError(
            "a graph without vehicles is factorised at once, not step by step", "without --warm and --batch"
        )
    else:
        model, learned = "catalogue", _whole_catalogue(past, CatalogueConfig(), seed)

    def sealed() -> dict[str, Any]:
        tables = learned.tables
        held_out = future_choices(full, cut, WINDOW_DAYS) if cut < full.as_of else None
        manifest = {
            "run_id": f"{datetime.now(UTC):%Y%m%dT%H%M%S}-{model}-{secrets.token_hex(2)}",
            "model": model,
            "as_of": cut,
            "snapshot": snapshot,
            "seed": seed,
            **execution.described,
            "processes": processes.count,
            "config": asdict(learned.config),
            "epochs": learned.epochs,
            "loss": learned.loss,
            "warm": learned.warm,
            "calibration": learned.calibration,
            "trust": learned.trust,
            "dim": int(tables["product"].vectors.shape[1]),
            "counts": {name: len(each.keys) for name, each in tables.items()} | {"events": past.events.num_rows},
            "metrics": {
                "validation": learned.validation,
                "held_out": held_out and compare(tables, past, held_out, learned.calibration),
                "drift": learned.drift,
            },
            "seconds": round(checkpoint.seconds if checkpoint else time.monotonic() - started, 1),
            "versions": versions,
        }
        seal(runs, manifest, learned)
        if checkpoint:
            checkpoint.remove()
        return manifest

    manifest = processes.broadcast(sealed)
    return Run(runs / manifest["run_id"], manifest)


def _within_fit(
    past: Snapshot,
    chosen: Architecture,
    seed: int,
    execution: Execution,
    checkpoint: Checkpoint,
    progress: Progress,
) -> TrainingResult:
    """Choose on held-back time how far the network is trusted, then refit on everything."""
    if checkpoint.choice:
        progress(
            f"going on with vectors scaled by {checkpoint.choice['trust']['scale']:.2f}, as chosen before", 1, 1
        )
    else:
        checkpoint.record(_choose_trust(past, chosen, seed, execution, checkpoint, progress))
    choice = checkpoint.choice
    fitted, refit = fit(
        past,
        chosen,
        STEPS,
        seed=seed,
        execution=execution,
        scale=choice["trust"]["scale"],
        stage="refitting",
        checkpoint=checkpoint,
        progress=progress,
    )
    return TrainingResult(
        chosen.config,
        vectors.tables(past, fitted, chosen.config),
        fitted.encoder,
        len(refit.loss),
        refit,
        choice["validation"],
        fitted.loss,
        calibration=choice["calibration"],
        trust=choice["trust"],
    )


def _from_live(
    past: Snapshot,
    chosen: Architecture,
    live: Live,
    seed: int,
    execution: Execution,
    checkpoint: Checkpoint,
    progress: Progress,
) -> TrainingResult:
    """Train on from the live release, and turn what comes of it onto what is served."""
    fitted, refit = fit(
        past,
        chosen,
        STEPS,
        seed=seed,
        execution=execution,
        scale=float(live.encoder.state[SCALE]),
        start=live.encoder,
        target_loss=live.until * (1 + going_on.SLACK),
        stage="going on from the live release",
        checkpoint=checkpoint,
        progress=progress,
    )
    fitted = going_on.turned(fitted, live.tables["product"], past.product_ids.keys)
    made = vectors.tables(past, fitted, chosen.config)
    return TrainingResult(
        chosen.config,
        made,
        fitted.encoder,
        len(refit.loss),
        refit,
        loss=fitted.loss,
        warm={"from": live.manifest["run_id"], "until": live.until},
        drift=drift.measure(made, live.tables, past),
        calibration=live.manifest.get("calibration"),  # no time is held back here to fit one on
        trust=live.manifest.get("trust"),
    )


def _whole_catalogue(past: Snapshot, config: CatalogueConfig, seed: int) -> TrainingResult:
    """Train a graph without vehicles."""
    tables, state = catalogue.fit(past, config, seed=seed)
    return TrainingResult(config, tables, Encoder(state, {}, np.empty(0)), config.sweeps, Curve())


def _choose_trust(
    past: Snapshot,
    chosen: Architecture,
    seed: int,
    execution: Execution,
    checkpoint: Checkpoint,
    progress: Progress,
) -> dict[str, Any]:
    """Train on what was known before the window that is held back, and see how far that helps in it.

    Returns:
        What the refit needs: `trust` (scale, and what it rests on), `validation` and `calibration` of that window.
    """
    held = hold_back(past)
    fitted, _ = fit(
        held.early,
        chosen,
        STEPS,
        seed=seed,
        execution=execution,
        stage="choosing how far to trust the network",
        checkpoint=checkpoint,
        progress=progress,
    )

    def measured() -> dict[str, Any]:
        scale, measurable = trust(held, fitted), len(held.task.user) >= FEWEST_TEST_USERS
        made = vectors.tables(held.early, rescaled(fitted, scale), chosen.config)
        return {
            "trust": {
                "scale": scale,
                "held_back_from": held.early.as_of,
                "purchases": held.purchases,
                "enough": held.enough,
            },
            "validation": compare(made, held.early, held.task) if measurable else None,
            "calibration": calibration(made, held.early, held.task) if measurable else None,
        }

    told: dict[str, Any] = execution.processes.broadcast(measured)
    return told


def _device(wanted: str) -> str:
    if wanted != "auto":
        return wanted
    return "cuda" if torch.cuda.is_available() else "cpu"
