"""A world that was loaded is the world that was made: the loader rejects what was planted, and finds the truth."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from holley_graph.loaders import feeds
from holley_graph.loaders.feeds import Extract
from holley_graph.loaders.files import FilesSource
from holley_graph.settings import Settings
from holley_graph.simulator import World, generate
from holley_graph.simulator.catalogue import COLOURS, SERVICE
from tests.support import worlds

REASONS = {
    "user_attributes": {"user.bad_year": "user.bad_year"},
    "fitment": {"fitment.bad_year": "fitment.bad_year", "fitment.no_sku": "fitment.no_sku",
                "fitment.no_vehicle": "fitment.no_vehicle"},
    "items": {},
    "events": {"event.no_sku": "event.no_sku", "event.no_time": "event.no_time", "event.no_user": "event.no_user",
               "event.unknown_sku": "event.unknown_sku"},
    "orders": {"order.bad_date": "order.bad_date", "order.no_email": "order.no_email",
               "order.no_item": "order.no_item", "order.unknown_sku": "order.unknown_sku"},
}  # fmt: skip
"""Feed to the reasons of its rejected rows, and the trap that each is."""
IGNORED = {
    "user_attributes": {"outside_window": ["user.at_or_after_as_of"]},
    "fitment": {},
    "items": {"sku.service": ["items.service_sku"]},
    "events": {
        "other_name": ["event.other_name"],
        "sku.service": ["event.service_sku"],
        "outside_window": ["event.before_boundary", "event.at_or_after_as_of"],
    },
    "orders": {
        "outside_window": ["order.at_or_after_as_of"],
        "past_boundary": ["order.past_boundary"],
        "sku.service": ["order.service_sku"],
    },
}
"""Feed to the reasons for which rows are ignored, and the traps that these are."""


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return generate(tmp_path_factory.mktemp("loaded"), users=1_500, seed=5)


@pytest.fixture(scope="module")
def extracted(world: World, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Extract]:
    settings = Settings(home=tmp_path_factory.mktemp("home"))
    made = feeds.extract(FilesSource(world.folder), settings, world.as_of, lambda *_: None)
    yield made
    made.close()


@pytest.fixture(scope="module")
def graph(world: World, extracted: Extract, tmp_path_factory: pytest.TempPathFactory) -> dict[str, pa.Table]:
    settings = Settings(home=tmp_path_factory.mktemp("graph"))
    return worlds.tables_of(extracted, settings, world.as_of, b"0" * 32)


@pytest.mark.parametrize("feed", REASONS)
def test_what_is_rejected_or_ignored_is_what_was_planted_and_nothing_else(
    feed: str, world: World, extracted: Extract
) -> None:
    (account,) = (account for account in extracted.accounts if account.name == feed)
    assert account.read == world.meta["rows"][feed]
    assert account.rejected == {reason: world.traps[trap] for reason, trap in REASONS[feed].items()}
    assert account.ignored == {
        reason: sum(world.traps[trap] for trap in traps) for reason, traps in IGNORED[feed].items()
    }


def test_every_owner_drives_what_the_truth_says(world: World, graph: dict[str, pa.Table]) -> None:
    vehicle = world.arrays["user_vehicle"]
    owners = np.flatnonzero(vehicle >= 0)
    wanted = dict(zip(world.user_ids[owners].tolist(), world.vehicle_ids[vehicle[owners]].tolist(), strict=True))
    rows = graph["owns"].to_pylist()
    assert {row["user_id"]: row["vehicle_id"] for row in rows} == wanted and len(rows) == len(wanted)


def test_every_part_fits_what_the_truth_says(world: World, graph: dict[str, pa.Table]) -> None:
    offset, sku = world.arrays["truth_fit_offset"], world.arrays["truth_fit_sku"]
    vehicle = np.repeat(np.arange(len(offset) - 1), np.diff(offset))
    wanted = set(zip(world.skus[sku].tolist(), world.vehicle_ids[vehicle].tolist(), strict=True))
    rows = [(row["sku"], row["vehicle_id"]) for row in graph["fits"].to_pylist()]
    assert set(rows) == wanted and len(rows) == len(wanted)


def test_a_family_is_one_display_key_and_a_colour_is_no_base_of_its_own(
    world: World, graph: dict[str, pa.Table]
) -> None:
    family = dict(zip(world.skus.tolist(), world.arrays["truth_family"].tolist(), strict=True))
    keys, of_key = defaultdict(set), defaultdict(set)
    for row in graph["product"].to_pylist():
        keys[family[row["sku"]]].add(row["display_key"])
        of_key[row["display_key"]].add(family[row["sku"]])
        colour = re.fullmatch(rf"(.*\d)[{''.join(COLOURS)}]", row["sku"])
        assert row["base_sku"] == (colour[1] if colour else row["sku"])
    assert all(len(names) == 1 for names in [*keys.values(), *of_key.values()])
    assert set(family) == {row["sku"] for row in graph["product"].to_pylist()} and not set(SERVICE) & set(family)


def acted(graph: dict[str, pa.Table], table: str) -> dict[str, list[dict[str, Any]]]:
    rows = defaultdict(list)
    for row in graph[table].to_pylist():
        rows[row["user_id"]].append(row)
    return rows


def test_every_view_of_the_truth_is_counted_once_and_no_other(world: World, graph: dict[str, pa.Table]) -> None:
    wanted = defaultdict(set)
    columns = (world.arrays[f"view_{name}"].tolist() for name in ("person", "sku", "at"))
    for person, sku, at in zip(*columns, strict=True):
        wanted[str(world.user_ids[person])].add((str(world.skus[sku]), at))
    actual = acted(graph, "viewed")
    own = world.user_ids[: len(world.arrays["taste"])].tolist()
    assert len(wanted) > 30
    for user in own:
        assert {(row["sku"], at) for row in actual.get(user, []) for at in row["at"]} == wanted.get(user, set())


def test_every_purchase_of_the_truth_is_known_and_no_other(world: World, graph: dict[str, pa.Table]) -> None:
    """Of people with one id and a sound address; two colours that were bought on one day are one purchase."""
    base = {row["sku"]: row["base_sku"] for row in graph["product"].to_pylist()}
    wanted = defaultdict(set)
    person, sku, _ = world.purchases()
    for p, s in zip(person.tolist(), sku.tolist(), strict=True):
        wanted[str(world.user_ids[p])].add(base[str(world.skus[s])])
    actual = acted(graph, "ordered")
    count = np.bincount(world.arrays["user_person"])
    alone = np.flatnonzero((count == 1) & (world.arrays["user_vehicle"][: len(count)] >= 0))
    assert len(alone) > 1_000
    for user in world.user_ids[alone].tolist():
        assert {base[row["sku"]] for row in actual.get(user, [])} == wanted.get(user, set()), user


def test_prices_are_those_that_the_events_show_and_images_are_safe(
    world: World, graph: dict[str, pa.Table]
) -> None:
    rows = graph["product"].to_pylist()
    codes = {name: code for code, name in enumerate(world.skus.tolist())}
    unpriced = [row for row in rows if codes[row["sku"]] % 50 == 7]
    assert unpriced and all(row["price"] is None or row["price"] == 50.0 for row in unpriced)
    images = [row["image_url"] for row in rows if row["image_url"]]
    assert images and all(image.startswith("https://") for image in images)
    share = sum(row["eligible"] for row in rows) / len(rows)
    assert 0.5 < share < 0.85
