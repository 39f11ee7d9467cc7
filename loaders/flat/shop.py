"""Everything that the lists of a folder say, read once and kept as Parquet for as long as the process runs."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from holley_graph import spill
from holley_graph.settings import Settings
from loaders import feeds, parquet, rules, sqltext
from loaders.flat import dates, files, notes, read
from loaders.flat.lists import LISTS


@dataclass(frozen=True)
class Shop:
    """The lists of a folder.

    Attributes:
        found: files per list that is there.
        spool: folder with a Parquet file of every list, of every raw table but fitment, and of what lies between.
        boundary: order lines count before it, events from it on.
        notes: how each file was understood, and what all of them cannot answer.
    """

    found: Mapping[str, list[Path]]
    spool: Path
    boundary: datetime
    notes: tuple[str, ...] = ()

    def show(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Leave a view of each table in a connection."""
        for path in self.spool.glob("*.parquet"):
            connection.read_parquet(parquet.literal(path)).create_view(path.stem)

    def keep(self, connection: duckdb.DuckDBPyConnection, rows: duckdb.DuckDBPyRelation, table: str) -> None:
        """Write rows as Parquet and leave a view of them."""
        path = self.spool / f"{table}.parquet"
        rows.to_parquet(str(path), compression="zstd")
        connection.read_parquet(parquet.literal(path)).create_view(table)

    def make(
        self, connection: duckdb.DuckDBPyConnection, name: str, known: Mapping[str, Any], table: str = ""
    ) -> None:
        """Run a statement of `sql/flat/`, and keep its result under its own or another name."""
        statement = sqltext.load(f"flat/{name}")
        rows = connection.sql(sqltext.duckdb(statement.name), params=statement.values(known))
        self.keep(connection, rows, table or name)


def open_shop(folder: Path, settings: Settings) -> Shop:
    """Read every list of a folder.

    Raises:
        SettingsError, SourceError: a file is unreadable or lacks a column, or the settings of `csv` are wrong.
    """
    found = files.find(folder)
    spool = Path(tempfile.mkdtemp(dir=spill.folder(settings.home.absolute())))
    shop = Shop(found, spool, settings.sync.boundary)
    connection = feeds.connect(settings)
    try:
        understood = _lists(connection, shop, settings)
        for name in ("kinds", "lines", "amounts", "span"):
            shop.make(connection, name, {})
        known = _span(connection, settings.sync.boundary) | {
            "has_products": "products" in found,
            "most_ids": settings.sync.most_ids,
            "mention": rules.MENTION,
        }
        for name in ("happened", "letters"):
            shop.make(connection, name, known)
        for name in ("user_attributes", "items", "events", "orders"):
            shop.make(connection, name, known, f"raw_{name}")
        understood += notes.cannot(connection, found)
    finally:
        connection.close()
    return replace(shop, boundary=known["boundary"], notes=tuple(understood))


def _lists(connection: duckdb.DuckDBPyConnection, shop: Shop, settings: Settings) -> list[str]:
    """Keep a table of every list and of what dates mean; return how each file was understood."""
    csv = settings.csv
    mapped = {
        "users": csv.users, "fitment": csv.fitment, "products": csv.products, "orders": csv.orders,
        "events": csv.events,
    }  # fmt: skip
    read.prepare(connection)
    understood = []
    for each in LISTS:
        rows, said = read.rows(connection, each, shop.found.get(each.name, []), mapped[each.name], shop.spool)
        shop.keep(connection, rows, f"list_{each.name}")
        understood += said
    shop.keep(connection, connection.table("lost"), "unreadable")
    names = {
        "text": pa.array(csv.event_names, pa.string()),
        "kind": pa.array(csv.event_names.values(), pa.string()),
    }
    connection.from_arrow(pa.table(names)).create("event_names")
    shop.keep(connection, dates.read(connection, csv.date_format), "moments")
    dates.stop_if_none_is_read(connection, shop.found)
    return understood


def _span(connection: duckdb.DuckDBPyConnection, boundary: datetime) -> dict[str, Any]:
    """Say whether order lines are events, and where the boundary is.

    Order lines count before it. From it on they count as events, unless events tell purchases themselves. Where
    orders name no email, every line is an event, because a line of the orders table counts by its email. Only where
    both tell purchases, the settings' boundary says who is believed; else it is not after the first event.
    """
    tells, has_emails, event, order = connection.table("span").fetchall()[0]
    nameless = order is not None and not has_emails
    lines_are_events = nameless or not tells
    if lines_are_events or order is None:
        begins = (event, order if nameless else None)
        boundary = min([boundary, *(_midnight(moment) for moment in begins if moment is not None)])
    return {"lines_are_events": lines_are_events, "boundary": boundary}


def _midnight(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
