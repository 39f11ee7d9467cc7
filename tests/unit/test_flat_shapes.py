"""Lists as shops really export them: names, delimiters, encodings, and rows that are none."""

from __future__ import annotations

import gzip
import io
import zipfile

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from holley_graph.errors import SettingsError, SourceError
from holley_graph.settings import Csv
from tests.support import lists

ORDERS = "order_id,date,email,sku\n1,2025-01-10,ann@x.com,A1\n2,2025-02-11,bob@x.com,B2\n"
BOUGHT = [("ann@x.com", "A1", 1736467200), ("bob@x.com", "B2", 1739232000)]  # midnights of these days, UTC
SHOPIFY = '''\
Name,Email,Financial Status,Paid,Created at,Cancelled at,Lineitem quantity,Lineitem name,Lineitem price,Lineitem sku
#1001,ann@x.com,paid,2025-01-10 13:45:00 -0500,2025-01-10 23:45:00 -0500,,1,"Carb, ""4150"" 4""",299.95,A1
#1001,,,,,,2,Gasket,9.95,B2
#1002,bob@x.com,refunded,,2025-02-11 13:45:00 -0500,,1,Gasket,9.95,B2
#1003,bob@x.com,partially_refunded,,2025-02-12 13:45:00 -0500,,1,Gasket,9.95,B2
#1004,bob@x.com,paid,,2025-02-13 13:45:00 -0500,2025-02-14 10:00:00 -0500,1,Carb,299.95,A1
'''
WOOCOMMERCE = """\
Order Number,Order Status,Order Date,Email (Billing),SKU,Item Name,"Quantity (- Refund)",Item Cost
7,Completed,2025-01-10 08:15,Ann@X.com,A1,Carb,1,299.95
8,Cancelled,2025-02-11 08:15,bob@x.com,B2,Gasket,1,9.95
9,wc-refunded,2025-02-11 08:15,bob@x.com,B2,Gasket,1,9.95
"""


def bought(shop):
    return sorted((row["email"], row["sku"], at) for row in shop.clean["orders"] for at in row["at"])


@pytest.fixture
def read(tmp_path):
    def reads(files, **csv):
        folder = lists.write(tmp_path / "shop", files)
        return lists.read(folder, tmp_path / "home", csv=csv)

    return reads


def test_line_items_of_one_order_share_its_customer_and_its_day(read):
    shop = read({"orders.csv": SHOPIFY})
    assert bought(shop) == [
        ("ann@x.com", "A1", 1736467200),  # the 10th where the shop is, though the 11th in UTC
        ("ann@x.com", "B2", 1736467200),
        ("bob@x.com", "B2", 1739318400),
    ]
    assert shop.accounts["orders"].ignored == {"cancelled": 2}
    assert {row["sku"]: (row["title"], row["price"]) for row in shop.clean["items"]} == {
        "A1": ('Carb, "4150" 4"', 299.95),
        "B2": ("Gasket", 9.95),
    }


def test_another_shops_export_is_known_by_its_names(read):
    shop = read({"orders.csv": WOOCOMMERCE})
    assert bought(shop) == BOUGHT[:1]
    assert shop.accounts["orders"].ignored == {"cancelled": 2}


def test_products_come_with_price_image_brand_and_availability(read):
    products = (
        "id;title;description;availability;price;image_link;brand;product_type;condition\n"
        "A1;Carb;very long;in stock;1.299,50 EUR;https://x.org/a.jpg, https://x.org/b.jpg;Holl;Carburetor;new\n"
        'B2;Gasket;"two\nlines";out of stock;$12.50;//x.org/b.jpg;;Gasket;refurbished\n'
        "C3;;;preorder;;;;;\n"
        "D4;Carb;;;12,345.60;ftp://x.org/c.jpg;;;\n"
    )
    shop = read({"products.csv": products})
    columns = ("sku", "title", "part_type", "brand", "price", "image_url", "available", "refurbished")
    assert [tuple(row[name] for name in columns) for row in shop.clean["items"]] == [
        ("A1", "Carb", "Carburetor", "Holl", 1299.5, "https://x.org/a.jpg", True, False),
        ("B2", "Gasket", "Gasket", None, 12.5, "https://x.org/b.jpg", False, True),
        ("C3", None, None, None, None, None, True, False),
        ("D4", "Carb", None, None, 12345.6, None, None, False),
    ]


def test_availability_is_read_from_words_and_from_stock(read):
    message = {
        "yes": True, "TRUE": True, "12": True, "in_stock": True, "active": True, "backorder": True, "0": False,
        "0.0": False, "-3": False, "No": False, "out of stock": False, "OutOfStock": False, "draft": False,
        "sold out": False, "": None,
    }  # fmt: skip
    rows = "".join(f"S{n:02},{text},x\n" for n, text in enumerate(message))
    shop = read({"products.csv": f"sku,in_stock,title\n{rows}"}).clean["items"]
    assert [row["available"] for row in shop] == list(message.values())


@pytest.mark.parametrize(
    ("encoding", "delimiter", "end"),
    [("utf-8", ",", "\n"), ("utf-8", "|", "\r"), ("utf-8-sig", ";", "\r\n"), ("utf-16", "\t", "\r\n"),
     ("utf-16-le", ";", "\n"), ("latin-1", ";", "\n"), ("cp1252", "\t", "\r\n")],
)  # fmt: skip
def test_delimiter_encoding_and_line_ends_are_found_out(delimiter, encoding, end, read):
    rows = [
        ("sku", "title"),
        ("A1", '"Vergaser X, ""4150""; für | Ö"'),
        ("B2", '"two\nlines"'),
    ]
    text = end.join(delimiter.join(row) for row in rows).replace("\n", end)
    shop = read({"products.csv": text.encode(encoding)})
    assert {row["sku"]: row["title"] for row in shop.clean["items"]} == {
        "A1": 'Vergaser X, "4150"; für | Ö',
        "B2": "two lines",
    }


def test_a_first_line_that_names_the_delimiter_and_blank_lines_are_no_header(read):
    shop = read({"orders.csv": "\n\nsep=;\n" + ORDERS.replace(",", ";").replace("\n", "\n\n") + ";;;\n"})
    assert bought(shop) == BOUGHT
    assert shop.accounts["orders"].rejected == {}


def test_packed_files_are_read(read, tmp_path):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("export/orders-2025.csv", ORDERS)
        archive.writestr("__MACOSX/._orders", "x")
    assert bought(read({"orders.zip": packed.getvalue()})) == BOUGHT
    (tmp_path / "shop" / "orders.zip").unlink()
    assert bought(read({"orders.csv.gz": gzip.compress(ORDERS.encode())})) == BOUGHT


def test_a_list_may_be_parquet_or_a_folder_of_files_with_other_columns(read, tmp_path):
    shop = read(
        {"orders/2024[1]*.csv": ORDERS, "orders/more?.txt": "sku\tdate\tcustomer email\nC3\t2025-03-01\tc@x.com\n"}
    )
    assert bought(shop) == [*BOUGHT, ("c@x.com", "C3", 1740787200)]
    columns = {"sku": ["D4"], "date": pa.array([1740787200], pa.timestamp("s")), "email": ["d@x.com"]}
    pq.write_table(pa.table(columns), tmp_path / "shop" / "orders" / "newest.parquet")
    assert ("d@x.com", "D4", 1740787200) in bought(read({}))


def test_names_of_files_are_names_and_no_patterns(tmp_path):
    folder = lists.write(tmp_path / "s[hop]*?", {"orders.csv": ORDERS})
    lists.write(tmp_path / "shop", {"orders.csv": "sku,date,email\nZ9,2025-01-01,z@x.com\n"})
    assert bought(lists.read(folder, tmp_path / "ho[m]e*")) == BOUGHT


def test_columns_of_other_names_are_mapped_by_the_settings(read):
    text = "Artikel,Kunde,Wann\nA1,ann@x.com,10.01.2025 14:30\nB2,bob@x.com,11.02.2025 09:00\n"
    mapped = {"sku": "Artikel", "email": "kunde", "date": "Wann"}
    assert bought(read({"orders.csv": text}, orders=mapped, date_format="%d.%m.%Y %H:%M")) == BOUGHT


def test_a_missing_column_is_one_line_with_what_is_there_and_the_nearest(read):
    with pytest.raises(SourceError) as caught:
        read({"orders.csv": "Artikel-SKUs,Kunde,date\nA1,ann@x.com,2025-01-10\n"})
    assert str(caught.value).endswith(
        "orders.csv has no column sku; the nearest is 'Artikel-SKUs' of 'Artikel-SKUs', 'Kunde', 'date'"
    )
    assert caught.value.hint == 'write [csv.orders] sku = "Artikel-SKUs" into holley-graph.toml, if that is it'


def test_the_settings_may_only_map_what_is_there(read):
    with pytest.raises(
        SourceError, match=r"no column 'skuu', which csv\.orders names for sku; the nearest is 'sku'"
    ):
        read({"orders.csv": ORDERS}, orders={"sku": "skuu"})
    with pytest.raises(SettingsError, match=r"csv\.orders: 'article' is no column of this list"):
        read({"orders.csv": ORDERS}, orders={"article": "sku"})


def test_a_folder_without_a_list_says_what_it_has(read, tmp_path):
    with pytest.raises(SourceError, match=r"has no list; expected users, fitment, .* found notes\.md"):
        read({"notes.md": "x"})
    with pytest.raises(SourceError, match="is no folder"):
        lists.read(tmp_path / "nowhere", tmp_path / "home")
    with pytest.raises(SourceError, match=r"list orders: both orders\.csv and orders\.tsv exist"):
        read({"orders.csv": ORDERS, "orders.tsv": ORDERS})


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("orders.csv", b"", "has no header line"),
        ("orders.csv", b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x01,sku", "is no text"),
        ("orders.csv.gz", b"no gzip", "cannot be read"),
        ("orders.zip", b"no zip", "cannot be read"),
        ("orders.parquet", b"no parquet", "is not a readable Parquet file"),
    ],
)
def test_a_file_that_cannot_be_read_is_named(name, content, says, read):
    with pytest.raises(SourceError, match=f"{name}.* {says}"):
        read({name: content})


def test_rows_that_are_none_are_dead_letters_with_file_and_line(read):
    text = (
        "sku,date,email\n"  # 1
        'A1,2025-01-10,"ann\n@x.com"\n'  # 2 and 3: no address
        "\n"  # 4
        "B2,2025-02-11\n"  # 5
        "B2,2025-02-11,bob@x.com,too,many\n"  # 6
        "B2,2025-02-11,bob@x.com\n"  # 7
        "B2,11th of May,bob@x.com\n"  # 8
        ",2025-02-11,bob@x.com\n"  # 9
        "B2,2025-02-11,\n"  # 10
    )
    shop = read({"orders.csv": text})
    assert bought(shop) == BOUGHT[1:]
    lines = {(reason, value, source) for reason, value, source in shop.letters["orders"]}
    assert lines == {
        (
            "order.bad_email",
            None,
            '{"ITEM":"A1","ORDER_DATE":"Friday, January 10, 2025","ORDER_NUMBER":"orders.csv line 2"}',
        ),
        ("order.unreadable", "missing columns", '{"file":"orders.csv","line":5}'),
        ("order.unreadable", "too many columns", '{"file":"orders.csv","line":6}'),
        ("order.bad_date", "11th of May", '{"file":"orders.csv","line":8}'),
        ("order.no_item", None, '{"file":"orders.csv","line":9}'),
        ("order.no_email", None, '{"file":"orders.csv","line":10}'),
    }
    account = shop.accounts["orders"]
    assert (account.read, sum(account.rejected.values())) == (7, 6)


def test_a_quote_that_is_never_closed_counts_every_line_that_it_swallows(read):
    rows = "".join(f"B{n},2025-02-11,bob@x.com\n" for n in range(50))
    shop = read({"orders.csv": f'sku,date,email\nA1,2025-01-10,ann@x.com\n"A2,2025-01-10,ann@x.com\n{rows}'})
    assert bought(shop) == BOUGHT[:1]
    assert shop.accounts["orders"].rejected == {"order.unreadable": 51}
    assert shop.letters["orders"] == [("order.unreadable", "unclosed quote", '{"file":"orders.csv","line":3}')]


def test_stray_quotes_lose_what_they_swallow_and_no_line_is_lost_uncounted(read):
    good = "".join(f'G{n},2025-01-10,ann@x.com,"a ""good"" title, {n}"\n' for n in range(30))
    stray = '"S,2025-01-10,ann@x.com,no title\n'
    shop = read({"orders.csv": f"sku,date,email,title\n{good}{stray}{good}{stray}{good}"})
    account = shop.accounts["orders"]
    lost = account.rejected["order.unreadable"]
    assert account.read == 92
    assert 2 <= lost <= 40
    assert sum(len(row["at"]) for row in shop.clean["orders"]) == 92 - lost
    assert all('"line":' in source and "null" not in source for _, _, source in shop.letters["orders"])


def test_dates_without_a_format_stop_with_the_formats_that_read_them(read):
    with pytest.raises(
        SourceError, match=r"orders\.csv, date: no date is readable, for example '12/1/2025 8:26'"
    ) as caught:
        read({"orders.csv": "sku,date,email\nA1,12/1/2025 8:26,a@x.com\nA1,12/13/2025 9:00,a@x.com\n"})
    assert caught.value.hint == 'set csv.date_format = "%m/%d/%Y %H:%M"'
    with pytest.raises(SourceError) as caught:
        read({"orders.csv": "sku,date,email\nA1,12/1/2025,a@x.com\n"})
    assert caught.value.hint == 'set csv.date_format = "%m/%d/%Y" or "%d/%m/%Y"'
    with pytest.raises(SettingsError, match=r"csv\.date_format: '%Q' is no format"):
        read({"orders.csv": ORDERS}, date_format="%Q")


def test_iso_and_epoch_times_are_read_as_they_are(read):
    message = {
        "2025-01-31": 1738281600, "2025-01-31 13:45": 1738331100, "2025-01-31T13:45:00Z": 1738331100,
        "2025-01-31 13:45:00 -0500": 1738349100, "2025-01-31T13:45:00.250+01:00": 1738327500,
        "2025/1/31": 1738281600, "1738331100": 1738331100, "1738331100000": 1738331100,
        "Friday, January 31, 2025": 1738281600,
    }  # fmt: skip
    rows = "".join(f'u1,view,S{n},"{text}"\n' for n, text in enumerate(message))
    shop = read({"events.csv": f"user,event,sku,time\n{rows}"}).clean["events"]
    assert [row["at"] for row in shop] == [[at] for at in message.values()]


def test_events_are_known_by_their_usual_names_and_by_the_settings(read):
    names = {
        "view": "VIEWED", "Product Viewed": "VIEWED", "view_item": "VIEWED", "page_view": None,
        "Viewed Product": "VIEWED",
        "add_to_cart": "CARTED", "addtocart": "CARTED", "Cart Update": "CARTED", "Added to Cart": "CARTED",
        "purchase": "ORDERED", "transaction": "ORDERED", "order_completed": "ORDERED", "Placed Order": "ORDERED",
        "Kasse": "ORDERED", "search": None,
    }  # fmt: skip
    rows = "".join(f"u{n},{name},A1,2025-01-31\n" for n, name in enumerate(names))
    shop = read({"events.csv": f"user,event,sku,time\n{rows}"}, event_names={"Kasse": "order"}).clean["events"]
    kinds = {row["user_id"]: row["kind"] for row in shop}
    expected = {f"u{n}": kind for n, kind in enumerate(names.values()) if kind}
    assert kinds == expected


def test_the_settings_of_lists_are_refused_where_they_say_nothing():
    with pytest.raises(ValueError, match="event_names"):
        Csv(event_names={"Kasse": "checkout"})
