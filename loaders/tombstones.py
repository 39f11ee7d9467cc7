"""Who asked to be forgotten, as hashes: what a sync leaves out, however often the source still says it."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from pathlib import Path
from typing import Any

import pyarrow as pa

from holley_graph import files, sealed
from holley_graph.errors import ParcelError
from holley_graph.loaders import identity
from holley_graph.loaders.contracts import FEEDS
from holley_graph.loaders.engine.engine import Engine, Relation
from holley_graph.settings import Settings

USER, EMAIL = "user", "email"
FORGOTTEN, OF_KEY = "forgotten", "key"
_HINT = "put it back from a backup: without it, the next sync brings the forgotten back"
_COLUMNS = {f"clean_{feed.clean.name}": feed.clean.schema.names for feed in FEEDS}
BY_USER = (*(name for name, columns in _COLUMNS.items() if "user_id" in columns), "waiting_events")
BY_EMAIL = tuple(name for name, columns in _COLUMNS.items() if "email" in columns)
"""Tables that name people."""


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


def leave_out(engine: Engine, tables: Mapping[str, Relation], settings: Settings) -> dict[str, Relation]:
    """Return an extract's tables without forgotten people, among clean, waiting and rejected rows."""
    forgotten = _Forgotten.of(engine, settings)
    left = dict(tables)
    if forgotten is None:
        return left
    emails = forgotten.among(EMAIL, [tables[name].project("email AS name") for name in BY_EMAIL])
    ids = forgotten.among(USER, [tables[name].project("user_id AS name") for name in BY_USER])
    addresses = emails.project("name AS email")
    user_ids = tables["clean_users"].join(addresses, "email", how="semi").project("user_id AS name")
    users = engine.store(ids.union(user_ids).distinct())
    for name in BY_USER:
        left[name] = forgotten.without(tables[name], "user_id", users)
    for name in {*BY_EMAIL} - {*BY_USER}:
        left[name] = forgotten.without(tables[name], "email", emails)
    for name in {*BY_EMAIL, *BY_USER} - {"waiting_events"}:
        rejected = name.replace("clean_", "rejected_")
        inputs = {"rejected": tables[rejected], "gone_users": users, "gone_emails": emails}
        left[rejected] = engine.keep("forget/rejected", inputs)
    return left


def hide(engine: Engine, settings: Settings, by_user: Relation, by_email: Relation) -> tuple[Relation, Relation]:
    """Return a table of user ids and one of addresses without forgotten people."""
    forgotten = _Forgotten.of(engine, settings)
    if forgotten is None:
        return by_user, by_email
    users = forgotten.among(USER, [by_user.project("user_id AS name")])
    emails = forgotten.among(EMAIL, [by_email.project("email AS name")])
    return forgotten.without(by_user, "user_id", users), forgotten.without(by_email, "email", emails)


@dataclass(frozen=True)
class _Forgotten:
    """Hashes of people, and how names are hashed to be held against them."""

    engine: Engine
    digests: pa.Table
    pads: dict[str, bytes]

    @classmethod
    def of(cls, engine: Engine, settings: Settings) -> _Forgotten | None:
        """Read the list; none: nobody was forgotten.

        Raises:
            ParcelError: the list is not what was written, or of another key.
        """
        document = _read(settings.home)
        if not document[FORGOTTEN]:
            return None
        key = identity.email_key(settings)
        if document.get(OF_KEY, digest(key, OF_KEY, "")) != digest(key, OF_KEY, ""):
            raise ParcelError(
                f"{path(settings.home)} was made with another email key, "
                "so a sync would bring forgotten people back",
                "put the key back from a backup",
            )
        return cls(engine, pa.table({"digest": document[FORGOTTEN]}), identity.pads(key))

    def among(self, kind: str, names: Sequence[Relation]) -> Relation:
        """Find the forgotten in some columns of names."""
        distinct = reduce(Relation.union, (column.filter("name IS NOT NULL") for column in names)).distinct()
        tables = {"names": self.engine.store(distinct), "tombstones": self.digests}
        return self.engine.keep("forget/gone", tables, **self.pads, kind=kind)

    def without(self, rows: Relation, column: str, forgotten: Relation) -> Relation:
        """Keep the rows that name nobody of `forgotten`."""
        return self.engine.store(rows.join(forgotten.project(f"name AS {column}"), column, how="anti"))
