"""What people did before a moment, as `embeddings.paths` follows it."""

from __future__ import annotations

import numpy as np

from holley_graph.embeddings.paths import Reached, Trail
from holley_graph.snapshot.snapshot import ORDERED, Snapshot
from holley_graph.times import DAY


def reached(snapshot: Snapshot, at: int, half_life_days: float) -> Reached:
    """Follow the events before a time; people are rows of the snapshot's users, parts of its products."""
    before = np.flatnonzero(snapshot.event("at") < at)
    user, product, kind, when = (snapshot.event(column)[before] for column in ("user", "product", "kind", "at"))
    strength = np.exp2((when - at) / (half_life_days * DAY))
    base, part_type = (
        snapshot.products.column(name).combine_chunks().dictionary_encode().indices.to_numpy().astype(np.int64)
        for name in ("base_sku", "part_type")
    )
    return Reached(Trail(user, product, kind == ORDERED, strength), base, part_type)
