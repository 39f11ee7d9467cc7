"""Fitting a model: counting, then the network on top of it (full batch or in batches), then the history layer."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from holley_graph.counting.utility import Counted, count
from holley_graph.embeddings.paths import Paths
from holley_graph.model.architectures import Architecture
from holley_graph.model.batches import Batches, Whole
from holley_graph.model.checkpoint import Checkpoint
from holley_graph.model.data import (
    Edges,
    Floats,
    Hierarchy,
    hetero_data,
    price_edges,
    product_levels,
    vehicle_levels,
)
from holley_graph.model.encoder import SCALE, Encoder
from holley_graph.model.execution import Execution
from holley_graph.model.fitment_ranker import FitmentRanker
from holley_graph.model.history import fit_history
from holley_graph.model.likelihood import training_set
from holley_graph.model.sage import History
from holley_graph.model.trainer import Curve, Trainer, served
from holley_graph.progress import Progress, silent
from holley_graph.snapshot.snapshot import Snapshot


@dataclass(frozen=True)
class TrainedModel:
    """A trained model's vectors.

    Attributes:
        q: [vehicles, dim].
        z: [products, dim].
        popularity: [products] in the weeks after the snapshot.
        lift: [fitments] of the snapshot.
        history: the user layer.
        paths: weights of a user's own paths.
        source: [products, dim] what buying a product says of the next one, where the model has such vectors.
        encoder: all that it takes to encode others.
        loss: per event, in nats, penalty included.
    """

    q: Tensor
    z: Tensor
    popularity: Tensor
    lift: Tensor
    history: History
    paths: Paths
    source: Tensor | None
    encoder: Encoder
    loss: float


Validate = Callable[[Tensor, Tensor, Counted], float]
"""Given q, z and what is counted, how good is the ranking? Higher is better."""


def fit(
    snapshot: Snapshot,
    model_of: Architecture,
    epochs: int,
    *,
    seed: int,
    execution: Execution,
    start: Encoder | None = None,
    scale: float = 1.0,
    target_loss: float = -math.inf,
    validate: Validate | None = None,
    stage: str = "training",
    checkpoint: Checkpoint | None = None,
    progress: Progress = silent,
) -> tuple[TrainedModel, Curve]:
    """Train on everything that a snapshot knows.

    Args:
        snapshot: nothing later than its `as_of` is used.
        model_of: which model, and its configuration.
        epochs: full-batch steps at most; an epoch over batches counts as `steps_per_epoch` of them.
        seed: of the start values and the batches.
        execution: where, and in which parts.
        scale: what the vectors of vehicles are multiplied by in the end: how far the network is trusted.
        start: of an earlier run: train on from its parameters, gently; none: from random ones.
        target_loss: loss per event at which training ends, before the first step if it is there already.
        validate: measured now and then, for who watches a training and may end it by an exception.
        stage: what this fit is for, for `checkpoint` and `progress`.
        checkpoint: where steps are kept, and gone on from. Counting and the history layer take seconds and are
            done anew.
        progress: told after each step.
    """
    config = model_of.config
    edges = start.edges if start else price_edges(snapshot)
    progress(f"{stage}: counting", 0, 1)
    counted = count(snapshot)
    model, levels = build(snapshot, model_of, edges, seed, counted.popularity)
    if start:
        start.fill(model, levels)
    model.to(execution.device)
    events = training_set(snapshot, counted)
    work: Whole | Batches
    if execution.batch is None:
        work = Whole(model, events.to(execution.device), execution)
    else:
        work = Batches(model, events, execution, seed)
    trainer = Trainer(work, seed, epochs if start else 0, stage, checkpoint, progress)
    if start and not trainer.step and trainer.train_loss() <= target_loss:
        epochs = 0
    with execution.repeatable():
        trainer.run(epochs, target_loss, validate and (lambda q, z: validate(q, z, counted)))
        train_loss = trainer.train_loss()
        q, z = served(model)
        q *= scale
        with torch.no_grad():
            source, popularity = model.source(), model.popularity()
        history, paths = fit_history(snapshot, q, z, counted, config)
    state = {**model.state_dict(), **{f"history.{k}": v for k, v in history.state_dict().items()}}
    encoder = Encoder(
        {name: value.detach().cpu() for name, value in state.items()} | {SCALE: torch.tensor(scale)},
        {name: level.keys for name, level in levels.items()},
        edges,
        counted.utility,
    )
    fitted = TrainedModel(
        q,
        z,
        popularity.cpu(),
        torch.from_numpy(counted.lift.astype(np.float32)),
        history,
        paths,
        None if source is None else source.cpu(),
        encoder,
        train_loss,
    )
    return fitted, trainer.curve


def rescaled(fitted: TrainedModel, scale: float) -> TrainedModel:
    """Multiply the vectors of vehicles."""
    return replace(fitted, q=fitted.q * scale)


def build(
    snapshot: Snapshot, model_of: Architecture, edges: Edges, seed: int, popularity: Floats
) -> tuple[FitmentRanker, dict[str, Hierarchy]]:
    """Make a model of a snapshot with random parameters, and say what the rows of its tables stand for."""
    torch.manual_seed(seed)
    vehicle, product = vehicle_levels(snapshot), product_levels(snapshot, edges)
    return model_of.build(hetero_data(snapshot, popularity), vehicle, product, model_of.config), vehicle | product
