"""How a training is executed, whatever it learns: where, in batches, by several processes, in which precision."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch

from holley_graph.errors import SettingsError
from holley_graph.model.architectures.models import MODELS, trains_in_batches
from holley_graph.model.training.processes import ALONE, Processes

CPU = torch.device("cpu")


def device(name: str = "auto") -> torch.device:
    """Return a device by its name; `auto`: a GPU where there is one."""
    return torch.device("cuda" if name == "auto" and torch.cuda.is_available() else name.replace("auto", "cpu"))


@dataclass(frozen=True)
class Execution:
    """How a training is executed.

    Attributes:
        device: where.
        batch: vehicles per step, of all processes together; none: all of them at once.
        mixed: multiply matrices in bfloat16; sums over neighbours, normalisation and the softmax stay in float32.
        processes: who shares every batch.
    """

    device: torch.device = CPU
    batch: int | None = None
    mixed: bool = False
    processes: Processes = ALONE

    @property
    def described(self) -> dict[str, Any]:
        """What of it vectors depend on; of the number of processes no more than the order of sums does."""
        return {"device": self.device.type, "batch": self.batch, "mixed": self.mixed}

    def check(self, model: str) -> None:
        """Refuse what a model or the device cannot do.

        Raises:
            SettingsError: says which.
        """
        count = self.processes.count
        if self.batch is not None and not trains_in_batches(model):
            able = ", ".join(filter(trains_in_batches, MODELS))
            raise SettingsError(f"{model} trains on the whole graph at once, not in batches", f"these can: {able}")
        if count > 1 and (self.batch or 0) < count:
            raise SettingsError(f"{count} processes train in batches of at least as many vehicles", "--batch 1024")
        cuda = self.device.type == "cuda"
        if self.mixed and cuda and not torch.cuda.is_bf16_supported(including_emulation=False):
            raise SettingsError("this GPU does not multiply in bfloat16", "train without --mixed")

    @contextmanager
    def repeatable(self) -> Iterator[None]:
        """Add up in one order on a CPU, whichever of its threads is first: the same seed gives the same bits."""
        before = torch.are_deterministic_algorithms_enabled()
        torch.use_deterministic_algorithms(before or self.device.type == "cpu")
        try:
            yield
        finally:
            torch.use_deterministic_algorithms(before)

    def precision(self) -> torch.autocast:
        """Return the context that a model encodes and measures its loss in."""
        return torch.autocast(self.device.type, torch.bfloat16, enabled=self.mixed)
