"""Who the asked users are: by what is known of them, by make, by how common their vehicle is."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from holley_graph.evaluation.study import Cut
from holley_graph.times import DAY

Mask = npt.NDArray[np.bool_]
HOT_DAYS = 90
"""A user who did something within this many days before the cut is hot, earlier warm, never cold."""
OF_SIZE = 0.05
"""Share of the asked users from which on a make is looked at by itself."""


def segments(cuts: list[Cut]) -> Mapping[str, Mapping[str, Mask]]:
    """Split the asked users of all cuts, laid end to end.

    Returns:
        Kind of split to name to [users] membership: `history` (cold, warm, hot), `make` (those with at least 5 % of
        the users, and `other`) and `vehicle` (rare, usual, common: thirds by owners).
    """
    hot, known, make, owners = (np.concatenate(parts) for parts in zip(*map(_facts, cuts), strict=True))
    names, count = np.unique(make, return_counts=True)
    large = [name for name in names[np.argsort(-count, kind="stable")] if (make == name).mean() >= OF_SIZE]
    low, high = np.quantile(owners, [1 / 3, 2 / 3])
    split = {
        "history": {"cold": ~known, "warm": known & ~hot, "hot": hot},
        "make": {str(name): make == name for name in large} | {"other": ~np.isin(make, large)},
        "vehicle": {"rare": owners <= low, "usual": (owners > low) & (owners <= high), "common": owners > high},
    }
    return {kind: {name: mask for name, mask in parts.items() if mask.any()} for kind, parts in split.items()}


def _facts(cut: Cut) -> tuple[Mask, Mask, npt.NDArray[np.str_], npt.NDArray[np.int64]]:
    past, task = cut.past, cut.task
    recent = past.event("at") >= cut.at - HOT_DAYS * DAY
    make = past.vehicles.column("make").to_numpy(zero_copy_only=False).astype(str)
    owners = np.asarray(past.vehicles.column("owners").to_numpy(), np.int64)
    hot = np.isin(task.user, past.event("user")[recent])
    return hot, task.warm, make[task.vehicle], owners[task.vehicle]
