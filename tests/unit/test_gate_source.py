"""The gate asks the raw tables itself: what a sync got wrong does not pass, and what it got right does."""

from __future__ import annotations

import random

import pytest

from holley_graph.gate import tables
from holley_graph.loaders import identity, tombstones
from holley_graph.loaders.engine.engine import Engine
from holley_graph.loaders.files import FilesSource
from holley_graph.progress import silent
from holley_graph.settings import Settings, Sync
from holley_graph.times import seconds
from tests.support import dirt, oracle, raw
from tests.unit.test_loaders_values import PRICES

AS_OF, SEPT = seconds("2026-01-01"), raw.at("2025-09-10")


def seen(folder, settings, as_of):
    return tables.see(
        tables.SourceTables(Engine(settings), {}), FilesSource(folder), settings, as_of, silent
    ).tables


@pytest.mark.parametrize("seed", range(8))
def test_the_gate_sees_the_prices_images_and_orders_of_the_oracle(seed, tmp_path):
    world = dirt.world(random.Random(seed))
    settings = Settings(home=tmp_path / "home", sync=Sync(boundary=dirt.BOUNDARY))
    expected = oracle.World(world, dirt.BOUNDARY, dirt.AS_OF, identity.email_key(settings))
    source = FilesSource(raw.write(tmp_path / "raw", world))
    clean = tables.of_source(source, settings, dirt.AS_OF, silent)
    known = tables.see(clean, source, settings, dirt.AS_OF, silent)

    seen = known.engine.run("gate/seen", known.tables).to_pylist()
    parts = {row["sku"]: (row["price"], row["image_url"]) for row in seen}
    products = expected._products()
    assert products
    for product in products:
        assert parts.get(product["sku"], (None, None)) == (product["price"], product["image_url"]), product["sku"]

    listed = {product["sku"] for product in products}
    events = known.tables["seen_events"].filter("bought_at IS NOT NULL").project("user_id, sku, bought_at")
    wanted = {}
    for row in (event for event in expected.events if event["kind"] == "ORDERED"):
        key = row["user_id"], row["sku"]
        wanted[key] = max(row["at"][-1], wanted.get(key, 0))
    assert {(user, sku): at for user, sku, at in events.fetchall() if sku in listed} == wanted
    mailboxes = {row["email"] for row in expected.orders}
    orders = known.tables["seen_orders"].project("email, sku, bought_at").fetchall()
    assert {(email, sku, at) for email, sku, at in orders if sku in listed and email in mailboxes} == {
        (row["email"], row["sku"], row["last_at"]) for row in expected.orders
    }


def test_a_price_in_words_is_read_as_a_sync_has_to_read_it(tmp_path):
    events = [
        raw.event("u", "Viewed Product", SEPT, ProductId=f"P{n}", Price=price) for n, price in enumerate(PRICES)
    ]
    folder = raw.write(tmp_path / "raw", {"events": events})
    config = seen(folder, Settings(home=tmp_path / "home"), AS_OF)["seen_events"].project("sku, price")
    prices = dict(config.fetchall())
    assert {message: prices[f"P{n}"] for n, message in enumerate(PRICES)} == PRICES


def test_the_gate_knows_nothing_of_who_was_forgotten(tmp_path):
    settings = Settings(home=tmp_path / "home")
    views = [
        raw.event(user, "Viewed Product", SEPT, ProductId="A1", Price=price)
        for user, price in (("u1", 99.0), ("u2", 60.0))
    ]
    orders = [raw.order("A1", f"{name}@x.com", "Monday, January 6, 2025") for name in ("ann", "bob")]
    folder = raw.write(tmp_path / "raw", {"events": views, "orders": orders})
    tombstones.add(settings.home, identity.email_key(settings), ["u1"], "ann@x.com")
    known = seen(folder, settings, AS_OF)
    assert known["seen_events"].project("user_id, price").fetchall() == [("u2", 60.0)]
    assert known["seen_orders"].project("email").fetchall() == [("bob@x.com",)]
