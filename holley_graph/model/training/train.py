"""One training run in a straight line: plan, choose, fit, make tables, measure, seal."""

from __future__ import annotations

import secrets
from dataclasses import asdict, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from holley_graph.embeddings.manifest import RunManifest
from holley_graph.evaluation import drift
from holley_graph.model.architectures import catalogue, lightgcn_users
from holley_graph.model.architectures.catalogue import CatalogueConfig
from holley_graph.model.architectures.lightgcn_users import LightGCNUsersConfig
from holley_graph.model.inference import vectors
from holley_graph.model.inference.encoder import Encoder
from holley_graph.model.inference.trained import Curve
from holley_graph.model.training import measure, warm
from holley_graph.model.training.checkpoint import Checkpoint, open_checkpoint
from holley_graph.model.training.choose import choose
from holley_graph.model.training.fit import Stage, fit
from holley_graph.model.training.plan import Plan, versions
from holley_graph.model.training.run import Run, TrainingResult, seal
from holley_graph.model.training.warm import Live
from holley_graph.progress import Progress, silent, step
from holley_graph.snapshot.snapshot import Snapshot

STEPS = 150
"""Full-batch steps of a training; twice as many change no ranking by more than noise (docs/experiments.md)."""


def train(full: Snapshot, runs: Path, plan: Plan, progress: Progress = silent) -> Run:
    """Train a model and seal a run folder; one that was stopped goes on, with the same result.

    Args:
        full: the snapshot; what it knows from `plan.as_of` on is held out and only measured against.
        runs: folder of run folders.
        plan: see there.
        progress: told after each step.

    Raises:
        GraphStateError: there is no interaction to learn from, or no live release of this kind to go on from.
        SettingsError: the model or the device cannot do it in this way.
    """
    past = plan.past(full)
    live = warm.live(runs, plan.recipe, past.as_of) if plan.warm else None
    plan = replace(plan, seed=live.manifest.seed) if live else plan
    processes = plan.execution.processes
    checkpoint = open_checkpoint(runs, past, plan.decisive(live.manifest.run_id if live else None), processes)
    result = (
        _learn(past, plan, live, checkpoint, progress) if past.vehicles.num_rows else _without_vehicles(past, plan)
    )
    with step(progress, "measuring and keeping the run"):
        manifest = processes.broadcast(partial(_measure_and_seal, full, past, runs, plan, result, checkpoint))
    return Run(runs / manifest["run_id"], RunManifest(**manifest))


def _learn(
    past: Snapshot, plan: Plan, live: Live | None, checkpoint: Checkpoint, progress: Progress
) -> TrainingResult:
    """Choose how far the network is trusted, fit it on everything, and make tables."""
    if live:
        choice = live.choice
        stage = Stage(
            "going on from the live release", STEPS, choice.of_kinds, choice.scale, live.encoder, live.target_loss
        )
    else:
        choice = choose(past, plan, STEPS, checkpoint, progress)
        stage = Stage("refitting", STEPS, choice.of_kinds, choice.scale)
    trained = fit(past, plan, stage, checkpoint=checkpoint, progress=progress)
    if live:
        trained = warm.rotated_onto(live.tables["product"], trained, past.product_ids.keys)
    with step(progress, "vectors of everybody"):
        tables = vectors.tables(past, trained, plan.recipe.config)
    epochs, config = len(trained.curve.loss), plan.recipe.config
    return TrainingResult(
        plan.recipe.model, config, tables, trained.encoder, epochs, trained.curve, trained.loss, choice, live
    )


def _without_vehicles(past: Snapshot, plan: Plan) -> TrainingResult:
    """Make tables of a graph without vehicles: LightGCN in its own setting, or `catalogue` for the others."""
    if plan.recipe.model == "lightgcn":
        options = LightGCNUsersConfig()
        tables, state = lightgcn_users.fit(past, options, seed=plan.seed)
        return TrainingResult("lightgcn", options, tables, Encoder(state, {}, np.empty(0)), options.steps, Curve())
    config = CatalogueConfig()
    tables, state = catalogue.fit(past, config, seed=plan.seed)
    return TrainingResult("catalogue", config, tables, Encoder(state, {}, np.empty(0)), config.sweeps, Curve())


def _measure_and_seal(
    full: Snapshot, past: Snapshot, runs: Path, plan: Plan, result: TrainingResult, checkpoint: Checkpoint
) -> dict[str, Any]:
    """Measure a run on what came later and beside the live release, and write its folder."""
    tables, choice, live = result.tables, result.choice, result.live
    manifest = RunManifest(
        run_id=f"{datetime.now(UTC):%Y%m%dT%H%M%S}-{result.model}-{secrets.token_hex(2)}",
        model=result.model,
        as_of=past.as_of,
        snapshot=plan.snapshot,
        seed=plan.seed,
        **plan.execution.described,
        processes=plan.execution.processes.count,
        config=asdict(result.config),
        epochs=result.epochs,
        loss=result.loss,
        warm={"from": live.manifest.run_id, "until": live.until} if live else None,
        kind_weights=choice.weights,
        calibration=choice.calibration,
        trust=choice.trust,
        dim=int(tables["product"].vectors.shape[1]),
        counts={name: len(table.keys) for name, table in tables.items()} | {"events": past.events.num_rows},
        metrics={
            "validation": choice.validation,
            "held_out": measure.held_out(tables, full, past, choice.calibration),
            "drift": live and drift.measure(tables, live.tables, past),
        },
        seconds=round(checkpoint.seconds, 1),
        versions=versions(),
    )
    sealed = seal(runs, manifest, result)
    checkpoint.remove()
    return sealed.as_dict()
