"""Fitting a model: population by full batch with early stopping, then the history layer."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import asdict, dataclass, field

import torch
from torch import Tensor

from holley_graph.model.architectures import Architecture
from holley_graph.model.checkpoint import Unfinished
from holley_graph.model.data import hetero_data, price_edges, product_levels, vehicle_levels
from holley_graph.model.encoder import Encoder
from holley_graph.model.history import fit_history
from holley_graph.model.likelihood import choices
from holley_graph.model.population import Population
from holley_graph.model.sage import History
from holley_graph.progress import Progress, silent
from holley_graph.snapshot.snapshot import Snapshot

LEARNING_RATE = 0.03
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
    """

    q: Tensor
    z: Tensor
    popularity: Tensor
    history: History
    source: Tensor | None
    encoder: Encoder


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
        start: of an earlier run: train on from its parameters; none: from random ones.
        validate: stops training when it no longer improves; the best epoch is kept.
        stage: what this fit is for, for `unfinished` and `progress`.
        unfinished: where steps are kept, and gone on from. The history layer takes seconds and is trained anew.
        progress: told after each epoch.
    """
    torch.manual_seed(seed)
    data, config = hetero_data(snapshot), model_of.config
    edges = start.edges if start else price_edges(snapshot)
    vehicle, product = vehicle_levels(snapshot), product_levels(snapshot, edges)
    model: Population = model_of.build(data, vehicle, product, config)
    if start:
        start.fill(model, vehicle | product)
    model.to(device)
    events = choices(snapshot, config.bins, config.bin_days).to(device)
    optimiser = torch.optim.Adam(model.rates(LEARNING_RATE))
    notes, best = unfinished.resume(stage, model, optimiser) if unfinished else ({}, {})
    curve = Curve(**notes)
    if curve.loss:
        progress(f"{stage}: going on from step {len(curve.loss)}", 1, 1)
    for epoch in range(len(curve.loss) + 1, epochs + 1):
        loss = (model.loss(events) + model.penalty()) / max(events.total, 1)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        curve.loss.append(loss.item())
        progress(stage, epoch, epochs)
        if validate and epoch % CHECK_EVERY == 0:
            curve.checked.append(epoch)
            curve.validation.append(validate(*_served(model)))
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
    q, z, newest = _served(model)
    with torch.no_grad():
        source = model.eval().source()
    history = fit_history(snapshot, q, z, model.popularity().detach().cpu(), config, seed)
    state = {**model.state_dict(), **{f"history.{k}": v for k, v in history.state_dict().items()}}
    encoder = Encoder(
        {name: value.detach().cpu() for name, value in state.items()},
        {name: level.keys for name, level in (vehicle | product).items()},
        edges,
    )
    return Fitted(q, z, newest, history, None if source is None else source.cpu(), encoder), curve


def _served(model: Population) -> tuple[Tensor, Tensor, Tensor]:
    model.eval()
    with torch.no_grad():
        q, z = model()
        newest = model.popularity()[:, 0]
    model.train()
    return q.cpu(), z.cpu(), newest.cpu()
