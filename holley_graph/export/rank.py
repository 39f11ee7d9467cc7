"""One pass over the vehicles: what each owner is recommended, and one row per address and vehicle."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields, replace
from typing import Self

import numpy as np

from holley_graph.export.catalogue import Catalogue
from holley_graph.export.choose import Floats, choose
from holley_graph.export.marked import FAR, Marked, Marks
from holley_graph.export.owners import Owners
from holley_graph.export.rankers import NONE, Scored, VehicleRanker
from holley_graph.keys import Ints, find
from holley_graph.rules.text import Rule
from holley_graph.settings import Recommend

CELLS = 1 << 20
"""People times parts that are scored at once: what bounds the memory of a vehicle that many own."""


@dataclass(frozen=True)
class Picks:
    """Recommendations of some people.

    Attributes:
        owner: [people] rows of the owners that were ranked for.
        product: [people, k] rows of `catalogue.products`, best first; −1 where there is none.
        score: [people, k] not increasing; NaN where there is none.
        tier: [people, k] index into `rankers.TIERS`.
        rule: [people, k] number of the rule that spoke about the part, −1 for none.
        chance: [people] share of the ranker's belief that is in the parts: of next purchases, if its scores are
            the logarithms of chances.
    """

    owner: Ints
    product: Ints
    score: Floats
    tier: Ints
    rule: Ints
    chance: Floats

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
    """A ranker under the rules of an answer, and under those of marketing."""

    def __init__(
        self,
        catalogue: Catalogue,
        ranker: VehicleRanker,
        rules: Recommend,
        k: int,
        marketing: Sequence[Rule] = (),
        *,
        measures: bool = False,
    ) -> None:
        self.catalogue, self.ranker, self.rules, self.k, self.measures = catalogue, ranker, rules, k, measures
        self.marks = Marks(marketing, catalogue)

    def everybody(
        self, blocks: Iterable[Owners], min_parts: int, min_products: int, tally: Tally
    ) -> Iterator[tuple[Owners, Picks]]:
        """Rank for owners block by block; one row per address and vehicle.

        Args:
            blocks: owners in the order of the rows.
            min_parts: owners who are left fewer parts get no row.
            min_products: owners of a vehicle that fewer eligible parts fit get no row.
            tally: counted up on the way.
        """
        for owners in blocks:
            picks = []
            for vehicle, people in self._slices(owners):
                ranked = self.people(vehicle, owners, people)
                needed = min_parts if len(self.catalogue.fits[vehicle]) >= min_products else self.k + 1
                enough = ranked.take(np.flatnonzero((ranked.product >= 0).sum(axis=1) >= needed))
                picks.append(_one_per_address(enough, owners.person))
                tally.owners += len(ranked)
                tally.too_few += len(ranked) - len(enough)
                tally.other_id += len(enough) - len(picks[-1])
            yield owners, Picks.together(picks)

    def people(self, vehicle: int, owners: Owners, people: Ints) -> Picks:
        """Rank for some owners of a vehicle; once for those who are alike."""
        restricted = np.diff(owners.bought.offsets)[people] > 0
        alike = np.where(restricted, -1, self.ranker.alike(owners, people))
        distinct = np.where(alike < 0, -1 - np.arange(len(people)), alike)
        _, first, kind = np.unique(distinct, return_index=True, return_inverse=True)
        return replace(self._each(vehicle, owners, people[first]).take(kind), owner=people)

    def _each(self, vehicle: int, owners: Owners, people: Ints) -> Picks:
        parts = self.catalogue.fits[vehicle]
        scored, out = self.ranker(vehicle, owners, people), self._out(parts, owners, people)
        marked = self.marks.at(vehicle)
        if marked is None:
            picks, spoken = self._choose(np.where(out, -np.inf, scored.score), parts), np.full(out.shape, -1)
        else:
            picks, spoken = self._marked(marked, scored, out, parts)
        if not len(parts):
            nothing = np.full(picks.shape, -1)
            return Picks(people, nothing, nothing * np.nan, nothing + NONE + 1, nothing, np.zeros(len(people)))
        row, missing = np.arange(len(people))[:, None], picks < 0
        # what a rule holds though the ranker does not know it
        unranked = np.isneginf(scored.score)
        score, tier = np.where(unranked, 0.0, scored.score), np.where(unranked, NONE, scored.tier)
        return Picks(
            people,
            np.where(missing, -1, parts[picks]),
            np.where(missing, np.nan, score[row, picks]),
            np.where(missing, NONE, tier[row, picks]),
            np.where(missing, -1, spoken[row, picks]),
            chance(scored.score, picks) if self.measures else np.zeros(len(people)),
        )

    def _choose(self, score: Floats, parts: Ints) -> Ints:
        kinds = self.catalogue.family[parts], self.catalogue.part_type[parts]
        return choose(score, *kinds, self.rules.per_part_type, self.k)

    def _marked(self, marked: Marked, scored: Scored, out: np.ndarray, parts: Ints) -> tuple[Ints, Ints]:
        """Choose under marketing's rules; and say which of them speaks about each part."""
        unranked = np.isneginf(scored.score)
        order = np.where(unranked, -FAR / 2, scored.score + marked.adds * scored.known) - FAR * marked.of("bury")
        order = np.where(out | marked.of("exclude"), -np.inf, order)
        held, pinned = marked.held(order, self.catalogue.family[parts], self.k)
        first = held.any(axis=0)
        picks = self._choose(np.where(first, 2 * FAR + order, np.where(unranked, -np.inf, order)), parts)
        if not len(parts):
            return picks, np.full(out.shape, -1)
        place = (order + 2 * FAR * pinned)[np.arange(len(picks))[:, None], picks]
        order = np.lexsort((picks, -np.where(picks < 0, -np.inf, place)))
        return np.take_along_axis(picks, order, axis=1), marked.spoken(held)

    def _slices(self, owners: Owners) -> Iterator[tuple[int, Ints]]:
        """Each vehicle with its owners, in pieces if they are many; those of one address stay together."""
        starts = np.flatnonzero(np.diff(owners.vehicle, prepend=-1))
        for people in np.split(np.arange(len(owners)), starts[1:]):
            vehicle = int(owners.vehicle[people[0]])
            size = max(1, CELLS // max(1, len(self.catalogue.fits[vehicle])))
            first = np.flatnonzero(np.diff(owners.person[people], prepend=-1))
            cuts = np.unique(first[np.searchsorted(first, np.arange(size, len(people), size), side="right") - 1])
            yield from ((vehicle, piece) for piece in np.split(people, cuts[cuts > 0]))

    def _out(self, parts: Ints, owners: Owners, people: Ints) -> np.ndarray:
        """[people, parts] what somebody bought lately, in any colour."""
        owner, cell = owners.bought.flat(people)
        if not len(owner):
            return np.zeros((len(people), len(parts)), bool)
        bases, column = np.unique(self.catalogue.base[parts], return_inverse=True)
        bought = np.zeros((len(people), len(bases) + 1), bool)
        base = owners.bought.values[cell]
        bought[owner, find(bases, base)] = True  # −1 is the last column, which nobody reads
        return bought[:, column]


def chance(score: Floats, picks: Ints) -> Floats:
    """[people] the share of Σ exp(score) that is in the picked columns of [people, parts]."""
    if not score.shape[1]:
        return np.zeros(len(picks))
    weight = np.exp(score - score.max(axis=1, keepdims=True))
    picked = np.where(picks < 0, 0.0, np.take_along_axis(weight, np.maximum(picks, 0), axis=1))
    share: Floats = picked.sum(axis=1) / weight.sum(axis=1)
    return share


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
