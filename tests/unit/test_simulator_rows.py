"""The rows of attributes and events before they become a table: which of them count, and how they are spelled."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from scipy.stats import binomtest

from holley_graph.simulator import user_rows
from holley_graph.simulator.catalogue import SERVICE
from holley_graph.simulator.config import Sizes, Strengths, WorldConfig
from holley_graph.simulator.names import user_ids
from holley_graph.simulator.population import EMPTIED, SOUND
from holley_graph.simulator.raw import Traps
from holley_graph.simulator.raw_catalog import UNPRICED_EVERY, UNPRICED_REST
from holley_graph.simulator.raw_events import EVENT_NAMES, SKU_NAMES, EventWriter
from holley_graph.simulator.raw_orders import UNKNOWN_SKUS
from holley_graph.simulator.scene import Scene
from holley_graph.simulator.timeline import CART, NO_SKU, ORDERED, OTHER, PLACED, VIEW, WEBSITE, Timeline
from holley_graph.times import DAY, seconds

AS_OF = seconds("2026-01-01")
CONFIG = WorldConfig(Sizes.of(3_000), Strengths(), 6, AS_OF)
SCENE = Scene.of(CONFIG)
PEOPLE, PARTS = SCENE.population, SCENE.catalogue
TRAPS = Traps()
ROWS = user_rows.build(np.random.default_rng(0), PEOPLE, SCENE.vehicles, AS_OF, TRAPS)
UNLIKELY = 1e-4


def is_share(count: int, of: int, share: float) -> bool:
    return bool(binomtest(int(count), int(of), share).pvalue > UNLIKELY)


def newest_of(user: int) -> dict[str, Any]:
    """The row that counts: the newest before the end that names a vehicle; of equals the one inserted last."""
    own = np.flatnonzero((ROWS.user == user) & (ROWS.updated < AS_OF) & ~ROWS.bare)
    best = max(own.tolist(), key=lambda row: (ROWS.updated[row], ROWS.inserted[row]))
    return {"vehicle": int(ROWS.vehicle[best]), "emptied": bool(ROWS.emptied[best])}


def test_rows_around_the_one_that_counts_change_nothing() -> None:
    for user in np.flatnonzero(PEOPLE.state == SOUND)[:400].tolist():
        assert newest_of(user) == {"vehicle": int(PEOPLE.reported_vehicle[user]), "emptied": False}
    for user in np.flatnonzero(PEOPLE.state == EMPTIED).tolist():
        assert newest_of(user)["emptied"]


def test_every_user_has_a_row_and_every_other_row_is_counted_as_a_trap() -> None:
    assert set(ROWS.user.tolist()) == set(range(len(PEOPLE.person)))
    assert len(ROWS.user) == len(PEOPLE.person) + sum(TRAPS.values())


@pytest.mark.parametrize(
    ("trap", "share"),
    [
        ("user.older_row", 0.2),
        ("user.insertion_decides", 0.01),
        ("user.duplicate_row", 0.005),
        ("user.newer_row_lacks_vehicle", 0.1),
    ],
)
def test_a_share_of_the_sound_users_has_more_rows(trap: str, share: float) -> None:
    assert TRAPS[trap] == pytest.approx(share * (PEOPLE.state == SOUND).sum(), abs=1)


def test_late_rows_come_at_or_after_the_end() -> None:
    late = ROWS.updated >= AS_OF
    assert late.sum() == TRAPS["user.at_or_after_as_of"] >= 3
    assert ROWS.updated[~late].min() > AS_OF - 1_100 * DAY
    assert (ROWS.inserted[~late] <= AS_OF).all()


def test_some_rows_are_cut_out_as_they_stand() -> None:
    part = ROWS.at(slice(3, 5))
    assert part.user.tolist() == ROWS.user[3:5].tolist() and part.emptied.tolist() == ROWS.emptied[3:5].tolist()


# ---- events ---------------------------------------------------------------------------------------------------

_, IDS = user_ids(CONFIG, PEOPLE)
KINDS = {VIEW: 1, CART: 3, ORDERED: 1, PLACED: 2, WEBSITE: 2, OTHER: 1}
"""Kind of event to how many parts it has here."""
EACH = 400


def events_of_every_kind() -> Timeline:
    rng = np.random.default_rng(1)
    kind = np.repeat(list(KINDS), EACH)
    sizes = np.repeat(list(KINDS.values()), EACH)
    at = np.sort(rng.integers(AS_OF - 90 * DAY, AS_OF, len(kind)))
    offset = np.append(0, np.cumsum(sizes))
    return Timeline(
        rng.integers(0, PEOPLE.own, len(kind)), kind, at, at + 5, offset, rng.integers(0, PARTS.size, offset[-1])
    )


LINE = events_of_every_kind()
COUNTED = Traps()
TABLE = EventWriter(PARTS, IDS, np.random.default_rng(2), COUNTED)._table(LINE)
EVENTS = TABLE.to_pylist()


def cleaned(text: str) -> str:
    return text.strip().upper()


def sku_of(entry: dict[str, Any]) -> str:
    return str(entry["long_value"]) if entry["string_value"] is None else cleaned(entry["string_value"])


def test_an_event_names_its_parts_in_their_order_under_the_names_of_its_kind() -> None:
    sku = PARTS.sku.to_pylist()
    for number, row in enumerate(EVENTS):
        wanted = [sku[code] for code in LINE.sku[LINE.offset[number] : LINE.offset[number + 1]]]
        properties = {entry["property_name"]: entry for entry in row["event_properties"]}
        kind = int(LINE.kind[number])
        if kind == WEBSITE:
            names = [f"SKUs_{n}" for n in range(len(wanted))]
        elif kind in (CART, PLACED):
            names = [f"Items_{n}.ProductId" for n in range(len(wanted))]
        else:
            names = [name for name in properties if name in SKU_NAMES]
        assert [sku_of(properties[name]) for name in names] == wanted


def test_kinds_are_spelled_in_three_ways_and_mostly_as_usual() -> None:
    by_kind = defaultdict(Counter[str])
    for number, row in enumerate(EVENTS):
        by_kind[int(LINE.kind[number])][row["event_name"]] += 1
    for kind, names in by_kind.items():
        assert set(names) == set(EVENT_NAMES[kind])
        if kind != OTHER:
            assert is_share(names[EVENT_NAMES[kind][0]], EACH, 0.8 + 0.2 / 3)


def test_a_website_order_names_no_price_and_some_parts_never_do() -> None:
    for number, row in enumerate(EVENTS):
        prices = [entry for entry in row["event_properties"] if entry["property_name"].endswith("Price")]
        skus = LINE.sku[LINE.offset[number] : LINE.offset[number + 1]]
        priced = (skus % UNPRICED_EVERY != UNPRICED_REST).sum()
        assert len(prices) == (0 if LINE.kind[number] == WEBSITE else priced)


def test_prices_images_and_numbers_are_dirty_as_often_as_they_are_counted() -> None:
    entries = [entry for row in EVENTS for entry in row["event_properties"]]
    prices = [entry for entry in entries if entry["property_name"].endswith("Price")]
    texts = [entry for entry in prices if entry["string_value"] is not None]
    assert len(texts) == COUNTED["event.price_as_text"] and is_share(len(texts), len(prices), 0.08)
    assert all(float(entry["string_value"]) > 0 for entry in texts)
    moved = [entry for entry in entries if entry["long_value"] is not None]
    assert len(moved) == COUNTED["event.sku_in_long"]
    images = [entry["string_value"] for entry in entries if entry["property_name"].endswith("ImageUrl")]
    shown = sum(
        LINE.kind[number] != WEBSITE for number in np.repeat(np.arange(len(LINE.kind)), np.diff(LINE.offset))
    )
    assert is_share(len(images), shown, 0.9)
    for start, name in {"//": "without_scheme", "http://": "http", "ftp://": "ftp", "broken:": "broken"}.items():
        assert sum(image.startswith(start) for image in images) == COUNTED[f"event.image_{name}"]


def test_a_part_number_is_misspelt_in_two_of_a_hundred_events_and_means_the_same() -> None:
    named = [
        entry
        for row in EVENTS
        for entry in row["event_properties"]
        if entry["string_value"]
        and (entry["property_name"] in SKU_NAMES or entry["property_name"].startswith("SKUs_"))
    ]
    changed = sum(entry["string_value"] != cleaned(entry["string_value"]) for entry in named)
    assert 0 < changed < 0.05 * len(named)


def test_nobody_and_nothing_are_null_or_blank() -> None:
    user, sku = np.array([-1, -2, -2]), np.array([NO_SKU, -2, 0])
    line = Timeline(user, np.full(3, VIEW), np.array([AS_OF, AS_OF, -1]), np.full(3, AS_OF), np.arange(4), sku)
    rows = EventWriter(PARTS, IDS, np.random.default_rng(2), Traps())._table(line).to_pylist()
    assert [(row["user_id"] or "").strip() for row in rows] == ["", "", ""] and rows[0]["user_id"] is None
    assert rows[2]["client_event_timestamp"] is None
    named = [[e for e in row["event_properties"] if e["property_name"] in SKU_NAMES] for row in rows]
    assert [len(entries) for entries in named] == [0, 1, 1] and named[1][0]["string_value"].strip() == ""


def test_services_and_unknown_parts_are_named_as_they_are() -> None:
    extra = PARTS.size + np.arange(len(SERVICE) + len(UNKNOWN_SKUS))
    count = len(extra)
    line = Timeline(
        np.zeros(count, np.int64),
        np.full(count, VIEW),
        np.full(count, AS_OF),
        np.full(count, AS_OF),
        np.arange(count + 1),
        extra,
    )
    table: pa.Table = EventWriter(PARTS, IDS, np.random.default_rng(2), Traps())._table(line)
    seen = [
        sku_of(entry)
        for row in table.to_pylist()
        for entry in row["event_properties"]
        if entry["property_name"] in SKU_NAMES
    ]
    assert seen == [*SERVICE, *UNKNOWN_SKUS]
    assert not any("Price" in e["property_name"] for row in table.to_pylist() for e in row["event_properties"])
