"""Takes a snapshot out of Neo4j: lists packed by the server in blocks, statements side by side.

One record per node or relationship is what the driver is slow at; a few hundred records with long lists carry the
same in a fraction of the time (`benchmarks/full_scale.py`, step `extraction`).
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from typing import Any

import numpy as np
import pyarrow as pa

from holley_graph.errors import GraphStateError
from holley_graph.graph.client import Graph, Row
from holley_graph.progress import Progress, silent
from holley_graph.settings import Sync
from holley_graph.snapshot.snapshot import KINDS, DeriveOptions, Ints, Snapshot

SIDE_BY_SIDE = 3
"""Statements that run at once: the server works on one while the driver unpacks another."""

_TIMES = tuple(f"times_{kind.lower()}" for kind in KINDS)
_STATEMENTS = ("times_ordered", "bought", "users_with_history", "times_viewed", "times_carted", "product",
               "vehicles_with_owners", "fitments")  # fmt: skip
_PRODUCT = ("sku", "base_sku", "display_key", "part_type", "price", "brand", "eligible")
_VEHICLE = ("vehicle_id", "year", "make", "model", "owners")
_TYPES = {"price": pa.float64(), "eligible": pa.bool_(), "year": pa.int64(), "owners": pa.int64()}

Columns = dict[str, list[Any]]
"""A statement's records turned on their side."""


class _Index:
    """Neo4j's internal ids of one label, and the snapshot's rows that they stand for; −1 stays −1."""

    def __init__(self, ids: Ints) -> None:
        self._row = np.full(ids.max(initial=-1) + 2, -1, np.int64)
        self._row[ids] = np.arange(len(ids))

    def rows(self, ids: Ints) -> Ints:
        return self._row[ids]


def options(sync: Sync) -> DeriveOptions:
    """Pick what a snapshot must know of the sync's settings."""
    return DeriveOptions(sync.co_purchase_max_skus, sync.session_gap_minutes, sync.session_max_skus)


def take(graph: Graph, derive: DeriveOptions, progress: Progress = silent) -> Snapshot:
    """Copy what training needs out of the graph.

    Args:
        graph: where to read.
        derive: how the sync derived co-purchase and co-view.
        progress: told after each statement.

    Raises:
        GraphStateError: nothing was synced yet, or a sync is under way, was killed, or came while this read.
    """
    marker = _marker(graph)
    read = _read_all(graph, progress)
    # Neo4j shows every statement what is committed by then: only an unchanged marker says that they agree
    if _marker(graph) != marker:
        raise GraphStateError("a sync changed the graph while the snapshot was taken", "take it again")
    products, product_index = _nodes(read["product"], _PRODUCT)
    vehicles, vehicle_index = _nodes(read["vehicles_with_owners"], _VEHICLE)
    users, user_index = _users(read["users_with_history"], vehicle_index)
    bought = _triples(read["bought"], user_index, product_index)
    return Snapshot(
        as_of=int(marker["as_of"]),
        products=products,
        vehicles=vehicles,
        users=users,
        fits=_fits(read["fitments"], vehicle_index, product_index),
        events=_events([_triples(read[name], user_index, product_index) for name in _TIMES]),
        bought=bought.rename_columns(["user", "product", "last_at"]).sort_by(
            [("user", "ascending"), ("product", "ascending")]
        ),
        options=derive,
    )


def _marker(graph: Graph) -> Row:
    rows = graph.read("load/marker")
    if not rows:
        raise GraphStateError("the graph is empty", "holley-graph sync --source files:DIR")
    if rows[0]["state"] != "complete":
        raise GraphStateError("a sync is under way or was killed", "run holley-graph sync again")
    return rows[0]


def _read_all(graph: Graph, progress: Progress) -> dict[str, Columns]:
    def columns(name: str) -> Columns:
        with graph.reading() as read:
            records = read(f"export/{name}")
            turned = zip(*(record.values() for record in records), strict=True)
            return dict(zip(records.keys(), map(list, turned), strict=False))

    found: dict[str, Columns] = {}
    with ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
        for done, (name, each) in enumerate(zip(_STATEMENTS, pool.map(columns, _STATEMENTS), strict=True), 1):
            found[name] = each
            progress("taking the snapshot", done, len(_STATEMENTS))
    return found


def _nodes(read: Columns, names: Sequence[str]) -> tuple[pa.Table, _Index]:
    """Node records as a table sorted by its first column."""
    columns = {name: pa.array(read.get(name, []), _TYPES.get(name, pa.string())) for name in names}
    table = pa.table({"id": pa.array(read.get("id", []), pa.int64()), **columns}).sort_by(names[0])
    return table.drop_columns("id"), _Index(np.asarray(table["id"].to_numpy(), np.int64))


def _users(read: Columns, vehicles: _Index) -> tuple[pa.Table, _Index]:
    vehicle = vehicles.rows(_flat(read, "vehicles"))
    keys = pa.array(chain.from_iterable(read.get("user_ids", [])), pa.string())
    table = pa.table({"user_id": keys, "vehicle": pa.array(vehicle, mask=vehicle < 0), "id": _flat(read, "ids")})
    table = table.sort_by("user_id")
    return table.drop_columns("id"), _Index(np.asarray(table["id"].to_numpy(), np.int64))


def _fits(read: Columns, vehicles: _Index, products: _Index) -> Ints:
    vehicle, product = vehicles.rows(_flat(read, "vehicles")), products.rows(_flat(read, "products"))
    order = np.lexsort((product, vehicle))
    return np.column_stack([vehicle[order], product[order]])


def _triples(read: Columns, users: _Index, products: _Index) -> pa.Table:
    columns = {"user": users.rows(_flat(read, "users")), "product": products.rows(_flat(read, "products"))}
    return pa.table({**columns, "at": _flat(read, "at")})


def _events(kinds: list[pa.Table]) -> pa.Table:
    """Put the kinds together, sorted by user, time, kind and product."""
    user, product, at = (np.concatenate([t[name].to_numpy() for t in kinds]) for name in ("user", "product", "at"))
    kind = np.repeat(np.arange(len(kinds), dtype=np.int8), [t.num_rows for t in kinds])
    order = np.lexsort((product, kind, at, user))
    return pa.table({"user": user[order], "product": product[order], "kind": kind[order], "at": at[order]})


def _flat(read: Columns, name: str) -> Ints:
    return np.fromiter(chain.from_iterable(read.get(name, [])), np.int64)
