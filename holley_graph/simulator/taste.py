"""The truth of a world: what makes one part likelier than another, as arrays that can be kept and asked.

Utility of product s for a shopper with vehicle v at time t, before what the shopper has done lately:
    static[v, s] + drift[t, s] + z · taste[s] + project bonus
where `static` holds quality, part type, brand, the tastes of make, model, era and sibling vehicles, and
z is personal. `holley_graph.simulator.choice` adds history and draws.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
import numpy.typing as npt

from holley_graph.simulator.catalogue import SimulatedCatalogue
from holley_graph.simulator.config import Strengths, WorldConfig
from holley_graph.simulator.fits import Fits
from holley_graph.simulator.vehicles import Vehicles
from holley_graph.times import DAY

BIN = 30 * DAY  # popularity moves in steps of 30 days
TASTES = 8  # dimensions of personal and vehicle taste
BOUNDARY = datetime(2025, 9, 1, tzinfo=UTC)
BEGIN = datetime(2023, 9, 1, tzinfo=UTC)
Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Truth:
    """Everything a choice depends on apart from the shopper; all arrays, so that it saves without pickle."""

    fit_offset: Ints  # [vehicles + 1]
    fit_sku: Ints  # [pairs], ascending within a vehicle
    fit_family: Ints  # [pairs], vehicle × families + family: sorted, to find a family among what fits
    static: Floats  # [pairs]
    drift: Floats  # [bins of 30 days, SKUs]
    family: Ints  # [SKUs]
    part_type: Ints  # [SKUs]
    taste: Floats  # [SKUs, TASTES], what personal taste is multiplied with
    follows: Floats  # [types, types], 1 where the column's type is bought after the row's
    partner: Ints  # [families, 2], families that belong to this one; directed; -1: none
    begin: int  # epoch seconds of the first bin

    @property
    def families(self) -> int:
        """How many product families there are."""
        return int(self.partner.shape[0])


def build(config: WorldConfig, vehicles: Vehicles, catalogue: SimulatedCatalogue, fits: Fits) -> Truth:
    """Draw all tastes and fold them into one number per fitting pair plus one per month and product."""
    rng, strengths = config.stream("taste"), config.strengths
    count = np.diff(fits.offset)
    vehicle = np.repeat(np.arange(count.size), count)
    brands, types = int(catalogue.brand.max()) + 1, len(catalogue.types)
    family, part_type = catalogue.family, catalogue.part_type
    # (exponential - 1) adds the heavy tail: a few best sellers far above the rest
    quality = strengths.quality * (
        0.7 * rng.standard_normal(catalogue.families) + 0.7 * (rng.exponential(size=catalogue.families) - 1)
    )
    product = quality[family] + (catalogue.suffix > 0) * (
        strengths.variant * rng.standard_normal(family.size) - 0.5
    )
    product += strengths.part_type * rng.standard_normal(types)[part_type]
    product += strengths.brand * rng.standard_normal(brands)[catalogue.brand]
    latent = _product_taste(rng, catalogue, brands, types)
    static = product[fits.sku]
    spread = {
        "make": strengths.make_type,
        "model": strengths.model_type,
        "window": strengths.window_type,
        "sibling": strengths.sibling_type,
    }
    for name, group in vehicles.groups().items():
        groups = int(group.max()) + 1
        wants = spread[name] * rng.standard_normal((groups, types)).astype(np.float32)
        static += wants[group[vehicle], part_type[fits.sku]]
        lean = (strengths.interaction / 2) * rng.standard_normal((groups, TASTES)).astype(np.float32)
        static += np.einsum("pd,pd->p", lean[group[vehicle]], latent[fits.sku])
    return Truth(
        fit_offset=fits.offset,
        fit_sku=fits.sku,
        fit_family=vehicle * catalogue.families + family[fits.sku],
        static=static.astype(np.float32),
        drift=_drift(rng, catalogue, strengths, config.as_of),
        family=family,
        part_type=part_type,
        taste=_product_taste(rng, catalogue, brands, types),
        follows=_follows(catalogue),
        partner=_partners(rng, fits, catalogue),
        begin=int(BEGIN.timestamp()),
    )


def _product_taste(rng: np.random.Generator, catalogue: SimulatedCatalogue, brands: int, types: int) -> Floats:
    """What a product is like, by type, brand and family, each dimension of length 1 / √TASTES: `[SKUs, TASTES]`."""
    by_type, by_brand, by_family = (rng.standard_normal((n, TASTES)) for n in (types, brands, catalogue.families))
    mixed = (
        0.65 * by_type[catalogue.part_type] + 0.45 * by_brand[catalogue.brand] + 0.6 * by_family[catalogue.family]
    )
    return np.asarray(mixed / np.sqrt(TASTES), dtype=np.float32)


def _drift(rng: np.random.Generator, catalogue: SimulatedCatalogue, strengths: Strengths, as_of: int) -> Floats:
    """How popularity moves: seasons, random walks, rising and falling families: `[bins, SKUs]`."""
    bins = int((as_of - BEGIN.timestamp()) // BIN) + 4  # a month's targets after `as_of` must have a bin
    month = (np.arange(bins) * 30 / 30.44 + 9) % 12  # the first bin begins in September
    peak = catalogue.types["peak_month"].to_numpy()
    season = strengths.season * np.cos(2 * np.pi * (month[:, None] + 1 - peak) / 12)
    walk = np.cumsum(strengths.type_walk * rng.standard_normal((bins, peak.size)), axis=0)
    families = catalogue.families
    moves = np.cumsum(strengths.product_walk * rng.standard_normal((bins, families)), axis=0)
    begins = rng.integers(4, bins, families)
    phase = (np.arange(bins)[:, None] - begins) / strengths.trend_months
    ramp = np.clip(phase, 0, 1) - strengths.turn * np.clip(phase - 1, 0, 1)
    chance = rng.random(families)
    way = np.select([chance < strengths.trend_share, chance < 2 * strengths.trend_share], [1.0, -1.0], 0.0)
    by_family = moves + strengths.trend * ramp * way
    return np.asarray((season + walk)[:, catalogue.part_type] + by_family[:, catalogue.family], dtype=np.float32)


def _follows(catalogue: SimulatedCatalogue) -> Floats:
    """Which part types are bought after which, from the file of part types; directed."""
    names = catalogue.types["name"].to_pylist()
    number = {name: index for index, name in enumerate(names)}
    after = catalogue.types["then"].to_pylist()
    follows = np.zeros((len(names), len(names)), dtype=np.float32)
    pairs = [(row, number[name]) for row, text in enumerate(after) for name in (text or "").split(";") if name]
    follows[tuple(np.array(pairs).T)] = 1
    return follows


def _partners(rng: np.random.Generator, fits: Fits, catalogue: SimulatedCatalogue) -> Ints:
    """Two families that belong to each one, out of what fits one of its vehicles, following types first."""
    follows = _follows(catalogue)
    first = np.full(catalogue.families, -1)
    owner = catalogue.family[fits.sku]
    vehicle = np.repeat(np.arange(fits.offset.size - 1), np.diff(fits.offset))
    shuffled = rng.permutation(owner.size)
    first[owner[shuffled]] = vehicle[shuffled]  # any vehicle of the family
    known = np.flatnonzero(first >= 0)
    low, high = fits.offset[first[known]], fits.offset[first[known] + 1]
    tries = fits.sku[(low[:, None] + rng.random((known.size, 12)) * (high - low)[:, None]).astype(np.int64)]
    own_type = np.zeros(catalogue.families, dtype=np.int64)
    own_type[catalogue.family] = catalogue.part_type
    fit = follows[own_type[known][:, None], catalogue.part_type[tries]] + 0.5 * rng.random(tries.shape)
    fit[catalogue.family[tries] == known[:, None]] = -1
    best = np.argsort(-fit, axis=1)[:, :2]
    partner = np.full((catalogue.families, 2), -1)
    partner[known] = catalogue.family[np.take_along_axis(tries, best, axis=1)]
    partner[partner == np.arange(catalogue.families)[:, None]] = -1
    return partner
