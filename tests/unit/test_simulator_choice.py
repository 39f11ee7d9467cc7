"""How shoppers of a generated world choose: utilities beside a sum in plain Python, draws beside their chances."""

from __future__ import annotations

import math
from collections import deque

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chisquare

from holley_graph.simulator import choice
from holley_graph.simulator.choice import Chooser, Shoppers
from holley_graph.simulator.config import Sizes, Strengths, WorldConfig
from holley_graph.simulator.memory import RING, Memory
from holley_graph.simulator.scene import Scene
from holley_graph.simulator.taste import BIN
from holley_graph.times import DAY, seconds

CONFIG = WorldConfig(Sizes.of(200, products=120), Strengths(), 3, seconds("2026-01-01"))
SCENE = Scene.of(CONFIG)
CHOOSER, TRUTH, STRENGTHS = SCENE.chooser, SCENE.truth, CONFIG.strengths
NOW = seconds("2025-11-01")
FITTING = np.flatnonzero(np.diff(TRUTH.fit_offset) >= 5)


def fitting(vehicle: int) -> list[int]:
    return [int(sku) for sku in TRUTH.fit_sku[TRUTH.fit_offset[vehicle] : TRUTH.fit_offset[vehicle + 1]]]


Deeds = list[tuple[int, int]]
"""What somebody bought or viewed: SKU and days ago, oldest first."""


def shopper(person: int, vehicle: int, bought: Deeds, viewed: Deeds, focus: int | None = None) -> Shoppers:
    def log(deeds: Deeds) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        skus, ago = (np.array(column, np.int64) for column in (zip(*deeds, strict=True) if deeds else ([], [])))
        return np.zeros(len(deeds), np.int64), skus, NOW - ago * DAY

    memory = Memory.of_log(1, log(bought), log(viewed))
    of_session = None if focus is None else np.array([focus])
    return Shoppers(np.array([person]), np.array([vehicle]), np.array([NOW]), memory, of_session)


def utility(sku: int, person: int, vehicle: int, bought: Deeds, viewed: Deeds) -> float:
    """The terms of `Strengths`, one after the other."""
    family, part_type = int(TRUTH.family[sku]), int(TRUTH.part_type[sku])
    place = int(TRUTH.fit_offset[vehicle]) + fitting(vehicle).index(sku)
    month = (NOW - TRUTH.begin) // BIN
    total = float(TRUTH.static[place]) + float(TRUTH.drift[month, sku])
    total += float(CHOOSER.people.taste[person].astype(float) @ TRUTH.taste[sku].astype(float))
    total += STRENGTHS.project * (part_type in CHOOSER.people.project[person].tolist())
    seen = 0.0
    for other, ago in viewed[-RING:]:
        fresh = math.exp(-ago / STRENGTHS.viewed_days)
        seen += fresh * (TRUTH.part_type[other] == part_type)
        total += STRENGTHS.viewed * fresh * (TRUTH.family[other] == family)
    total += STRENGTHS.viewed_type * min(seen, 2.0)
    total += STRENGTHS.repeat * sum(TRUTH.family[other] == family for other, _ in bought[-RING:])
    if bought:
        last, ago = bought[-1]
        near = math.exp(-ago / STRENGTHS.follows_days)
        total += STRENGTHS.follows * near * float(TRUTH.follows[TRUTH.part_type[last], part_type])
        total += STRENGTHS.partner * near * TRUTH.partner[TRUTH.family[last]].tolist().count(family)
    return total


HISTORIES = {
    "nothing": ([], []),
    "one purchase": ([(0, 10)], []),
    "a view and a purchase": ([(1, 20)], [(0, 2)]),
    "the same part often": ([(0, 300), (0, 200), (0, 5)], [(0, 9), (0, 8), (0, 7), (0, 1)]),
    "more than is remembered": ([(n, 90 - n) for n in range(RING + 3)], [(n % 4, 40 - n) for n in range(RING + 5)]),
}
"""Name to purchases and views, as places among what fits and days ago."""


@pytest.mark.parametrize("history", HISTORIES)
@pytest.mark.parametrize("vehicle", FITTING[[0, len(FITTING) // 2, -1]].tolist())
def test_probabilities_are_the_softmax_of_all_that_moves_a_choice(history: str, vehicle: int) -> None:
    skus = fitting(vehicle)
    bought, viewed = ([(skus[n % len(skus)], ago) for n, ago in deeds] for deeds in HISTORIES[history])
    offset, actual, chance = CHOOSER.probabilities(shopper(5, vehicle, bought, viewed))
    weights = np.exp([utility(sku, 5, vehicle, bought, viewed) for sku in skus])
    assert (offset.tolist(), actual.tolist()) == ([0, len(skus)], skus)
    np.testing.assert_allclose(chance, weights / weights.sum(), rtol=2e-4)


def test_a_session_keeps_to_a_part_type_and_is_less_choosy() -> None:
    vehicle = int(FITTING[0])
    skus = fitting(vehicle)
    focus = int(TRUTH.part_type[skus[0]])
    _, _, chance = CHOOSER.probabilities(shopper(5, vehicle, [], [], focus))
    utilities = np.array([utility(sku, 5, vehicle, [], []) for sku in skus])
    in_focus = TRUTH.part_type[skus] == focus
    weights = np.exp(STRENGTHS.view_flatness * utilities + STRENGTHS.view_focus * in_focus)
    np.testing.assert_allclose(chance, weights / weights.sum(), rtol=2e-4)


def test_what_happens_later_is_not_known() -> None:
    vehicle = int(FITTING[0])
    skus = fitting(vehicle)
    _, _, before = CHOOSER.probabilities(shopper(5, vehicle, [], []))
    _, _, after = CHOOSER.probabilities(shopper(5, vehicle, [], [(skus[0], -3)]))
    np.testing.assert_allclose(after, before, rtol=1e-6)


def many(rows: int) -> Shoppers:
    rng = np.random.default_rng(1)
    vehicle = rng.choice(FITTING, rows)
    vehicle[::7] = len(TRUTH.fit_offset) - 2  # the last one has nothing that fits
    memory = Memory.empty(rows)
    memory.buy(np.arange(rows), rng.integers(0, SCENE.catalogue.size, rows), np.full(rows, NOW - DAY))
    return Shoppers(rng.integers(0, 100, rows), vehicle, np.full(rows, NOW), memory)


def test_draws_come_as_often_as_they_are_likely() -> None:
    one = shopper(5, int(FITTING[3]), [], [])
    _, skus, chance = CHOOSER.probabilities(one)
    rows = np.zeros(20_000, np.int64)
    crowd = Shoppers(one.person[rows], one.vehicle[rows], one.at[rows], one.memory.rows(rows))
    drawn = CHOOSER.draw(crowd, np.random.default_rng(0))
    counts = np.array([(drawn == sku).sum() for sku in skus])
    expected = chance.astype(float) / chance.sum() * len(rows)
    large = expected >= 5
    observed = np.append(counts[large], counts[~large].sum())
    wanted = np.append(expected[large], expected[~large].sum())
    some = wanted > 0
    assert chisquare(observed[some], wanted[some]).pvalue > 1e-4
    assert set(drawn.tolist()) <= set(skus.tolist())


def test_who_drives_what_nothing_fits_chooses_nothing() -> None:
    shoppers = many(60)
    nothing = np.diff(TRUTH.fit_offset)[shoppers.vehicle] == 0
    drawn = CHOOSER.draw(shoppers, np.random.default_rng(0))
    assert nothing.any() and (drawn[nothing] == -1).all() and (drawn[~nothing] >= 0).all()


def test_pieces_of_any_size_give_the_same_choices(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = CHOOSER.draw(many(60), np.random.default_rng(0)), CHOOSER.probabilities(many(60))[2]
    monkeypatch.setattr(choice, "CHUNK_PAIRS", 40)
    pieces = CHOOSER.draw(many(60), np.random.default_rng(0)), CHOOSER.probabilities(many(60))[2]
    np.testing.assert_array_equal(pieces[0], whole[0])
    np.testing.assert_allclose(pieces[1], whole[1], rtol=1e-5)


def test_a_weaker_signal_says_less() -> None:
    """Without the bonus of partners the part that belongs to the last one is chosen less often."""
    family = next(f for f in range(TRUTH.families) if TRUTH.partner[f, 0] >= 0)
    last = int(np.flatnonzero(TRUTH.family == family)[0])
    both = [
        v
        for v in FITTING.tolist()
        if last in fitting(v) and TRUTH.partner[family, 0] in TRUTH.family[fitting(v)].tolist()
    ]
    weak = Chooser(TRUTH, CHOOSER.people, Strengths(partner=0.0))
    belongs = TRUTH.family[fitting(both[0])] == TRUTH.partner[family, 0]
    shares = [c.probabilities(shopper(5, both[0], [(last, 1)], []))[2][belongs].sum() for c in (weak, CHOOSER)]
    assert shares[1] > 2 * shares[0]


deeds = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 50)), max_size=60)


@given(deeds, deeds)
def test_memory_holds_the_last_eight_of_everybody(
    first: list[tuple[int, int]], second: list[tuple[int, int]]
) -> None:
    rings: list[deque[tuple[int, int]]] = [deque(maxlen=RING) for _ in range(4)]
    memory = Memory.empty(4)
    time = 0
    for part in (first, second):
        times = np.arange(time, time + len(part))
        rows, skus = (np.array(column, np.int64) for column in (zip(*part, strict=True) if part else ([], [])))
        memory.buy(rows, skus, times)
        for (row, sku), at in zip(part, times.tolist(), strict=True):
            rings[row].append((sku, at))
        time += len(part)
    for row, ring in enumerate(rings):
        pairs = zip(memory.bought[row].tolist(), memory.bought_at[row].tolist(), strict=True)
        assert sorted(pair for pair in pairs if pair[0] >= 0) == sorted(ring)
    last, at = memory.last_purchase()
    assert list(zip(last.tolist(), at.tolist(), strict=True)) == [ring[-1] if ring else (-1, -1) for ring in rings]
    assert (memory.viewed == -1).all()


def test_some_rows_of_a_memory_are_a_copy() -> None:
    memory = Memory.empty(3)
    some = memory.rows(np.array([1, 1]))
    some.see(np.array([0]), np.array([7]), np.array([1]))
    assert (memory.views.sum(), some.views.tolist()) == (0, [1, 0])
