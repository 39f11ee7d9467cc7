"""Raw source tables from small Python literals, written as the Parquet files that a source would hand over."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from holley_graph.loaders.contracts import RAW, RawTable

Row = dict[str, Any]
RAW_NAMES = tuple(table.name for table in RAW)


def at(text: str) -> datetime:
    """Read an ISO time as UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def properties(**values: Any) -> list[Row]:
    """Make properties: text goes to `string_value`, a whole number to `long_value`, any other to `double_value`.

    A name with dots or digits is passed as `**{"Items_1.ProductId": "A1"}`.
    """
    return [property_(name, value) for name, value in values.items()]


def property_(name: str, value: Any) -> Row:
    """Make one property; a tuple gives string, long and double value as they are."""
    if isinstance(value, tuple):
        text, whole, real = value
    else:
        text = value if isinstance(value, str) else None
        whole = value if isinstance(value, int) else None
        real = value if isinstance(value, float) else None
    return {"property_name": name, "string_value": text, "long_value": whole, "double_value": real}


def attributes(
    user_id: str | None, when: datetime | None, inserted: datetime | None = None, /, **values: Any
) -> Row:
    """Make one row of `user_attributes`."""
    return {
        "user_id": user_id,
        "update_timestamp": when,
        "auxia_insertion_timestamp": inserted or when,
        "user_properties": properties(**values),
    }


def event(user_id: str | None, name: str | None, when: datetime | None, /, **values: Any) -> Row:
    """Make one row of `events`."""
    return {
        "user_id": user_id,
        "event_name": name,
        "client_event_timestamp": when,
        "auxia_insertion_timestamp": when,
        "event_properties": properties(**values),
    }


def fitment(year: str | None, make: str | None, model: str | None, skus: Sequence[str | None] = ()) -> Row:
    """Make one row of `fitment`."""
    products = [{"product_number": sku} for sku in skus]
    return {"v1_year": year, "v1_make": make, "v1_model": model, "products": products}


def item(sku: str | None, part_type: str | None = None, tags: str | None = None, **more: Any) -> Row:
    """Make one row of `items`."""
    return {"PartNumber": sku, "PartType": part_type, "Tags": tags} | more


def order(sku: str | None, email: str | None, date: str | None) -> Row:
    """Make one row of `orders`."""
    return {"ITEM": sku, "SHIP_TO_EMAIL": email, "ORDER_DATE": date}


def schema(table: RawTable) -> pa.Schema:
    """Every column that the contract requires of a table."""
    return pa.schema(table.columns)


def write(folder: Path, tables: Mapping[str, Sequence[Row]]) -> Path:
    """Write `NAME.parquet` of all five tables; those that are not named have no rows."""
    folder.mkdir(parents=True, exist_ok=True)
    for table in RAW:
        rows = tables.get(table.name, ())
        columns = table.columns | {n: t for n, t in table.optional.items() if any(n in row for row in rows)}
        pq.write_table(pa.Table.from_pylist(list(rows), pa.schema(columns)), folder / f"{table.name}.parquet")
    return folder
