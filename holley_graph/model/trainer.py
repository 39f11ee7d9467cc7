"""Training: steps of Adam from random parameters or from a checkpoint, and the moving average that is served."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable
from dataclasses import asdict, dataclass, field

import torch
from torch import Tensor

from holley_graph.model.batches import Batches, Whole
from holley_graph.model.checkpoint import Checkpoint
from holley_graph.model.fitment_ranker import FitmentRanker
from holley_graph.progress import Progress

LEARNING_RATE, GENTLE = 0.03, 0.003
"""Of Adam from nothing, and from parameters that are good already, which its first steps would throw far off."""
CHECK_EVERY = 5
AVERAGED = 10
"""Full-batch steps to average parameters over: single ones overshoot, or were told of their batch alone."""


@dataclass
class Curve:
    """Loss per pass over the data, and validation values at the passes that were checked.

    Attributes:
        steps_per_epoch: full-batch steps that an epoch counts as.
        loss: per event, of each pass.
        checked: passes, from 1.
        validation: value after each of them.
    """

    steps_per_epoch: int = 1
    loss: list[float] = field(default_factory=list)
    checked: list[int] = field(default_factory=list)
    validation: list[float] = field(default_factory=list)


Check = Callable[[Tensor, Tensor], float]
"""Given q and z, how good is the ranking? Higher is better."""


class Trainer:
    """Steps of Adam, from the start or from where they were kept.

    An epoch over batches moves parameters about as far as `steps_per_epoch` full-batch steps do, which is as far as
    they move between two checks: smaller batches are more steps, each as much shorter. What is checked and served
    is an exponential moving average of the parameters (after Polyak & Juditsky, 1992), unless steps are gentle
    anyway.
    """

    def __init__(
        self,
        work: Whole | Batches,
        rate: float,
        stage: str,
        seed: int,
        checkpoint: Checkpoint | None,
        progress: Progress,
    ) -> None:
        self.work, self.stage, self.seed, self.checkpoint, self.progress = work, stage, seed, checkpoint, progress
        steps_per_epoch = min(work.count, CHECK_EVERY)
        self.optimiser = torch.optim.Adam(work.model.rates(rate * steps_per_epoch / work.count))
        for group in self.optimiser.param_groups:
            group["initial_lr"] = group["lr"]
        notes, kept = checkpoint.resume(stage, work.model, self.optimiser) if checkpoint else ({}, {})
        self.mean = {name: value.to(work.execution.device) for name, value in kept.get("mean", {}).items()}
        self.curve = Curve(**notes.get("curve", {"steps_per_epoch": steps_per_epoch}))
        self.step, self.summed = notes.get("step", 0), notes.get("summed", 0.0)
        self.ema_weight = steps_per_epoch / (AVERAGED * work.count) if rate == LEARNING_RATE else 1.0
        if self.step:
            progress(f"{stage}: going on from step {self.step}", 1, 1)

    def run(self, epochs: int, target_loss: float, validate: Check | None) -> None:
        """Train for so many full-batch steps, or as many epochs as count for them; then take the moving average."""
        work, steps = self.work, math.ceil(epochs / self.curve.steps_per_epoch) * self.work.count
        while self.step < steps:
            for group in self.optimiser.param_groups:
                group["lr"] = group["initial_lr"] * math.sqrt(1 - self.step / steps)
            loss = work.loss(self.step)
            self.optimiser.zero_grad()
            loss.backward()
            value = work.execution.processes.sum(loss, work.model.parameters())
            if work.count == 1 and value <= target_loss:  # known before the step: it is spared
                break
            self.optimiser.step()
            self._average()
            self.step, self.summed = self.step + 1, self.summed + value
            self.progress(self.stage, self.step, steps)
            if self.step % work.count == 0 and self._ends_with_this_pass(target_loss, validate):
                break
            if self.checkpoint:
                notes = {"curve": asdict(self.curve), "step": self.step, "summed": self.summed}
                kept = {"mean": self.mean}
                self.checkpoint.save(self.stage, notes, work.model, self.optimiser, kept)
        self._swap()
        if 0 < self.step < steps:
            self.progress(self.stage, steps, steps)

    def _average(self) -> None:
        """Take the newest step's parameters into their mean, which the first steps make up in no time."""
        share = max(self.ema_weight, (AVERAGED - 1) / (AVERAGED + self.step))
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

    def _ends_with_this_pass(self, target_loss: float, validate: Check | None) -> bool:
        curve, work = self.curve, self.work
        curve.loss.append(self.summed / work.count)
        self.summed = 0.0
        epoch = len(curve.loss)
        if validate and epoch % math.ceil(CHECK_EVERY / curve.steps_per_epoch) == 0:
            self._swap()
            curve.checked.append(epoch)
            curve.validation.append(work.execution.processes.broadcast(lambda: validate(*served(work.model))))
            self._swap()
        return target_loss > -math.inf and self.train_loss() <= target_loss

    def train_loss(self) -> float:
        """Measure the loss per event over everything, as it is now and whatever a model draws for it.

        Parameters and random numbers are left as they were; the first process measures.
        """
        return float(self.work.execution.processes.broadcast(self._measured_loss))

    def _measured_loss(self) -> float:
        model, events = self.work.model, self.work.events.to(self.work.execution.device)
        before = copy.deepcopy(model.state_dict())
        with torch.random.fork_rng(), torch.no_grad():
            torch.manual_seed(self.seed)
            model.eval().train()  # whose turn it is in a model that takes turns begins anew
            level = (model.loss(events) + model.penalty()).item() / max(events.total, 1)
        model.load_state_dict(before)
        return level


def served(model: FitmentRanker) -> tuple[Tensor, Tensor]:
    """Encode everybody: q [vehicles, dim] and z [products, dim], on the CPU."""
    model.eval()
    with torch.no_grad():
        q, z = model()
    model.train()
    return q.cpu(), z.cpu()
