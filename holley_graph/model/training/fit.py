"""Fitting a model: counting, then the network on top of it (full batch or in batches), then the history layer."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from holley_graph.counting.events import KIND_WEIGHTS
from holley_graph.counting.utility import Counted, count
from holley_graph.embeddings.paths import Paths
from holley_graph.model.architectures.data import (
    Edges,
    Hierarchy,
    price_edges,
)
from holley_graph.model.architectures.fitment_ranker import FitmentRanker
from holley_graph.model.architectures.history import History
from holley_graph.model.architectures.likelihood import training_set
from holley_graph.model.inference.encoder import SCALE, Encoder
from holley_graph.model.inference.trained import TrainedModel, served
from holley_graph.model.training.batches import Batches, Whole
from holley_graph.model.training.checkpoint import Checkpoint
from holley_graph.model.training.fit_history import fit_history
from holley_graph.model.training.plan import Plan
from holley_graph.model.training.trainer import Trainer
from holley_graph.progress import Progress, silent, step
from holley_graph.snapshot.snapshot import Snapshot


@dataclass(frozen=True)
class Stage:
    """One fit of a training.

    Attributes:
        name: what it is for, in the checkpoint and for `progress`.
        steps: full-batch steps at most; an epoch over batches counts as `steps_per_epoch` of them.
        weights: how much a view, a cart and an order count as a choice.
        scale: what the vectors of vehicles are multiplied by in the end: how far the network is trusted.
        start: of an earlier run: train on from its parameters, gently; none: from random ones.
        target_loss: loss per event at which training ends, before the first step if it is there already.
        history: fit the history layer, too; not where nothing but vectors of vehicles and parts is asked.
    """

    name: str
    steps: int
    weights: Sequence[float] = KIND_WEIGHTS
    scale: float = 1.0
    start: Encoder | None = None
    target_loss: float = -math.inf
    history: bool = True


Validate = Callable[[Float[Tensor, "vehicles dim"], Float[Tensor, "products dim"], Counted], float]
"""Given q, z and what is counted, how good is the ranking? Higher is better."""


def fit(
    snapshot: Snapshot,
    plan: Plan,
    stage: Stage,
    *,
    validate: Validate | None = None,
    checkpoint: Checkpoint | None = None,
    progress: Progress = silent,
) -> TrainedModel:
    """Train on everything that a snapshot knows.

    Args:
        snapshot: nothing later than its `as_of` is used.
        plan: recipe, seed and execution count.
        stage: how long, from where, and what for.
        validate: measured now and then, for who watches a training and may end it by an exception.
        checkpoint: where steps are kept, and gone on from. Counting and the history layer take seconds and are
            done anew.
        progress: told after each step.
    """
    progress(f"{stage.name}: counting", 0, 1)
    counted, edges = count(snapshot, stage.weights), stage.start.edges if stage.start else price_edges(snapshot)
    model, levels = plan.recipe.build(snapshot, edges, plan.seed, counted.popularity)
    if stage.start:
        stage.start.fill(model, levels)
    model.to(plan.execution.device)
    seen = stage.steps if stage.start else 0
    work = _work(model, snapshot, counted, plan)
    progress(f"{stage.name}: counting", 1, 1)
    trainer = Trainer(work, plan.seed, seen, stage.name, checkpoint, progress)
    is_there = seen and not trainer.step and trainer.train_loss() <= stage.target_loss
    with plan.execution.repeatable():
        steps = 0 if is_there else stage.steps
        trainer.run(steps, stage.target_loss, validate and (lambda q, z: validate(q, z, counted)))
        loss = trainer.train_loss()
        q, z = served(model)
        q *= stage.scale
        with torch.no_grad():
            anchor, popularity = model.anchor(), model.popularity()
        history, paths = History(plan.recipe.config.dim), Paths()
        if stage.history:
            with step(progress, f"{stage.name}: history"):
                history, paths = fit_history(snapshot, q, z, counted, plan.recipe.config)
    encoder = _encoder(model, levels, edges, counted, history, stage.scale)
    lift = torch.from_numpy(counted.lift.astype(np.float32))
    anchor = None if anchor is None else anchor.cpu()
    return TrainedModel(q, z, popularity.cpu(), lift, history, paths, anchor, encoder, loss, trainer.curve, counted)


def _work(model: FitmentRanker, snapshot: Snapshot, counted: Counted, plan: Plan) -> Whole | Batches:
    """Say what a step looks at."""
    events, execution = training_set(snapshot, counted), plan.execution
    if execution.batch is None:
        return Whole(model, events.to(execution.device), execution)
    return Batches(model, events, execution, plan.seed)


def _encoder(
    model: FitmentRanker,
    levels: dict[str, Hierarchy],
    edges: Edges,
    counted: Counted,
    history: History,
    scale: float,
) -> Encoder:
    """Keep what a trained model encodes with."""
    state = {**model.state_dict(), **{f"history.{name}": value for name, value in history.state_dict().items()}}
    parameters = {name: value.detach().cpu() for name, value in state.items()} | {SCALE: torch.tensor(scale)}
    return Encoder(parameters, {name: level.keys for name, level in levels.items()}, edges, counted.utility)
