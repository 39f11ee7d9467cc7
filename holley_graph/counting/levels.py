"""The groups that vehicles and products share effects in, and the cells of a pair of groups."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from scipy.sparse import csr_matrix

from holley_graph.counting import titles
from holley_graph.snapshot.snapshot import Ints, Snapshot

Keys = npt.NDArray[np.object_]
YEARS_PER_ERA = 10
YEARS_PER_WINDOW = 4
SAME_PARTS = 0.5
"""Jaccard index of two years' fitting parts from which both belong to one generation of a model."""

PAIRS = (
    ("everybody", "product"),
    ("everybody", "part_type"),
    ("era", "part_type"),
    ("make", "part_type"),
    ("model", "part_type"),
    ("make", "brand"),
    ("era", "brand"),
    ("model", "brand"),
    ("era", "product"),
    ("make", "product"),
    ("model", "product"),
    ("window", "product"),
    ("generation", "part_type"),
    ("generation", "product"),
)
"""Groups of vehicles and of products that have an effect of their own, wide ones first."""
NAMED = ("part_type", "brand")
"""Groups of products whose keys are names."""


@dataclass(frozen=True)
class Grouping:
    """Entities in groups.

    Attributes:
        rows: [entities] the group of each.
        keys: [groups] what a group is called; another snapshot finds its own groups by them.
    """

    rows: Ints
    keys: Keys


@dataclass(frozen=True)
class Cells:
    """Pairs of a group of vehicles and a group of products, for one line of `PAIRS`.

    Attributes:
        rows: [fitments] the cell of each fitment.
        vehicle: [cells] number of the group of vehicles.
        product: [cells] number of the group of products.
    """

    rows: Ints
    vehicle: Ints
    product: Ints


@dataclass(frozen=True)
class Groups:
    """How a snapshot lies in groups and cells; what is counted of it is laid out by this.

    Attributes:
        fits: [fitments, 2] rows of vehicles and products.
        vehicles: groups of vehicles by name.
        products: groups of products by name.
        cells: of every line of `PAIRS`.
    """

    fits: Ints
    vehicles: dict[str, Grouping]
    products: dict[str, Grouping]
    cells: list[Cells]

    @cached_property
    def alike(self) -> dict[int, csr_matrix]:
        """How alike the names of groups of products are, by line of `PAIRS` that has names; 0 to themselves."""
        of_names = {name: titles.among(self.products[name].keys) for name in NAMED}
        return {level: of_names[product] for level, (_, product) in enumerate(PAIRS) if product in of_names}

    def keys(self, level: int) -> tuple[Keys, Keys]:
        """Return what the groups of vehicles and of products of a line of `PAIRS` are called."""
        vehicle, product = PAIRS[level]
        return self.vehicles[vehicle].keys, self.products[product].keys


def groups(snapshot: Snapshot) -> Groups:
    """Group a snapshot, and number the cells of every line of `PAIRS` over all fitments."""
    vehicles, products = vehicle_groups(snapshot), product_groups(snapshot)
    cells = [_cells(snapshot.fits, vehicles[vehicle], products[product]) for vehicle, product in PAIRS]
    return Groups(snapshot.fits, vehicles, products, cells)


def vehicle_groups(snapshot: Snapshot) -> dict[str, Grouping]:
    """Group vehicles by make, model, years and generation."""
    make, name = snapshot.vehicles.column("make"), snapshot.vehicles.column("model")
    model = pc.binary_join_element_wise(make, name, "|")
    year = snapshot.vehicles.column("year")
    era, window = (pc.cast(pc.divide(year, years), pa.string()) for years in (YEARS_PER_ERA, YEARS_PER_WINDOW))
    start = pa.chunked_array([pa.array(_generation_starts(snapshot)).cast(pa.string())])
    return {
        "everybody": Grouping(np.zeros(len(year), np.int64), np.array([""], object)),
        "era": grouping(era),
        "make": grouping(make),
        "model": grouping(model),
        "window": grouping(pc.binary_join_element_wise(model, window, "|")),
        "generation": grouping(pc.binary_join_element_wise(model, start, "|")),
    }


def product_groups(snapshot: Snapshot) -> dict[str, Grouping]:
    """Group products by part type and brand; each is a group of its own, too. A title may say the part type."""
    products = snapshot.products
    return {
        "product": grouping(products.column("sku")),
        "part_type": grouping(titles.part_types(products)),
        "brand": grouping(products.column("brand").fill_null("")),
    }


def _generation_starts(snapshot: Snapshot) -> Ints:
    """[vehicles] first year of the run of years of its model that share most of their parts."""
    year = np.asarray(snapshot.vehicles.column("year").to_numpy(), np.int64)
    model = grouping(
        pc.binary_join_element_wise(snapshot.vehicles.column("make"), snapshot.vehicles.column("model"), "|")
    ).rows
    order = np.lexsort((year, model))
    before, after = order[:-1], order[1:]
    shared = _shared_parts(snapshot, before, after)
    size = np.diff(snapshot.fit_offsets)
    either = size[before] + size[after] - shared
    goes_on = (model[before] == model[after]) & (shared > SAME_PARTS * np.maximum(either, 1))
    run = np.concatenate([[0], np.cumsum(~goes_on)]).astype(np.int64)
    starts = np.empty(len(year), np.int64)
    starts[order] = year[order][np.searchsorted(run, run)]
    return starts


def _shared_parts(snapshot: Snapshot, one: Ints, other: Ints) -> Ints:
    """[pairs] how many products fit both vehicles."""
    rows, offsets = snapshot.fitting(one)
    pair = np.repeat(np.arange(len(one)), np.diff(offsets))
    both = snapshot.fitment(other[pair], snapshot.fits[rows, 1]) >= 0
    return np.bincount(pair[both], minlength=len(one)).astype(np.int64)


def _cells(fits: Ints, vehicles: Grouping, products: Grouping) -> Cells:
    """Number the pairs of groups that fitments lie in."""
    pair = vehicles.rows[fits[:, 0]] * len(products.keys) + products.rows[fits[:, 1]]
    pairs, rows = np.unique(pair, return_inverse=True)
    return Cells(rows, *np.divmod(pairs, len(products.keys)))


def grouping(values: pa.ChunkedArray) -> Grouping:
    """Put equal texts into one group."""
    encoded = pc.dictionary_encode(values).combine_chunks()
    keys = encoded.dictionary.to_numpy(zero_copy_only=False).astype(object)
    return Grouping(np.array(encoded.indices, np.int64), keys)
