"""Leave-one-out: what counting would say of a person without what that person did."""

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

from holley_graph.counting.leave_one_out import left_out
from holley_graph.counting.utility import count
from holley_graph.snapshot.snapshot import Snapshot
from tests.support import planted

WORLD = planted.world(users=600, makes=2, models=2).snapshot
COUNTED = count(WORLD)


def test_each_effect_loses_the_own_choices_of_a_person() -> None:
    """By hand, for one person: (everybody's choices − own + strength) / (everybody's choices + strength)."""
    user = _most_active(WORLD)
    cells, _ = WORLD.fitting(WORLD.user_vehicle[[user]])
    rows = np.flatnonzero((COUNTED.events.user == user) & (COUNTED.events.fitment >= 0))
    expected = np.zeros(len(cells))
    for level, strength in zip(COUNTED.effects.cells, COUNTED.effects.strength, strict=True):
        for place, cell in enumerate(level.rows[cells]):
            everybody = COUNTED.choices[level.rows == cell].sum()
            own = sum(COUNTED.events.weight[row] for row in rows if level.rows[COUNTED.events.fitment[row]] == cell)
            expected[place] += np.log((everybody - own + strength) / (everybody + strength))
    change = left_out(WORLD, COUNTED, np.full(len(cells), user), cells)
    assert change.min() < -0.01
    assert change == pytest.approx(expected)


def test_what_a_person_chose_loses_most_and_who_did_nothing_loses_nothing() -> None:
    user = _most_active(WORLD)
    cells, _ = WORLD.fitting(WORLD.user_vehicle[[user]])
    change = left_out(WORLD, COUNTED, np.full(len(cells), user), cells)
    own = np.isin(cells, COUNTED.events.fitment[COUNTED.events.user == user])
    assert change[own].max() < change[~own].mean() < 1e-12
    idle = np.setdiff1d(np.arange(WORLD.users.num_rows), WORLD.event("user"))
    rest = replace(WORLD, events=WORLD.events.filter(pa.array(WORLD.event("user") != user)))
    nothing = left_out(rest, count(rest), np.full(len(cells), idle[0] if len(idle) else user), cells)
    assert not nothing.any()


def test_all_ids_of_a_person_are_left_out_together() -> None:
    first, second = np.unique(WORLD.event("user"))[:2]
    person = np.arange(WORLD.users.num_rows)
    person[second] = first
    shared = replace(WORLD, users=WORLD.users.append_column("person", pa.array(person)))
    cells, _ = WORLD.fitting(WORLD.user_vehicle[[first]])
    one, both = (left_out(world, count(world), np.full(len(cells), first), cells) for world in (WORLD, shared))
    assert (both <= one + 1e-12).all()
    assert both.sum() < one.sum()


def _most_active(world: Snapshot) -> int:
    fits = COUNTED.events.fitment >= 0
    return int(np.bincount(COUNTED.events.user[fits], minlength=world.users.num_rows).argmax())
