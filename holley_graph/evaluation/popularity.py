"""The ranker to beat first: order counts among what fits, known before the cut."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from holley_graph.evaluation.targets import RankingTask
from holley_graph.snapshot.snapshot import ORDERED, Snapshot


def scores(task: RankingTask, past: Snapshot) -> npt.NDArray[np.float64]:
    """Score each candidate by the number of its order events before the cut.

    Args:
        task: candidates, product rows of the same catalogue as `past`.
        past: the snapshot cut at the task's time.

    Returns:
        [candidates] counts.
    """
    orders = past.event("product")[past.event("kind") == ORDERED]
    counts = np.bincount(orders, minlength=past.products.num_rows)
    return counts[task.candidate].astype(float)
