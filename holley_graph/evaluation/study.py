"""A study: several cuts in time, the same users and candidates for every ranker, everything known as of the cut."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from holley_graph.errors import GraphStateError
from holley_graph.evaluation import metrics
from holley_graph.evaluation.targets import Floats, Ranker, RankingTask, future_choices
from holley_graph.progress import Progress, silent
from holley_graph.snapshot.snapshot import KINDS, ORDERED, Ints, Snapshot
from holley_graph.times import DAY, iso

WINDOW_DAYS = 30
KS = (4, 10, 20)
SERVED = 4
"""Length of a list as it is sent."""


@dataclass(frozen=True)
class Cut:
    """One moment: who is asked about, and what each ranker answered.

    Attributes:
        at: epoch seconds.
        task: users, candidates and what was chosen in the days after.
        past: the snapshot as of the cut.
        target: ordered, carted or viewed.
        scores: ranker to [candidates].
    """

    at: int
    task: RankingTask
    past: Snapshot
    target: str = "ordered"
    scores: dict[str, Floats] = field(default_factory=dict)


@dataclass(frozen=True)
class Answers:
    """What one ranker did for each asked user of every cut, laid end to end.

    Attributes:
        values: metric to [users].
        lists: [users, SERVED] product rows of the first places, −1 where there were fewer candidates.
    """

    values: dict[str, Floats]
    lists: Ints


def rolling(full: Snapshot, count: int, days: int = WINDOW_DAYS) -> list[int]:
    """Cuts one window apart, the last one window before the snapshot's end; oldest first."""
    return [full.as_of - (count - i) * days * DAY for i in range(count)]


def buyers(full: Snapshot, days: int = WINDOW_DAYS) -> list[dict[str, Any]]:
    """Count the owners who ordered in each window back from the snapshot's end: when it begins, and how many."""
    ordered = (full.event("kind") == ORDERED) & (full.user_vehicle[full.event("user")] >= 0)
    window = (full.as_of - 1 - full.event("at")[ordered]) // (days * DAY)
    pairs = np.unique(np.column_stack([window, full.event("user")[ordered]]), axis=0)
    counts = np.bincount(pairs[:, 0])
    starts = full.as_of - (np.arange(len(counts)) + 1) * days * DAY
    return [{"as_of": iso(at), "users": users} for at, users in zip(starts.tolist(), counts.tolist(), strict=True)]


def cut(
    full: Snapshot,
    at: int,
    rankers: Mapping[str, Ranker],
    progress: Progress = silent,
    target: str = "ordered",
) -> Cut:
    """Ask every ranker at one cut.

    Args:
        full: knows the window after the cut; no ranker sees it.
        at: epoch seconds.
        rankers: each is handed the task and the snapshot as of the cut.
        progress: told after each ranker.
        target: what rankers have to find: parts that were ordered, carted or viewed (contract §8).

    Raises:
        GraphStateError: nobody chose a fitting, eligible part in the window that they had not bought.
    """
    past, task = full.before(at), future_choices(full, at, WINDOW_DAYS, KINDS.index(target.upper()))
    if not len(task.user):
        raise GraphStateError(
            f"nobody to ask about in the {WINDOW_DAYS} days after the cut", "choose an earlier cut"
        )
    answered = Cut(at, task, past, target)
    blind = _without_targets(task)
    for done, (name, ranker) in enumerate(rankers.items(), 1):
        answered.scores[name] = ranker(blind, past)
        progress("asking the rankers", done, len(rankers))
    return answered


def answers(cuts: list[Cut], ranker: str) -> Answers:
    """Measure one ranker over all cuts."""
    values: dict[str, list[Floats]] = {}
    lists = []
    for cut in cuts:
        position = metrics.ranks(cut.task, cut.scores[ranker])
        for k in KS:
            for name, value in metrics.per_user(cut.task, position, k).items():
                values.setdefault(name, []).append(value)
        lists.append(metrics.first(cut.task, position, SERVED))
    return Answers({name: np.concatenate(parts) for name, parts in values.items()}, np.concatenate(lists))


def _without_targets(task: RankingTask) -> RankingTask:
    """Hide what was bought: a ranker gets the question, not the answer."""
    nothing: npt.NDArray[np.bool_] = np.zeros(len(task.candidate), bool)
    return RankingTask(task.user, task.vehicle, task.offsets, task.candidate, nothing, task.warm)
