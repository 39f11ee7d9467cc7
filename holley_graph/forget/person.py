"""Everything that names one person."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass

import pyarrow.compute as pc
import pyarrow.parquet as pq

from loaders.taken import Taken


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


def find(taken: Taken | None, user_id: str, key: bytes) -> Person:
    """Find who a user id is: the other ids and the address come from the clean users of the last sync."""
    email = None
    ids = {user_id}
    if taken is not None:
        users = pq.read_table(taken.clean("users"), columns=["user_id", "email"])
        mine = users.filter(pc.equal(users["user_id"], user_id))["email"].to_pylist()
        email = mine[0] if mine else None
        if email is not None:
            ids |= set(users.filter(pc.equal(users["email"], email))["user_id"].to_pylist())
    if email is None:
        return Person(tuple(sorted(ids)), None, None)
    hashed = hmac.new(key, email.encode(), hashlib.sha256).hexdigest()
    return Person(tuple(sorted({*ids, f"buyer:{hashed}"})), email, hashed)
