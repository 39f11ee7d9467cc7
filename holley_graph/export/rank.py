"""One pass over the vehicles: what each owner is recommended, and one row per address and vehicle."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from typing import Self

import numpy as np

from holley_graph.export.choose import Floats, choose
from holley_graph.export.lists import Ints, Lists
from holley_graph.export.rankers import NOBODY, NONE, Ranker
from holley_graph.export.stock import Stock
from holley_graph.settings import Recommend

CELLS = 1 << 20
"""People times parts that are scored at once: what bounds the memory of a vehicle that many own."""
BLOCK = 20_000
"""Rows that are handed on together."""


@dataclass(frozen=True)
class Picks:
    """Recommendations of some people.

    Attributes:
        owner: [people] rows of `stock.owners`.
        product: [people, k] rows of `stock.products`, best first; −1 where there is none.
        score: [people, k] not increasing; NaN where there is none.
        source: [people, k] index into `rankers.SOURCES`.
    """

    owner: Ints
    product: Ints
    score: Floats
    source: Ints

    def __len__(self) -> int:
        """Count the people."""
        return len(self.owner)

    def take(self, rows: Ints) -> Self:
        """Return some of the people."""
        return type(self)(*(getattr(self, field.name)[rows] for field in fields(self)))

    @classmethod
    def together(cls, parts: list[Picks]) -> Picks:
        """Put blocks end to end."""
        return cls(*(np.concatenate([getattr(part, field.name) for part in parts]) for field in fields(cls)))


@dataclass
class Tally:
    """What became of the owners that were ranked."""

    owners: int = 0
    too_few: int = 0
    """Owners who were left fewer parts than a row needs."""
    other_id: int = 0
    """Owners whose address and vehicle another user id of theirs answers for."""


class Ranking:
    """A ranker under the rules of an answer."""

    def __init__(self, stock: Stock, ranker: Ranker, rules: Recommend, k: int) -> None:
        self.stock, self.ranker, self.rules, self.k = stock, ranker, rules, k
        self.bought: Lists = stock.bought_within(rules.exclude_days)
        self._has_bought = np.diff(self.bought.offsets) > 0  # [owners]

    def people(self, vehicle: int, people: Ints) -> Picks:
        """Rank for some owners of a vehicle, or for `NOBODY` in particular; once for those who are alike."""
        restricted = self._has_bought[people] & (people != NOBODY)
        alike = np.where(restricted, -1, self.ranker.alike(people))
        distinct = np.where(alike < 0, -1 - np.arange(len(people)), alike)
        _, first, kind = np.unique(distinct, return_index=True, return_inverse=True)
        return replace(self._each(vehicle, people[first]).take(kind), owner=people)

    def _each(self, vehicle: int, people: Ints) -> Picks:
        parts = self.stock.fits[vehicle]
        scored = self.ranker(vehicle, people)
        score = np.where(self._out(parts, people), -np.inf, scored.score)
        picks = choose(
            score, self.stock.family[parts], self.stock.part_type[parts], self.rules.per_part_type, self.k
        )
        if not len(parts):
            return Picks(people, picks, np.full(picks.shape, np.nan), np.full(picks.shape, NONE))
        row = np.arange(len(people))[:, None]
        missing = picks < 0
        return Picks(
            people,
            np.where(missing, -1, parts[picks]),
            np.where(missing, np.nan, score[row, picks]),
            np.where(missing, NONE, scored.source[row, picks]),
        )

    def everybody(self, least: int, tally: Tally) -> Iterator[Picks]:
        """Rank for every owner, in blocks; one row per address and vehicle.

        Args:
            least: owners with fewer parts get no row.
            tally: counted up on the way.
        """
        waiting: list[Picks] = []
        rows = 0
        for vehicle in np.flatnonzero(np.diff(self.stock.owners_of)).tolist():
            for people in self._slices(vehicle):
                ranked = self.people(vehicle, people)
                enough = ranked.take(np.flatnonzero((ranked.product >= 0).sum(axis=1) >= least))
                kept = self._one_per_address(enough)
                tally.owners += len(ranked)
                tally.too_few += len(ranked) - len(enough)
                tally.other_id += len(enough) - len(kept)
                waiting.append(kept)
                rows += len(kept)
            if rows >= BLOCK:
                yield Picks.together(waiting)
                waiting, rows = [], 0
        if waiting:
            yield Picks.together(waiting)

    def _slices(self, vehicle: int) -> Iterator[Ints]:
        """Owners of a vehicle in pieces; those of one address stay together."""
        people = np.arange(self.stock.owners_of[vehicle], self.stock.owners_of[vehicle + 1])
        size = max(1, CELLS // max(1, len(self.stock.fits[vehicle])))
        if len(people) <= size:
            yield people
            return
        first = np.flatnonzero(np.diff(self.stock.person[people], prepend=-1))
        cuts = np.unique(first[np.searchsorted(first, np.arange(size, len(people), size), side="right") - 1])
        yield from np.split(people, cuts[cuts > 0])

    def _out(self, parts: Ints, people: Ints) -> np.ndarray:
        """[people, parts] what somebody bought lately, in any colour."""
        out = np.zeros((len(people), len(parts)), bool)
        owner, cell = self.bought.flat(people) if people.min(initial=0) >= 0 else (people[:0], people[:0])
        if len(owner):
            bases, column = np.unique(self.stock.base[parts], return_inverse=True)
            bought = np.zeros((len(people), len(bases) + 1), bool)
            base = self.bought.values[cell]
            place = np.searchsorted(bases, base)
            known = np.append(bases, -1)[place] == base
            bought[owner[known], place[known]] = True
            out = bought[:, column]
        return out

    def _one_per_address(self, picks: Picks) -> Picks:
        """Of several ids of one address keep the one with more parts, then higher total, top score, smaller id."""
        person = self.stock.person[picks.owner]
        if len(np.unique(person)) == len(person):
            return picks
        count = (picks.product >= 0).sum(axis=1)
        total = np.nansum(picks.score, axis=1)
        order = np.lexsort((picks.owner, -picks.score[:, 0], -total, -count, person))
        first = order[np.flatnonzero(np.diff(person[order], prepend=-1))]
        return picks.take(np.sort(first))
