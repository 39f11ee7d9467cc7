"""Everything that the lists of a folder say, read once and kept as Parquet for as long as the process runs."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import reduce
from pathlib import Path
from typing import Any

import pyarrow as pa

from holley_graph import spill
from holley_graph.loaders import value_rules
from holley_graph.loaders.contracts import FEEDS, FITMENT
from holley_graph.loaders.engine.engine import Engine, Relation
from holley_graph.loaders.flat import dates, files, notes, read
from holley_graph.loaders.flat.lists import LISTS
from holley_graph.settings import Settings


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

    def file(self, table: str) -> Path:
        """Return the file of a table."""
        return self.spool / f"{table}.parquet"

    def keep(self, rows: Relation, table: str) -> None:
        """Write rows to the file of a table."""
        rows.to_parquet(str(self.file(table)), compression="zstd")

    def make(self, engine: Engine, name: str, table: str = "", **values: Any) -> None:
        """Run a statement of `sql/flat/`, and keep its result under its own or another name."""
        tables = {path.stem: path for path in self.spool.glob("*.parquet")}
        with engine.rows(f"flat/{name}", tables, **values) as rows:
            self.keep(rows, table or name)


def open_shop(folder: Path, settings: Settings) -> Shop:
    """Read every list of a folder.

    Raises:
        SettingsError, SourceError: a file is unreadable or lacks a column, or the settings of `csv` are wrong.
    """
    paths = files.find(folder)
    spool = Path(tempfile.mkdtemp(dir=spill.folder(settings.home.absolute())))
    shop = Shop(paths, spool, settings.sync.boundary)
    with Engine(settings) as engine:
        understood = _lists(engine, shop, settings)
        for name in ("kinds", "lines", "amounts", "span"):
            shop.make(engine, name)
        known = _span(engine.read(shop.file("span")), settings.sync.boundary) | {
            "has_products": "products" in paths,
            "max_ids": settings.sync.max_ids,
            "mention": value_rules.MENTION,
        }
        for name in ("happened", "letters"):
            shop.make(engine, name, **known)
        for name in (feed.raw for feed in FEEDS if feed.clean is not FITMENT):
            shop.make(engine, name, f"raw_{name}", **known)
        understood += notes.cannot(engine, shop.file, paths)
    return replace(shop, boundary=known["boundary"], notes=tuple(understood))


def _lists(engine: Engine, shop: Shop, settings: Settings) -> list[str]:
    """Keep a table of every list and of what dates mean; return how each file was understood."""
    csv = settings.csv
    mapped = {
        "users": csv.users, "fitment": csv.fitment, "products": csv.products, "orders": csv.orders,
        "events": csv.events,
    }  # fmt: skip
    understood, lost = [], [engine.read(read.LOST.empty_table())]
    for list_ in LISTS:
        rows, notes = read.rows(
            engine, list_, shop.found.get(list_.name, []), mapped[list_.name], shop.spool, lost.append
        )
        shop.keep(rows, f"list_{list_.name}")
        understood += notes
    shop.keep(reduce(Relation.union, lost), "unreadable")
    names = {
        "text": pa.array(csv.event_names, pa.string()),
        "kind": pa.array(csv.event_names.values(), pa.string()),
    }
    shop.keep(engine.read(pa.table(names)), "event_names")
    lists = {f"list_{list_.name}": shop.file(f"list_{list_.name}") for list_ in LISTS}
    moments = dates.read(engine, lists, csv.date_format)
    shop.keep(moments, "moments")
    dates.stop_if_none_is_read(engine, lists, moments, shop.found)
    return understood


def _span(span: Relation, boundary: datetime) -> dict[str, Any]:
    """Say whether order lines are events, and where the boundary is.

    Order lines count before it. From it on they count as events, unless events tell purchases themselves. Where
    orders name no email, every line is an event, because a line of the orders table counts by its email. Only where
    both tell purchases, the settings' boundary says who is believed; else it is not after the first event.
    """
    tells, has_emails, event, order = span.fetchall()[0]
    nameless = order is not None and not has_emails
    lines_are_events = nameless or not tells
    if lines_are_events or order is None:
        begins = (event, order if nameless else None)
        boundary = min([boundary, *(_midnight(moment) for moment in begins if moment is not None)])
    return {"lines_are_events": lines_are_events, "boundary": boundary}


def _midnight(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
