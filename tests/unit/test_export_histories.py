"""What own histories add is the same for a whole block as for each person and part alone."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from holley_graph.embeddings.paths import Paths, Reached, Trail
from holley_graph.export import histories
from holley_graph.export.histories import Histories
from holley_graph.export.owners import Owners
from holley_graph.ragged import Ragged

RNG = np.random.default_rng(7)
PARTS, VEHICLES, OWNERS, EVENTS = 30, 6, 40, 60
FITS = Ragged.ascending(RNG.integers(0, VEHICLES - 1, 50), RNG.integers(0, PARTS, 50), VEHICLES)
"""Nothing fits the last vehicle."""
PERSON = np.sort(RNG.integers(0, OWNERS, EVENTS))
TRAIL = Trail(PERSON, RNG.integers(0, PARTS, EVENTS), RNG.random(EVENTS) < 0.3, RNG.random(EVENTS))
PATHS = Paths(same_part=0.5, same_type=0.2, same_type_ordered=-0.3, same_sku=0.1, gain=4.0)
REACHED = Reached(TRAIL, np.arange(PARTS) // 2, np.arange(PARTS) // 5)


def block() -> Owners:
    """Owners by vehicle; some did nothing."""
    nobody = Owners.nobody(0)
    vehicle = np.sort(RNG.integers(0, VEHICLES, OWNERS))
    return replace(nobody, vehicle=vehicle, chosen=Ragged.of(PERSON, TRAIL.product, OWNERS), reached=REACHED)


@pytest.mark.parametrize("cells", [1, 25, 1_000])
def test_a_window_of_any_size_says_what_a_look_up_for_each_pair_says(
    cells: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(histories, "CELLS", cells)
    of_block = Histories(PATHS, FITS)
    for owners in (block(), block()):
        for vehicle in RNG.permutation(VEHICLES):  # back and forth
            people, parts = RNG.permutation(np.flatnonzero(owners.vehicle == vehicle)), FITS[vehicle]
            added = of_block.of(owners, people, len(parts))
            pairs = np.repeat(people, len(parts)), np.tile(parts, len(people))
            assert added.ravel() == pytest.approx(PATHS.score(REACHED, *pairs), abs=1e-12)
            assert not added[~owners.active[people]].any()


def test_where_nobody_has_a_history_nothing_is_added() -> None:
    owners = replace(block(), reached=None)
    people = np.flatnonzero(owners.vehicle == owners.vehicle[0])
    assert not Histories(PATHS, FITS).of(owners, people, len(FITS[owners.vehicle[0]])).any()
