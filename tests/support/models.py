"""Models with something of their own that a training has to keep, and what their losses are drawn by."""

from __future__ import annotations

from typing import Any, TypeVar, cast

import torch

from holley_graph.model.architectures.likelihood import Draw

T = TypeVar("T")

OF_THEIR_OWN = ("sage", "daemon", "pinsage", "gat", "click")
"""The others share all of it with `sage`."""


def part_of(whole: type[T], **values: Any) -> T:
    """An object that has nothing of its class but these values: what is tested looks at no more."""
    return cast(T, object.__new__(type(whole.__name__, (whole,), values)))


def draw(step: int = 0, seed: int = 0) -> Draw:
    """What the loss of a step of a training from nothing goes by."""
    return Draw(step, step + 1, torch.Generator().manual_seed(seed))
