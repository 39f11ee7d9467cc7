"""Relationships between products that follow from what users did, at any cut-off.

Weights are positive pointwise mutual information, max(0, ln(count · N / (n_A · n_B))): how much oftener two
products come together than they would by chance. A snapshot passes `at` lists that are already cut, so that nothing
here sees the future; identifiers may be text or row numbers.
"""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from holley_graph.loaders.engine.engine import Engine


def co_purchased(engine: Engine, ordered: pa.Table, max_skus: int) -> pa.Table:
    """Which product was first bought before another or with it, by how many people.

    Args:
        engine: that pairs them.
        ordered: `person` (the same for all ids of one address), `sku`, `at` (ascending epoch seconds; an empty list
            is no purchase).
        max_skus: people who bought more SKUs are left out altogether.

    Returns:
        `sku`, `other_sku`, `count` (people), `weight`, `last_at` (epoch seconds: the latest purchase that completed
        the pair), sorted. Bought at the same time means both directions.
    """
    return _derive(engine, "co_purchased", "ordered", "person", ordered, max_skus=max_skus)


def people(user_ids: pa.ChunkedArray, users: pa.Table) -> pa.Array:
    """Name the person behind each id: all ids of one address are one person.

    Args:
        user_ids: ids that are in `users`.
        users: `user_id`, `email_hash`.
    """
    hashes = users["email_hash"].combine_chunks()
    row = pc.index_in(user_ids, value_set=users["user_id"].combine_chunks())
    return pc.coalesce(hashes.take(row.combine_chunks()), user_ids.combine_chunks())


def co_viewed(engine: Engine, viewed: pa.Table, gap_minutes: int, max_skus: int) -> pa.Table:
    """Which products were looked at in one session, in how many sessions.

    Args:
        engine: that pairs them.
        viewed: `user_id`, `sku`, `at` (ascending epoch seconds).
        gap_minutes: a pause longer than this ends a session.
        max_skus: sessions with more SKUs are left out altogether.

    Returns:
        `sku`, `other_sku` (the greater one), `count` (sessions), `weight`, sorted.
    """
    return _derive(engine, "co_viewed", "viewed", "user_id", viewed, gap_s=gap_minutes * 60, max_skus=max_skus)


def _derive(engine: Engine, name: str, reads: str, who: str, table: pa.Table, **values: Any) -> pa.Table:
    """Derive from row numbers in the order of identifiers: engines pair them in half the time that text takes."""
    whose, _ = _numbered(table[who])
    sku, skus = _numbered(table["sku"])
    numbered = pa.table({who: whose, "sku": sku, "at": table["at"]})
    pairs = engine.run(f"derive/{name}", {reads: numbered}, **values)
    for at, column in enumerate(("sku", "other_sku")):
        pairs = pairs.set_column(at, column, skus.take(pairs[column]))
    return pairs


def _numbered(column: pa.ChunkedArray) -> tuple[pa.Array, pa.Array]:
    """Return the rank of each value, and the values in order."""
    encoded = column.combine_chunks().dictionary_encode()
    order = pc.sort_indices(encoded.dictionary)
    return pc.sort_indices(order).take(encoded.indices), encoded.dictionary.take(order)
