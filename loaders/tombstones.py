"""Who asked to be forgotten, as hashes: what a sync leaves out, however often the source still says it."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from holley_graph import files, sealed
from holley_graph.errors import ParcelError
from holley_graph.settings import Settings
from loaders import identity, sqltext

USER, EMAIL = "user", "email"
FORGOTTEN, OF_KEY = "forgotten", "key"
_HINT = "put it back from a backup: without it, the next sync brings the forgotten back"
BY_USER = ("clean_users", "clean_events", "waiting_events")
BY_EMAIL = (("clean_users", "email"), ("clean_orders", "email"))


def path(home: Path) -> Path:
    """Return the file: a sealed list of hashes, for its owner only."""
    return home / "tombstones"


def known(home: Path) -> list[str]:
    """Return every hash.

    Raises:
        ParcelError: the list is not what was written.
    """
    return [str(hashed) for hashed in _read(home)[FORGOTTEN]]


def stop_if_some_are_lost(home: Path, count: int) -> None:
    """Refuse a list that is shorter than it was after the last `sync` or `forget`.

    Raises:
        ParcelError: it is.
    """
    there = len(known(home))
    if there < count:
        raise ParcelError(f"{path(home)} names {there} hashes, and {count} were forgotten here", _HINT)


def _read(home: Path) -> dict[str, Any]:
    file = path(home)
    if not file.exists():
        return {FORGOTTEN: []}
    if plain := _plain(file):
        return {FORGOTTEN: plain}
    document = sealed.read(file, _HINT)
    if FORGOTTEN not in document:
        raise ParcelError(f"{file} is not a list of forgotten people", _HINT)
    return document


def _plain(file: Path) -> list[str]:
    """Read the list of an older version, a hash per line; nothing if it is none."""
    lines = files.content(file).split() if file.is_file() else []
    return [line.decode() for line in lines] if all(re.fullmatch(rb"[0-9a-f]{64}", line) for line in lines) else []


def digest(key: bytes, kind: str, name: str) -> str:
    """Hash a user id or an address under the key of this home: HMAC-SHA-256, so that nobody else can test names."""
    return hmac.new(key, f"{kind}:{name}".encode(), hashlib.sha256).hexdigest()


def add(home: Path, key: bytes, user_ids: Iterable[str], email: str | None) -> None:
    """Remember a person; written beside the old list and renamed."""
    new = {digest(key, USER, user_id) for user_id in user_ids} | ({digest(key, EMAIL, email)} if email else set())
    document = {FORGOTTEN: sorted({*known(home), *new}), OF_KEY: digest(key, OF_KEY, "")}
    sealed.write(path(home), document, mode=files.PRIVATE)


def leave_out(connection: duckdb.DuckDBPyConnection, settings: Settings) -> None:
    """Take forgotten people out of an extract: views of clean, waiting and rejected rows."""
    pads = _open(connection, settings)
    if pads is None:
        return
    _keep(connection, "gone_emails", _gone(connection, pads, EMAIL, BY_EMAIL))
    _keep(connection, "gone_ids", _gone(connection, pads, USER, [(view, "user_id") for view in BY_USER]))
    addresses = connection.table("gone_emails").project("name AS email")
    theirs = connection.table("clean_users").join(addresses, "email", how="semi").project("user_id AS name")
    _keep(connection, "gone_users", connection.table("gone_ids").union(theirs).distinct())
    for view in BY_USER:
        _without(connection, view, "user_id", "gone_users")
    _without(connection, "clean_orders", "email", "gone_emails")
    for feed in ("users", "events", "orders"):
        view = f"rejected_{feed}"
        _keep(connection, view, connection.sql(sqltext.duckdb("forget/rejected", {"rejected": view})))


def hide(connection: duckdb.DuckDBPyConnection, settings: Settings, by_user: str, by_email: str) -> None:
    """Take forgotten people out of a view of user ids and a view of addresses."""
    pads = _open(connection, settings)
    if pads is None:
        return
    for view, column, kind in ((by_user, "user_id", USER), (by_email, "email", EMAIL)):
        _keep(connection, f"gone_{view}", _gone(connection, pads, kind, [(view, column)]))
        _without(connection, view, column, f"gone_{view}")


def _open(connection: duckdb.DuckDBPyConnection, settings: Settings) -> dict[str, bytes] | None:
    """Leave the view `tombstones` and return the pads of their hashes; nobody was forgotten: none.

    Raises:
        ParcelError: the list is not what was written, or of another key.
    """
    document = _read(settings.home)
    if not document[FORGOTTEN]:
        return None
    key = identity.email_key(settings)
    if document.get(OF_KEY, digest(key, OF_KEY, "")) != digest(key, OF_KEY, ""):
        raise ParcelError(
            f"{path(settings.home)} was made with another email key, so a sync would bring forgotten people back",
            "put the key back from a backup",
        )
    connection.register("tombstones", pa.table({"digest": document[FORGOTTEN]}))
    return identity.pads(key)


def _gone(
    connection: duckdb.DuckDBPyConnection, pads: dict[str, bytes], kind: str, where: Sequence[tuple[str, str]]
) -> duckdb.DuckDBPyRelation:
    """Find the forgotten among the names of some columns."""
    names = [
        connection.table(view).project(f"{column} AS name").filter("name IS NOT NULL") for view, column in where
    ]
    every = names[0]
    for more in names[1:]:
        every = every.union(more)
    names_view = f"names_{kind}_{where[0][0]}"
    _keep(connection, names_view, every.distinct())
    statement = sqltext.duckdb("forget/gone", {"names": names_view})
    return connection.sql(statement, params=pads | {"kind": kind})


def _without(connection: duckdb.DuckDBPyConnection, view: str, column: str, gone: str) -> None:
    """Replace a view by its rows that name nobody of `gone`."""
    out = connection.table(gone).project(f"name AS {column}")
    _keep(connection, view, connection.table(view).join(out, column, how="anti"))


def _keep(connection: duckdb.DuckDBPyConnection, view: str, rows: duckdb.DuckDBPyRelation) -> None:
    """Store rows, and let `view` mean them: a view that reads itself would not end."""
    rows.create(f"kept_{view}")
    connection.table(f"kept_{view}").create_view(view)
