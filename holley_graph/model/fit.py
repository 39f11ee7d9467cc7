"""Fitting a model: counting, then the network on top of it (full batch or in batches), then the history layer."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace

import numpy as np
import torch
from torch import Tensor

from holley_graph.counting.utility import Counted, count
from holley_graph.embeddings.paths import Paths
from holley_graph.model.architectures import Architecture
from holley_graph.model.batches import Batches, Whole
from holley_graph.model.checkpoint import Unfinished
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


@dataclass(frozen=True)
class Fitted:
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


Check = Callable[[Tensor, Tensor], float]


def fit(
    snapshot: Snapshot,
    model_of: Architecture,
    epochs: int,
    *,
    seed: int,
    execution: Execution,
    start: Encoder | None = None,
    scale: float = 1.0,
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
        scale: what the vectors of vehicles are multiplied by in the end: how far the network is trusted.
        start: of an earlier run: train on from its parameters, gently; none: from random ones.
        until: loss per event at which training ends, before the first step if it is there already.
        validate: measured now and then, for who watches a training and may end it by an exception.
        stage: what this fit is for, for `unfinished` and `progress`.
        unfinished: where steps are kept, and gone on from. Counting and the history layer take seconds and are
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
    events = choices(snapshot, counted)
    work: Whole | Batches
    if execution.batch is None:
        work = Whole(model, events.to(execution.device), execution)
    else:
        work = Batches(model, events, execution, seed)
    descent = _Descent(work, GENTLE if start else LEARNING_RATE, stage, seed, unfinished, progress)
    if start and not descent.step and descent.level() <= until:
        epochs = 0
    with execution.repeatable():
        descent.run(epochs, until, validate and (lambda q, z: validate(q, z, counted)))
        level = descent.level()
        q, z = served(model)
        q *= scale
        with torch.no_grad():
            source, popularity = model.eval().source(), model.popularity()
        history, paths = fit_history(snapshot, q, z, counted, config)
    state = {**model.state_dict(), **{f"history.{k}": v for k, v in history.state_dict().items()}}
    encoder = Encoder(
        {name: value.detach().cpu() for name, value in state.items()} | {SCALE: torch.tensor(scale)},
        {name: level.keys for name, level in levels.items()},
        edges,
        counted.utility,
    )
    fitted = Fitted(
        q,
        z,
        popularity.cpu(),
        torch.from_numpy(counted.lift.astype(np.float32)),
        history,
        paths,
        None if source is None else source.cpu(),
        encoder,
        level,
    )
    return fitted, descent.curve


def rescaled(fitted: Fitted, scale: float) -> Fitted:
    """Multiply the vectors of vehicles."""
    return replace(fitted, q=fitted.q * scale)


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
        for group in self.optimiser.param_groups:
            group["initial_lr"] = group["lr"]
        notes, kept = unfinished.resume(stage, work.model, self.optimiser) if unfinished else ({}, {})
        self.mean = {name: value.to(work.execution.device) for name, value in kept.get("mean", {}).items()}
        self.curve = Curve(**notes.get("curve", {"worth": worth}))
        self.step, self.summed = notes.get("step", 0), notes.get("summed", 0.0)
        self.newest = worth / (AVERAGED * work.count) if rate == LEARNING_RATE else 1.0
        if self.step:
            progress(f"{stage}: going on from step {self.step}", 1, 1)

    def run(self, epochs: int, until: float, validate: Check | None) -> None:
        """Descend for so many full-batch steps, or what is worth them; the mean of the last ones stays."""
        work, steps = self.work, math.ceil(epochs / self.curve.worth) * self.work.count
        while self.step < steps:
            for group in self.optimiser.param_groups:
                group["lr"] = group["initial_lr"] * math.sqrt(1 - self.step / steps)
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
                kept = {"mean": self.mean}
                self.unfinished.keep(self.stage, notes, work.model, self.optimiser, kept)
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

    def _ends_with_this_pass(self, until: float, validate: Check | None) -> bool:
        curve, work = self.curve, self.work
        curve.loss.append(self.summed / work.count)
        self.summed = 0.0
        epoch = len(curve.loss)
        if validate and epoch % math.ceil(CHECK_EVERY / curve.worth) == 0:
            self._swap()
            curve.checked.append(epoch)
            curve.validation.append(work.execution.processes.told(lambda: validate(*served(work.model))))
            self._swap()
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
    snapshot: Snapshot, model_of: Architecture, edges: Edges, seed: int, popularity: Floats
) -> tuple[Population, dict[str, Hierarchy]]:
    """Make a model of a snapshot with random parameters, and say what the rows of its tables stand for."""
    torch.manual_seed(seed)
    vehicle, product = vehicle_levels(snapshot), product_levels(snapshot, edges)
    return model_of.build(hetero_data(snapshot, popularity), vehicle, product, model_of.config), vehicle | product


def served(model: Population) -> tuple[Tensor, Tensor]:
    """Encode everybody: q [vehicles, dim] and z [products, dim], on the CPU."""
    model.eval()
    with torch.no_grad():
        q, z = model()
    model.train()
    return q.cpu(), z.cpu()
