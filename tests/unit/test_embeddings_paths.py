"""Paths: what a person's own history adds to the score of a part, by hand."""

from __future__ import annotations

from math import log1p
from pathlib import Path

import numpy as np
import pytest

from holley_graph.embeddings.paths import Paths, Reached, Trail
from holley_graph.errors import ParcelError

RED, BLUE, PUMP, HOSE = range(4)  # two colours of one base SKU, another of its part type, and a part of another
BASE, PART_TYPE = np.array([0, 0, 1, 2]), np.array([0, 0, 0, 1])
SOMEBODY, NOBODY = 7, 3


def reached(*lines: tuple[int, bool, float]) -> Reached:
    """By what somebody did: product, ordered, strength."""
    product, ordered, strength = (np.array(column) for column in zip(*lines, strict=True)) if lines else ((),) * 3
    person = np.full(len(lines), SOMEBODY)
    trail = Trail(person, np.array(product, np.int64), np.array(ordered, bool), np.array(strength, float))
    return Reached(trail, BASE, PART_TYPE)


def score(paths: Paths, of: Reached, person: int = SOMEBODY) -> list[float]:
    """For each of the four parts."""
    return paths.score(of, np.full(4, person), np.arange(4)).tolist()


def test_what_was_looked_at_speaks_for_its_colours_and_its_type_by_the_logarithm_of_its_strength() -> None:
    of = reached((RED, False, 1.0), (BLUE, False, 0.5), (PUMP, False, 0.25))
    part, type_ = log1p(1.5), log1p(1.75)
    assert score(Paths(same_part=2.0), of) == pytest.approx([2 * part, 2 * part, 2 * log1p(0.25), 0])
    assert score(Paths(same_type=-1.0), of) == pytest.approx([-type_, -type_, -type_, 0])
    assert score(Paths(2.0, -1.0), of)[RED] == pytest.approx(2 * part - type_)


def test_the_gain_says_how_much_the_first_event_says_already() -> None:
    of = reached((RED, False, 1.0), (PUMP, False, 0.25))
    gained = score(Paths(same_part=2.0, gain=8.0), of)
    assert gained == pytest.approx([2 * log1p(8.0), 2 * log1p(8.0), 2 * log1p(2.0), 0])


def test_an_order_speaks_of_its_type_alone() -> None:
    of = reached((HOSE, True, 1.0))
    assert score(Paths(same_part=1.0, same_type=1.0), of) == [0, 0, 0, 0]
    assert score(Paths(same_type_ordered=1.0), of) == pytest.approx([0, 0, 0, log1p(1.0)])


def test_the_very_colour_that_was_looked_at_may_count_more_than_its_colours() -> None:
    of = reached((RED, False, 1.0), (HOSE, True, 1.0))
    assert score(Paths(same_sku=2.0), of) == pytest.approx([2 * log1p(1.0), 0, 0, 0])


def test_somebody_else_and_somebody_without_a_history_get_nothing() -> None:
    of = reached((RED, False, 1.0))
    assert score(Paths(1.0, 1.0, 1.0), of, NOBODY) == [0, 0, 0, 0]
    assert score(Paths(1.0, 1.0, 1.0), reached()) == [0, 0, 0, 0]


def test_weights_are_kept_beside_the_vectors_and_a_run_without_any_follows_no_path(tmp_path: Path) -> None:
    assert Paths.load(tmp_path) == Paths()
    wanted = Paths(0.5, 0.25, -0.125, half_life_days=10.0, gain=4.0)
    wanted.save(tmp_path)
    assert Paths.load(tmp_path) == wanted
    for damage in ('{"same_part": ', '{"someone": 1.0}'):
        (tmp_path / "paths.json").write_text(damage)
        with pytest.raises(ParcelError, match=r"paths\.json is unreadable"):
            Paths.load(tmp_path)
