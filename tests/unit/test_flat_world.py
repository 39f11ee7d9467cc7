"""A whole world as flat lists and as the five raw tables is the same world."""

from __future__ import annotations

import csv
import re

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from holley_graph.loaders import feeds
from holley_graph.loaders.files import FilesSource
from holley_graph.loaders.flat.source import CsvSource
from holley_graph.progress import silent
from holley_graph.settings import load
from holley_graph.simulator.generate import generate
from holley_graph.times import seconds

AS_OF = seconds("2025-12-01")
SKU_OF = {
    "cart update": "items_{}.productid",
    "placed order": "items_{}.productid",
    "consumer website order": "skus_{}",
}


def iso(moment):
    return moment and moment.isoformat()


def said(properties, *names):
    """Values of the properties of some names, in lower case; of a price the number counts, else the text."""
    for account in properties or ():
        if account["property_name"].strip().lower() in names:
            number = account["double_value"] if account["double_value"] is not None else account["long_value"]
            text = account["string_value"]
            is_text = text and text.strip() and not (number is not None and names[0].endswith("price"))
            yield text if is_text else number


def emptied(row):
    """Whether a property is there and has no value: a blank cell cannot say that."""
    values = said(row["user_properties"], "email", "v1_year", "v1_make", "v1_model")
    return any(value is None or not str(value).strip() for value in values)


def users(rows):
    for row in sorted(rows, key=lambda row: row["auxia_insertion_timestamp"]):
        names = ("email", "v1_year", "v1_make", "v1_model")
        values = [next(said(row["user_properties"], name), None) for name in names]
        yield [row["user_id"], *values, iso(row["update_timestamp"])]


def fitment(rows):
    for row in rows:
        for product in row["products"] or [{"product_number": None}]:
            yield [product["product_number"], row["v1_make"], row["v1_model"], row["v1_year"]]


def events(rows):
    """One row per item and price: what is told twice is one interaction."""
    for row in rows:
        name, properties = (row["event_name"] or "").strip().lower(), row["event_properties"]
        head = [row["user_id"], row["event_name"], iso(row["client_event_timestamp"])]
        items = [
            (sku, price, image)
            for n in (range(12) if name in SKU_OF else [""])
            for sku in said(properties, *SKU_OF.get(name, "productid prodid").format(n).split())
            for price in [
                *said(properties, *((f"items_{n}.itemprice",) if name in SKU_OF else ("price", "itemprice"))),
                None,
            ]
            for image in [*said(properties, f"items_{n}.imageurl" if name in SKU_OF else "imageurl"), None]
        ]
        yield from ([*head, *item] for item in items or [(None, None, None)])


def keep(path, is_kept):
    table = pq.read_table(path)
    pq.write_table(table.filter(pa.array([is_kept(row) for row in table.to_pylist()])), path)


HEADS = {
    "users": ["user_id", "email", "year", "make", "model", "updated_at"],
    "fitment": ["sku", "make", "model", "year"],
    "products": ["sku", "part_type", "tags", "title", "brand"],
    "orders": ["sku", "email", "date"],
    "events": ["user_id", "event", "time", "sku", "price", "image_url"],
}


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """The demo's world as it is, and its rows in five CSV files."""
    folder = tmp_path_factory.mktemp("world")
    raw = generate(folder / "raw", users=300, as_of=AS_OF).folder
    keep(raw / "user_attributes.parquet", lambda row: not emptied(row))
    keep(raw / "orders.parquet", lambda row: not re.match(r"\d{4}-", row["ORDER_DATE"] or ""))  # ISO is a date here
    rows = {path.stem: pq.read_table(path).to_pylist() for path in raw.glob("*.parquet")}
    flat = {
        "users": users(rows["user_attributes"]),
        "fitment": fitment(rows["fitment"]),
        "products": ([r["PartNumber"], r["PartType"], r["Tags"], r["Title"], r["Brand"]] for r in rows["items"]),
        "orders": ([r["ITEM"], r["SHIP_TO_EMAIL"], r["ORDER_DATE"]] for r in rows["orders"]),
        "events": events(rows["events"]),
    }
    (folder / "flat").mkdir()
    for name, lines in flat.items():
        with (folder / "flat" / f"{name}.csv").open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows([HEADS[name], *lines])
    return folder


def clean(source, home):
    extracted = feeds.extract(source, load(home=home), AS_OF, silent)
    tables = {feed.clean.name: extracted.clean(feed.clean.name) for feed in feeds.FEEDS}
    extracted.close()
    return tables


def test_the_same_world_gives_the_same_clean_tables(world, tmp_path):
    nested = clean(FilesSource(world / "raw"), tmp_path)
    flat = clean(CsvSource(world / "flat", load(home=tmp_path)), tmp_path)
    for name, table in nested.items():
        assert table.num_rows > 100, name
        assert flat[name].to_pylist() == table.to_pylist(), name
