"""Takes a snapshot out of Neo4j: lists packed by the server in blocks, statements side by side.

One record per node or relationship is what the driver is slow at; a few hundred records with long lists carry the
same in a fraction of the time. Each type is read in the order of its store, without looking at the nodes at either
end (`benchmarks/full_scale.py`, step `extraction`).
"""

from __future__ import annotations

import math
from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from holley_graph.errors import GraphStateError
from holley_graph.graph.client import Graph, Row
from holley_graph.progress import Progress, silent
from holley_graph.settings import Sync
from holley_graph.snapshot.snapshot import KINDS, DeriveOptions, Ints, Snapshot, latest_purchases

SIDE_BY_SIDE = 3
"""Statements that run at once: the server works on one while the driver unpacks another."""

_KINDS = tuple(kind.lower() for kind in KINDS)
_STATEMENTS = ("ordered", "users", "viewed", "late_purchases", "carted", "products", "owns", "vehicles", "fits")
"""The longest first."""

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
    read = _read_all(graph, marker["boundary"] or 0, progress)
    # Neo4j shows every statement what is committed by then: only an unchanged marker says that they agree
    if _marker(graph) != marker:
        raise GraphStateError("a sync changed the graph while the snapshot was taken", "take it again")
    products, product_index = _products(read["products"])
    vehicles, vehicle_index = _vehicles(read["vehicles"])
    owner, owned = _flat(read["owns"], "users"), vehicle_index.rows(_flat(read["owns"], "vehicles"))
    done = [read[name] for name in (*_KINDS, "late_purchases")]
    users, user_index = _users(
        read["users"], np.concatenate([_flat(chunk, "users") for chunk in done]), owner, owned
    )
    events = _events([_triples(read[name], user_index, product_index) for name in _KINDS])
    late = _triples(read["late_purchases"], user_index, product_index)
    return Snapshot(
        as_of=int(marker["as_of"]),
        products=products,
        vehicles=vehicles.append_column("owners", pa.array(np.bincount(owned, minlength=vehicles.num_rows))),
        users=users,
        fits=_fits(read["fits"], vehicle_index, product_index),
        events=events,
        bought=latest_purchases(events, late.rename_columns(["user", "product", "last_at"])),
        options=derive,
    )


def _marker(graph: Graph) -> Row:
    rows = graph.read("load/marker")
    if not rows:
        raise GraphStateError("the graph is empty", "holley-graph sync --source files:DIR")
    if rows[0]["state"] != "complete":
        raise GraphStateError("a sync is under way or was killed", "run holley-graph sync again")
    return rows[0]


def _read_all(graph: Graph, boundary: int, progress: Progress) -> dict[str, Columns]:
    def columns(name: str) -> Columns:
        params = {"boundary": boundary} if name == "late_purchases" else {}
        with graph.reading() as read:
            records = read(f"snapshot/{name}", **params)
            turned = zip(*(record.values() for record in records), strict=True)
            return dict(zip(records.keys(), map(list, turned), strict=False))

    answers: dict[str, Columns] = {}
    with ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
        for done, (name, columns_of_one) in enumerate(
            zip(_STATEMENTS, pool.map(columns, _STATEMENTS), strict=True), 1
        ):
            answers[name] = columns_of_one
            progress("taking the snapshot", done, len(_STATEMENTS))
    return answers


def _products(read: Columns) -> tuple[pa.Table, _Index]:
    price = np.fromiter(_chain(read, "prices"), float)
    columns = {
        "sku": _texts(read, "skus"),
        "base_sku": _texts(read, "base_skus"),
        "display_key": _texts(read, "display_keys"),
        "part_type": _texts(read, "part_types"),
        "price": pa.array(price, mask=np.isnan(price)),
        "brand": pa.array([text or None for text in _chain(read, "brands")], pa.string()),
        "title": pa.array([text or None for text in _chain(read, "titles")], pa.string()),
        "eligible": pa.array(_chain(read, "eligible"), pa.bool_()),
    }
    return _sorted(columns, _flat(read, "ids"))


def _vehicles(read: Columns) -> tuple[pa.Table, _Index]:
    columns = {
        "vehicle_id": _texts(read, "vehicle_ids"),
        "year": pa.array(_flat(read, "years")),
        "make": _texts(read, "makes"),
        "model": _texts(read, "models"),
    }
    return _sorted(columns, _flat(read, "ids"))


def _users(read: Columns, active: Ints, owner: Ints, owned: Ints) -> tuple[pa.Table, _Index]:
    """Keep those that did something; of several vehicles the first by id."""
    ids, keys, people = _flat(read, "ids"), _texts(read, "user_ids"), _texts(read, "people")
    did = np.isin(ids, active)
    ids, keys, people = ids[did], keys.filter(pa.array(did)), people.filter(pa.array(did))
    vehicle = np.full(max(ids.max(initial=-1), owner.max(initial=-1)) + 1, np.iinfo(np.int64).max)
    np.minimum.at(vehicle, owner, owned)
    vehicle_row = vehicle[ids]
    vehicles = pa.array(vehicle_row, mask=vehicle_row == np.iinfo(np.int64).max)
    users, index = _sorted({"user_id": keys, "vehicle": vehicles, "person": people}, ids)
    person = users["person"].combine_chunks().dictionary_encode().indices.cast(pa.int64())
    return users.set_column(2, "person", person), index


def _sorted(columns: dict[str, pa.Array], ids: Ints) -> tuple[pa.Table, _Index]:
    """Node columns as a table sorted by the first, and where each of Neo4j's ids went."""
    table = pa.table({**columns, "id": ids}).sort_by(next(iter(columns)))
    return table.drop_columns("id"), _Index(np.asarray(table["id"].to_numpy(), np.int64))


def _fits(read: Columns, vehicles: _Index, products: _Index) -> Ints:
    vehicle, product = vehicles.rows(_flat(read, "vehicles")), products.rows(_flat(read, "products"))
    order = _order(vehicle, product)
    return np.column_stack([vehicle[order], product[order]])


def _triples(read: Columns, users: _Index, products: _Index) -> pa.Table:
    columns = {"user": users.rows(_flat(read, "users")), "product": products.rows(_flat(read, "products"))}
    return pa.table({**columns, "at": _flat(read, "at")})


def _events(kinds: list[pa.Table]) -> pa.Table:
    """Put the kinds together, sorted by user, time, kind and product."""
    user, product, at = (np.concatenate([t[name].to_numpy() for t in kinds]) for name in ("user", "product", "at"))
    kind = np.repeat(np.arange(len(kinds), dtype=np.int8), [t.num_rows for t in kinds])
    order = _order(user, at, kind, product)
    return pa.table({"user": user[order], "product": product[order], "kind": kind[order], "at": at[order]})


def _order(*columns: npt.NDArray[np.integer]) -> Ints:
    """Sort rows by several columns, the first before the others; equal rows in any order."""
    spans = [int(np.ptp(column)) + 1 if len(column) else 1 for column in columns]
    if math.prod(spans) >= 2**63:
        return np.lexsort(columns[::-1])
    key = np.zeros(len(columns[0]), np.int64)  # as one number they sort nine times as fast
    for column, span in zip(columns, spans, strict=True):
        key = key * span + (column - column.min() if len(column) else column)
    return np.argsort(key)


def _chain(read: Columns, name: str) -> chain[Any]:
    return chain.from_iterable(read.get(name, []))


def _flat(read: Columns, name: str) -> Ints:
    return np.fromiter(_chain(read, name), np.int64)


def _texts(read: Columns, name: str) -> pa.Array:
    return pa.array(_chain(read, name), pa.string())
