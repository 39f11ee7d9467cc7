"""Takes a snapshot out of Neo4j: six statements, lists packed by the server, and a marker that says they agree."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np
import pyarrow as pa

from holley_graph.errors import GraphStateError
from holley_graph.graph.client import Graph, Reader, Row
from holley_graph.progress import Progress, silent
from holley_graph.settings import Sync
from holley_graph.snapshot.snapshot import KINDS, ORDERED, DeriveOptions, Ints, Snapshot

_STEPS = 3 + len(KINDS)
_TEXT, _INT = pa.string(), pa.int64()
_PRODUCT = pa.schema(
    {
        "id": _INT, "sku": _TEXT, "base_sku": _TEXT, "display_key": _TEXT, "part_type": _TEXT,
        "price": pa.float64(), "brand": _TEXT, "eligible": pa.bool_(),
    }
)  # fmt: skip
_VEHICLE = pa.schema(
    {
        "id": _INT, "vehicle_id": _TEXT, "year": _INT, "make": _TEXT, "model": _TEXT, "owners": _INT,
        "products": pa.list_(_INT),
    }
)  # fmt: skip
_USER = pa.schema({"id": _INT, "user_id": _TEXT, "vehicle_id": _TEXT})


@dataclass(frozen=True)
class _Index:
    """Neo4j's internal ids of one label in the order of the snapshot's rows."""

    ids: Ints

    def rows(self, ids: Ints) -> Ints:
        order = np.argsort(self.ids)
        return np.asarray(order[np.searchsorted(self.ids[order], ids)], np.int64)


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
    with graph.reading() as read:
        marker = _marker(read)
        products, product_index = _nodes(read("export/product"), _PRODUCT)
        progress("taking the snapshot", 1, _STEPS)
        vehicles, _ = _nodes(read("export/vehicles_with_owners"), _VEHICLE)
        progress("taking the snapshot", 2, _STEPS)
        users, user_index = _nodes(read("export/users_with_history"), _USER)
        progress("taking the snapshot", 3, _STEPS)
        histories = []
        for kind in KINDS:
            histories.append(_History.read(read(f"export/times_{kind.lower()}"), product_index, user_index))
            progress("taking the snapshot", 3 + len(histories), _STEPS)
        # Neo4j shows every statement what is committed by then, whatever transaction it stands in
        if _marker(read) != marker:
            raise GraphStateError("a sync changed the graph while the snapshot was taken", "take it again")
    return Snapshot(
        as_of=int(marker["as_of"]),
        products=products,
        vehicles=vehicles.drop_columns("products"),
        users=_with_vehicle_row(users, vehicles),
        fits=_fits(vehicles, product_index),
        events=_events(histories),
        bought=histories[ORDERED].latest(),
        options=derive,
    )


def _marker(read: Reader) -> Row:
    rows = [record.data() for record in read("load/marker")]
    if not rows:
        raise GraphStateError("the graph is empty", "holley-graph sync --source files:DIR")
    if rows[0]["state"] != "complete":
        raise GraphStateError("a sync is under way or was killed", "run holley-graph sync again")
    return rows[0]


def _nodes(records: Iterator[Any], schema: pa.Schema) -> tuple[pa.Table, _Index]:
    """Read node records; the second column of `schema` is the key that the rows are sorted by."""
    table = pa.Table.from_pylist([record.data() for record in records], schema).sort_by(schema.names[1])
    return table.drop_columns("id"), _Index(np.asarray(table.column("id").to_numpy(), np.int64))


def _with_vehicle_row(users: pa.Table, vehicles: pa.Table) -> pa.Table:
    rows = pa.array(np.arange(vehicles.num_rows))
    lookup = pa.table({"vehicle_id": vehicles.column("vehicle_id"), "vehicle": rows})
    joined = users.join(lookup, "vehicle_id").sort_by("user_id")
    return joined.select(["user_id", "vehicle"])


def _fits(vehicles: pa.Table, products: _Index) -> Ints:
    lists = vehicles.column("products").combine_chunks()
    rows = np.repeat(np.arange(vehicles.num_rows), np.asarray(lists.value_lengths()))
    pairs = np.column_stack([rows, products.rows(np.asarray(lists.flatten(), np.int64))])
    return pairs[np.lexsort((pairs[:, 1], pairs[:, 0]))]


@dataclass(frozen=True)
class _History:
    """Interactions of one kind: a row per (user, product) pair with its list of times."""

    user: Ints
    product: Ints
    at: pa.ListArray
    last_at: Ints

    @classmethod
    def read(cls, records: Iterator[Any], products: _Index, users: _Index) -> _History:
        hubs, others, ats, lasts = [], [], [], []
        for hub, other, at, *last in (record.values() for record in records):
            hubs.append(hub)
            others.append(other)
            ats.append(at)
            lasts.append(last[0] if last else [])
        product = np.repeat(np.array(hubs, np.int64), [len(other) for other in others])
        return cls(
            users.rows(_flat(others)),
            products.rows(product),
            pa.array(list(chain.from_iterable(ats)), pa.list_(pa.int64())),
            _flat(lasts),
        )

    def latest(self) -> pa.Table:
        columns = {"user": self.user, "product": self.product, "last_at": self.last_at}
        return pa.table(columns).sort_by([("user", "ascending"), ("product", "ascending")])


def _events(histories: list[_History]) -> pa.Table:
    parts = []
    for kind, history in enumerate(histories):
        times = np.asarray(history.at.value_lengths(), np.int64)
        parts.append(
            pa.table(
                {
                    "user": np.repeat(history.user, times),
                    "product": np.repeat(history.product, times),
                    "kind": np.full(int(times.sum()), kind, np.int8),
                    "at": history.at.flatten(),
                }
            )
        )
    order = [("user", "ascending"), ("at", "ascending"), ("kind", "ascending"), ("product", "ascending")]
    return pa.concat_tables(parts).sort_by(order)


def _flat(lists: list[list[int]]) -> Ints:
    return np.fromiter(chain.from_iterable(lists), np.int64)
