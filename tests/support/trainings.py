"""Trainings that are short enough for tests, and so are processes of their own that run them."""

from __future__ import annotations

import pytest

from holley_graph.model.training import checkpoint, curve
from holley_graph.model.training import train as training
from tests.support import clean, planted

SMALL = planted.world(users=300, makes=2, models=2, years=3).snapshot
clean.import_before(__name__)


def shorten(patch: pytest.MonkeyPatch) -> None:
    """Trainings of few steps, each of which is kept, without an image of them."""
    patch.setattr(training, "STEPS", 15)
    patch.setattr(checkpoint, "KEEP_EVERY_S", 0)
    patch.setattr(curve, "draw", lambda _, path: path.touch())
