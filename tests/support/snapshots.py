"""Snapshots held against each other."""

from __future__ import annotations

import numpy as np

from holley_graph.snapshot.snapshot import Snapshot

TABLES = ("products", "vehicles", "users", "events", "bought")


def assert_equal(ours: Snapshot, theirs: Snapshot) -> None:
    """Every table equal, columns, types and order included."""
    assert (ours.as_of, ours.options) == (theirs.as_of, theirs.options)
    for name in TABLES:
        left, right = getattr(ours, name), getattr(theirs, name)
        assert left.schema == right.schema, name
        assert left.equals(right), name
    np.testing.assert_array_equal(ours.fits, theirs.fits)
