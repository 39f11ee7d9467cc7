"""Everything that names one person."""

from __future__ import annotations

import hashlib
import hmac
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from holley_graph import sealed
from holley_graph.loaders.sync_tables import SyncTables

TELLING = 6
"""Characters from which on a name that is no number is looked for everywhere."""


@dataclass(frozen=True)
class Person:
    """Somebody with all ids of their address.

    Attributes:
        user_ids: ids of the source, and the buyer's that stands for an address without one.
        email: their address, if one is known.
        email_hash: as it stands in the graph.
    """

    user_ids: tuple[str, ...]
    email: str | None
    email_hash: str | None

    @property
    def names(self) -> tuple[str, ...]:
        """All texts that lead to the person."""
        return tuple(name for name in (*self.user_ids, self.email, self.email_hash) if name)

    def is_among(self, values: Iterable[tuple[bool, str]]) -> bool:
        """Say whether one of some values is a name of theirs, however it is spelled.

        Args:
            values: whether it stands where somebody is named, and the text; elsewhere only telling names count.
        """
        names = {spelled(name) for name in self.names}
        return any((named or telling(text)) and spelled(text) in names for named, text in values)


def telling(name: str) -> bool:
    """Say whether a name is nobody's and nothing's else: not a short one, not a number."""
    return len(name) >= TELLING and not name.isdigit()


def spelled(name: str) -> str:
    """Give a name as the loaders read it: without blanks around it, in one spelling, an address in lower case."""
    text = unicodedata.normalize("NFKC", name).strip()
    return text.lower() if "@" in text else text


def find(sync_tables: SyncTables | None, user_id: str, key: bytes) -> Person:
    """Find who a user id is: the other ids and the address come from the clean users of the last sync."""
    emails = _users(sync_tables, "user_id", user_id)["email"].to_pylist()
    email = emails[0] if emails else None
    return Person((user_id,), None, None) if email is None else with_email(sync_tables, email, key, user_id)


def with_email(sync_tables: SyncTables | None, email: str, key: bytes, *ids: str) -> Person:
    """Find who has an address: all user ids with it, and some that are known to be theirs."""
    hashed = hmac.new(key, email.encode(), hashlib.sha256).hexdigest()
    user_ids = _users(sync_tables, "email", email)["user_id"].to_pylist()
    return Person(tuple(sorted({*ids, *user_ids, f"buyer:{hashed}"})), email, hashed)


def _users(sync_tables: SyncTables | None, column: str, value: str) -> pa.Table:
    """Read the clean users of the last sync that have a value; by no seal: a killed `forget` left it for later."""
    columns = ["user_id", "email"]
    if sync_tables is None:
        return pa.table({name: pa.array([], pa.string()) for name in columns})
    users = sealed.table(sync_tables.path / "clean_users.parquet", columns)
    return users.filter(pc.equal(users[column], value))
