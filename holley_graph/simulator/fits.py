"""Which product fits which vehicle: year ranges of a few sibling models per product family."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from holley_graph.simulator.catalogue import SimulatedCatalogue
from holley_graph.simulator.config import Sizes, WorldConfig
from holley_graph.simulator.vehicles import Vehicles

MOST_RANGES = 40  # year ranges of the most widely used family
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Fits:
    """SKUs by vehicle, compressed rows: `sku[offset[v]:offset[v + 1]]`, ascending; `[vehicles + 1]`, `[pairs]`."""

    offset: Ints
    sku: Ints


def build(config: WorldConfig, vehicles: Vehicles, catalogue: SimulatedCatalogue) -> Fits:
    """Draw year ranges until the world has its fitments, popular vehicles more often than others."""
    rng = config.stream("fits")
    year = vehicles.year[: vehicles.with_fitment]
    groups = vehicles.groups()
    model, make = (groups[name][: vehicles.with_fitment] for name in ("model", "make"))
    order = np.lexsort((year, model))  # the model numbers need not follow the list's order
    key = model[order] * 10_000 + year[order]
    family, first, last = _ranges(rng, config.sizes, vehicles, model, make, catalogue)
    low, high = np.searchsorted(key, first), np.searchsorted(key, last + 1)
    length = high - low
    variants = np.bincount(catalogue.family, minlength=catalogue.families)
    enough = np.cumsum(length * variants[family]) <= config.sizes.fitments * 1.04  # a few ranges meet and collapse
    family, low, length = family[enough], low[enough], length[enough]
    vehicle = order[expand(low, length)]
    pairs = np.unique(vehicle * catalogue.families + np.repeat(family, length))
    return _rows(pairs, variants, vehicles.year.size, catalogue)


def expand(start: Ints, length: Ints) -> Ints:
    """Count up from each start: `start[0], start[0] + 1, … start[1], …`, `length[i]` each."""
    ends = np.cumsum(length)
    return np.asarray(np.arange(int(ends[-1]) if ends.size else 0) + np.repeat(start - (ends - length), length))


def _ranges(
    rng: np.random.Generator,
    sizes: Sizes,
    vehicles: Vehicles,
    model: Ints,
    make: Ints,
    catalogue: SimulatedCatalogue,
) -> tuple[Ints, Ints, Ints]:
    """Family, first and last key (model × 10,000 + year) of each range; every family's first range comes first."""
    families = catalogue.families
    weight = 0.75 / model.size + 0.25 * vehicles.weight[: model.size]
    home = rng.choice(model.size, families, p=weight / weight.sum())
    many = np.minimum(1 + (rng.pareto(1.0, families) * 2).astype(np.int64), MOST_RANGES)
    many[np.unique(catalogue.family[catalogue.items_only])] = 0
    # Another range is for a model of the same make, near in the list of vehicles, which is sorted by make.
    draws = rng.choice(model.size, (MOST_RANGES, families), p=weight / weight.sum())
    same = np.sort(np.argsort(make, kind="stable"))
    start, end = np.searchsorted(make[same], make[home]), np.searchsorted(make[same], make[home], "right")
    within = start + (rng.random((MOST_RANGES, families)) * (end - start)).astype(np.int64)
    cumulative = np.cumsum(weight)
    below, above = cumulative[start] - weight[start], cumulative[end - 1]
    popular = np.searchsorted(cumulative, below + rng.random((MOST_RANGES, families)) * (above - below))
    stay = rng.random((MOST_RANGES, families))
    place = np.where(stay < 0.15, draws, np.where(stay < 0.6, within, np.minimum(popular, model.size - 1)))
    place[0] = home
    begin = vehicles.year[place] - rng.integers(0, 4, place.shape)
    years = rng.geometric(0.14, families)
    key = model[place] * 10_000
    first, last = key + begin, key + begin + years
    rank, family = np.nonzero(np.arange(MOST_RANGES)[:, None] < many)
    return family, first[rank, family], last[rank, family]


def _rows(pairs: Ints, variants: Ints, vehicles: int, catalogue: SimulatedCatalogue) -> Fits:
    """From pairs of vehicle and family to SKUs by vehicle."""
    vehicle, family = np.divmod(pairs, catalogue.families)
    begin = np.cumsum(variants) - variants
    count = variants[family]
    offset = np.zeros(vehicles + 1, dtype=np.int64)
    np.cumsum(np.bincount(np.repeat(vehicle, count), minlength=vehicles), out=offset[1:])
    return Fits(offset, expand(begin[family], count))
