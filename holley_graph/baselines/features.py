"""What an analyst would count of each part that fits a person's vehicle, and the choices that a ranker learns from.

The features of a candidate, as of one moment, are how often its pairs of groups (`counting.levels`) were chosen and
how often chance would have chosen them, the shrunk rate of its vehicle, what everybody looks at now by half-life,
its price and how many vehicles it fits, and the paths of the person's own history. All but those of paths are
centred within the person's candidates, so that a quiet month and a busy one look alike.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from holley_graph.baselines import shrinkage
from holley_graph.counting import levels
from holley_graph.counting.events import KIND_WEIGHTS
from holley_graph.embeddings.paths import Paths
from holley_graph.evaluation import trails
from holley_graph.evaluation.targets import Floats, Ranker, RankingTask, future_choices
from holley_graph.ragged import laid_out
from holley_graph.snapshot.snapshot import ORDERED, Ints, Snapshot
from holley_graph.times import DAY

Matrix = npt.NDArray[np.float32]
WINDOW_DAYS = 30
FEWEST_WINDOWS, MOST_WINDOWS = 3, 24
MOST_PEOPLE = 2_000
"""People of one window and kind whose choices are learned from, drawn at random."""
ENOUGH_COLD = 5_000
"""Choices of people without a history from which on no older window is learned from."""
HALF_LIVES_DAYS = (7, 15, 30, 60)
TINY = 1e-9


@dataclass(frozen=True)
class PastChoices:
    """Choices of the past, laid out flat.

    Attributes:
        features: [candidates, features] as of the start of the window that the choice fell in.
        chosen: [candidates] whether the person chose it.
        weight: [candidates] of the kind of choice.
        sizes: [people] candidates of each.
    """

    features: Matrix
    chosen: npt.NDArray[np.bool_]
    weight: Floats
    sizes: Ints


def ranker(score: Callable[[PastChoices, Matrix], Floats]) -> Ranker:
    """Make a ranker that learns from what was chosen before the cut; it scores zero where nobody chose anything.

    Args:
        score: given past choices and the features of candidates [candidates, features], their scores [candidates].
    """

    def scores(task: RankingTask, past: Snapshot) -> Floats:
        seen = choices(past)
        return np.zeros(len(task.candidate)) if seen is None else score(seen, Features(past)(task))

    return scores


def choices(past: Snapshot) -> PastChoices | None:
    """Collect what was chosen in windows before the snapshot's end; none where nobody chose anything.

    At least three windows are taken, and as many more as it takes to see enough people without a history: after the
    boundary nearly all choices that are known are those of a few people with one.
    """
    parts, cold = [], 0
    for number in range(1, MOST_WINDOWS + 1):
        cut = past.as_of - number * WINDOW_DAYS * DAY
        before = past.before(cut)
        if not before.events.num_rows or (number > FEWEST_WINDOWS and cold >= ENOUGH_COLD):
            break
        features = Features(before)
        for kind, weight in enumerate(KIND_WEIGHTS):
            task = _some(future_choices(past, cut, WINDOW_DAYS, kind))
            if len(task.user):
                weights = np.full(len(task.candidate), weight)
                parts.append((features(task), task.is_target, weights, np.diff(task.offsets)))
                cold += int((task.is_target & ~task.warm[task.owner]).sum())
    return PastChoices(*(np.concatenate(column) for column in zip(*parts, strict=True))) if parts else None


def _some(task: RankingTask) -> RankingTask:
    """Take a sample of the people of a task, if they are many."""
    people = np.random.default_rng(0).permutation(len(task.user))[:MOST_PEOPLE]
    people.sort()
    sizes = np.diff(task.offsets)[people]
    rows = laid_out(task.offsets[people], sizes)
    return RankingTask(
        task.user[people],
        task.vehicle[people],
        np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64),
        task.candidate[rows],
        task.is_target[rows],
        task.warm[people],
    )


class Features:
    """The features of candidates as of one moment.

    Args:
        past: what is known at that moment.
    """

    def __init__(self, past: Snapshot) -> None:
        self._past = past
        self._of_fitment = [*_of_pairs(past), np.log(shrinkage.rates(past) + TINY)]
        price = past.products.column("price").to_numpy(zero_copy_only=False).astype(float)
        width = np.bincount(past.fits[:, 1], minlength=past.products.num_rows)
        self._of_product = [*_trends(past), np.log1p(width), np.log1p(np.nan_to_num(price))]
        self._reached = trails.reached(past, past.as_of, Paths.half_life_days)

    def __call__(self, task: RankingTask) -> Matrix:
        """[candidates, features] of each, centred within the candidates of a person."""
        owner, product = task.owner, task.candidate
        fitment = self._past.fitment(task.vehicle[owner], product)
        columns = [values[fitment] for values in self._of_fitment] + [
            values[product] for values in self._of_product
        ]
        own = self._reached.strengths(task.user[owner], product)
        centred = (_centred(values, owner) for values in columns)
        return np.column_stack([*centred, np.log1p(own), own > 0]).astype(np.float32)


def _centred(values: Floats, owner: Ints) -> Floats:
    mean = np.bincount(owner, values) / np.maximum(np.bincount(owner), 1)
    centred: Floats = values - mean[owner]
    return centred


def _of_pairs(past: Snapshot) -> list[Floats]:
    """Count choices of each pair of groups, and hold them against choices at random among what fits: [fitments]."""
    user, product, kind = (past.event(name) for name in ("user", "product", "kind"))
    chosen = past.fitment(past.user_vehicle[user], product)
    fits = chosen >= 0
    counts = np.bincount(chosen[fits], np.take(KIND_WEIGHTS, kind[fits]), len(past.fits))
    vehicle, size = past.fits[:, 0], np.diff(past.fit_offsets)
    at_random = (np.bincount(vehicle, counts, len(size)) / np.maximum(size, 1))[vehicle]
    columns = []
    for cells in levels.groups(past).cells:
        counted, expected = (np.bincount(cells.rows, values) for values in (counts, at_random))
        columns += [np.log1p(counted)[cells.rows], np.log((counted + 1) / (expected + 1))[cells.rows]]
    return columns


def _trends(past: Snapshot) -> list[Floats]:
    """Hold everybody's newest events of a product, and of its part type, against their share of all: [products].

    Before the first view or cart there are orders alone, which say little of a trend: then it is zero.
    """
    kind, product = past.event("kind"), past.event("product")
    weight, age = np.take(KIND_WEIGHTS, kind), (past.as_of - past.event("at")) / DAY
    looked = bool((kind != ORDERED).any())
    columns = []
    for groups in (np.arange(past.products.num_rows), levels.product_groups(past)["part_type"].rows):
        size, group = int(groups.max(initial=0)) + 1, groups[product]
        usual = np.bincount(group, weight, size) / max(weight.sum(), TINY)
        for days in HALF_LIVES_DAYS:
            newest = np.bincount(group, weight * np.exp2(-age / days), size)
            columns.append(looked * np.log((newest + 1) / (newest.sum() * usual + 1))[groups])
    return columns
