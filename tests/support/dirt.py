"""Random raw tables in which nearly every value breaks some rule or other."""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from typing import Any

from holley_graph.times import seconds
from tests.support import raw
from tests.support.raw import Row

BOUNDARY, AS_OF = raw.at("2025-09-01"), seconds("2025-11-01")
SKUS = [
    "A1",
    " a1b",
    "A1B",
    "ab-12",
    "AB",
    "q7-kit\t",
    "Q7G",
    "EXT-9",
    "nowhere",
    "",
    "  ",
    None,
    12345,
    "\u00a0A1",
    "X-BLK",
    "A1\u200b",
    "\ufeffq7-kit",
    "Ａ１",
    "stra\u00dfe",
    "STRASSE",
    "eve@x.com",
    "L" * 501,
]
EMAILS = [
    *(" Ann@X.com", "ann@x.com", "bob@x.com", "", None, "cy@x.com\u2003", "dealer@x.com", "ann@x.com\u200b"),
    *(
        "N/A",
        "null",
        "0000",
        "-",
        "a@x.com; b@x.com",
        "no-at-sign",
        "Jane <j@x.com>",
        '"John Doe"@x.com',
        "j\u00fc@x.com",
    ),
]
YEARS = [
    "1969",
    1969,
    " 1970 ",
    "1969.5",
    "",
    None,
    "+1971",
    "1e3",
    "19 69",
    12345678901,
    "-3",
    0,
    "69",
    "1884",
    "2027",
    "2028",
]
MAKES = ["Ford", " ford ", "CHEVROLET", "", None, "Citro\u00ebn", "CITROE\u0308N", "FORD|RANGER", "ＦＯＲＤ"]
MODELS = ["F-150", "camaro", 240, " ", None, "F-150|B", "el  camino", "El\u00a0Camino", "fay@x.com", "m" * 600]
USERS = ["u1", "u2", " u2", "u5", "u6", " ", None, "n/a", "0", "Eve@X.com", "eve%40x.com", "u\u200b1", "i" * 501]
NAMES = [
    "Viewed Product",
    "VIEWED PRODUCT",
    "cart update",
    "Ordered Product",
    "Placed Order",
    "Consumer Website Order",
    "Ordered Product ",
    "placed\u00a0 order",
]
PRICES = [
    12.5,
    3000.0,
    float("nan"),
    float("inf"),
    "49.99",
    "1_000",
    "inf",
    " 60 ",
    "$5",
    "1e2",
    None,
    (None, 70, None),
    "$1,299.00",
    "1.299,00 \u20ac",
    "USD 12.30",
    "1\u00a0299,5",
    "1,2,3",
    1e9,
    10**6,
    "free",
]
IMAGES = [
    *("https://a/x@2x.png", "https://a/?u=eve@x.com", "https://a/?u=eve%2540x.com", "\ufeffhttps://a/1"),
    *("https://a/1", "http://a/2", "//a/3", "HTTP://a/4", "ftp://a", "", None, " https://b "),
]
TYPES = [
    "Carburetor",
    "Head Gasket",
    "Engine Bolt Kit",
    "Bolt",
    "Distributor Cap X",
    "Radiator Cap",
    "",
    None,
    "UNKNOWN",
]


def moment(rng: random.Random) -> datetime | None:
    if rng.random() < 0.05:
        return None
    return raw.at("2025-08-25") + timedelta(
        days=rng.randrange(75), microseconds=rng.choice([0, 1, 900_000, 999_999])
    )


def properties(rng: random.Random) -> list[Row]:
    made = []
    for _ in range(rng.randrange(7)):
        n = rng.randrange(1, 3)
        name = rng.choice(
            ["ProductId", "ProductID", "prodid", "Price", "ItemPrice", "ImageUrl", "other",
             "Product\u200bId ", f"Items_{n}.ProductId",
             f"Items_{n}.ItemPrice", f"Items_{n}.ImageUrl", f"SKUs_{n}"]
        )  # fmt: skip
        values: list[Any] = PRICES if "Price" in name else IMAGES if "Image" in name else SKUS
        made.append(raw.property_(name, rng.choice(values)))
    return made


def attribute_row(rng: random.Random) -> Row:
    row = raw.attributes(rng.choice([*USERS, "u3", "u4"]), moment(rng), moment(rng))
    choices = {"Email": EMAILS, "v1_year": YEARS[:3] + YEARS, "V1_MAKE": MAKES, "v1_model": MODELS, "z": ["x"]}
    names = [name for name in choices if rng.random() < 0.8] + rng.choices(list(choices), k=rng.randrange(2))
    row["user_properties"] = [raw.property_(name, rng.choice(choices[name])) for name in names]
    return row


def order_day(rng: random.Random) -> str | None:
    day = raw.at("2025-08-01") + timedelta(days=rng.randrange(110))
    return rng.choice(
        [day.strftime("%A, %B %d, %Y")] * 8 + [f" {day:%A}, {day:%B} {day.day}, {day.year}\n", "soon", None]
    )


def world(rng: random.Random) -> dict[str, list[Row]]:
    """Make one set of the five raw tables."""
    texts = [sku for sku in SKUS if not isinstance(sku, int)]
    events = []
    for _ in range(120):
        name = rng.choice([*NAMES, *NAMES, "Email Opened", None])
        row = raw.event(rng.choice([*USERS, *USERS[:5]]), name, moment(rng))
        events.append(row | {"event_properties": properties(rng)})
    events += rng.choices(events, k=30)  # delivered again
    return {
        "user_attributes": [attribute_row(rng) for _ in range(30)],
        "fitment": [
            raw.fitment(
                rng.choice([str(y) for y in YEARS] + [None]),
                rng.choice(MAKES),
                rng.choice(["Nova", *(model for model in MODELS if not isinstance(model, int))]),
                rng.choices(texts, k=rng.randrange(5)),
            )
            for _ in range(25)
        ],
        "items": [
            raw.item(
                rng.choice([*texts, "12345"]),
                rng.choice(TYPES),
                rng.choice(["", None, "a,REFURBISHED"]),
                Title=rng.choice(["T", " ", None, "220@.050", "call eve@x.com"]),
                ListPrice=rng.choice([None, None, 0.0, 75.5, 4000.0, -1.0, float("nan"), float("inf")]),
                ListImage=rng.choice([None, None, " ", "https://x.org/list.jpg", "//x.org/l.png", "ftp://x.org/a"]),
                Available=rng.choice([None, None, True, False]),
            )
            for _ in range(12)
        ],
        "events": events,
        "orders": [raw.order(rng.choice(texts), rng.choice(EMAILS), order_day(rng)) for _ in range(80)],
    }
