"""The raw `user_attributes` table: what users said about themselves, in several rows each, and its traps."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from holley_graph.simulator import user_rows
from holley_graph.simulator.population import BAD_YEAR, LACKING
from holley_graph.simulator.raw import RawProperty, Traps, misspelt, property_lists, times, write
from holley_graph.simulator.scene import Scene
from holley_graph.simulator.schemas import SCHEMAS
from holley_graph.simulator.user_rows import Rows

IN_LONG = 1 / 6  # share of whole-number values that stand in long_value
NAMES = {
    "email": ["email", "Email", "EMAIL"],
    "v1_year": ["v1_year", "V1_Year", "V1_YEAR"],
    "v1_make": ["v1_make", "V1_Make", "v1_MAKE"],
    "v1_model": ["v1_model", "V1_Model", "V1_MODEL"],
    "loyalty_points": ["loyalty_points"],
}
Ints = npt.NDArray[np.int64]


def build(folder: Path, scene: Scene, ids: pa.Array, email: pa.Array, traps: Traps) -> int:
    """Write the table; returns rows. The truth of a user is `population.user_vehicle`."""
    rng, population = scene.config.stream("raw users"), scene.population
    rows = user_rows.build(rng, population, scene.vehicles, scene.config.as_of, traps)
    rows = rows.at(rng.permutation(rows.user.size))
    traps["user.shared_email"] += population.person.size - population.own
    write(
        folder,
        "user_attributes",
        rows.user.size,
        lambda part: _table(rng, scene, rows.at(part), ids, email, traps),
    )
    return int(rows.user.size)


def _table(
    rng: np.random.Generator,
    scene: Scene,
    rows: Rows,
    ids: pa.Array,
    email: pa.Array,
    traps: Traps,
) -> pa.Table:
    """One part of the table."""
    population, vehicles = scene.population, scene.vehicles
    every = np.arange(rows.user.size)
    full = ~rows.bare & ~rows.emptied
    state = population.state[rows.user]
    bad = full & (state == BAD_YEAR)
    traps["user.bad_year"] += int(bad.sum())
    wrong = pa.array(["1969.5", "abc", "19 69", "1969.0"]).take(pa.array(every % 4))
    year = pc.if_else(pa.array(bad), wrong, pa.array(vehicles.year[rows.vehicle]).cast(pa.string()))
    left_out = np.where(full & (state == LACKING), 1 + every % 3, 0)
    traps["user.lacks_property"] += int((left_out > 0).sum())
    address, make, model = (
        pc.if_else(pa.array(full & ((left_out != place) | (place == 0))), text, None)
        for place, text in (
            (0, email.take(pa.array(population.person[rows.user]))),
            (2, pa.array(vehicles.make[rows.vehicle])),
            (3, pa.array(vehicles.model[rows.vehicle])),
        )
    )
    # places 0 to 3; what is null is not sent at all
    columns = {
        "email": misspelt(rng, address, 0.05, traps, "user.email_misspelt"),
        "v1_year": pc.if_else(pa.array(full & (left_out != 1)), year, None),
        "v1_make": misspelt(rng, make, 0.06, traps, "user.make_misspelt"),
        "v1_model": misspelt(rng, model, 0.06, traps, "user.model_misspelt"),
    }
    columns["v1_make"] = pc.if_else(pa.array(rows.emptied), "", columns["v1_make"])
    properties = [
        _property(rng, np.flatnonzero(text.is_valid().to_numpy(zero_copy_only=False)), name, text, traps)
        for name, text in columns.items()
    ]
    points = np.flatnonzero(rows.bare | (rng.random(every.size) < 0.3))
    properties.append(
        RawProperty(
            points, _named(rng, "loyalty_points", points.size), long=pa.array(rng.integers(0, 5000, points.size))
        )
    )
    return pa.Table.from_arrays(
        [
            ids.take(pa.array(rows.user)),
            times(rows.updated),
            times(rows.inserted),
            property_lists(every.size, properties),
        ],
        schema=SCHEMAS["user_attributes"],
    )


def _property(rng: np.random.Generator, row: Ints, name: str, text: pa.Array, traps: Traps) -> RawProperty:
    """A property of some rows; one whole number in six moves to long_value."""
    value = text.take(pa.array(row))
    whole = pc.match_substring_regex(value, r"^(0|[1-9][0-9]{0,8})$").to_numpy(zero_copy_only=False)
    moved = pa.array(whole & (rng.random(row.size) < IN_LONG))
    traps["user.value_in_long"] += int(pc.sum(moved).as_py() or 0)
    long = pc.if_else(moved, value, None).cast(pa.int64())
    return RawProperty(row, _named(rng, name, row.size), string=pc.if_else(moved, None, value), long=long)


def _named(rng: np.random.Generator, name: str, size: int) -> pa.Array:
    """The property's name in one of its spellings, mostly the first."""
    spellings = NAMES[name]
    which = np.where(rng.random(size) < 0.9, 0, rng.integers(0, len(spellings), size))
    return pa.array(spellings).take(pa.array(which))
