"""Snapshots held against each other."""

from __future__ import annotations

import numpy as np

from holley_graph.snapshot.snapshot import Snapshot

TABLES = ("products", "vehicles", "users", "events", "bought")


def assert_equal(actual: Snapshot, expected: Snapshot) -> None:
    """Every table equal, columns, types and order included."""
    assert (actual.as_of, actual.options) == (expected.as_of, expected.options)
    for name in TABLES:
        left, right = getattr(actual, name), getattr(expected, name)
        assert left.schema == right.schema, name
        assert left.equals(right), name
    np.testing.assert_array_equal(actual.fits, expected.fits)
