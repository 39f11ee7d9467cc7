"""Clean tables to graph tables: one per node and relationship type of the schema, sorted by key."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from holley_graph.graph.export import arrow_schema
from holley_graph.graph.schema import NODES, RELATIONSHIPS
from holley_graph.settings import Settings
from loaders import ageing, derive, identity, sqltext
from loaders.feeds import Extract

# A statement may read what one before it gave. `members` is no table of the graph: it knows addresses.
_STATEMENTS = (
    "members", "user", "owns", "vehicle", "vehicle_model", "make", "product", "part_type", "fits", "of_model",
    "made_by", "of_type", "viewed", "carted", "ordered",
)  # fmt: skip
_PAIR_DIGITS = 1
"""Digits behind the point that weights of pairs keep: what c people say is uncertain by about 1/√c, and with every
buyer more the digits behind change in all of them."""


def graph_tables(
    extracted: Extract,
    settings: Settings,
    as_of: datetime,
    key: bytes,
    timed: Callable[[str, float], None] = lambda table, seconds: None,
) -> dict[str, pa.Table]:
    """Make every graph table.

    Args:
        extracted: clean tables.
        settings: boundary, weights, eligibility and limits.
        as_of: decides what ages count to (`ageing.reference`); that of the extract.
        key: HMAC key for addresses (`identity.email_key`).
        timed: told the seconds that each table took.

    Returns:
        Table name (`Node.table`, `Relationship.table`) to rows with that type's key columns and properties, sorted
        by key. Times are epoch seconds.
    """
    known = _values(settings, as_of, key)
    made: dict[str, pa.Table] = {}
    for name in _STATEMENTS:
        started = time.perf_counter()
        values = known | {"base": ageing.base(name, settings.weights)} if name in ageing.TABLES else known
        statement = sqltext.load(f"graph/{name}")
        rows = extracted.connection.sql(sqltext.duckdb(statement.name), params=statement.values(values))
        made[name] = rows.to_arrow_table()
        extracted.connection.register(name, made[name])
        timed(name, time.perf_counter() - started)
    for name in made:
        extracted.connection.unregister(name)
    sync = settings.sync
    started = time.perf_counter()
    made["co_purchased"] = _rounded(derive.co_purchased(made["ordered"], sync.co_purchase_max_skus))
    timed("co_purchased", time.perf_counter() - started)
    started = time.perf_counter()
    made["co_viewed"] = _rounded(derive.co_viewed(made["viewed"], sync.session_gap_minutes, sync.session_max_skus))
    timed("co_viewed", time.perf_counter() - started)
    wanted = {declared.table: arrow_schema(declared) for declared in (*NODES, *RELATIONSHIPS)}
    return {table: made[table].select(columns.names).cast(columns) for table, columns in wanted.items()}


def _rounded(pairs: pa.Table) -> pa.Table:
    at = pairs.column_names.index("weight")
    return pairs.set_column(at, "weight", pc.round(pairs["weight"], _PAIR_DIGITS))


def _values(settings: Settings, as_of: datetime, key: bytes) -> dict[str, Any]:
    half_life = settings.weights.half_life_days
    eligibility = settings.eligibility
    return identity.pads(key) | {
        "reference_s": ageing.reference(as_of, settings.weights),
        "boundary_s": int(settings.sync.boundary.timestamp()),
        "decay": 0.0 if half_life is None else 1 / (half_life * ageing.DAY_S),
        "min_price": eligibility.min_price,
        "unknown_price": eligibility.unknown_price,
        "require_image": eligibility.require_image,
        "unknown_type_min_price": eligibility.unknown_type_min_price,
    }
