"""The contract's value rules, one test each, on raw tables of a few rows."""

import pytest

from holley_graph.loaders import feeds
from holley_graph.loaders.files import FilesSource
from holley_graph.settings import Settings, Sync
from holley_graph.times import moment, seconds
from tests.support import raw, worlds
from tests.support.raw import at

KEY = b"a key of more than sixteen bytes"
AS_OF = seconds("2025-10-01")
MAY, JUNE = at("2025-05-01"), at("2025-06-01")
SEPT = at("2025-09-10T12:00:00")
ALL = ("user_attributes", "events", "fitment", "items", "orders")
CATALOGUE = [raw.item("A1"), raw.item("A2"), raw.item("77")]


@pytest.fixture
def run(tmp_path):
    settings = Settings(home=tmp_path / "home", sync=Sync(allow_empty=ALL))

    def run_(**tables):
        folder = raw.write(tmp_path / "raw", {"items": CATALOGUE} | tables)
        return feeds.extract(FilesSource(folder), settings, AS_OF, lambda *_: None)

    return run_


def account(extracted, name):
    feed_account = next(account for account in extracted.accounts if account.name == name)
    return feed_account.rejected | feed_account.ignored


def only(extracted, name):
    (row,) = extracted.clean(name).to_pylist()
    return row


def graph(extracted, table):
    return worlds.tables_of(extracted, Settings(), AS_OF, KEY)[table].to_pylist()


def test_a_value_is_its_text_else_its_whole_number(run):
    row = only(run(user_attributes=[raw.attributes("u", MAY, v1_year=1969, v1_model=("  ", 240, None))]), "users")
    assert (row["year"], row["model"]) == (1969, "240")


def test_an_email_is_only_ever_text(run):
    assert only(run(user_attributes=[raw.attributes("u", MAY, email=12)]), "users")["email"] is None


def test_the_newest_row_wins_and_not_the_greatest_value(run):
    rows = [raw.attributes("u", JUNE, v1_make="Audi"), raw.attributes("u", MAY, v1_make="Volvo")]
    assert only(run(user_attributes=rows), "users")["make"] == "AUDI"


def test_insertion_time_decides_between_equal_update_times(run):
    rows = [raw.attributes("u", MAY, JUNE, v1_make="Audi"), raw.attributes("u", MAY, MAY, v1_make="Volvo")]
    assert only(run(user_attributes=rows), "users")["make"] == "AUDI"


def test_a_newest_row_without_the_property_says_nothing_about_it(run):
    rows = [raw.attributes("u", MAY, v1_make="Audi"), raw.attributes("u", JUNE, v1_year=1970)]
    assert only(run(user_attributes=rows), "users")["make"] == "AUDI"


def test_a_newest_row_with_an_empty_property_makes_it_unknown(run):
    rows = [raw.attributes("u", MAY, v1_make="Audi"), raw.attributes("u", JUNE, v1_make=" ")]
    assert only(run(user_attributes=rows), "users")["make"] is None


@pytest.mark.parametrize("text", ["1969.5", "1969.0", "1e3", "abc", "19 69", "1234567890"])
def test_a_year_is_an_integer_as_written_or_its_row_is_rejected_whole(run, text):
    extracted = run(
        user_attributes=[
            raw.attributes("u", MAY, email="a@x.com"),
            raw.attributes("u", JUNE, email="b@x.com", v1_year=text),
        ],
        fitment=[raw.fitment(text, "Ford", "F", ["B1"])],
    )
    assert only(extracted, "users")["email"] == "a@x.com"
    assert account(extracted, "user_attributes") == {"user.bad_year": 1}
    assert account(extracted, "fitment") == {"fitment.bad_year": 1}
    assert extracted.clean("fitment").num_rows == 0


def test_attribute_rows_at_as_of_or_later_are_ignored(run):
    extracted = run(user_attributes=[raw.attributes("u", moment(AS_OF), email="a@x.com"), raw.attributes("v", MAY)])
    assert only(extracted, "users")["user_id"] == "v"
    assert account(extracted, "user_attributes") == {"outside_window": 1}


def test_a_row_without_user_id_is_rejected(run):
    extracted = run(user_attributes=[raw.attributes(None, MAY), raw.attributes(" \t", MAY)])
    assert account(extracted, "user_attributes") == {"user.no_id": 2}


def test_owning_takes_an_email_a_year_a_make_and_a_model(run):
    whole = {"email": "a@x.com", "v1_year": 1969, "v1_make": "Ford", "v1_model": "F"}
    rows = [raw.attributes("all", MAY, **whole)]
    rows += [raw.attributes(f"no {name}", MAY, **{k: v for k, v in whole.items() if k != name}) for name in whole]
    extracted = run(user_attributes=rows)
    assert graph(extracted, "owns") == [
        {"user_id": "all", "vehicle_id": "1969|FORD|F", "since": int(MAY.timestamp())}
    ]
    assert len(graph(extracted, "user")) == 5


def test_since_is_the_newest_of_the_three_attribute_times_in_whole_seconds(run):
    late = at("2025-07-01T00:00:00.900000")
    rows = [
        raw.attributes("u", MAY, email="a@x.com", v1_year=1969, v1_make="Ford"),
        raw.attributes("u", late, v1_model="F"),
        raw.attributes("u", at("2025-08-01"), email="a@x.com"),
    ]
    assert only(run(user_attributes=rows), "users")["since"] == int(at("2025-07-01").timestamp())


def test_users_of_one_email_all_own_what_it_bought(run):
    rows = [raw.attributes(user, MAY, email=" A@x.com") for user in ("u", "v")]
    extracted = run(user_attributes=rows, orders=[raw.order("a1", "a@X.com", "Friday, January 10, 2025")])
    assert [(row["user_id"], row["sku"], row["count"]) for row in graph(extracted, "ordered")] == [
        ("u", "A1", 1),
        ("v", "A1", 1),
    ]


def test_an_email_of_no_user_makes_a_buyer_that_owns_nothing(run):
    extracted = run(orders=[raw.order("A1", "a@x.com", "Friday, January 10, 2025")])
    (user,) = graph(extracted, "user")
    assert user["user_id"] == f"buyer:{user['email_hash']}"
    assert graph(extracted, "owns") == []


def tiers(extracted):
    return {row["user_id"]: row["engagement_tier"] for row in graph(extracted, "user")}


def test_hot_is_an_order_event_under_the_same_email_and_no_order_line(run):
    emails = {"u": "a@x.com", "v": "a@x.com", "w": "b@x.com", "x": None, "y": None}
    rows = [raw.attributes(user, MAY, **({"email": email} if email else {})) for user, email in emails.items()]
    events = [raw.event(user, "Ordered Product", SEPT, ProductId="A1") for user in ("u", "x")]
    events += [raw.event("y", "Viewed Product", SEPT, ProductId="A1")]
    orders = [raw.order("A1", "b@x.com", "Monday, September 1, 2025")]
    extracted = run(user_attributes=rows, events=events, orders=orders)
    assert tiers(extracted) == {"u": "hot", "v": "hot", "w": "cold", "x": "hot", "y": "cold"}


def test_an_order_of_a_service_or_of_an_unknown_sku_makes_hot_and_a_rejected_one_does_not(run):
    skus = {"service": "EXT-1", "unlisted": "nowhere", "blank": " "}
    extracted = run(
        user_attributes=[raw.attributes(user, MAY) for user in skus],
        events=[raw.event(user, "Ordered Product", SEPT, ProductId=sku) for user, sku in skus.items()],
    )
    assert tiers(extracted) == {"service": "hot", "unlisted": "hot", "blank": "cold"}
    assert account(extracted, "events") == {"sku.service": 1, "event.unknown_sku": 1, "event.no_sku": 1}
    assert graph(extracted, "ordered") == []


@pytest.mark.parametrize(
    ("name", "kind", "prop"),
    [
        ("viewed PRODUCT", "VIEWED", "ProductId"),
        ("Viewed Product", "VIEWED", "ProductID"),
        ("Viewed Product", "VIEWED", "PRODID"),
        ("Cart Update", "CARTED", "Items_12.ProductId"),
        ("Ordered Product", "ORDERED", "ProdId"),
        ("Placed Order", "ORDERED", "Items_1.ProductId"),
        ("Consumer Website Order", "ORDERED", "SKUs_3"),
    ],
)
def test_each_event_keeps_its_sku_in_its_own_property(run, name, kind, prop):
    row = only(run(events=[raw.event("u", name, SEPT, **{prop: " a1 "})]), "events")
    assert (row["kind"], row["sku"], row["count"]) == (kind, "A1", 1)


@pytest.mark.parametrize(("name", "prop"), [("Viewed Product", "Items_1.ProductId"), ("Cart Update", "ProductId")])
def test_a_sku_in_another_events_property_is_none(run, name, prop):
    assert account(run(events=[raw.event("u", name, SEPT, **{prop: "A1"})]), "events") == {"event.no_sku": 1}


def test_a_sku_in_the_whole_number_counts(run):
    assert only(run(events=[raw.event("u", "Viewed Product", SEPT, ProductId=77)]), "events")["sku"] == "77"


def test_one_event_of_many_items_is_one_interaction_each_with_the_price_of_its_slot(run):
    items = {
        "Items_1.ProductId": "A1",
        "Items_2.ProductId": "A2",
        "Items_2.ItemPrice": 9.5,
        "Items_1.ItemPrice": "7",
    }
    rows = run(events=[raw.event("u", "Cart Update", SEPT, **items)]).clean("events").to_pylist()
    assert [(row["sku"], row["price"]) for row in rows] == [("A1", 7.0), ("A2", 9.5)]


def test_events_without_user_time_or_sku_are_rejected_and_others_ignored(run):
    extracted = run(
        events=[
            raw.event(" ", "Viewed Product", SEPT, ProductId="A1"),
            raw.event("u", "Viewed Product", None, ProductId="A1"),
            raw.event("u", "Viewed Product", SEPT, ProductId=" "),
            raw.event("u", "Viewed Product", SEPT, ProductId="nowhere"),
            raw.event("u", "Viewed Product", SEPT, ProductId="ext-1"),
            raw.event("u", "Viewed Product", moment(AS_OF), ProductId="A1"),
            raw.event(None, "Viewed Product", at("2025-08-31T23:59:59"), ProductId="A1"),
            raw.event(None, "Email Opened", None),
            raw.event("u", "Viewed Product", at("2025-09-01"), ProductId="A1"),
        ]
    )
    assert account(extracted, "events") == {
        "event.no_user": 1,
        "event.no_time": 1,
        "event.no_sku": 1,
        "event.unknown_sku": 1,
        "sku.service": 1,
        "outside_window": 2,
        "other_name": 1,
    }
    assert only(extracted, "events")["at"] == [int(at("2025-09-01").timestamp())]


def test_the_same_user_name_time_and_sku_is_one_interaction(run):
    events = [raw.event("u", "Placed Order", SEPT, **{"Items_1.ProductId": "A1"})] * 3
    events += [raw.event("u", "Ordered Product", SEPT, ProductId="A1")]
    row = only(run(events=events), "events")
    assert (row["count"], row["at"]) == (2, [int(SEPT.timestamp())] * 2)


def test_times_are_whole_seconds_never_rounded_up(run):
    when = at("2025-09-10T12:00:00.999999")
    assert only(run(events=[raw.event("u", "Viewed Product", when, ProductId="A1")]), "events")["at"] == [
        int(SEPT.timestamp())
    ]


@pytest.mark.parametrize(
    ("values", "price"),
    [
        ({"Price": 10.0, "ItemPrice": "12.5"}, 12.5),
        ({"Price": float("nan"), "ItemPrice": float("inf")}, None),
        ({"Price": "1_000"}, None),
        ({"Price": "inf"}, None),
        ({"Price": ("99", None, 5.0)}, 5.0),
        ({"Price": 5}, 5.0),
        ({"Price": ("99", 7, None)}, 7.0),
        ({}, None),
    ],
)
def test_price_is_the_highest_finite_one_from_the_real_number_else_the_whole_else_the_text(run, values, price):
    extracted = run(
        items=[raw.item("A1")], events=[raw.event("u", "Viewed Product", SEPT, ProductId="A1", **values)]
    )
    (product,) = graph(extracted, "product")
    assert product["price"] == price


@pytest.mark.parametrize(
    ("url", "image"),
    [
        ("//h/x", "https://h/x"),
        ("http://h/x", "https://h/x"),
        ("https://h/x", "https://h/x"),
        ("HTTP://h/x", None),
        ("ftp://h/x", None),
        ("x.jpg", None),
    ],
)
def test_an_image_is_https_or_none(run, url, image):
    extracted = run(
        items=[raw.item("A1")], events=[raw.event("u", "Viewed Product", SEPT, ProductId="A1", ImageUrl=url)]
    )
    (product,) = graph(extracted, "product")
    assert product["image_url"] == image


def image_of(run, *events):
    """Show one product with these images, and return what is kept."""
    rows = [raw.event(user, "Viewed Product", when, ProductId="A1", ImageUrl=url) for user, when, url in events]
    (product,) = graph(run(items=[raw.item("A1")], events=rows), "product")
    return product["image_url"]


def test_the_newest_image_of_any_user_wins_to_the_microsecond_and_blank_is_none(run):
    late = SEPT.replace(microsecond=1)
    blank = ("v", at("2025-09-20"), " ")
    assert image_of(run, ("u", late, "https://a"), ("v", SEPT, "https://b"), blank) == "https://a"


def test_a_newest_image_that_cannot_be_used_leaves_the_product_without_one(run):
    seen = ("u", SEPT, "https://a")
    for user, when in (("u", SEPT.replace(hour=13)), ("u", at("2025-09-20")), ("v", at("2025-09-20"))):
        assert image_of(run, seen, (user, when, "ftp://a")) is None
        assert image_of(run, seen, (user, when, "x.jpg"), ("w", at("2025-09-21"), "//b")) == "https://b"
    assert image_of(run, seen, ("v", SEPT, "n/a")) == "https://a", "of two at one time the one that can be used"


def test_a_product_is_a_sku_of_fitment_or_items_and_service_skus_are_none(run):
    extracted = run(
        items=[raw.item(" b1 "), raw.item("GIFT-1")],
        fitment=[raw.fitment("1969", "Ford", "F", ["c1", "EXT-1", None])],
    )
    assert [(row["sku"], row["part_type"]) for row in graph(extracted, "product")] == [
        ("B1", "UNKNOWN"),
        ("C1", "UNKNOWN"),
    ]
    assert account(extracted, "fitment") == {"fitment.no_sku": 1, "sku.service": 1}
    assert account(extracted, "items") == {"sku.service": 1}


def test_of_several_lines_the_greatest_part_type_and_any_refurbished_tag_hold(run):
    lines = [raw.item("A1", "Bolt"), raw.item("a1", "Carburetor", "x;REFURBISHED"), raw.item("A1", " ")]
    row = only(run(items=lines), "items")
    assert (row["part_type"], row["refurbished"]) == ("Carburetor", True)


def test_vehicles_are_those_of_valid_fitment_rows_empty_lists_included_and_of_owners(run):
    owner = raw.attributes("u", MAY, email="a@x.com", v1_year=1971, v1_make="Ford", v1_model="F")
    fitment = [raw.fitment("1969", "ford", " F "), raw.fitment("1970", "Ford", None, ["B1"])]
    extracted = run(user_attributes=[owner], fitment=fitment)
    assert [row["vehicle_id"] for row in graph(extracted, "vehicle")] == ["1969|FORD|F", "1971|FORD|F"]
    assert graph(extracted, "vehicle_model") == [
        {"model_id": "FORD|F", "make": "FORD", "model": "F", "first_year": 1969, "last_year": 1971}
    ]
    assert account(extracted, "fitment") == {"fitment.no_vehicle": 1}
    assert "B1" not in [row["sku"] for row in graph(extracted, "product")]


@pytest.mark.parametrize(
    "text",
    [
        "2025-01-10",
        "January 10, 2025",
        "Friday, Januar 10, 2025",
        "Friday, February 30, 2025",
        "Funday, May 1, 2025",
        " ",
        None,
    ],
)
def test_an_order_without_a_date_as_agreed_is_rejected(run, text):
    assert account(run(orders=[raw.order("A1", "a@x.com", text)]), "orders") == {"order.bad_date": 1}


def test_orders_lacking_something_are_rejected_and_service_or_future_ones_ignored(run):
    day = "Friday, January 10, 2025"
    extracted = run(
        orders=[
            raw.order(" ", "a@x.com", day),
            raw.order("A1", " ", day),
            raw.order("nowhere", "a@x.com", day),
            raw.order("EXT-1", "a@x.com", day),
            raw.order("A1", "a@x.com", "Wednesday, October 1, 2025"),
        ]
    )
    assert account(extracted, "orders") == {
        "order.no_item": 1,
        "order.no_email": 1,
        "order.unknown_sku": 1,
        "sku.service": 1,
        "outside_window": 1,
    }


def test_every_order_line_counts_and_lines_past_the_boundary_only_move_last_at(run):
    old, new = "Friday, January 10, 2025", "Friday, September 5, 2025"
    extracted = run(
        orders=[raw.order("A1", "a@x.com", old)] * 2 + [raw.order(sku, "a@x.com", new) for sku in ("A1", "A2")]
    )
    first, second = graph(extracted, "ordered")
    counted, past = int(at("2025-01-10").timestamp()), int(at("2025-09-05").timestamp())
    assert (first["count"], first["at"], first["first_at"], first["last_at"]) == (2, [counted] * 2, counted, past)
    assert (second["count"], second["at"], second["first_at"], second["last_at"]) == (0, [], None, past)
    assert second["weight"] == 0
    assert account(extracted, "orders") == {"past_boundary": 2}


def bought(run, *events, orders=()):
    """Order as `u`, of address a@x.com; return how often each SKU was bought."""
    rows = [raw.event("u", name, at(when), **values) for name, when, values in events]
    users = [raw.attributes("u", MAY, email="a@x.com")]
    items = [raw.item(sku) for sku in ("A1", "A1B", "A2")]
    extracted = run(user_attributes=users, items=items, events=rows, orders=[raw.order(*o) for o in orders])
    return {row["sku"]: row["count"] for row in graph(extracted, "ordered")}


ONE, PLACED = {"ProductId": "A1"}, {"Items_1.ProductId": "A1"}
EVENING = "2025-09-01T03:00"  # the 31st of August where the shop is


def test_a_purchase_on_the_evening_of_the_boundary_counts_once(run):
    line = ("A1", "a@x.com", "Sunday, August 31, 2025")
    assert bought(run, ("Ordered Product", EVENING, ONE), orders=[line]) == {"A1": 1}
    assert bought(run, ("Ordered Product", "2025-09-01T05:00", ONE), orders=[line]) == {"A1": 2}
    assert bought(run, ("Ordered Product", EVENING, ONE), orders=[line, line]) == {"A1": 2}, "each line counts"


def test_an_order_sent_as_two_kinds_of_event_counts_once_a_day_in_any_colour(run):
    first, again = ("Ordered Product", "2025-09-10T12:00", ONE), ("Placed Order", "2025-09-10T12:01", PLACED)
    assert bought(run, first, again) == {"A1": 1}
    assert bought(run, first, ("Placed Order", "2025-09-10T12:01", {"Items_1.ProductId": "A1B"})) == {"A1": 1}
    assert bought(run, first, ("Ordered Product", "2025-09-10T12:00", {"ProductId": "A2"})) == {"A1": 1, "A2": 1}
    assert bought(run, first, ("Ordered Product", "2025-09-11T12:00", ONE)) == {"A1": 2}


def test_a_line_of_after_the_boundary_does_not_count_and_leaves_its_event(run):
    line = ("A1", "a@x.com", "Wednesday, September 10, 2025")
    assert bought(run, ("Ordered Product", "2025-09-10T12:00", ONE), orders=[line]) == {"A1": 1}


def test_weight_halves_with_the_half_life_and_is_the_count_without_decay(run, tmp_path):
    events = [
        raw.event("u", "Cart Update", at(day), **{"Items_1.ProductId": "A1"})
        for day in ("2025-09-01", "2025-10-01")
    ]
    extracted = run(events=events[:1])
    decayed = worlds.tables_of(extracted, Settings(), AS_OF, KEY)["carted"].to_pylist()
    plain = Settings(weights={"view": 1, "cart": 1, "order": 1, "half_life_days": None})
    age = 8 / 30  # to 9 September, with which the half-life began that the first of October lies in
    assert decayed[0]["weight"] == pytest.approx(3 * 2**-age)
    assert worlds.tables_of(extracted, plain, AS_OF, KEY)["carted"].to_pylist()[0]["weight"] == 1


@pytest.mark.parametrize(
    ("part_type", "price", "eligible"),
    [
        ("Carburetor", None, True),
        ("Carburetor", 49.99, False),
        ("Head Gasket Set", 100.0, False),
        ("Keyboard", 100.0, False),
        ("Engine Bolt Kit", 100.0, True),
        ("Wheel Bolt", 100.0, False),
        ("Distributor Cap and Rotor", 100.0, True),
        ("Wheel Hub Cap", 100.0, True),
        ("Radiator Cap", 100.0, False),
        (None, 2999.0, False),
        (None, 3000.0, True),
    ],
)
def test_eligible_is_rule_two_of_the_baseline(run, part_type, price, eligible):
    values = {"ImageUrl": "//h/x"} | ({"Price": price} if price else {})
    extracted = run(
        items=[raw.item("A1", part_type)], events=[raw.event("u", "Viewed Product", SEPT, ProductId="A1", **values)]
    )
    (product,) = graph(extracted, "product")
    assert product["eligible"] is eligible
