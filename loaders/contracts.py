"""What comes in and what extraction gives: every table and column with its type and meaning.

Types are Arrow's; `BIGQUERY` and `DUCKDB` spell the same ones for the two engines.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import pyarrow as pa

from holley_graph.errors import SourceError
from holley_graph.loaders.engine.engine import Relation

_HINT = "the feed's statement and loaders/contracts.py disagree: a fault of this tool"
TIMES = pa.list_(pa.int64())
BIGQUERY = {
    pa.string(): "STRING",
    pa.int64(): "INT64",
    pa.float64(): "FLOAT64",
    pa.bool_(): "BOOL",
    TIMES: "ARRAY<INT64>",
}
DUCKDB = {
    pa.string(): "VARCHAR",
    pa.int64(): "BIGINT",
    pa.float64(): "DOUBLE",
    pa.bool_(): "BOOLEAN",
    TIMES: "BIGINT[]",
}


@dataclass(frozen=True)
class Column:
    """One column of a clean table."""

    name: str
    type: pa.DataType
    description: str
    required: bool = False


@dataclass(frozen=True)
class CleanTable:
    """What one feed gives, one row per `key`."""

    name: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]

    @property
    def schema(self) -> pa.Schema:
        """The table's Arrow schema."""
        return pa.schema([(column.name, column.type) for column in self.columns])

    def check(self, relation: Relation) -> None:
        """Hold a result against this contract.

        Raises:
            SourceError: a column is missing, of another type, or empty where a value is required.
        """
        types = dict(zip(relation.columns, map(str, relation.types), strict=True))
        for column in self.columns:
            expected, is_ = DUCKDB[column.type], types.get(column.name, "no such column")
            if is_ != expected:
                raise SourceError(
                    f"clean table {self.name}, column {column.name}: expected {expected}, found {is_}", _HINT
                )
        required = [column.name for column in self.columns if column.required]
        if required:
            there = (f'bool_and("{name}" IS NOT NULL)' for name in required)
            (filled,) = relation.aggregate(", ".join(there)).fetchall()
            for name, is_filled in zip(required, filled, strict=True):
                if is_filled is False:  # None: no rows
                    raise SourceError(
                        f"clean table {self.name}, column {name}: expected a value, found none", _HINT
                    )


@dataclass(frozen=True)
class RawTable:
    """One table of the source."""

    name: str
    columns: dict[str, pa.DataType]
    optional: dict[str, pa.DataType]
    """Columns that a source may lack; they are read as missing values."""


_PROPERTIES = pa.list_(
    pa.struct(
        [
            ("property_name", pa.string()),
            ("string_value", pa.string()),
            ("long_value", pa.int64()),
            ("double_value", pa.float64()),
        ]
    )
)
_TIMESTAMP = pa.timestamp("us", "UTC")

RAW = (
    RawTable(
        "user_attributes",
        {
            "user_id": pa.string(),
            "update_timestamp": _TIMESTAMP,
            "auxia_insertion_timestamp": _TIMESTAMP,
            "user_properties": _PROPERTIES,
        },
        {},
    ),
    RawTable(
        "events",
        {
            "user_id": pa.string(),
            "event_name": pa.string(),
            "client_event_timestamp": _TIMESTAMP,
            "auxia_insertion_timestamp": _TIMESTAMP,
            "event_properties": _PROPERTIES,
        },
        {},
    ),
    RawTable(
        "fitment",
        {
            "v1_year": pa.string(),
            "v1_make": pa.string(),
            "v1_model": pa.string(),
            "products": pa.list_(pa.struct([("product_number", pa.string())])),
        },
        {},
    ),
    RawTable(
        "items",
        {"PartNumber": pa.string(), "PartType": pa.string(), "Tags": pa.string()},
        {
            "Title": pa.string(),
            "Brand": pa.string(),
            "ListPrice": pa.float64(),
            "ListImage": pa.string(),
            "Available": pa.bool_(),
        },
    ),
    RawTable(
        "orders",
        {"ITEM": pa.string(), "SHIP_TO_EMAIL": pa.string(), "ORDER_DATE": pa.string()},
        {"ORDER_NUMBER": pa.string()},
    ),
)

_SKU = Column("sku", pa.string(), "trimmed, upper case", required=True)
_COUNTED = Column("at", TIMES, "counted times, epoch seconds, ascending", required=True)

USERS = CleanTable(
    "users",
    (
        Column(
            "user_id",
            pa.string(),
            "id of the source as it compares; `hashed:` and a hash where it may be an address",
            required=True,
        ),
        Column("email", pa.string(), "lower case; absent: unknown, or of too many ids"),
        Column("year", pa.int64(), "model year of the vehicle; absent: unknown"),
        Column("make", pa.string(), "trimmed, upper case; absent: unknown"),
        Column("model", pa.string(), "trimmed, upper case; absent: unknown"),
        Column("since", pa.int64(), "epoch seconds: newest of the times of year, make and model"),
    ),
    ("user_id",),
)
FITMENT = CleanTable(
    "fitment",
    (
        Column("sku", pa.string(), "trimmed, upper case; absent: a vehicle that nothing fits"),
        Column("year", pa.int64(), "model year", required=True),
        Column("make", pa.string(), "trimmed, upper case", required=True),
        Column("model", pa.string(), "trimmed, upper case", required=True),
    ),
    ("sku", "year", "make", "model"),
)
ITEMS = CleanTable(
    "items",
    (
        _SKU,
        Column("part_type", pa.string(), "greatest text of the SKU's lines; absent: none has one"),
        Column("refurbished", pa.bool_(), "a line is tagged so", required=True),
        Column("title", pa.string(), "greatest title of the SKU's lines"),
        Column("brand", pa.string(), "greatest brand of the SKU's lines"),
        Column("price", pa.float64(), "highest list price of the SKU's lines; absent: events say it"),
        Column("image_url", pa.string(), "greatest https image of the SKU's lines; absent: events say it"),
        Column("available", pa.bool_(), "false: no line says that it can be had, and one says that it cannot"),
    ),
    ("sku",),
)
EVENTS = CleanTable(
    "events",
    (
        Column(
            "user_id",
            pa.string(),
            "id of the source as it compares; `hashed:` and a hash where it may be an address",
            required=True,
        ),
        Column("kind", pa.string(), "VIEWED, CARTED or ORDERED", required=True),
        _SKU,
        Column("day", pa.int64(), "day of the times in `at`, days since 1970", required=True),
        _COUNTED,
        Column("count", pa.int64(), "number of times in `at`", required=True),
        Column("price", pa.float64(), "highest seen in these events, US dollars"),
        Column("image_url", pa.string(), "newest image of these events, https; absent: that one cannot be used"),
        Column("image_at", pa.int64(), "when it was seen, epoch microseconds; absent: none was"),
    ),
    ("user_id", "kind", "sku", "day"),
)
ORDERS = CleanTable(
    "orders",
    (
        Column("email", pa.string(), "trimmed, lower case", required=True),
        _SKU,
        _COUNTED,
        Column(
            "last_at", pa.int64(), "latest known line, past the boundary included, epoch seconds", required=True
        ),
    ),
    ("email", "sku"),
)


@dataclass(frozen=True)
class Feed:
    """One statement, named after the clean table that it gives, and the raw table whose rows it accounts for."""

    raw: str
    clean: CleanTable
    dataset: Literal["events", "catalog"]
    """Which dataset of the settings BigQuery has the raw table in."""


# The catalogue (fitment and items) comes before those who are checked against it.
FEEDS = (
    Feed("user_attributes", USERS, "events"),
    Feed("fitment", FITMENT, "catalog"),
    Feed("items", ITEMS, "catalog"),
    Feed("events", EVENTS, "events"),
    Feed("orders", ORDERS, "catalog"),
)
