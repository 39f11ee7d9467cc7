"""One pass over the vehicles: what each owner is recommended, and one row per address and vehicle."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields, replace
from typing import Self

import numpy as np

from holley_graph.export.choose import Floats, choose
from holley_graph.export.lists import Ints
from holley_graph.export.owners import Owners
from holley_graph.export.rankers import NONE, Ranker
from holley_graph.export.stock import Stock
from holley_graph.settings import Recommend

CELLS = 1 << 20
"""People times parts that are scored at once: what bounds the memory of a vehicle that many own."""


@dataclass(frozen=True)
class Picks:
    """Recommendations of some people.

    Attributes:
        owner: [people] rows of the owners that were ranked for.
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
    """Owners who were left fewer parts than a row needs, or whose vehicle too few fit."""
    other_id: int = 0
    """Owners whose address and vehicle another user id of theirs answers for."""


class Ranking:
    """A ranker under the rules of an answer."""

    def __init__(self, stock: Stock, ranker: Ranker, rules: Recommend, k: int) -> None:
        self.stock, self.ranker, self.rules, self.k = stock, ranker, rules, k

    def everybody(
        self, blocks: Iterable[Owners], least_parts: int, least_products: int, tally: Tally
    ) -> Iterator[tuple[Owners, Picks]]:
        """Rank for owners block by block; one row per address and vehicle.

        Args:
            blocks: owners in the order of the rows.
            least_parts: owners who are left fewer parts get no row.
            least_products: owners of a vehicle that fewer eligible parts fit get no row.
            tally: counted up on the way.
        """
        for owners in blocks:
            kept = []
            for vehicle, people in self._slices(owners):
                ranked = self.people(vehicle, owners, people)
                needed = least_parts if len(self.stock.fits[vehicle]) >= least_products else self.k + 1
                enough = ranked.take(np.flatnonzero((ranked.product >= 0).sum(axis=1) >= needed))
                kept.append(_one_per_address(enough, owners.person))
                tally.owners += len(ranked)
                tally.too_few += len(ranked) - len(enough)
                tally.other_id += len(enough) - len(kept[-1])
            yield owners, Picks.together(kept)

    def people(self, vehicle: int, owners: Owners, people: Ints) -> Picks:
        """Rank for some owners of a vehicle; once for those who are alike."""
        restricted = np.diff(owners.bought.offsets)[people] > 0
        alike = np.where(restricted, -1, self.ranker.alike(owners, people))
        distinct = np.where(alike < 0, -1 - np.arange(len(people)), alike)
        _, first, kind = np.unique(distinct, return_index=True, return_inverse=True)
        return replace(self._each(vehicle, owners, people[first]).take(kind), owner=people)

    def _each(self, vehicle: int, owners: Owners, people: Ints) -> Picks:
        parts = self.stock.fits[vehicle]
        scored = self.ranker(vehicle, owners, people)
        score = np.where(self._out(parts, owners, people), -np.inf, scored.score)
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

    def _slices(self, owners: Owners) -> Iterator[tuple[int, Ints]]:
        """Each vehicle with its owners, in pieces if they are many; those of one address stay together."""
        starts = np.flatnonzero(np.diff(owners.vehicle, prepend=-1))
        for people in np.split(np.arange(len(owners)), starts[1:]):
            vehicle = int(owners.vehicle[people[0]])
            size = max(1, CELLS // max(1, len(self.stock.fits[vehicle])))
            first = np.flatnonzero(np.diff(owners.person[people], prepend=-1))
            cuts = np.unique(first[np.searchsorted(first, np.arange(size, len(people), size), side="right") - 1])
            yield from ((vehicle, piece) for piece in np.split(people, cuts[cuts > 0]))

    def _out(self, parts: Ints, owners: Owners, people: Ints) -> np.ndarray:
        """[people, parts] what somebody bought lately, in any colour."""
        owner, cell = owners.bought.flat(people)
        if not len(owner):
            return np.zeros((len(people), len(parts)), bool)
        bases, column = np.unique(self.stock.base[parts], return_inverse=True)
        bought = np.zeros((len(people), len(bases) + 1), bool)
        base = owners.bought.values[cell]
        place = np.searchsorted(bases, base)
        known = np.append(bases, -1)[place] == base
        bought[owner[known], place[known]] = True
        return bought[:, column]


def _one_per_address(picks: Picks, person: Ints) -> Picks:
    """Of several ids of one address keep the one with more parts, then higher total, top score, smaller id."""
    person = person[picks.owner]
    if len(np.unique(person)) == len(person):
        return picks
    count = (picks.product >= 0).sum(axis=1)
    total = np.nansum(picks.score, axis=1)
    order = np.lexsort((picks.owner, -picks.score[:, 0], -total, -count, person))
    first = order[np.flatnonzero(np.diff(person[order], prepend=-1))]
    return picks.take(np.sort(first))
