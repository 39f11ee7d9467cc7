"""Why a part, in a sentence that an email has room for, and the path in the graph that says the same.

It is the first fact that holds and that no part before it in the row said. The owner looked at the part lately, or
at another of its type; it leads on from something that the owner chose; owners of the model bought it; owners of
the make did; it fits. All is counted from the tables of the last sync, whoever ranked. `recommend/reasons.cypher`
says the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from holley_graph.embeddings.paths import Paths
from holley_graph.export import wording
from holley_graph.export.catalogue import Catalogue, rows_of, take
from holley_graph.export.owners import DID, MONTHS, Owners, chosen_of, month_of
from holley_graph.export.rank import Picks
from holley_graph.keys import Ints, find, looked_up

ORDERED = DID.index("ordered")
Bools = npt.NDArray[np.bool_]
KINDS = 1 << 20
"""More than there are part types."""
SAID = ("bought", "added to your cart", "looked at")
FRESH_MONTHS = 3
"""How long ago a view or a cart may lie to be told: older ones add next to nothing to a score."""
SAME_PART, SAME_TYPE, LED, OF_MODEL, OF_MAKE = range(5)
LEVELS = 9
"""Kinds of sentences, the first that holds is said; those after `OF_MAKE` say that it fits, and always hold."""


@dataclass(frozen=True)
class Why:
    """What is said of flat pairs of an owner and a part.

    Attributes:
        level: which kind of sentence; −1 where all that hold were said before.
        text: index into `Reasons.sentences`.
        lead: row of the product that leads here, −1 unless that is said.
        did: what the owner did with it, index into `DID`.
    """

    level: Ints
    text: pa.Array
    lead: Ints
    did: Ints


@dataclass(frozen=True)
class _Did:
    """What the owner of each pair did, a line for each product: numbers of `owners.chosen`."""

    pairs: int
    pair: Ints
    product: Ints
    how: Ints
    month: Ints


@dataclass(frozen=True)
class _Facts:
    """For each pair and level whether it holds, and a number that equal sentences of one owner share."""

    holds: Bools  # [pairs, LEVELS]
    sentence: Ints  # [pairs, LEVELS]
    lead: Ints
    did: Ints


class Reasons:
    """Facts of one sync, looked up for many pairs at once.

    Args:
        catalogue: of the sync.
        paths: by arm: what of an owner's own history is a term of its score.
        min_people: other people that a fact about people needs.
        as_of: of the sync, epoch seconds.
    """

    def __init__(self, catalogue: Catalogue, paths: Sequence[Paths], min_people: int, as_of: int) -> None:
        self.catalogue, self.min_people = catalogue, min_people
        self.scored = np.array([(arm.same_part > 0, arm.same_type > 0) for arm in paths])  # [arms, 2]
        self.month = int(month_of(np.array(as_of)))
        self.n = catalogue.products.num_rows

    def why(self, owners: Owners, picks: Picks) -> Why:
        """Choose what is said for each pair of `picks` that has a part: nothing twice in a row."""
        owner, product = flat(picks)
        facts = self._facts(owners, owner, product)
        level = _first_unsaid(facts, picks.product >= 0)
        sentence = np.where(level < 0, -1, facts.sentence[np.arange(len(owner)), level])
        led = level == LED
        return Why(
            level,
            self._texts(sentence, level, owners.vehicle[owner]),
            np.where(led, facts.lead, -1),
            np.where(led, facts.did, -1),
        )

    def paths_of(self, owners: Owners, picks: Picks, why: Why) -> pa.Array:
        """Give the path of each pair, as `explain` writes it."""
        owner, product = flat(picks)
        user = take(owners.user_id, owner)
        vehicle = take(self.catalogue.vehicles["vehicle_id"], owners.vehicle[owner])
        sku = take(self.catalogue.products["sku"], product)
        fits = joined("(", user, ")-[:OWNS]->(", vehicle, ")<-[:FITS]-(", sku, ")")
        did = take(pa.array([name.upper() for name in DID]), why.did)
        lead = take(self.catalogue.products["sku"], why.lead)
        led = joined(fits, "<-[:CO_PURCHASED]-(", lead, ")<-[:", did, "]-(", user, ")")
        return pc.if_else(why.lead >= 0, led, fits)

    def _facts(self, owners: Owners, owner: Ints, product: Ints) -> _Facts:
        holds, sentence = np.ones((len(owner), LEVELS), bool), np.tile(-np.arange(LEVELS) - 2, (len(owner), 1))
        own = owners.has_bought(owner, product, self.n)
        pair, cell = owners.chosen.flat(owner)
        did = _Did(len(owner), pair, *chosen_of(owners.chosen.values[cell]))
        scored = self.scored[owners.group[owner] % len(self.scored)][pair]
        for level, group in ((SAME_PART, self.catalogue.base), (SAME_TYPE, self._type)):
            same = (group[did.product] == group[product[pair]]) & (group[did.product] >= 0) & scored[:, level]
            line = self._newest(did, same)
            holds[:, level] = line >= 0
            kind = self._kind[product] if level == SAME_TYPE else np.full(len(product), -1)
            sentence[:, level] = _sentence(level, kind, did, line)
        line = self._led(owners, owner, product, own, did)
        holds[:, LED], lead = line >= 0, looked_up(did.product, line, -1)
        sentence[:, LED] = _sentence(LED, looked_up(self._kind, lead, -1), did, line)
        for level, name in ((OF_MODEL, "model"), (OF_MAKE, "make")):
            buyers = self._counted(name, owners.vehicle[owner], product) - own
            holds[:, level] = buyers >= self.min_people
        return _Facts(holds, sentence, lead, looked_up(did.how, line, -1))

    def _newest(self, did: _Did, same: Bools) -> Ints:
        """[pairs] of the lines that are meant, the one to tell: a cart before a view, then the newest month."""
        line = np.flatnonzero(same & (did.how != ORDERED) & (self.month - did.month <= FRESH_MONTHS))
        return _first(did.pair[line], line, did.pairs, -did.month[line], did.how[line])

    def _led(self, owners: Owners, owner: Ints, product: Ints, own: Bools, did: _Did) -> Ints:
        """[pairs] the line whose product, of another type, leads to the part most strongly.

        A person who bought both is one of those who did.
        """
        kind = self._type[did.product]
        edge = np.where(
            (kind >= 0) & (kind != self.catalogue.part_type[product[did.pair]]),
            find(self._edges, did.product * self.n + product[did.pair]),
            -1,
        )
        buyers = looked_up(self.catalogue.co_purchased["count"].to_numpy(), edge, 0)
        both = own[did.pair] & owners.has_bought(owner[did.pair], did.product, self.n)
        line = np.flatnonzero(buyers >= self.min_people + both)
        weight = self.catalogue.co_purchased["weight"].to_numpy()[edge[line]]
        return _first(did.pair[line], line, did.pairs, did.product[line], did.how[line], -buyers[line], -weight)

    def _texts(self, sentence: Ints, level: Ints, vehicle: Ints) -> pa.Array:
        """[pairs] the sentences in words; none where the level is −1."""
        shared = np.where(level >= OF_MODEL, (level - OF_MODEL) * self.catalogue.vehicles.num_rows + vehicle, -1)
        own, place = np.unique(np.where((level >= 0) & (level < OF_MODEL), sentence, -1), return_inverse=True)
        spoken = pa.array([self._spoken(code) if code >= 0 else None for code in own.tolist()], pa.string())
        return pc.coalesce(take(self._of_vehicle, shared), spoken.take(pa.array(place)))

    def _spoken(self, sentence: int) -> str:
        """Say a sentence about what an owner did."""
        rest, month = divmod(sentence, MONTHS)
        rest, did = divmod(rest, len(DID))
        level, kind = divmod(rest, KINDS)
        when = wording.since(month, self.month)
        if level == SAME_PART:
            return f"You {SAID[did].replace('added to', 'added it to').replace('looked at', 'looked at it')} {when}"
        opening = "Like" if level == SAME_TYPE else "Goes with"
        return f"{opening} the {self._kinds[kind]} you {SAID[did]} {when}"

    @cached_property
    def _of_vehicle(self) -> pa.Array:
        """[6 × vehicles] what can be said whatever the part: a block of all vehicles for each sentence."""
        columns = (self.catalogue.vehicles[name].to_pylist() for name in ("year", "make", "model"))
        sentences = [wording.of_vehicle(*vehicle) for vehicle in zip(*columns, strict=True)]
        return pa.array([text for block in zip(*sentences, strict=True) for text in block], pa.string())

    @cached_property
    def _type(self) -> Ints:
        """[products] the part type as a number, −1 for unknown."""
        known = pc.not_equal(self.catalogue.products["part_type"], "UNKNOWN").to_numpy()
        return np.where(known, self.catalogue.part_type, -1)

    @cached_property
    def _kinds(self) -> list[str]:
        """Every part type as it stands in a sentence, once."""
        return list(dict.fromkeys(map(wording.kind, pc.unique(self.catalogue.products["part_type"]).to_pylist())))

    @cached_property
    def _kind(self) -> Ints:
        """[products] place in `_kinds`."""
        places = {kind: place for place, kind in enumerate(self._kinds)}
        types = pc.unique(self.catalogue.products["part_type"]).to_pylist()
        return np.array([places[wording.kind(name)] for name in types], np.int64)[self.catalogue.part_type]

    @cached_property
    def _edges(self) -> Ints:
        """Ascending from × to: rows of `catalogue.co_purchased`."""
        start, end = (
            rows_of(self.catalogue.co_purchased[name], self.catalogue.products["sku"])
            for name in ("sku", "other_sku")
        )
        edges: Ints = start * self.n + end
        return edges

    def _counted(self, level: str, vehicle: Ints, product: Ints) -> Ints:
        group, keys, counts = self._buyers[level]
        row = find(keys, group[vehicle] * self.n + product)
        return looked_up(counts, row, 0)

    @cached_property
    def _buyers(self) -> dict[str, tuple[Ints, Ints, Ints]]:
        """Level to [vehicles] a number for each group, ascending group × product, and its buyers in the group."""
        vehicles, bought = self.catalogue.vehicles, self.catalogue.bought
        model, of_model = (joined(t["make"], "|", t["model"]) for t in (vehicles, bought))
        of_make = pc.if_else(pc.is_null(bought["model"]), bought["make"], None)
        return {"model": self._grouped(model, of_model), "make": self._grouped(vehicles["make"], of_make)}

    def _grouped(self, group: pa.ChunkedArray, of: pa.ChunkedArray) -> tuple[Ints, Ints, Ints]:
        bought, names = self.catalogue.bought.filter(pc.is_valid(of)), pc.unique(group)
        key = rows_of(of.drop_null(), names) * self.n + rows_of(bought["sku"], self.catalogue.products["sku"])
        order = np.argsort(key)
        return rows_of(group, names), key[order], bought["buyers"].to_numpy()[order]


def flat(picks: Picks) -> tuple[Ints, Ints]:
    """Return owner and product of every slot that has a part, row by row."""
    there = picks.product >= 0
    return np.repeat(picks.owner, there.sum(axis=1)), picks.product[there]


def joined(*parts: Any) -> Any:
    """Join texts without anything between them."""
    return pc.binary_join_element_wise(*parts, "")


def _sentence(level: int, kind: Ints, did: _Did, line: Ints) -> Ints:
    """[pairs] a number of the sentence, which `Reasons._spoken` takes apart; −1 where no line tells it."""
    how, month = (looked_up(values, line, 0) for values in (did.how, did.month))
    number = ((level * KINDS + np.maximum(kind, 0)) * len(DID) + how) * MONTHS + month
    return np.where(line >= 0, number, -1)


def _first(pair: Ints, line: Ints, pairs: int, *order: Ints) -> Ints:
    """[pairs] the line that comes first by `order` (the last key decides first), −1 for none."""
    first = np.full(pairs, -1)
    by = np.lexsort((*order, pair))
    row, place = np.unique(pair[by], return_index=True)
    first[row] = line[by][place]
    return first


def _first_unsaid(facts: _Facts, there: Bools) -> Ints:
    """[pairs] for each part of each row, the first kind of sentence that holds and that none before it said."""
    rows, k = there.shape
    holds, sentence = np.zeros((rows, k, LEVELS), bool), np.full((rows, k, LEVELS), -1)
    holds[there], sentence[there] = facts.holds, facts.sentence
    level, chosen = np.full((rows, k), -1), np.full((rows, k), -1)
    for slot in range(k):
        repeated = (sentence[:, slot, :, None] == chosen[:, None, :slot]).any(axis=2)
        left = holds[:, slot] & ~repeated
        level[:, slot] = np.where(left.any(axis=1), left.argmax(axis=1), -1)
        chosen[:, slot] = np.where(level[:, slot] < 0, -1, sentence[np.arange(rows), slot, level[:, slot]])
    return level[there]
