"""Texts, limits and lists of the contract, one test each, on raw tables of a few rows."""

import json
import unicodedata

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from holley_graph import spelling
from holley_graph.errors import SourceError
from holley_graph.loaders import deadletter, feeds, identity, report
from holley_graph.loaders.engine import statements
from holley_graph.loaders.files import FilesSource
from holley_graph.settings import Settings, Sync
from holley_graph.times import seconds
from tests.support import raw, spelled, worlds
from tests.support.raw import at

AS_OF, MAY, SEPT = seconds("2025-10-01"), at("2025-05-01"), at("2025-09-10T12:00:00")
DAY = "Friday, January 10, 2025"
CAR = {"v1_year": "1969", "v1_make": "Ford", "v1_model": "F"}


@pytest.fixture
def run(tmp_path):
    opened = []

    def run_(settings=None, **tables):
        sync = Sync(allow_empty=raw.RAW_NAMES, **(settings or {}))
        folder = raw.write(tmp_path / "raw", {"items": [raw.item("A1")]} | tables)
        home = Settings(home=tmp_path / "home", sync=sync)
        opened.append(feeds.extract(FilesSource(folder), home, AS_OF, lambda *_: None))
        return opened[-1]

    yield run_
    for extracted in opened:
        extracted.close()


def account(extracted, name):
    feed_account = next(account for account in extracted.accounts if account.name == name)
    return feed_account.rejected | feed_account.ignored


def graph(extracted, tmp_path):
    settings = Settings(home=tmp_path / "home")
    tables = worlds.tables_of(extracted, settings, AS_OF, identity.email_key(settings))
    return {name: table.to_pylist() for name, table in tables.items()}


SPELLED = {
    "\ufeffA1": "A1", "A\u200b1": "A1", "A\u00ad1": "A1", "A1\u0000": "A1", "\u2060a1\u200e": "A1",
    "\uff21\uff11": "A1", "\u00a0A1\u2003": "A1", "A  \t 1": "A 1", "stra\u00dfe": "STRASSE", "\ufb01n": "FIN",
    "Citroe\u0308n": "CITRO\u00cbN", "CITRO\u00cbN": "CITRO\u00cbN", "e\u200b\u0308": "\u00cb", "\u0131": "I",
}  # fmt: skip


def test_a_text_is_spelled_one_way_by_python_and_by_the_engine(run):
    rows = [raw.fitment("1969", text, "F", [text]) for text in SPELLED]
    records = run(fitment=rows).clean("fitment").to_pylist()
    assert {row["make"] for row in records} == {row["sku"] for row in records} == set(SPELLED.values())
    assert {text: spelling.upper(text) for text in SPELLED} == SPELLED
    assert all(spelling.upper(text) == text for text in SPELLED.values()), "what the graph shows is what it finds"


def test_the_pattern_of_invisible_characters_is_unicodes_and_spares_white_space():
    for number in [*range(0x3000), *range(0xFE00, 0x10000)]:
        letter = chr(number)
        if unicodedata.category(letter) == "Cs":
            continue
        if letter.isspace():
            assert spelling.normal(f"a{letter}b") == "a b", hex(number)
        elif spelled.invisible(letter):
            assert spelling.normal(f"a{letter}b") == "ab", hex(number)


def test_names_of_events_and_properties_are_spelled_so_too(run):
    rows = [raw.event("u", "Ordered\u00a0 Product ", SEPT, **{" Product\u200bID": "A1", "\ufeffPrice": 60.0})]
    (row,) = run(events=rows).clean("events").to_pylist()
    assert (row["kind"], row["sku"], row["price"]) == ("ORDERED", "A1", 60.0)


def test_one_email_spelled_in_two_ways_is_one(run):
    users = [
        raw.attributes(u, MAY, email=e) for u, e in (("u", "j\u00fcrgen@x.com"), ("v", "JU\u0308RGEN@x.com\u200b"))
    ]
    emails = {row["email"] for row in run(user_attributes=users).clean("users").to_pylist()}
    assert emails == {"j\u00fcrgen@x.com"}


def test_a_placeholder_is_nobody(run):
    names = ["n/a", "NULL", " none ", "undefined", "unknown", "-", "0", "0000-0000"]
    users = [raw.attributes(name, MAY, email="a@x.com") for name in names]
    users += [raw.attributes(f"u{n}", MAY, email="b@x.com") for n in range(len(names))]
    users += [raw.attributes(f"u{n}", SEPT, email=name, **CAR) for n, name in enumerate(names)]
    extracted = run(
        user_attributes=users,
        events=[raw.event(name, "Viewed Product", SEPT, ProductId="A1") for name in names],
        orders=[raw.order("A1", name, DAY) for name in names],
    )
    rows = extracted.clean("users").to_pylist()
    assert {(row["user_id"][0], row["email"], row["make"]) for row in rows} == {("u", None, "FORD")}
    assert account(extracted, "user_attributes") == {"user.placeholder_id": 8, "placeholder_email": 8}
    assert account(extracted, "events") == {"event.placeholder_user": 8}
    assert account(extracted, "orders") == {"order.placeholder_email": 8}


def test_what_is_a_placeholder_is_a_setting(run):
    users = [raw.attributes("u", MAY, email="nobody@x.com"), raw.attributes("test.user", MAY)]
    extracted = run({"placeholders": ("nobody@x.com", "test.user")}, user_attributes=users)
    assert [row["email"] for row in extracted.clean("users").to_pylist()] == [None]


def test_what_is_not_one_address_is_no_email(run):
    emails = ["a@x.com; b@x.com", "a@x.com,b@x.com", "no-at", "Jane <a@x.com>", "mailto:a@x.com", "a b@x.com", "a@"]
    users = [raw.attributes(f"u{n}", MAY, email=email) for n, email in enumerate(emails)]
    extracted = run(user_attributes=users, orders=[raw.order("A1", email, DAY) for email in emails])
    assert account(extracted, "user_attributes") == {"user.bad_email": 7}
    assert account(extracted, "orders") == {"order.bad_email": 7}


def test_an_odd_address_is_an_email(run):
    emails = ["user.name+parts@example.net", '"john doe"@x.com', "j\u00fcrgen@ex\u00e4mple.net", "a@b"]
    users = [raw.attributes(f"u{n}", MAY, email=email) for n, email in enumerate(emails)]
    assert [row["email"] for row in run(user_attributes=users).clean("users").to_pylist()] == emails


def test_an_email_of_too_many_ids_is_nobodys_and_what_it_bought_counts_once(run, tmp_path):
    users = [raw.attributes(f"u{n}", MAY, email="orders@x.com", **CAR) for n in range(4)]
    users += [raw.attributes(f"v{n}", MAY, email="v@x.com", **CAR) for n in range(3)]
    orders = [raw.order("A1", email, DAY) for email in ("Orders@x.com", "v@x.com")]
    extracted = run({"max_ids": 3}, user_attributes=users, orders=orders)
    made = graph(extracted, tmp_path)
    assert account(extracted, "user_attributes") == {"shared_email": 4}
    (note,) = report.shared_emails(extracted, 3)
    assert "4 users have an email that more than 3 ids share" in note
    assert {row["user_id"] for row in made["owns"]} == {"v0", "v1", "v2"}
    buyers = {row["user_id"].partition(":")[0] for row in made["ordered"]}
    assert buyers == {"buyer", "v0", "v1", "v2"}
    assert len(made["user"]) == 8


def test_a_year_that_is_no_model_year_is_rejected(run):
    years = ["0", "-1969", "68", "1884", "2028", "19691", "9999"]
    extracted = run(
        user_attributes=[raw.attributes("u", SEPT, v1_year=int(year)) for year in years],
        fitment=[raw.fitment(year, "Ford", "F", ["B1"]) for year in years],
    )
    assert account(extracted, "user_attributes") == {"user.bad_year": 7}
    assert account(extracted, "fitment") == {"fitment.bad_year": 7}


def test_the_range_of_years_is_a_setting_and_ends_a_year_after_the_next(run):
    rows = [raw.fitment(year, "Ford", "F") for year in ("1885", "2027", "1800")]
    assert {row["year"] for row in run(fitment=rows).clean("fitment").to_pylist()} == {1885, 2027}
    records = run({"first_year": 1800, "last_year": 1900}, fitment=rows).clean("fitment").to_pylist()
    assert {row["year"] for row in records} == {1800, 1885}


def test_a_bar_in_a_make_or_model_is_rejected_so_that_no_two_vehicles_share_an_id(run):
    extracted = run(
        user_attributes=[raw.attributes("u", MAY, email="a@x.com", **CAR | {"v1_model": "RANGER|B2300"})],
        fitment=[
            raw.fitment("1999", "FORD", "RANGER|B2300", ["B1"]),
            raw.fitment("1999", "FORD\uff5cRANGER", "B2300", ["C1"]),
        ],
    )
    assert account(extracted, "user_attributes") == {"user.bar": 1}
    assert account(extracted, "fitment") == {"fitment.bar": 2}
    assert extracted.clean("fitment").num_rows == 0


def test_a_key_longer_than_the_limit_is_rejected_alone(run):
    long = "x" * 501
    extracted = run(
        user_attributes=[
            raw.attributes(long, MAY),
            raw.attributes("u", MAY, v1_model=long),
            raw.attributes("v", MAY, email=f"{long}@x.com"),
            raw.attributes("w", MAY, v1_model="x" * 500),
        ],
        fitment=[raw.fitment("1969", "Ford", long), raw.fitment("1969", "Ford", "F", [long, "A1"])],
        items=[raw.item("A1"), raw.item(long), raw.item("B1", long)],
        events=[
            raw.event(long, "Viewed Product", SEPT, ProductId="A1"),
            raw.event("u", "Viewed Product", SEPT, ProductId=long),
        ],
        orders=[raw.order(long, "a@x.com", DAY), raw.order("A1", f"{long}@x.com", DAY)],
    )
    counts = [account(extracted, name) for name in ("user_attributes", "fitment", "items", "events", "orders")]
    assert counts == [
        {f"{feed}.too_long": n}
        for feed, n in (("user", 3), ("fitment", 2), ("item", 2), ("event", 2), ("order", 2))
    ]
    assert [row["user_id"] for row in extracted.clean("users").to_pylist()] == ["w"]


PRICES = {
    "$1,299.00": 1299, "1.299,00 \u20ac": 1299, "USD 12.30": 12.3, "12.30 USD": 12.3, "US$ 1 299.50": 1299.5,
    "1\u202f299,50": 1299.5, "1'299.50": 1299.5, "12,5": 12.5, "1,299": 1299, "1.299.000": None, "10,000": 10_000,
    "99": 99, "1e2": 100, "1_000": None, "free": None, "1,2,3": None, "$": None, "inf": None, "1e300": None,
    "100001": None,
}  # fmt: skip


def test_a_price_is_read_as_people_write_it_or_told_to_be_unreadable_or_too_high(run):
    prices = PRICES | dict.fromkeys((1e9, 1e300, float("inf"), 100_000.01, 10**6)) | {7: 7, 100_000.0: 100_000}
    extracted = run(
        items=[raw.item(f"P{n}") for n in range(len(prices))],
        events=[
            raw.event("u", "Viewed Product", SEPT, ProductId=f"P{n}", Price=price) for n, price in enumerate(prices)
        ],
    )
    rows = {row["sku"]: row["price"] for row in extracted.clean("events").to_pylist()}
    assert {message: rows[f"P{n}"] for n, message in enumerate(prices)} == prices
    assert account(extracted, "events") == {"bad_price": sum(price is None for price in prices.values())}


ADDRESSES = [
    "Pat.Q@Example.org",
    '"pat q"@example.org',
    "pat%40example.org",
    "pat%2540example.org",
    "p\u00e4t@ex\u00e4mple.org",
]


@pytest.mark.parametrize("address", ADDRESSES)
def test_an_address_in_any_text_is_hashed_or_rejected_and_stands_nowhere(run, tmp_path, address):
    extracted = run(
        user_attributes=[
            raw.attributes(address, MAY, **CAR),
            raw.attributes("u", MAY, **CAR | {"v1_model": address}),
            raw.attributes("v", MAY, **CAR | {"v1_year": address}),
        ],
        fitment=[raw.fitment("1969", "Ford", address), raw.fitment("1969", "Ford", "F", [address])],
        items=[
            raw.item("A1"),
            raw.item(address),
            raw.item("B1", "x", Title=f"ask {address}"),
            raw.item("C1", "x", Brand=address),
        ],
        events=[
            raw.event(address.upper(), "Viewed Product", SEPT, ProductId="A1", ImageUrl=f"https://h/?u={address}"),
            raw.event(address, "Viewed Product", SEPT, ProductId="nowhere"),
            raw.event("u", "Viewed Product", SEPT, ProductId=address),
        ],
        orders=[raw.order(address, "a@x.com", DAY)],
    )
    made = graph(extracted, tmp_path)
    deadletter.write(tmp_path / "rejects", extracted, b"k" * 32)
    letters = [
        row for feed in extracted.accounts if feed.rejected for row in pq_rows(tmp_path / "rejects", feed.name)
    ]
    waiting = extracted.waiting().to_pylist()
    message = json.dumps([made, letters, waiting], default=str, ensure_ascii=False).lower()
    for part in ("pat.q", "pat q", "pat%", "p\u00e4t@", "example.org", "ex\u00e4mple"):
        assert part not in message.replace("<email>", "")
    (viewer,) = {row["user_id"] for row in made["viewed"]}
    assert viewer.startswith("hashed:")
    assert viewer in {row["user_id"] for row in made["user"]}
    assert account(extracted, "fitment") == {"fitment.address": 2}
    assert account(extracted, "items") == {"item.address": 3}
    assert made["product"][0]["image_url"] is None


def pq_rows(folder, feed):
    return pq.read_table(folder / f"{feed}.parquet").to_pylist()


def test_an_at_sign_in_a_title_or_in_the_name_of_a_image_is_no_address(run, tmp_path):
    titles = ["Camshaft 220@.050", "HP @ 6000", "logo@2x", "100%40 off"]
    urls = ["https://h/logo@2x.png", "https://h/npm/@scope/pkg@1.0/a.jpg", "https://h/a@v2.webp?x=1", "https://h/x"]
    extracted = run(
        items=[raw.item(f"P{n}", "x", Title=title) for n, title in enumerate(titles)],
        events=[
            raw.event("u", "Viewed Product", SEPT, ProductId=f"P{n}", ImageUrl=url) for n, url in enumerate(urls)
        ],
    )
    products = graph(extracted, tmp_path)["product"]
    assert [(row["title"], row["image_url"]) for row in products] == list(zip(titles, urls, strict=True))


def test_every_statement_that_reads_raw_text_spells_it():
    for name in ("users", "fitment", "items", "events", "orders"):
        text = statements.load(name).text
        assert text.count("NORMALIZE(") == text.count(", NFKC)") >= 3


def test_a_text_that_is_no_utf8_is_an_error_that_does_not_print_it(tmp_path):
    text = b"eve@x.com \xff\nsecret"
    values = pa.Array.from_buffers(pa.string(), 1, pa.array([text], pa.binary()).buffers())
    rows = pa.table({"ITEM": ["A1"], "SHIP_TO_EMAIL": values, "ORDER_DATE": [DAY]})
    raw.write(tmp_path / "odd", {"items": [raw.item("A1")]})
    pq.write_table(rows, tmp_path / "odd" / "orders.parquet")
    settings = Settings(home=tmp_path / "home", sync=Sync(allow_empty=raw.RAW_NAMES))
    with pytest.raises(SourceError, match=r"feed orders: .*not valid UTF8") as caught:
        feeds.extract(FilesSource(tmp_path / "odd"), settings, AS_OF, lambda *_: None)
    assert "eve" not in str(caught.value) and "secret" not in str(caught.value)
