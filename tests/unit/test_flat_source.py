"""Lists become the five raw tables: whose purchase it is, what counts from when, and what cannot be answered."""

from __future__ import annotations

import pytest

from holley_graph.errors import SourceError
from holley_graph.loaders import feeds
from holley_graph.loaders.flat import examples
from holley_graph.loaders.flat.source import CsvSource
from holley_graph.progress import silent
from holley_graph.settings import load
from tests.support import lists, raw

USERS = """\
user_id,email,year,make,model
u1,ann@x.com,1969,Ford,F-150
u2,ANN@x.com,1970,Ford,F-150
u3,,1971,Ford,F-150
"""
FITMENT = "sku,make,model,year\nA1,Ford,F-150,1969-1971\nB2,Ford,F-150,1969-1971\n"


@pytest.fixture
def read(tmp_path):
    def reads(files, **sections):
        return lists.read(lists.write(tmp_path / "shop", files), tmp_path / "home", **sections)

    return reads


def settled(folder, home, **sections):
    settings = load(home=home, **sections)
    return CsvSource(folder, settings).settled(settings).sync.boundary


def did(shop, kind):
    return sorted((row["user_id"], row["sku"]) for row in shop.clean["events"] if row["kind"] == kind)


def test_orders_on_both_sides_of_the_boundary_count_once(read):
    orders = "date,email,sku\n2025-08-31,ann@x.com,A1\n2025-09-01,ann@x.com,B2\n2025-10-01,eve@x.com,B2\n"
    shop = read({"users.csv": USERS, "fitment.csv": FITMENT, "orders.csv": orders})
    assert [(row["email"], row["sku"], len(row["at"])) for row in shop.clean["orders"]] == [("ann@x.com", "A1", 1)]
    eve = next(row["user_id"] for row in shop.clean["users"] if row["email"] == "eve@x.com")
    assert eve.startswith("hashed:")
    assert did(shop, "ORDERED") == [(eve, "B2"), ("u1", "B2"), ("u2", "B2")]
    assert shop.accounts["orders"].ignored == {"as_event": 2}


def test_orders_are_not_counted_twice_where_events_tell_them(read):
    orders = "date,email,sku\n2025-08-31,ann@x.com,A1\n2025-10-01,ann@x.com,B2\n"
    events = "email,event,sku,time\nann@x.com,purchase,B2,2025-10-01 12:00\n"
    shop = read({"users.csv": USERS, "fitment.csv": FITMENT, "orders.csv": orders, "events.csv": events})
    assert did(shop, "ORDERED") == [("u1", "B2"), ("u2", "B2")]
    assert {row["sku"]: (len(row["at"]), row["last_at"]) for row in shop.clean["orders"]} == {
        "A1": (1, 1756598400),
        "B2": (0, 1759276800),
    }


def test_events_begin_where_they_begin_unless_they_tell_purchases_beside_orders(read, tmp_path):
    views, buys = (f"user_id,event,sku,time\nu1,{name},A1,2024-03-05 10:00\n" for name in ("view", "order"))
    orders = "date,email,sku\n2023-01-01,ann@x.com,A1\n"
    for files, boundary in (
        ({"events.csv": views, "orders.csv": orders}, "2024-03-05"),
        ({"events.csv": buys}, "2024-03-05"),
        ({"events.csv": buys, "orders.csv": orders}, "2025-09-01"),
        ({"orders.csv": orders}, "2025-09-01"),
    ):
        folder = lists.write(tmp_path / str(len(list(tmp_path.iterdir()))), files)
        assert settled(folder, tmp_path / "home") == raw.at(boundary), files
    assert settled(folder, tmp_path / "home", sync={"boundary": "2020-01-01T00:00:00Z"}) == raw.at("2020-01-01")


def test_orders_without_any_email_count_by_customer_and_else_by_order(read):
    orders = (
        "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n"
        "1,A1,LAMP,6,12/1/2010 8:26,2.55,17850,UK\n"
        "1,B2,lamp?,6,12/1/2010 8:26,3.39,17850,UK\n"
        "2,A1,LAMP,1,12/2/2010 9:00,2.55,,UK\n"
        "2,B2,SHADE,1,12/2/2010 9:00,3.39,,UK\n"
        "C3,A1,LAMP,-6,12/3/2010 8:26,2.55,17850,UK\n"
        "4,B2,SHADE,1,12/4/2010 8:26,0,17851,UK\n"
    )
    shop = read({"orders.csv": orders}, csv={"date_format": "%m/%d/%Y %H:%M"})
    assert did(shop, "ORDERED") == [
        ("17850", "A1"), ("17850", "B2"), ("17851", "B2"), ("order:2", "A1"), ("order:2", "B2"),
    ]  # fmt: skip
    assert shop.clean["orders"] == []
    assert {row["sku"]: (row["title"], row["price"]) for row in shop.clean["items"]} == {
        "A1": ("LAMP", 2.55),
        "B2": ("SHADE", 3.39),
    }
    assert shop.accounts["orders"].ignored == {"returned": 1, "as_event": 5}
    assert any(note.startswith("there is no list of fitment, so no part is known to fit") for note in shop.notes)
    assert any(note.startswith("there is no list of products") for note in shop.notes)


def test_a_bad_line_is_judged_among_all_lines_though_the_others_became_events(read):
    good = "".join(f"2025-10-01,u{n},A1\n" for n in range(19))
    account = read({"orders.csv": f"date,customer id,sku\n{good}never,u20,A1\n"}).accounts["orders"]
    assert (account.read, account.rejected, account.rejected_share()) == (20, {"order.bad_date": 1}, 0.05)


def test_an_id_gets_the_email_that_its_orders_name_where_the_list_has_none(read):
    orders = (
        "date,email,customer id,sku\n2025-01-01,carl@x.com,u3,A1\n2025-01-02,other@x.com,u1,A1\n"
        "2025-01-03,dora@x.com,d9,A1\n2025-01-04,,u1,B2\n"
    )
    shop = read({"users.csv": USERS, "fitment.csv": FITMENT, "orders.csv": orders})
    assert {row["user_id"]: row["email"] for row in shop.clean["users"]} == {
        "u1": "ann@x.com", "u2": "ann@x.com", "u3": "carl@x.com", "d9": "dora@x.com",
    }  # fmt: skip
    assert ("ann@x.com", "B2") in {(row["email"], row["sku"]) for row in shop.clean["orders"]}


def test_whoever_has_an_email_alone_is_a_user_by_its_hash(read):
    shop = read({"users.csv": "Email,Year,Make,Model\nAnn@X.com,1969,Ford,F-150\n", "fitment.csv": FITMENT})
    (row,) = shop.clean["users"]
    assert row["user_id"].startswith("hashed:")
    assert (row["email"], row["year"], row["make"], row["model"]) == ("ann@x.com", 1969, "FORD", "F-150")


def test_the_newest_row_of_a_user_wins_and_without_times_the_last(read):
    text = (
        "user_id,email,year,make,model,updated_at\nu1,a@x.com,1970,Ford,F-150,{}\nu1,a@x.com,1969,Ford,Mustang,{}\n"
    )
    for first, second, year in (("2025-02-01", "2025-01-01", 1970), ("", "", 1969)):
        shop = read({"users.csv": text.format(first, second), "fitment.csv": FITMENT})
        assert [row["year"] for row in shop.clean["users"]] == [year]


def test_a_list_that_says_nothing_of_something_is_told(read):
    cases = [
        (
            {"fitment.csv": FITMENT},
            ["no user has an email", "there is no list of products", "nothing tells purchases"],
        ),
        ({"fitment.csv": FITMENT, "users.csv": USERS, "products.csv": "sku\nA1\n"}, ["nothing tells purchases"]),
    ]
    for files, says in cases:
        notes = [note for note in read(files).notes if ".csv:" not in note]
        assert [note[: len(start)] for note, start in zip(notes, says, strict=True)] == says


def test_how_a_file_was_understood_is_told(read):
    text = "Artikel;E-Mail;Order Date;Farbe\nA1;a@x.com;2025-01-01;rot\n"
    shop = read({"orders.csv": text.encode("utf-16")}, csv={"orders": {"sku": "Artikel"}})
    statement = "date from 'Order Date', sku from 'Artikel', email; not used: Farbe"
    assert f"orders.csv (UTF-16, semicolons): {statement}" in shop.notes


def test_a_list_that_had_rows_may_not_vanish(tmp_path):
    folder = lists.write(tmp_path / "shop", {"fitment.csv": FITMENT})
    settings = load(home=tmp_path / "home")
    had = {"orders": 4}
    with pytest.raises(SourceError, match=r"table orders: expected at least 2 rows .* found 0"):
        feeds.extract(CsvSource(folder, settings), settings, lists.AS_OF, silent, before=had)


def test_another_file_or_another_mapping_is_another_digest(tmp_path):
    folder = lists.write(tmp_path / "shop", {"fitment.csv": FITMENT})

    def digests(**csv):
        return CsvSource(folder, load(home=tmp_path / "home", csv=csv)).digests()

    first = digests()
    assert digests() == first
    assert digests(fitment={"sku": "make"}) != first
    lists.write(folder, {"orders.csv": "sku,date,email\n"})
    assert digests() != first


def test_the_templates_are_a_shop_without_a_bad_row(tmp_path):
    records = lists.read(examples.write(tmp_path / "shop")[0].parent, tmp_path / "home")
    assert not any(account.rejected for account in records.accounts.values())
    assert [account.ignored for account in records.accounts.values() if account.ignored] == [{"as_event": 9}]
    assert all(len(rows) >= 10 for rows in records.clean.values())
    assert not any("no list" in note or "not used" in note for note in records.notes)
