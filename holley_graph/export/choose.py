"""Which parts of a ranking are sent: one of each family, few of one type, the best of what is left."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from holley_graph.keys import Ints

Floats = npt.NDArray[np.float64]


def choose(scores: Floats, family: Ints, kind: Ints, per_kind: int, k: int) -> Ints:
    """Choose up to k parts for each of many people who have the same choice.

    Args:
        scores: [people, parts] higher is better, −inf is out; parts ascending by SKU, which decides ties.
        family: [parts] the display key of each, as a number.
        kind: [parts] its part type, as a number.
        per_kind: at most so many of one part type.
        k: how many.

    Returns:
        [people, k] columns of `scores`, best first; −1 where nothing is left.
    """
    people, parts = scores.shape
    picks = np.full((people, k), -1)
    if not parts or not people:
        return picks
    place = _places(scores)
    _keep_best_of_family(place, family)
    everybody = np.arange(people)
    for slot in range(k):
        best = place.argmin(axis=1)
        left = place[everybody, best] < parts
        picks[:, slot] = np.where(left, best, -1)
        place[everybody, best] = parts
        same = (kind[picks[:, : slot + 1]] == kind[best][:, None]) & (picks[:, : slot + 1] >= 0)
        full = np.flatnonzero(left & (same.sum(axis=1) == per_kind))
        place[full] = np.where(kind[None, :] == kind[best[full]][:, None], parts, place[full])
    return picks


def _places(scores: Floats) -> Ints:
    """[people, parts] 0 for the best; the number of parts where the score is −inf."""
    people, parts = scores.shape
    order = np.argsort(-scores, axis=1, kind="stable")
    place = np.empty((people, parts), np.int64)
    np.put_along_axis(place, order, np.broadcast_to(np.arange(parts), (people, parts)), axis=1)
    place[np.isneginf(scores)] = parts
    return place


def _keep_best_of_family(place: Ints, family: Ints) -> None:
    """Put out, in `place`, all of a family but the one that comes first."""
    order = np.argsort(family, kind="stable")
    starts = np.flatnonzero(np.diff(family[order], prepend=-1))
    if len(starts) == len(family):
        return
    sizes = np.diff(starts, append=len(family))
    first = np.repeat(np.minimum.reduceat(place[:, order], starts, axis=1), sizes, axis=1)
    place[:, order] = np.where(place[:, order] > first, len(family), place[:, order])
