"""The raw tables of a generated world have the contract's shape, and every trap in the number that is told."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from holley_graph.simulator import World, generate
from holley_graph.simulator.catalogue import SERVICE
from holley_graph.simulator.raw_orders import UNKNOWN_SKUS

TIME = pa.timestamp("us", tz="UTC")
TEXT = pa.string()
PROPERTIES = pa.list_(
    pa.struct(
        [
            ("property_name", TEXT),
            ("string_value", TEXT),
            ("long_value", pa.int64()),
            ("double_value", pa.float64()),
        ]
    )
)
CONTRACT = {
    "user_attributes": {
        "user_id": TEXT,
        "update_timestamp": TIME,
        "auxia_insertion_timestamp": TIME,
        "user_properties": PROPERTIES,
    },
    "events": {
        "user_id": TEXT,
        "event_name": TEXT,
        "client_event_timestamp": TIME,
        "auxia_insertion_timestamp": TIME,
        "event_properties": PROPERTIES,
    },
    "fitment": {
        "v1_year": TEXT,
        "v1_make": TEXT,
        "v1_model": TEXT,
        "products": pa.list_(pa.struct([("product_number", TEXT)])),
    },
    "items": dict.fromkeys(("PartNumber", "PartType", "Tags", "Title", "Brand"), TEXT),
    "orders": dict.fromkeys(("ITEM", "SHIP_TO_EMAIL", "ORDER_DATE", "ORDER_NUMBER"), TEXT),
}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return generate(tmp_path_factory.mktemp("traps"), users=3_000, seed=5)


def table(world: World, name: str) -> pa.Table:
    path = world.folder / f"{name}.parquet"
    return pq.read_table(path if path.exists() else world.folder / name)


def blank(column: pd.Series) -> pd.Series:
    return column.isna() | (column.str.strip() == "")


def count(flags: pd.Series) -> int:
    return int(flags.sum())


def properties(world: World, name: str, column: str) -> pd.DataFrame:
    """One row per property, with the number of its row as `row`."""
    lists = table(world, name)[column].combine_chunks()
    frame = pa.Table.from_struct_array(lists.flatten()).to_pandas(types_mapper=pd.ArrowDtype)
    frame["row"] = pa.compute.list_parent_indices(lists).to_numpy()
    return frame


@pytest.mark.parametrize("name", CONTRACT)
def test_tables_have_the_nested_schema_of_the_contract(world: World, name: str) -> None:
    schema = table(world, name).schema
    assert {field.name: field.type for field in schema} == CONTRACT[name]


def test_every_trap_is_planted(world: World) -> None:
    assert {name: n for name, n in world.traps.items() if n < 3} == {}


def test_order_traps_stand_in_the_number_that_is_told(world: World) -> None:
    orders = table(world, "orders").to_pandas()
    sku = orders.ITEM.str.strip().str.upper()
    date = pd.to_datetime(orders.ORDER_DATE, format="%A, %B %d, %Y", errors="coerce")
    counts = {
        "order.no_item": count(blank(orders.ITEM)),
        "order.no_email": count(blank(orders.SHIP_TO_EMAIL)),
        "order.bad_date": count(date.isna()),
        "order.unknown_sku": count(sku.isin(UNKNOWN_SKUS)),
        "order.service_sku": count(sku.isin(SERVICE)),
        "order.past_boundary": count((date >= "2025-09-01") & (date < "2026-01-01")),
        "order.at_or_after_as_of": count(date >= "2026-01-01"),
    }
    assert counts == {name: world.traps[name] for name in counts}
    assert date.min() >= pd.Timestamp("2023-09-01")


def test_event_traps_stand_in_the_number_that_is_told(world: World) -> None:
    events = table(world, "events").to_pandas()
    props = properties(world, "events", "event_properties")
    named_product = props[props.property_name.str.match(r"(?i)^prod(uct)?id$")]
    ids = props[props.property_name.str.match(r"(?i)(.*\.)?prod(uct)?id$|SKUs_\d+$")]
    sku = ids.string_value.str.strip().str.upper()
    without = ~events.index.isin(ids.row[~(blank(ids.string_value) & ids.long_value.isna())])
    image = props[props.property_name.str.endswith("ImageUrl")].string_value
    price = props[props.property_name.str.endswith("Price")]
    known = ["VIEWED PRODUCT", "CART UPDATE", "ORDERED PRODUCT", "PLACED ORDER", "CONSUMER WEBSITE ORDER"]
    counts = {
        "event.no_user": count(blank(events.user_id)),
        "event.no_time": count(events.client_event_timestamp.isna()),
        "event.no_sku": int(without.sum()),
        "event.unknown_sku": count(sku.isin(UNKNOWN_SKUS)),
        "event.service_sku": count(sku.isin(SERVICE)),
        "event.other_name": count(~events.event_name.str.upper().isin(known)),
        "event.before_boundary": count(events.client_event_timestamp < "2025-09-01"),
        "event.at_or_after_as_of": count(events.client_event_timestamp >= "2026-01-01"),
        "event.sku_in_long": count(ids.long_value.notna()),
        "event.sku_misspelt": count((ids.string_value != sku).fillna(False)),
        "event.property_spelling": count(named_product.property_name != "ProductId"),
        "event.price_as_text": count(price.string_value.notna()),
        "event.image_without_scheme": count(image.str.startswith("//")),
        "event.image_http": count(image.str.startswith("http://")),
        "event.image_ftp": count(image.str.startswith("ftp://")),
        "event.image_broken": count(image.str.startswith("broken:")),
    }
    assert counts == {name: world.traps[name] for name in counts}


def test_some_events_are_delivered_twice_with_another_arrival(world: World) -> None:
    events = table(world, "events")
    props = properties(world, "events", "event_properties")
    ids = props[props.property_name.str.match(r"(?i)(.*\.)?prod(uct)?id$|SKUs_\d+$")]
    text = ids.string_value.fillna(ids.long_value.astype("string[pyarrow]")).str.strip().str.upper()
    frame = events.drop(["event_properties"]).to_pandas()
    frame["skus"] = text.groupby(ids.row).agg(",".join)
    frame["event_name"] = frame.event_name.str.upper()
    sound = frame.dropna()
    again = sound.duplicated(["user_id", "event_name", "client_event_timestamp", "skus"])
    assert count(again) >= world.traps["event.delivered_twice"]


def test_fitment_traps_stand_in_the_number_that_is_told(world: World) -> None:
    rows = table(world, "fitment")
    frame = rows.to_pandas()
    year = frame.v1_year.fillna("").str.strip()
    missing = blank(frame.v1_make) | blank(frame.v1_model)
    numbers = pa.Table.from_struct_array(rows["products"].combine_chunks().flatten()).to_pandas().product_number
    sound = frame[year.str.fullmatch(r"\d+") & ~missing]
    vehicle = (
        sound.v1_year + "|" + sound.v1_make.str.strip().str.upper() + "|" + sound.v1_model.str.strip().str.upper()
    )
    counts = {
        "fitment.bad_year": count(~year.str.fullmatch(r"\d+")),
        "fitment.no_vehicle": count(missing),
        "fitment.no_sku": count(blank(numbers)),
        "fitment.empty_list": count(frame.products.str.len() == 0),
        "fitment.duplicate_row": count(vehicle.duplicated()),
        "fitment.sku_misspelt": count((numbers != numbers.str.strip().str.upper()) & ~blank(numbers)),
    }
    # a repeated product may repeat a misspelt number, and a blank is no misspelling
    assert counts.pop("fitment.sku_misspelt") >= world.traps["fitment.sku_misspelt"]
    assert counts == {name: world.traps[name] for name in counts}
    assert set(vehicle) <= set(world.vehicle_ids)


def test_item_traps_stand_in_the_number_that_is_told(world: World) -> None:
    items = table(world, "items").to_pandas()
    items["sku"] = items.PartNumber.str.strip().str.upper()
    listed = set(items.sku)
    numbers = pa.Table.from_struct_array(table(world, "fitment")["products"].combine_chunks().flatten())
    fitting = set(numbers.to_pandas().product_number.dropna().str.strip().str.upper()) - {""}
    untyped = (~blank(items.PartType)).groupby(items.sku).sum() == 0
    counts = {
        "items.second_part_type": count(items.sku.duplicated()),
        "items.refurbished": count(items.Tags.str.contains("refurbished", case=False).fillna(False)),
        "items.service_sku": count(items.sku.isin(SERVICE)),
        "items.no_part_type": count(untyped),
    }
    assert counts == {name: world.traps[name] for name in counts}
    assert len(fitting - listed) == world.traps["items.only_in_fitment"]
    assert len(listed - fitting - set(SERVICE)) == world.traps["items.only_in_items"]


def test_user_traps_stand_in_the_number_that_is_told(world: World) -> None:
    rows = table(world, "user_attributes").drop(["user_properties"]).to_pandas()
    props = properties(world, "user_attributes", "user_properties")
    props["name"] = props.property_name.str.lower().astype(object)
    email = props[props.name == "email"]
    make = props[props.name == "v1_make"].string_value.dropna()
    year = props[props.name == "v1_year"].string_value.dropna()
    named = props.groupby("row").name.agg(set)
    full = named[named.map(lambda names: "email" in names)]
    vehicle = {"v1_year", "v1_make", "v1_model"}
    extra = [
        "older_row",
        "insertion_decides",
        "duplicate_row",
        "newer_row_lacks_vehicle",
        "emptied",
        "at_or_after_as_of",
    ]
    counts = {
        "user.bad_year": count(~year.str.fullmatch(r"[0-9]+")),
        "user.value_in_long": count(props.name.isin(vehicle) & props.long_value.notna()),
        "user.emptied": count((props.name == "v1_make") & (props.string_value == "")),
        "user.lacks_property": count(full.map(lambda names: not vehicle <= names)),
        "user.make_misspelt": count(make != make.str.strip().str.upper()),
        "user.email_misspelt": count(email.string_value != email.string_value.str.strip().str.lower()),
        "user.at_or_after_as_of": count(rows.update_timestamp >= "2026-01-01"),
    }
    assert counts == {name: world.traps[name] for name in counts}
    assert len(rows) - rows.user_id.nunique() == sum(world.traps[f"user.{name}"] for name in extra)
    addresses = email.string_value.str.strip().str.lower()
    assert rows.user_id.nunique() - addresses.nunique() == world.traps["user.shared_email"]
    assert addresses.str.contains(r"example\.(?:org|com)$").all()


def test_true_vehicle_of_a_user_is_what_the_newest_rows_say(world: World) -> None:
    rows = table(world, "user_attributes").drop(["user_properties"]).to_pandas()
    props = properties(world, "user_attributes", "user_properties").join(rows, on="row")
    props["name"] = props.property_name.str.lower().astype(object)
    props["value"] = props.string_value.fillna(props.long_value.astype("string[pyarrow]")).str.strip().str.upper()
    known = props[(props.update_timestamp < "2026-01-01") & (props.name != "loyalty_points")]
    order = ["update_timestamp", "auxia_insertion_timestamp"]
    newest = known.sort_values(order).drop_duplicates(["user_id", "name"], keep="last")
    report = newest.pivot(index="user_id", columns="name", values="value")
    report = report.dropna()
    sound = report[report.v1_year.str.fullmatch(r"[0-9]+") & (report.v1_make != "")]
    vehicle = world.arrays["user_vehicle"]
    owners = vehicle >= 0
    expected = dict(zip(world.user_ids[owners], world.vehicle_ids[vehicle[owners]], strict=True))
    assert (sound.v1_year + "|" + sound.v1_make + "|" + sound.v1_model).to_dict() == expected


def test_sku_spellings_that_are_traps_exist(world: World) -> None:
    sku = pd.Series(world.skus)
    assert count(sku.str.fullmatch(r"\d+")) == world.traps["sku.whole_number"]
    assert count(sku.str.fullmatch(r"[A-Z]+-[A-Z]+[BRGP]")) == world.traps["sku.letter_is_no_colour"]
    assert count(sku.str.fullmatch(r".*\d[BRGP]")) == world.traps["sku.colour_variant"]
    assert count(sku.str.endswith(("-KIT", "-BLK", "-POL", "-CHR", "-RAW"))) == world.traps["sku.display_variant"]


def test_large_tables_come_in_parts_that_read_as_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("holley_graph.simulator.raw.PART_ROWS", 300)
    parts = generate(tmp_path, users=200, seed=5)
    assert len(list((tmp_path / "events").glob("part-*.parquet"))) > 1
    assert table(parts, "events").num_rows == parts.meta["rows"]["events"]
