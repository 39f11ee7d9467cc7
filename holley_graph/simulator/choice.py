"""How a shopper chooses among the parts that fit: utilities, probabilities, draws; all in columns.

Softmax within the fitting set, P(s | shopper) = exp u(s) / Σ exp u(s'), with the terms of `Strengths`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from holley_graph.simulator.config import Strengths
from holley_graph.simulator.fits import expand
from holley_graph.simulator.memory import RING, Memory
from holley_graph.simulator.taste import BIN, Truth
from holley_graph.times import DAY

CHUNK_PAIRS = 1_000_000  # pairs of shopper and product held at a time
Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float32]


@dataclass(frozen=True)
class People:
    """What shoppers bring along: `taste [persons, TASTES]`, `project [persons, 2]` part types (−1: none)."""

    taste: Floats
    project: Ints


@dataclass(frozen=True)
class Shoppers:
    """One choice per row: who, for which vehicle, when, knowing what."""

    person: Ints
    vehicle: Ints
    at: Ints
    memory: Memory
    focus: Ints | None = None  # part type that a viewing session keeps to

    def rows(self, part: slice) -> Shoppers:
        """Some of the rows."""
        index = np.arange(self.person.size)[part]
        focus = None if self.focus is None else self.focus[part]
        return Shoppers(self.person[part], self.vehicle[part], self.at[part], self.memory.rows(index), focus)


class Chooser:
    """The truth, the people and the strengths, ready to be asked."""

    def __init__(self, truth: Truth, people: People, strengths: Strengths) -> None:
        self.truth, self.people, self.strengths = truth, people, strengths

    def draw(self, shoppers: Shoppers, rng: np.random.Generator) -> Ints:
        """One SKU per row by the true probabilities; −1 where nothing fits."""
        luck = rng.random(shoppers.person.size)
        drawn = [self._draw(rows, luck[part]) for part, rows in self._chunks(shoppers)]
        return np.concatenate(drawn) if drawn else np.empty(0, dtype=np.int64)

    def probabilities(self, shoppers: Shoppers) -> tuple[Ints, Ints, Floats]:
        """Offsets `[rows + 1]`, SKUs and probabilities `[pairs]` of what fits each row."""
        count = self._count(shoppers.vehicle)
        offset = np.zeros(count.size + 1, dtype=np.int64)
        np.cumsum(count, out=offset[1:])
        pieces = [self._weights(rows) for _, rows in self._chunks(shoppers)]
        chance = [weight / np.repeat(_sums(weight, count), count) for weight, count, _ in pieces]
        sku = [self.truth.fit_sku[pair] for _, _, pair in pieces]
        return (
            offset,
            np.concatenate([np.empty(0, np.int64), *sku]),
            np.concatenate([np.empty(0, np.float32), *chance]),
        )

    def _draw(self, rows: Shoppers, luck: npt.NDArray[np.float64]) -> Ints:
        weight, count, pair = self._weights(rows)
        total = np.cumsum(weight, dtype=np.float64)
        end = np.cumsum(count)
        start = end - count
        some = np.flatnonzero(count)
        low = np.where(start[some] > 0, total[start[some] - 1], 0.0)
        wanted = low + luck[some] * (total[end[some] - 1] - low)
        pick = np.clip(np.searchsorted(total, wanted, "right"), start[some], end[some] - 1)
        sku = np.full(count.size, -1)
        sku[some] = self.truth.fit_sku[pair[pick]]
        return sku

    def _count(self, vehicle: Ints) -> Ints:
        return np.asarray(self.truth.fit_offset[vehicle + 1] - self.truth.fit_offset[vehicle])

    def _chunks(self, shoppers: Shoppers) -> Iterator[tuple[slice, Shoppers]]:
        """Cut the rows so that no piece has many more than CHUNK_PAIRS pairs."""
        bucket = np.cumsum(self._count(shoppers.vehicle)) // CHUNK_PAIRS
        cuts = np.flatnonzero(np.diff(bucket)) + 1
        edges = [0, *cuts.tolist(), bucket.size]
        for first, last in pairwise(edges):
            if last > first:
                yield slice(first, last), shoppers.rows(slice(first, last))

    def _weights(self, rows: Shoppers) -> tuple[Floats, Ints, Ints]:
        """exp(utility) of each pair, pairs per row, and the pairs."""
        truth, strengths, count = self.truth, self.strengths, self._count(rows.vehicle)
        pair = expand(truth.fit_offset[rows.vehicle], count)
        row = np.repeat(np.arange(count.size), count)
        sku = truth.fit_sku[pair]
        part_type = truth.part_type[sku]
        when = np.clip((rows.at - truth.begin) // BIN, 0, truth.drift.shape[0] - 1)
        utility = truth.static[pair] + truth.drift[when[row], sku]
        utility += np.einsum("pd,pd->p", self.people.taste[rows.person][row], truth.taste[sku])
        utility += self._by_type(rows)[row, part_type]
        start = np.cumsum(count) - count - truth.fit_offset[rows.vehicle]
        self._by_family(utility, rows, start)
        if rows.focus is not None:
            utility *= strengths.view_flatness
            utility += np.float32(strengths.view_focus) * (part_type == rows.focus[row])
        return np.exp(utility, dtype=np.float32), count, pair

    def _by_type(self, rows: Shoppers) -> Floats:
        """Bonus per part type: the person's projects, what was looked at, what follows the last purchase."""
        truth, strengths, n = self.truth, self.strengths, rows.person.size
        bonus = np.zeros((n, truth.follows.shape[0]), dtype=np.float32)
        project, memory, every = self.people.project[rows.person], rows.memory, np.arange(n)
        for column in range(project.shape[1]):
            has = project[:, column] >= 0
            bonus[every[has], project[has, column]] = strengths.project
        seen = np.zeros_like(bonus)
        fresh = _decay(rows.at[:, None] - memory.viewed_at, strengths.viewed_days) * (memory.viewed >= 0)
        for column in range(RING):
            np.add.at(seen, (every, truth.part_type[memory.viewed[:, column]]), fresh[:, column])
        last, last_at = memory.last_purchase()
        after = (
            truth.follows[truth.part_type[last]]
            * (_decay(rows.at - last_at, strengths.follows_days) * (last >= 0))[:, None]
        )
        bonus += np.float32(strengths.viewed_type) * np.minimum(seen, 2) + np.float32(strengths.follows) * after
        return bonus

    def _by_family(self, utility: Floats, rows: Shoppers, start: Ints) -> None:
        """Add what concerns single families: bought before, looked at, partners of the last purchase."""
        memory, strengths = rows.memory, self.strengths
        fresh = _decay(rows.at[:, None] - memory.viewed_at, strengths.viewed_days)
        for column in range(RING):
            self._bump(utility, rows, start, self._families(memory.bought[:, column]), np.float32(strengths.repeat))
            gain = np.float32(strengths.viewed) * fresh[:, column]
            self._bump(utility, rows, start, self._families(memory.viewed[:, column]), gain)
        last, last_at = memory.last_purchase()
        near = np.float32(strengths.partner) * _decay(rows.at - last_at, strengths.follows_days)
        partner = np.where((last >= 0)[:, None], self.truth.partner[self.truth.family[last]], -1)
        for column in range(partner.shape[1]):
            self._bump(utility, rows, start, partner[:, column], near)

    def _families(self, sku: Ints) -> Ints:
        return np.where(sku >= 0, self.truth.family[sku], -1)

    def _bump(self, utility: Floats, rows: Shoppers, start: Ints, family: Ints, gain: Floats | np.float32) -> None:
        """Add `gain` to all pairs of a row that are of its `family`."""
        some = np.flatnonzero(family >= 0)
        if not some.size:
            return
        key = rows.vehicle[some] * self.truth.families + family[some]
        low = np.searchsorted(self.truth.fit_family, key)
        count = np.searchsorted(self.truth.fit_family, key, "right") - low
        amount = np.broadcast_to(gain, family.shape)[some]
        np.add.at(utility, expand(low + start[some], count), np.repeat(amount, count))


def _decay(seconds: Ints, days: float) -> Floats:
    """exp(−age / days); what has not happened yet counts nothing."""
    fading = np.exp(-np.maximum(seconds, 0) / (days * DAY))
    return np.asarray(np.where(seconds >= 0, fading, 0), dtype=np.float32)


def _sums(weight: Floats, count: Ints) -> Floats:
    """Sum of each row's weights, 0 for empty rows."""
    some = np.flatnonzero(count)
    sums = np.zeros(count.size, dtype=np.float32)
    starts = (np.cumsum(count) - count)[some]
    sums[some] = np.add.reduceat(weight, starts) if some.size else 0
    return sums
