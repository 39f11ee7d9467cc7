"""Ranking for many people at once is ranking for each alone: pieces, purchases, addresses and chances."""

from __future__ import annotations

import math
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from holley_graph.export import rank
from holley_graph.export.rank import Picks, Ranking, chance
from holley_graph.ragged import Ragged


def ragged(lists: list[list[int]]) -> Ragged:
    offsets = np.cumsum([0, *map(len, lists)])
    return Ragged(offsets, np.array([value for values in lists for value in values], np.int64))


def owners(vehicle: list[int], person: list[int], bought: list[list[int]] | None = None) -> Any:
    """Owners of whom a ranking asks no more than this."""

    class Some(SimpleNamespace):
        def __len__(self) -> int:
            return len(vehicle)

    lists = ragged(bought or [[] for _ in vehicle])
    return Some(vehicle=np.array(vehicle), person=np.array(person), bought=lists)


def ranking(fits: list[list[int]], base: list[int]) -> Ranking:
    made = Ranking.__new__(Ranking)
    made.catalogue = SimpleNamespace(fits=[np.array(parts, np.int64) for parts in fits], base=np.array(base))  # type: ignore[assignment]
    return made


@given(
    st.lists(st.lists(st.floats(-20, 20), min_size=3, max_size=3), min_size=1, max_size=4),
    st.permutations([0, 1, 2]),
    st.integers(0, 3),
)
def test_the_chance_is_the_softmax_of_what_was_picked(scores: list[list[float]], order: list[int], k: int) -> None:
    picks = np.array([[*order[:k], *[-1] * (3 - k)]] * len(scores))
    shares = chance(np.array(scores), picks)
    for row, share in zip(scores, shares, strict=True):
        total = math.fsum(math.exp(score - max(row)) for score in row)
        picked = math.fsum(math.exp(row[column] - max(row)) for column in order[:k])
        assert share == pytest.approx(picked / total, abs=1e-12)


def test_the_chance_of_everything_is_one_and_without_parts_there_is_none() -> None:
    assert chance(np.array([[1.0, 2.0]]), np.array([[1, 0]])).tolist() == pytest.approx([1.0])
    assert chance(np.empty((2, 0)), np.full((2, 4), -1)).tolist() == [0.0, 0.0]
    assert chance(np.array([[-np.inf, 3.0]]), np.array([[0, -1]])).tolist() == [0.0]


def picks_of(rows: list[tuple[int, list[float]]], k: int = 3) -> Picks:
    """Picks of some owners with these scores; a part that is missing has none."""
    owner = np.array([number for number, _ in rows], np.int64)
    score = np.array([[*scores, *[np.nan] * (k - len(scores))] for _, scores in rows]).reshape(-1, k)
    product = np.where(np.isnan(score), -1, 7)
    return Picks(owner, product, score, product * 0, product * 0 - 1, owner * 0.0)


@st.composite
def addresses(draw: st.DrawFn) -> tuple[list[tuple[int, list[float]]], list[int]]:
    scores = st.lists(st.integers(0, 3).map(float), max_size=3).map(lambda row: sorted(row, reverse=True))
    rows = draw(st.lists(scores, min_size=1, max_size=8))
    people = sorted(draw(st.lists(st.integers(0, 3), min_size=len(rows), max_size=len(rows))))
    return list(enumerate(rows)), people


@given(addresses())
def test_of_the_ids_of_an_address_the_one_with_most_to_say_has_the_row(
    case: tuple[list[tuple[int, list[float]]], list[int]],
) -> None:
    rows, people = case
    best = {}
    for (number, scores), person in zip(rows, people, strict=True):
        rank_of = (-len(scores), -sum(scores), -scores[0] if scores else math.inf, number)
        best[person] = min(best.get(person, (rank_of, number)), (rank_of, number))
    chosen = rank._one_per_address(picks_of(rows), np.array(people))
    assert chosen.owner.tolist() == sorted(number for _, number in best.values())


def test_what_was_bought_is_out_in_every_colour_and_only_for_those_who_bought_it() -> None:
    made = ranking([[0, 1, 2, 3]], base=[10, 10, 11, 12])
    people = owners([0, 0, 0], [0, 1, 2], [[10], [], [12, 99, -1]])
    out = made._out(made.catalogue.fits[0], people, np.arange(3))
    assert out.tolist() == [[True, True, False, False], [False] * 4, [False, False, False, True]]


def test_nobody_bought_anything_and_nothing_is_out() -> None:
    made = ranking([[0, 1]], base=[0, 1])
    assert not made._out(made.catalogue.fits[0], owners([0, 0], [0, 1]), np.arange(2)).any()


@st.composite
def crowds(draw: st.DrawFn) -> tuple[list[int], list[int], int]:
    vehicle = sorted(draw(st.lists(st.integers(0, 2), min_size=1, max_size=20)))
    same = draw(st.lists(st.booleans(), min_size=len(vehicle), max_size=len(vehicle)))
    person = []
    for number, (car, joined) in enumerate(zip(vehicle, same, strict=True)):
        goes_on = number > 0 and joined and vehicle[number - 1] == car
        person.append(person[-1] if goes_on else number)
    return vehicle, person, draw(st.integers(1, 12))


@given(crowds())
def test_pieces_hold_everybody_once_one_vehicle_each_and_never_part_an_address(
    case: tuple[list[int], list[int], int],
) -> None:
    vehicle, person, cells = case
    made = ranking([[0], [0, 1], []], base=[0, 1])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rank, "CELLS", cells)
        pieces = list(made._slices(owners(vehicle, person)))
    assert [int(owner) for _, people in pieces for owner in people] == list(range(len(vehicle)))
    assert all({vehicle[owner] for owner in people} == {car} for car, people in pieces)
    where = {}
    for number, (_, people) in enumerate(pieces):
        for owner in people:
            assert where.setdefault(person[owner], number) == number


def test_a_vehicle_that_many_own_comes_in_pieces_of_bounded_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rank, "CELLS", 6)
    made = ranking([[0, 1]], base=[0, 1])
    pieces = [people.tolist() for _, people in made._slices(owners([0] * 7, list(range(7))))]
    assert pieces == [[0, 1, 2], [3, 4, 5], [6]]


def test_blocks_end_to_end_are_the_people_of_all_in_their_order() -> None:
    one, two = picks_of([(0, [2.0]), (1, [])]), picks_of([(2, [3.0, 1.0])])
    both = Picks.together([one, two])
    assert (len(both), both.owner.tolist()) == (3, [0, 1, 2])
    np.testing.assert_array_equal(both.take(np.array([2])).score, two.score)
    np.testing.assert_array_equal(both.take(np.array([0, 1])).product, one.product)
