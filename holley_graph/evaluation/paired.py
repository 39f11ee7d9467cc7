"""Two rankers on identical users: the difference, its interval, and the smallest difference that could be shown."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from holley_graph.evaluation.bootstrap import interval, resampled
from holley_graph.snapshot.snapshot import Ints

Floats = npt.NDArray[np.float64]
DRAWS = 2_000
POWER = 1.96 + 0.84
"""Standard errors that a true difference must have to be found in four of five tests at the 5 % level."""


def compare(challenger: Floats, champion: Floats, who: Ints, seed: int = 0) -> dict[str, float]:
    """Compare two rankers by a paired bootstrap over users; one user's questions stay together.

    Args:
        challenger: [questions] metric values.
        champion: [questions] metric values of the other.
        who: [questions] which user each is about.
        seed: of the resampling.

    Returns:
        `difference`, its 95 % interval `low` … `high`, `relative` (difference / their mean) and `smallest`, the
        difference that a test of this size and noise shows in four of five times.
    """
    user = np.unique(who, return_inverse=True)[1]
    n = int(user.max()) + 1
    gain, questions = np.bincount(user, challenger - champion, n), np.bincount(user, minlength=n).astype(float)
    drawn = resampled(gain, questions, DRAWS, seed)
    low, high = interval(drawn)
    difference, base = float((challenger - champion).mean()), float(champion.mean())
    return {
        "difference": difference,
        "low": low,
        "high": high,
        "relative": difference / base if base else float("nan"),
        "smallest": float(POWER * drawn.std()),
    }
