"""Groups and cells by hand and in plain loops."""

from __future__ import annotations

from dataclasses import replace
from itertools import groupby

import numpy as np
import pyarrow as pa
import pytest

from holley_graph.counting import levels
from holley_graph.snapshot.snapshot import Snapshot
from tests.support import planted

SMALL = planted.world(users=60, makes=2, models=2, years=3).snapshot
ROWS = list(zip(*(SMALL.vehicles[name].to_pylist() for name in ("year", "make", "model")), strict=True))


def with_fits(seed: int, share: float) -> Snapshot:
    """Fitments drawn anew: a vehicle has each of twelve parts with a probability."""
    rng = np.random.default_rng(seed)
    pairs = [(v, p) for v in range(len(ROWS)) for p in range(12) if rng.random() < share]
    return replace(SMALL, fits=np.array(pairs, np.int64).reshape(-1, 2))


def key_of(group: str, year: int, make: str, model: str) -> str:
    """What a vehicle's group is called, by hand."""
    return {
        "everybody": "",
        "era": str(year // 10),
        "make": make,
        "model": f"{make}|{model}",
        "window": f"{make}|{model}|{year // 4}",
    }[group]


@pytest.mark.parametrize("group", ["everybody", "era", "make", "model", "window"])
def test_a_vehicle_is_in_the_group_that_its_year_make_and_model_say(group: str) -> None:
    grouping = levels.vehicle_groups(SMALL)[group]
    assert grouping.keys[grouping.rows].tolist() == [key_of(group, *row) for row in ROWS]
    assert len(set(grouping.keys.tolist())) == len(grouping.keys)


def test_a_part_without_a_brand_is_of_the_brand_without_a_name() -> None:
    place = SMALL.products.schema.get_field_index("brand")
    brands: list[str | None] = SMALL.products["brand"].to_pylist()
    brands[3] = None
    grouping = levels.product_groups(
        replace(SMALL, products=SMALL.products.set_column(place, "brand", pa.array(brands)))
    )["brand"]
    assert grouping.keys[grouping.rows].tolist() == [brand or "" for brand in brands]


@pytest.mark.parametrize("seed", range(6))
def test_a_generation_goes_on_while_neighbouring_years_share_most_parts(seed: int) -> None:
    """The Jaccard index of sets, one year of a model after the other."""
    snapshot = with_fits(seed, 0.75)
    parts = [{int(p) for v, p in snapshot.fits if v == row} for row in range(len(ROWS))]
    wanted = [0] * len(ROWS)
    order = sorted(range(len(ROWS)), key=lambda row: (ROWS[row][1:], ROWS[row][0]))
    for _, rows in groupby(order, key=lambda row: ROWS[row][1:]):
        start, before = 0, None
        for row in rows:
            if before is None or len(parts[row] & parts[before]) <= 0.5 * max(len(parts[row] | parts[before]), 1):
                start = ROWS[row][0]
            wanted[row], before = start, row
    assert levels._generation_starts(snapshot).tolist() == wanted


def test_a_vehicle_that_nothing_fits_is_a_generation_of_its_own() -> None:
    assert levels._generation_starts(with_fits(0, 0.0)).tolist() == [year for year, _, _ in ROWS]


def test_a_cell_is_a_pair_of_groups_and_every_pair_that_fits_has_one() -> None:
    groups = levels.groups(SMALL)
    for level, (vehicle, product) in enumerate(levels.PAIRS):
        left, right, cells = groups.vehicles[vehicle], groups.products[product], groups.cells[level]
        pairs = [(left.keys[left.rows[v]], right.keys[right.rows[p]]) for v, p in SMALL.fits]
        names = [keys[rows] for keys, rows in zip(groups.keys(level), (cells.vehicle, cells.product), strict=True)]
        assert list(zip(*(name[cells.rows] for name in names), strict=True)) == pairs
        assert len(cells.vehicle) == len(set(pairs))


def test_narrow_groups_lie_in_wide_ones() -> None:
    """Fitments of one cell of model and product are of one cell of make and product, and so on."""
    cells = dict(zip(levels.PAIRS, levels.groups(SMALL).cells, strict=True))
    for narrow, wide in (
        (("model", "product"), ("make", "product")),
        (("window", "product"), ("model", "product")),
        (("generation", "product"), ("model", "product")),
        (("make", "product"), ("make", "part_type")),
        (("era", "product"), ("everybody", "product")),
    ):
        pairs = set(zip(cells[narrow].rows.tolist(), cells[wide].rows.tolist(), strict=True))
        assert len(pairs) == len(cells[narrow].vehicle)
