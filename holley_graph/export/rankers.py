"""Who ranks: one number per person and part, and the tier that it comes from.

A ranker sees one vehicle at a time, all eligible parts that fit it, and some of its owners. What may not be sent
(purchases, variants, too many of a type) is not its business.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Protocol

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from holley_graph.embeddings.blend import hybrid, unit, widest
from holley_graph.embeddings.table import Table, Tables, Vectors
from holley_graph.export.catalogue import Catalogue, rows_of
from holley_graph.export.choose import Floats
from holley_graph.export.histories import Histories
from holley_graph.export.owners import Owners
from holley_graph.keys import Ints, find, looked_up

Bools = npt.NDArray[np.bool_]
TIERS = ("user", "vehicle", "segment", "make", "global", "none")
USER, VEHICLE, SEGMENT, MAKE, GLOBAL, NONE = range(len(TIERS))


@dataclass(frozen=True)
class Scored:
    """What a ranker says of one vehicle's parts.

    Attributes:
        score: [people, parts]; −inf is no candidate.
        tier: [people, parts] index into `TIERS`.
        known: [people, parts] whether the score says something; a boost lifts no other.
    """

    score: Floats
    tier: Ints
    known: Bools


class VehicleRanker(Protocol):
    """Scores the parts that fit a vehicle, for some of its owners."""

    def __call__(self, vehicle: int, owners: Owners, people: Ints) -> Scored:
        """Score `catalogue.fits[vehicle]` for rows of `owners`."""

    def alike(self, owners: Owners, people: Ints) -> Ints:
        """[people] a number that owners of one vehicle share whose scores are the same, −1 for one's own scores."""


class ByBaseline:
    """Baseline v5.18: the vehicle alone decides."""

    def __init__(self, catalogue: Catalogue, scores: pa.Table) -> None:
        self.catalogue = catalogue
        vehicle = rows_of(scores["vehicle_id"], catalogue.vehicles["vehicle_id"])
        key = vehicle * catalogue.products.num_rows + rows_of(scores["sku"], catalogue.products["sku"])
        order = np.argsort(key)
        cells = catalogue.fits.row * catalogue.products.num_rows + catalogue.fits.values
        row = find(key[order], cells)
        tier = np.asarray(numbers(scores["tier"]))
        self.score = looked_up(scores["score"].to_numpy()[order], row, -np.inf)
        self.tier = looked_up(tier[order], row, NONE)

    def __call__(self, vehicle: int, owners: Owners, people: Ints) -> Scored:
        """Give every owner the vehicle's scores."""
        cells = slice(self.catalogue.fits.offsets[vehicle], self.catalogue.fits.offsets[vehicle + 1])
        shape = (len(people), len(self.score[cells]))
        score, tier, known = self.score[cells], self.tier[cells], np.array(True)
        return Scored(*(np.broadcast_to(values, shape) for values in (score, tier, known)))

    def alike(self, owners: Owners, people: Ints) -> Ints:
        """Tell nobody apart."""
        return np.zeros_like(people)


class ByGraph:
    """The live release: the inner product of the most specific vector there is with each part's, lift and paths.

    Parts without a vector (newer than the release) come after the others by their buyers. They have no inner
    product, so theirs is a number below the person's lowest: less 1 / (1 + buyers).
    """

    def __init__(self, catalogue: Catalogue, tables: Tables, users: Vectors) -> None:
        self.catalogue, self.tables, self.users = catalogue, tables, users  # users: [`Owners.vector`, dim]
        self._histories = Histories(tables.paths, catalogue.fits)

    def __call__(self, vehicle: int, owners: Owners, people: Ints) -> Scored:
        """Score by the user's vector, else by the vehicle's, its model's or its make's."""
        parts = self.catalogue.fits[vehicle]
        query, tier = self._queries(vehicle, owners, people)
        fits = slice(*self.catalogue.fits.offsets[[vehicle, vehicle + 1]])
        score = query @ self._products[self._product[parts]].T + self._lift[fits]
        score += self._histories.of(owners, people, len(parts))
        shape = score.shape
        unknown = np.isnan(score)
        tier = np.where(unknown, GLOBAL, np.broadcast_to(tier[:, None], shape))
        if unknown.any():
            floor = np.where(unknown, np.inf, score).min(axis=1, initial=np.inf)
            floor = np.where(np.isinf(floor), 0.0, floor)
            score = np.where(unknown, floor[:, None] - 1 / (1 + self.catalogue.buyers[parts]), score)
        return Scored(score, tier, ~unknown)

    def alike(self, owners: Owners, people: Ints) -> Ints:
        """Tell those apart who have a vector or a history of their own."""
        return np.where((owners.vector[people] >= 0) | owners.active[people], -1, 0)

    def likeness(self, vehicle: int, owners: Owners, people: Ints) -> Scored:
        """Say how close each part is to a person's taste: cosine without popularity, NaN without a vector."""
        query, tier = self._queries(vehicle, owners, people)
        parts = self._product[self.catalogue.fits[vehicle]]
        cosine = unit(query) @ self._taste[parts].T
        return Scored(cosine, np.broadcast_to(tier[:, None], cosine.shape), ~np.isnan(cosine))

    def _queries(self, vehicle: int, owners: Owners, people: Ints) -> tuple[Floats, Ints]:
        """[people, dim] whose vector asks, NaN where there is none, and [people] its tier."""
        own = owners.vector[people]
        shared, tier = self._shared(vehicle)
        query = np.broadcast_to(shared, (len(people), len(shared))).copy()
        query[own >= 0] = self.users[own[own >= 0]]
        return query, np.where(own >= 0, USER, tier)

    def _shared(self, vehicle: int) -> tuple[Floats, int]:
        for tier, (name, row) in self._fallback.items():
            if row[vehicle] >= 0:
                return self.tables[name].vectors[row[vehicle]].astype(float), tier
        return np.full(self._products.shape[1], np.nan), GLOBAL

    @cached_property
    def _lift(self) -> Floats:
        """[fitments of the catalogue] the lift of each, 0 where the release knows none."""
        fits, vehicles, products = self.catalogue.fits, self.catalogue.vehicles, self.catalogue.products
        vehicle, sku = (
            column.to_numpy(zero_copy_only=False) for column in (vehicles["vehicle_id"], products["sku"])
        )
        return self.tables.lift.values(vehicle, sku, fits.row, fits.values)

    @cached_property
    def _products(self) -> Floats:
        """[products + 1, dim] the run's product vectors; the last one stands for parts that have none."""
        vectors = self.tables["product"].vectors.astype(float)
        return np.vstack([vectors, np.full(vectors.shape[1], np.nan)])

    @cached_property
    def _taste(self) -> Floats:
        """[products + 1, dim] the same without popularity, of length 1."""
        return unit(self._products)

    @cached_property
    def _product(self) -> Ints:
        """[products of the catalogue] row of each vector, −1 (the last) where it has none."""
        return _place(self.tables["product"], self.catalogue.products["sku"])

    @cached_property
    def _fallback(self) -> dict[int, tuple[str, Ints]]:
        """Tier to table and [vehicles] row in it, most specific first."""
        vehicles = self.catalogue.vehicles
        model = [
            f"{make}|{name}"
            for make, name in zip(*(vehicles[c].to_pylist() for c in ("make", "model")), strict=True)
        ]
        return {
            VEHICLE: ("vehicle", _place(self.tables["vehicle"], vehicles["vehicle_id"])),
            SEGMENT: ("vehicle_model", _place(self.tables["vehicle_model"], pa.array(model, pa.string()))),
            MAKE: ("make", _place(self.tables["make"], vehicles["make"])),
        }


class ByHybrid:
    """The lower risk: the baseline where segment or make have spoken, ties by taste; taste where they have not."""

    def __init__(self, baseline: ByBaseline, graph: ByGraph) -> None:
        self.baseline, self.graph = baseline, graph

    def __call__(self, vehicle: int, owners: Owners, people: Ints) -> Scored:
        """Score by popularity and likeness."""
        popular, like = self.baseline(vehicle, owners, people), self.graph.likeness(vehicle, owners, people)
        spoken = np.isin(popular.tier, (SEGMENT, MAKE))
        unknown = np.isnan(like.score)
        score = hybrid(np.where(spoken, popular.score, 0.0), spoken, like.score)
        tier = np.where(spoken, popular.tier, np.where(unknown, GLOBAL, like.tier))
        return Scored(score, tier, spoken | ~unknown)

    def alike(self, owners: Owners, people: Ints) -> Ints:
        """Tell apart whom the graph does."""
        return self.graph.alike(owners, people)


class ByUniversal:
    """Of the parts that fit very many vehicles, those closest to this one."""

    def __init__(self, graph: ByGraph, share: float) -> None:
        catalogue = graph.catalogue
        self.graph = graph
        vehicles = np.bincount(catalogue.fits.values, minlength=catalogue.products.num_rows)
        self.universal = widest(vehicles, catalogue.products["eligible"].to_numpy(), share)

    def __call__(self, vehicle: int, owners: Owners, people: Ints) -> Scored:
        """Score by likeness to the vehicle, whoever owns it."""
        like = self.graph.likeness(vehicle, Owners.nobody(vehicle), np.array([0]))
        out = np.isnan(like.score) | ~self.universal[self.graph.catalogue.fits[vehicle]]
        shape = (len(people), like.score.shape[1])
        score = np.where(out, -np.inf, like.score)
        return Scored(*(np.broadcast_to(values, shape) for values in (score, like.tier, ~out)))

    def alike(self, owners: Owners, people: Ints) -> Ints:
        """Tell nobody apart."""
        return np.zeros_like(people)


class ByArm:
    """Each owner is ranked for by the ranker of an arm; who is held out by that of the first."""

    def __init__(self, rankers: Sequence[VehicleRanker]) -> None:
        self.rankers = rankers

    def __call__(self, vehicle: int, owners: Owners, people: Ints) -> Scored:
        """Ask every ranker for its own owners."""
        arm = owners.group[people] % len(self.rankers)
        by_ranker = [(np.flatnonzero(arm == n), ranker) for n, ranker in enumerate(self.rankers)]
        answers = [(rows, ranker(vehicle, owners, people[rows])) for rows, ranker in by_ranker if len(rows)]
        order = np.argsort(np.concatenate([rows for rows, _ in answers]))
        names = [field.name for field in fields(Scored)]
        return Scored(*(np.concatenate([getattr(answer, name) for _, answer in answers])[order] for name in names))

    def alike(self, owners: Owners, people: Ints) -> Ints:
        """Tell arms apart, and in each arm whom its ranker does."""
        arm = owners.group[people] % len(self.rankers)
        every = np.stack([ranker.alike(owners, people) for ranker in self.rankers])
        within = every[arm, np.arange(len(people))]
        return np.where(within < 0, -1, within * len(self.rankers) + arm)


def _place(table: Table, keys: pa.ChunkedArray | pa.Array) -> Ints:
    return rows_of(keys, pa.array(table.keys, pa.string()))


def numbers(tiers: pa.ChunkedArray) -> Ints:
    """Number the names of tiers as `TIERS` does."""
    return rows_of(tiers, pa.array(TIERS))
