"""Fitting a model: the population with early stopping, by full batch or in batches, then the history layer."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable
from dataclasses import asdict, dataclass, field

import torch
from torch import Tensor

from holley_graph.model.architectures import Architecture
from holley_graph.model.batches import Batches, Whole
from holley_graph.model.checkpoint import Unfinished
from holley_graph.model.data import Edges, Hierarchy, hetero_data, price_edges, product_levels, vehicle_levels
from holley_graph.model.encoder import Encoder
from holley_graph.model.execution import Execution
from holley_graph.model.history import fit_history
from holley_graph.model.likelihood import choices
from holley_graph.model.population import Population
from holley_graph.model.sage import History
from holley_graph.progress import Progress, silent
from holley_graph.snapshot.snapshot import Snapshot

LEARNING_RATE, GENTLE = 0.03, 0.003
"""Of Adam from nothing, and from parameters that are good already, which its first steps would throw far off."""
CHECK_EVERY = 5
AVERAGED = 10
"""Full-batch steps to average parameters over: single ones overshoot, or were told of their batch alone."""
PATIENCE = 4
"""Checks without a better validation value before training stops."""


@dataclass
class Curve:
    """Loss per pass over the data, and validation values at the passes that were checked.

    Attributes:
        worth: full-batch steps that a pass counts as.
        loss: per event, of each pass.
        checked: passes, from 1.
        validation: value after each of them.
    """

    worth: int = 1
    loss: list[float] = field(default_factory=list)
    checked: list[int] = field(default_factory=list)
    validation: list[float] = field(default_factory=list)

    @property
    def best_epoch(self) -> int:
        """The pass with the highest validation value."""
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
    execution: Execution,
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
        epochs: full-batch steps at most; passes over batches count as what they are worth.
        seed: of the start values and the batches.
        execution: where, and in which parts.
        start: of an earlier run: train on from its parameters, gently; none: from random ones.
        until: loss per event at which training ends, before the first step if it is there already.
        validate: stops training when it no longer improves; the best pass is kept.
        stage: what this fit is for, for `unfinished` and `progress`.
        unfinished: where steps are kept, and gone on from. The history layer takes seconds and is trained anew.
        progress: told after each step.
    """
    config = model_of.config
    edges = start.edges if start else price_edges(snapshot)
    model, levels = build(snapshot, model_of, edges, seed)
    if start:
        start.fill(model, levels)
    model.to(execution.device)
    events = choices(snapshot, config.bins, config.bin_days)
    work: Whole | Batches
    if execution.batch is None:
        work = Whole(model, events.to(execution.device), execution)
    else:
        work = Batches(model, events, execution, seed)
    descent = _Descent(work, GENTLE if start else LEARNING_RATE, stage, seed, unfinished, progress)
    if start and not descent.step and descent.level() <= until:
        epochs = 0
    with execution.repeatable():
        descent.run(epochs, until, validate)
        level = descent.level()
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
    fitted = Fitted(q, z, newest, history, None if source is None else source.cpu(), encoder, level)
    return fitted, descent.curve


class _Descent:
    """Steps of Adam, from the start or from where they were kept.

    A pass over batches moves parameters about as far as `worth` full-batch steps do, which is as far as they move
    between two checks: smaller batches are more steps, each as much shorter. What is checked and served is a mean
    of parameters that forgets exponentially (after Polyak & Juditsky, 1992), unless steps are gentle anyway.
    """

    def __init__(
        self,
        work: Whole | Batches,
        rate: float,
        stage: str,
        seed: int,
        unfinished: Unfinished | None,
        progress: Progress,
    ) -> None:
        self.work, self.stage, self.seed, self.unfinished, self.progress = work, stage, seed, unfinished, progress
        worth = min(work.count, CHECK_EVERY)
        self.optimiser = torch.optim.Adam(work.model.rates(rate * worth / work.count))
        notes, kept = unfinished.resume(stage, work.model, self.optimiser) if unfinished else ({}, {})
        self.best = kept.get("best", {})
        self.mean = {name: value.to(work.execution.device) for name, value in kept.get("mean", {}).items()}
        self.curve = Curve(**notes.get("curve", {"worth": worth}))
        self.step, self.summed = notes.get("step", 0), notes.get("summed", 0.0)
        self.newest = worth / (AVERAGED * work.count) if rate == LEARNING_RATE else 1.0
        if self.step:
            progress(f"{stage}: going on from step {self.step}", 1, 1)

    def run(self, epochs: int, until: float, validate: Validate | None) -> None:
        """Descend for so many full-batch steps, or what is worth them; the best parameters stay in the model."""
        work, steps = self.work, math.ceil(epochs / self.curve.worth) * self.work.count
        while self.step < steps:
            loss = work.loss(self.step)
            self.optimiser.zero_grad()
            loss.backward()
            value = work.execution.processes.sum(loss, work.model.parameters())
            if work.count == 1 and value <= until:  # known before the step: it is spared
                break
            self.optimiser.step()
            self._average()
            self.step, self.summed = self.step + 1, self.summed + value
            self.progress(self.stage, self.step, steps)
            if self.step % work.count == 0 and self._ends_with_this_pass(until, validate):
                break
            if self.unfinished:
                notes = {"curve": asdict(self.curve), "step": self.step, "summed": self.summed}
                kept = {"best": self.best, "mean": self.mean}
                self.unfinished.keep(self.stage, notes, work.model, self.optimiser, kept)
        if self.curve.checked:
            work.model.load_state_dict(self.best)
        else:
            self._swap()
        if 0 < self.step < steps:
            self.progress(self.stage, steps, steps)

    def _average(self) -> None:
        """Take the newest step's parameters into their mean, which the first steps make up in no time."""
        share = max(self.newest, (AVERAGED - 1) / (AVERAGED + self.step))
        for name, value in self.work.model.named_parameters():
            now = value.detach()
            self.mean[name] = self.mean[name].lerp_(now, share) if name in self.mean else now.clone()

    def _swap(self) -> None:
        """Let the mean and the model's parameters change places."""
        for name, value in self.work.model.named_parameters():
            if name in self.mean:
                now = value.detach().clone()
                value.data.copy_(self.mean[name])
                self.mean[name] = now

    def _ends_with_this_pass(self, until: float, validate: Validate | None) -> bool:
        curve, work = self.curve, self.work
        curve.loss.append(self.summed / work.count)
        self.summed = 0.0
        epoch = len(curve.loss)
        if validate and epoch % math.ceil(CHECK_EVERY / curve.worth) == 0:
            self._swap()
            curve.checked.append(epoch)
            curve.validation.append(work.execution.processes.told(lambda: validate(*served(work.model))))
            if curve.best_epoch == epoch:
                self.best = copy.deepcopy(work.model.state_dict())
            self._swap()
            if curve.checked.index(curve.best_epoch) + PATIENCE < len(curve.checked):
                return True
        return until > -math.inf and self.level() <= until

    def level(self) -> float:
        """Measure the loss per event over everything, as it is now and whatever a model draws for it.

        Parameters and random numbers are left as they were; the first process measures.
        """
        return float(self.work.execution.processes.told(self._measured))

    def _measured(self) -> float:
        model, events = self.work.model, self.work.events.to(self.work.execution.device)
        before = copy.deepcopy(model.state_dict())
        with torch.random.fork_rng(), torch.no_grad():
            torch.manual_seed(self.seed)
            model.eval().train()  # whose turn it is in a model that takes turns begins anew
            level = (model.loss(events) + model.penalty()).item() / max(events.total, 1)
        model.load_state_dict(before)
        return level


def build(
    snapshot: Snapshot, model_of: Architecture, edges: Edges, seed: int
) -> tuple[Population, dict[str, Hierarchy]]:
    """Make a model of a snapshot with random parameters, and say what the rows of its tables stand for."""
    torch.manual_seed(seed)
    vehicle, product = vehicle_levels(snapshot), product_levels(snapshot, edges)
    return model_of.build(hetero_data(snapshot), vehicle, product, model_of.config), vehicle | product


def served(model: Population) -> tuple[Tensor, Tensor, Tensor]:
    """Encode everybody: q [vehicles, dim], z [products, dim] and the newest popularity [products], on the CPU."""
    model.eval()
    with torch.no_grad():
        q, z = model()
        newest = model.popularity()[:, 0]
    model.train()
    return q.cpu(), z.cpu(), newest.cpu()
