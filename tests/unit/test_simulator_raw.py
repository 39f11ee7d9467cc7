"""Raw tables are dirty in spelling and never in meaning, and say what the truth says."""

from __future__ import annotations

import re
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from holley_graph.simulator import World, generate, raw
from holley_graph.simulator.catalogue import SERVICE
from holley_graph.simulator.raw import PART_ROWS, RawProperty, Traps
from holley_graph.simulator.raw_orders import UNKNOWN_SKUS, _dates
from holley_graph.simulator.schemas import PROPERTY, SCHEMAS
from holley_graph.times import DAY, seconds

BOUNDARY = seconds("2025-09-01")
texts = st.lists(st.text("abcXYZ09- ", min_size=1, max_size=6).map(str.strip).filter(bool), min_size=1, max_size=30)


@given(texts, st.floats(0, 1), st.integers(0, 99))
def test_a_misspelt_text_still_means_the_same_and_the_changed_ones_are_counted(
    values: list[str], share: float, seed: int
) -> None:
    traps = Traps()
    written = raw.misspelt(np.random.default_rng(seed), pa.array(values), share, traps, "t").to_pylist()
    assert [text.strip().upper() for text in written] == [text.upper() for text in values]
    assert traps["t"] == sum(new != old for new, old in zip(written, values, strict=True))


def test_at_least_three_are_misspelt_and_none_stays_none() -> None:
    traps = Traps()
    values = ["abc"] * 50 + [None]
    written = raw.misspelt(np.random.default_rng(0), pa.array(values), 0.0, traps, "t").to_pylist()
    assert (traps["t"], written[-1], written[3:50]) == (3, None, ["abc"] * 47)


@pytest.mark.parametrize(
    ("rows", "share", "count"), [(10, 0.01, 3), (1_000, 0.01, 10), (0, 0.5, 3), (1_000, 0.0, 3)]
)
def test_a_trap_is_planted_in_its_share_and_at_least_three_times(rows: int, share: float, count: int) -> None:
    assert raw.planted(rows, share) == count


def test_a_time_before_the_epoch_is_none() -> None:
    written = raw.times(np.array([0, 1_767_225_600, -1])).to_pylist()
    assert written == [datetime(1970, 1, 1, tzinfo=UTC), datetime(2026, 1, 1, tzinfo=UTC), None]


rows_of = st.lists(st.integers(0, 4), max_size=8)


@given(rows_of, rows_of)
def test_properties_stand_in_the_list_of_their_row_in_the_order_in_which_they_come(
    first: list[int], second: list[int]
) -> None:
    parts = [
        RawProperty(np.array(first, np.int64), pa.array([f"a{n}" for n in range(len(first))], pa.string()),
                    string=pa.array([str(n) for n in range(len(first))], pa.string())),
        RawProperty(np.array(second, np.int64), pa.array([f"b{n}" for n in range(len(second))], pa.string()),
                    long=pa.array(list(range(len(second))), pa.int64())),
    ]  # fmt: skip
    lists = raw.property_lists(5, parts).to_pylist()
    wanted: list[list[dict[str, Any]]] = [[] for _ in range(5)]
    nothing = {field.name: None for field in PROPERTY}
    for n, row in enumerate(first):
        wanted[row].append(nothing | {"property_name": f"a{n}", "string_value": str(n)})
    for n, row in enumerate(second):
        wanted[row].append(nothing | {"property_name": f"b{n}", "long_value": n})
    assert lists == wanted


@pytest.mark.parametrize("rows", [1, PART_ROWS, PART_ROWS + 1])
def test_a_table_is_one_file_until_it_is_too_large_for_one(rows: int, tmp_path: Path) -> None:
    schema = SCHEMAS["items"]

    def build(part: slice) -> pa.Table:
        numbers = pa.array(np.arange(part.start, part.stop)).cast(pa.string())
        return pa.table([numbers, *(pa.nulls(len(numbers), pa.string()) for _ in schema.names[1:])], schema=schema)

    raw.write(tmp_path, "items", rows, build)
    files = sorted(path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*.parquet"))
    assert files == (
        ["items.parquet"] if rows <= PART_ROWS else ["items/part-000.parquet", "items/part-001.parquet"]
    )
    whole = pa.concat_tables([pq.read_table(tmp_path / file) for file in files])
    assert whole["PartNumber"].to_pylist() == [str(n) for n in range(rows)]


@given(st.lists(st.integers(seconds("2023-01-01"), seconds("2027-01-01")), min_size=1, max_size=20))
def test_a_date_is_written_as_the_shop_writes_it(times: list[int]) -> None:
    wanted = [
        f"{day:%A}, {day:%B} {day.day}, {day.year}" for day in (datetime.fromtimestamp(at, UTC) for at in times)
    ]
    assert _dates(np.array(times)).to_pylist() == wanted


# ---- a whole world ----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return generate(tmp_path_factory.mktemp("raw"), users=1_500, seed=8)


def table(world: World, name: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = pq.read_table(world.folder / f"{name}.parquet").to_pylist()
    return rows


def cleaned(text: str | None) -> str:
    return (text or "").strip().upper()


def test_rows_that_are_told_are_the_rows_that_there_are(world: World) -> None:
    assert world.meta["rows"] == {name: len(table(world, name)) for name in SCHEMAS}


def test_order_lines_are_the_true_purchases_of_before_the_boundary(world: World) -> None:
    """By address: line for line, once the planted lines and those of guests are set aside."""
    person, sku, at = world.purchases()
    early = at < BOUNDARY
    days = [datetime.fromtimestamp(t, UTC) for t in at[early].tolist()]
    true = Counter(
        (int(p), str(world.skus[s]), f"{day:%B} {day.day}, {day.year}")
        for p, s, day in zip(person[early].tolist(), sku[early].tolist(), days, strict=True)
    )
    address_of = {}
    for row in table(world, "user_attributes"):
        names = {entry["property_name"].lower(): entry["string_value"] for entry in row["user_properties"]}
        if names.get("email"):
            number = int(np.flatnonzero(world.user_ids == row["user_id"])[0])
            address_of[cleaned(names["email"])] = int(world.arrays["user_person"][number])
    written = Counter(
        (address_of[cleaned(row["SHIP_TO_EMAIL"])], cleaned(row["ITEM"]), row["ORDER_DATE"].split(", ", 1)[1])
        for row in table(world, "orders")
        if cleaned(row["SHIP_TO_EMAIL"]) in address_of
        and re.fullmatch(r"\w+, \w+ \d+, \d{4}", row["ORDER_DATE"] or "")
    )
    assert true - written == Counter()
    extra = sum(
        count
        for (_, item, day), count in (written - true).items()
        if item in set(world.skus)
        and datetime.strptime(day, "%B %d, %Y").replace(tzinfo=UTC).timestamp() < BOUNDARY
    )
    assert extra == 0


def test_a_view_in_the_truth_is_an_event_in_the_table(world: World) -> None:
    number = {name: n for n, name in enumerate(world.user_ids.tolist())}
    code = {name: n for n, name in enumerate(world.skus.tolist())}
    seen = set()
    for row in table(world, "events"):
        if (row["event_name"] or "").upper() != "VIEWED PRODUCT" or row["user_id"] not in number:
            continue
        for entry in row["event_properties"]:
            if entry["property_name"].lower() in ("productid", "prodid"):
                value = entry["string_value"] if entry["long_value"] is None else str(entry["long_value"])
                at = row["client_event_timestamp"]
                if cleaned(value) in code and at is not None:
                    seen.add((number[row["user_id"]], code[cleaned(value)], int(at.timestamp())))
    views = zip(*(world.arrays[f"view_{name}"].tolist() for name in ("person", "sku", "at")), strict=True)
    assert set(views) <= seen


def test_fitment_lists_are_the_true_ones(world: World) -> None:
    offset, fitting = world.arrays["truth_fit_offset"], world.arrays["truth_fit_sku"]
    vehicle = {name: n for n, name in enumerate(world.vehicle_ids.tolist())}
    for row in table(world, "fitment"):
        key = "|".join(map(cleaned, (row["v1_year"], row["v1_make"], row["v1_model"])))
        if key not in vehicle or not row["products"]:
            continue
        listed = {cleaned(product["product_number"]) for product in row["products"]} - {""}
        number = vehicle[key]
        assert listed == set(world.skus[fitting[offset[number] : offset[number + 1]]].tolist()), key


def test_prices_in_events_are_those_of_the_catalogue_or_a_tenth_less(world: World) -> None:
    by_sku: dict[str, set[float]] = {}
    for row in table(world, "events"):
        values = {entry["property_name"]: entry for entry in row["event_properties"]}
        price, sku = values.get("Price") or values.get("ItemPrice"), values.get("ProductId")
        if price and sku and sku["string_value"]:
            number = float(price["string_value"]) if price["double_value"] is None else price["double_value"]
            by_sku.setdefault(cleaned(sku["string_value"]), set()).add(number)
    assert sum(len(prices) == 2 for prices in by_sku.values()) > 10
    for sku, prices in by_sku.items():
        assert len(prices) <= 2, sku
        if len(prices) == 2:
            assert min(prices) == pytest.approx(0.9 * max(prices), abs=0.011)


def test_nobody_of_a_world_is_real_and_no_part_number_means_two_things(world: World) -> None:
    addresses = {cleaned(row["SHIP_TO_EMAIL"]) for row in table(world, "orders")} - {""}
    assert all(address.endswith(("EXAMPLE.ORG", "EXAMPLE.COM")) for address in addresses)
    assert len(set(world.skus)) == len(world.skus)
    assert not {*SERVICE, *UNKNOWN_SKUS} & set(world.skus.tolist())


def test_time_goes_on_to_the_end_of_the_world_and_no_further(world: World) -> None:
    _, _, at = world.purchases()
    assert world.as_of - 10 * DAY < at.max() < world.as_of


def test_a_generation_says_how_far_it_is_and_ends_at_the_whole(tmp_path: Path) -> None:
    calls: dict[str, list[tuple[int, int]]] = {}

    def noted(what: str, done: int, of: int) -> None:
        calls.setdefault(what, []).append((done, of))

    generate(tmp_path, users=200, seed=1, progress=noted)
    assert set(calls) == {"demo: order lines", "demo: visits", "demo: raw tables"}
    for steps in calls.values():
        assert [done for done, _ in steps] == sorted(done for done, _ in steps)
        assert steps[-1][0] == steps[-1][1] == max(of for _, of in steps)
