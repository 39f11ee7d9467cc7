"""Fitting a model: population by full batch with early stopping, then the history layer."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable
from dataclasses import asdict, dataclass, field

import torch
from torch import Tensor

from holley_graph.model.architectures import Architecture
from holley_graph.model.checkpoint import Unfinished
from holley_graph.model.data import Edges, Hierarchy, hetero_data, price_edges, product_levels, vehicle_levels
from holley_graph.model.encoder import Encoder
from holley_graph.model.history import fit_history
from holley_graph.model.likelihood import Choices, choices
from holley_graph.model.population import Population
from holley_graph.model.sage import History
from holley_graph.progress import Progress, silent
from holley_graph.snapshot.snapshot import Snapshot

LEARNING_RATE, GENTLE = 0.03, 0.003
"""Of Adam from nothing, and from parameters that are good already, which its first steps would throw far off."""
CHECK_EVERY = 5
PATIENCE = 4
"""Checks without a better validation value before training stops."""


@dataclass
class Curve:
    """Loss per epoch, and validation values at the epochs that were checked."""

    loss: list[float] = field(default_factory=list)
    checked: list[int] = field(default_factory=list)
    validation: list[float] = field(default_factory=list)

    @property
    def best_epoch(self) -> int:
        """The epoch with the highest validation value."""
        return self.checked[max(range(len(self.validation)), key=self.validation.__getitem__)]


@dataclass(frozen=True)
class Fitted:
    """A trained model's vectors.

    Attributes:
        q: [vehicles, dim].
        z: [products, dim].
        popularity: [products] at the newest time bin.
        history: the user layer.
        source: [products, dim] what buying a product says of the next one, where the model has such vectors.
        encoder: all that it takes to encode others.
        loss: per event, in nats, penalty included.
    """

    q: Tensor
    z: Tensor
    popularity: Tensor
    history: History
    source: Tensor | None
    encoder: Encoder
    loss: float


Validate = Callable[[Tensor, Tensor, Tensor], float]
"""Given q, z and the newest popularity, how good is the ranking? Higher is better."""


def fit(
    snapshot: Snapshot,
    model_of: Architecture,
    epochs: int,
    *,
    seed: int,
    device: torch.device,
    start: Encoder | None = None,
    until: float = -math.inf,
    validate: Validate | None = None,
    stage: str = "training",
    unfinished: Unfinished | None = None,
    progress: Progress = silent,
) -> tuple[Fitted, Curve]:
    """Train on everything that a snapshot knows.

    Args:
        snapshot: nothing later than its `as_of` is used.
        model_of: which model, and its configuration.
        epochs: full-batch steps at most.
        seed: of the start values and the batches.
        device: where to train.
        start: of an earlier run: train on from its parameters, gently; none: from random ones.
        until: loss per event at which training ends, before the first step if it is there already.
        validate: stops training when it no longer improves; the best epoch is kept.
        stage: what this fit is for, for `unfinished` and `progress`.
        unfinished: where steps are kept, and gone on from. The history layer takes seconds and is trained anew.
        progress: told after each epoch.
    """
    config = model_of.config
    edges = start.edges if start else price_edges(snapshot)
    model, levels = build(snapshot, model_of, edges, seed)
    if start:
        start.fill(model, levels)
    model.to(device)
    events = choices(snapshot, config.bins, config.bin_days).to(device)
    optimiser = torch.optim.Adam(model.rates(GENTLE if start else LEARNING_RATE))
    notes, best = unfinished.resume(stage, model, optimiser) if unfinished else ({}, {})
    curve = Curve(**notes)
    if curve.loss:
        progress(f"{stage}: going on from step {len(curve.loss)}", 1, 1)
    if start and not curve.loss and _level(model, events, seed) <= until:
        epochs = 0
    for epoch in range(len(curve.loss) + 1, epochs + 1):
        loss = _loss(model, events)
        if loss.item() <= until:
            break
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        curve.loss.append(loss.item())
        progress(stage, epoch, epochs)
        if validate and epoch % CHECK_EVERY == 0:
            curve.checked.append(epoch)
            curve.validation.append(validate(*served(model)))
            if curve.best_epoch == epoch:
                best = copy.deepcopy(model.state_dict())
            elif curve.checked.index(curve.best_epoch) + PATIENCE < len(curve.checked):
                break
        if unfinished:
            unfinished.keep(stage, asdict(curve), model, optimiser, best)
    if curve.checked:
        model.load_state_dict(best)
    if curve.loss and len(curve.loss) < epochs:
        progress(stage, epochs, epochs)
    level = _level(model, events, seed)
    q, z, newest = served(model)
    with torch.no_grad():
        source = model.eval().source()
    history = fit_history(snapshot, q, z, model.popularity().detach().cpu(), config)
    state = {**model.state_dict(), **{f"history.{k}": v for k, v in history.state_dict().items()}}
    encoder = Encoder(
        {name: value.detach().cpu() for name, value in state.items()},
        {name: level.keys for name, level in levels.items()},
        edges,
    )
    return Fitted(q, z, newest, history, None if source is None else source.cpu(), encoder, level), curve


def build(
    snapshot: Snapshot, model_of: Architecture, edges: Edges, seed: int
) -> tuple[Population, dict[str, Hierarchy]]:
    """Make a model of a snapshot with random parameters, and say what the rows of its tables stand for."""
    torch.manual_seed(seed)
    vehicle, product = vehicle_levels(snapshot), product_levels(snapshot, edges)
    return model_of.build(hetero_data(snapshot), vehicle, product, model_of.config), vehicle | product


def _loss(model: Population, events: Choices) -> Tensor:
    """Return the loss per event, penalty included."""
    return (model.loss(events) + model.penalty()) / max(events.total, 1)


def _level(model: Population, events: Choices, seed: int) -> float:
    """Measure the loss without a trace: the same parameters have the same, whatever a model draws for it."""
    before = copy.deepcopy(model.state_dict())
    with torch.random.fork_rng(), torch.no_grad():
        torch.manual_seed(seed)
        model.eval().train()  # whose turn it is in a model that takes turns begins anew
        level = _loss(model, events).item()
    model.load_state_dict(before)
    return level


def served(model: Population) -> tuple[Tensor, Tensor, Tensor]:
    """Encode everybody: q [vehicles, dim], z [products, dim] and the newest popularity [products], on the CPU."""
    model.eval()
    with torch.no_grad():
        q, z = model()
        newest = model.popularity()[:, 0]
    model.train()
    return q.cpu(), z.cpu(), newest.cpu()
