"""What the lists of a shop are called, which columns they may have, and by which names a column is known."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from holley_graph.errors import SettingsError, SourceError

_SKU = "sku, part number, part no, part, mpn, product number, item number, item no, product id, item id, stock code"
_EMAIL = "email, email address, customer email, billing email, email billing, ship to email, contact email, mail"
_USER = "user id, user, customer id, customer, customer no, visitor id, client id, account id, buyer id"
_IMAGE = "image url, image, image src, image link, images, picture, main image, variant image"
_PRICE = (
    "price, variant price, lineitem price, item price, unit price, list price, regular price, retail price, msrp"
)


@dataclass(frozen=True)
class List:
    """One list of a shop.

    Attributes:
        name: of its file, and of its table in the settings.
        columns: our name of a column to the names that it is known by, the surest first.
        required: of each group, one column has to be there.
    """

    name: str
    columns: Mapping[str, str]
    required: tuple[tuple[str, ...], ...]


LISTS = (
    List(
        "users",
        {
            "user_id": f"{_USER}, id",
            "email": _EMAIL,
            "year": "year, vehicle year, car year, model year, v1 year",
            "make": "make, vehicle make, car make, v1 make",
            "model": "model, vehicle model, car model, v1 model",
            "updated_at": "updated at, update timestamp, updated, last modified, modified, created at, created, "
            "date",
        },
        (("user_id", "email"),),
    ),
    List(
        "fitment",
        {
            "sku": f"{_SKU}, item",
            "make": "make, vehicle make, make name",
            "model": "model, vehicle model, model name",
            "year": "year, years, year range, model year, model years, vehicle year",
            "year_from": "year from, from year, year start, start year, begin year, first year, year min, from, "
            "start",
            "year_to": "year to, to year, year end, end year, last year, year max, to, end",
        },
        (("sku",), ("make",), ("model",), ("year", "year_from")),
    ),
    List(
        "products",
        {
            "sku": f"variant sku, {_SKU}, id",
            "title": "title, name, product name, product title, description",
            "part_type": "part type, part terminology name, product type, category, categories, "
            "product category, type",
            "brand": "brand, brand name, vendor, manufacturer",
            "price": _PRICE,
            "image_url": _IMAGE,
            "tags": "tags, condition",
            "available": "available, availability, in stock, stock, variant inventory qty, stock quantity, "
            "inventory, quantity, qty, status, published",
        },
        (("sku",),),
    ),
    List(
        "orders",
        {
            "order_id": "order id, order number, order no, order, invoice no, invoice number, invoice, "
            "transaction id",
            "date": "date, order date, created at, ordered at, purchase date, invoice date, date created, paid at, "
            "order time, time, timestamp",
            "sku": f"lineitem sku, item sku, {_SKU}, item",
            "email": _EMAIL,
            "user_id": _USER,
            "title": "lineitem name, item name, product name, product title, title, description, product",
            "price": _PRICE,
            "quantity": "quantity, lineitem quantity, qty, units",
            "status": "status, order status, financial status",
            "cancelled_at": "cancelled at, canceled at",
        },
        (("sku",), ("date",), ("email", "user_id")),
    ),
    List(
        "events",
        {
            "user_id": _USER,
            "email": _EMAIL,
            "event": "event, event name, event type, action, behavior, type",
            "sku": f"{_SKU}, item, product",
            "time": "time, timestamp, event time, event timestamp, client event timestamp, created at, "
            "datetime, date",
            "price": _PRICE,
            "image_url": _IMAGE,
        },
        (("user_id", "email"), ("event",), ("sku",), ("time",)),
    ),
)


def resolve(list_: List, seen: Sequence[str], mapped: Mapping[str, str], file: object) -> dict[str, str]:
    """Say which column of a file holds which of ours: as the settings map it, else by a name that is known.

    Args:
        list_: what the file is.
        seen: its columns.
        mapped: our name to the file's, from the settings.
        file: its path, for messages.

    Raises:
        SettingsError: the settings map a column that is none of ours.
        SourceError: the settings name a column that the file lacks, or a required one is missing.
    """
    by_name = {_plain(name): name for name in reversed(seen)}
    columns = {}
    for column, names in list_.columns.items():
        known = (mapped[column],) if column in mapped else names.split(", ")
        if name := next((by_name[plain] for alias in known if (plain := _plain(alias)) in by_name), None):
            columns[column] = name
        elif column in mapped:
            raise _missing(
                f"{mapped[column]!r}, which csv.{list_.name} names for {column}", mapped[column], seen, file
            )
    if unknown := sorted(set(mapped) - set(list_.columns)):
        raise SettingsError(
            f"setting csv.{list_.name}: {unknown[0]!r} is no column of this list",
            f"it has {', '.join(list_.columns)}",
        )
    if list_.name == "orders" and "lineitemsku" in by_name and "name" in by_name:
        columns.setdefault("order_id", by_name["name"])  # so it is called where lines are called line items
    for group in list_.required:
        if not any(name in columns for name in group):
            names = ", ".join(list_.columns[name] for name in group)
            raise _missing(" or ".join(group), names, seen, file, f"[csv.{list_.name}] {group[0]}")
    return columns


def _missing(what: str, names: str, seen: Sequence[str], file: object, setting: str = "") -> SourceError:
    nearest = max(seen, key=lambda name: max(_likeness(_plain(alias), _plain(name)) for alias in names.split(", ")))
    hint = f'write {setting} = "{nearest}" into holley-graph.toml, if that is it' if setting else ""
    return SourceError(
        f"{file} has no column {what}; the nearest is {nearest!r} of {', '.join(map(repr, seen))}", hint
    )


def _likeness(name: str, other: str) -> tuple[bool, float]:
    return name in other, difflib.SequenceMatcher(None, name, other).ratio()


def _plain(name: str) -> str:
    return re.sub(r"[\W_]", "", name.lower())
