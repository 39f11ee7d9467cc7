"""Training: steps of Adam from random parameters or from a checkpoint, and the moving average that is served."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from holley_graph.model.architectures.likelihood import Draw
from holley_graph.model.inference.trained import Curve, served
from holley_graph.model.training.batches import Batches, Whole
from holley_graph.model.training.checkpoint import Checkpoint, State
from holley_graph.progress import Progress

LEARNING_RATE, GENTLE = 0.03, 0.003
"""Of Adam from nothing, and from parameters that are good already, which its first steps would throw far off."""
CHECK_EVERY = 5
AVERAGED = 10
"""Full-batch steps to average parameters over: single ones overshoot, or were told of their batch alone."""


Check = Callable[[Float[Tensor, "vehicles dim"], Float[Tensor, "products dim"]], float]
"""Given q and z, how good is the ranking? Higher is better."""


class Trainer:
    """Steps of Adam, from the start or from a checkpoint.

    An epoch over batches moves parameters about as far as `steps_per_epoch` full-batch steps do, which is as far as
    they move between two checks: smaller batches are more steps, each as much shorter. What is checked and served
    is an exponential moving average of the parameters (after Polyak & Juditsky, 1992), unless steps are gentle
    anyway.

    Args:
        work: the model, its events, and what a step looks at.
        seed: that the parameters were drawn with, if they were; what is drawn in steps goes on from there.
        seen: steps that the parameters have seen in an earlier run; some have: steps are gentle.
        stage: what this training is for, in the checkpoint and for `progress`.
        checkpoint: where steps are kept and gone on from.
        progress: told after each step.
    """

    def __init__(
        self,
        work: Whole | Batches,
        seed: int,
        seen: int,
        stage: str,
        checkpoint: Checkpoint | None,
        progress: Progress,
    ) -> None:
        self.work, self.seed, self.seen, self.stage = work, seed, seen, stage
        self.checkpoint, self.progress = checkpoint, progress
        self.random = _random(work.execution.device, seed)
        if work.execution.device.type == "cpu":
            self.random.set_state(torch.get_rng_state())
        rate, steps_per_epoch = GENTLE if seen else LEARNING_RATE, min(work.count, CHECK_EVERY)
        self.optimiser = torch.optim.Adam(work.model.rates(rate * steps_per_epoch / work.count))
        for group in self.optimiser.param_groups:
            group["initial_lr"] = group["lr"]
        self.ema_weight = 1.0 if seen else steps_per_epoch / (AVERAGED * work.count)
        self.mean: State = {}
        self.curve, self.step, self.summed = Curve(steps_per_epoch), 0, 0.0
        if checkpoint and checkpoint.stage == stage:
            self._resume(checkpoint.notes, checkpoint.parts())
            progress(f"{stage}: going on from step {self.step}", 1, 1)

    def run(self, epochs: int, target_loss: float, validate: Check | None) -> None:
        """Train for so many full-batch steps, or as many epochs as count for them; then take the moving average."""
        work, steps = self.work, math.ceil(epochs / self.curve.steps_per_epoch) * self.work.count
        while self.step < steps:
            for group in self.optimiser.param_groups:
                group["lr"] = group["initial_lr"] * math.sqrt(1 - self.step / steps)
            loss = work.loss(Draw(self.step, self._epoch, self.random))
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
            if self.checkpoint and self.checkpoint.is_due:
                self.checkpoint.save(self.stage, *self._state())
        self._swap()
        if 0 < self.step < steps:
            self.progress(self.stage, steps, steps)

    def train_loss(self) -> float:
        """Measure the loss per event over everything, in the first process; equal parameters have an equal one."""
        return float(self.work.execution.processes.broadcast(self._measured_loss))

    @property
    def _epoch(self) -> int:
        return self.seen + self.step + 1

    def _measured_loss(self) -> float:
        model, device = self.work.model, self.work.execution.device
        events = self.work.events.to(device)
        with torch.no_grad():
            loss = model.loss(events, Draw(0, self._epoch, _random(device, self.seed))) + model.penalty()
        return loss.item() / max(events.total, 1)

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

    def _state(self) -> tuple[dict[str, Any], dict[str, State]]:
        """Return all that the next step depends on beside the data, as numbers and as tensors."""
        moments = {
            f"{row}.{name}": value
            for row, values in self.optimiser.state_dict()["state"].items()
            for name, value in values.items()
        }
        parts = {"model": self.work.model.state_dict(), "adam": moments, "mean": self.mean}
        notes = {"curve": asdict(self.curve), "step": self.step, "summed": self.summed}
        return notes, parts | {"random": {"state": self.random.get_state()}}

    def _resume(self, notes: dict[str, Any], parts: dict[str, State]) -> None:
        """Go back to where `_state` was taken."""
        self.curve, self.step, self.summed = Curve(**notes["curve"]), notes["step"], notes["summed"]
        self.work.model.load_state_dict(parts["model"])
        moments: dict[int, State] = {}
        for name, value in parts.get("adam", {}).items():
            row, _, moment = name.partition(".")
            moments.setdefault(int(row), {})[moment] = value
        self.optimiser.load_state_dict({**self.optimiser.state_dict(), "state": moments})
        self.random.set_state(parts["random"]["state"])
        device = self.work.execution.device
        self.mean = {name: value.to(device) for name, value in parts.get("mean", {}).items()}


def _random(device: torch.device, seed: int) -> torch.Generator:
    return torch.Generator(device).manual_seed(seed)
