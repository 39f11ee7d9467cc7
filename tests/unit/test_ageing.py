"""What age counts to stands still for a half-life, and is never a half-life away."""

import math

from hypothesis import given
from hypothesis import strategies as st

from holley_graph.loaders import ageing
from holley_graph.settings import Weights

moments = st.integers(0, 4_000_000_000)


def reference(moment: int, days: float | None) -> int:
    return ageing.reference(moment, Weights(half_life_days=days))


@given(moments, st.integers(1, 1_000))
def test_it_is_the_last_multiple_of_the_half_life(moment: int, days: int) -> None:
    start = reference(moment, days)
    assert start % (days * 86_400) == 0
    assert start <= moment < start + days * 86_400


@given(moments, moments, st.floats(0.01, 1_000))
def test_weights_of_two_moments_differ_by_one_power_of_two(one: int, other: int, days: float) -> None:
    """So that shares and orders are those of weights that count to as_of itself."""
    halvings = (reference(other, days) - reference(one, days)) / (days * 86_400)
    assert math.isclose(halvings, round(halvings), abs_tol=1 / (days * 86_400))  # whole seconds


def test_without_decay_no_moment_is_another() -> None:
    assert {reference(moment, days) for moment in (0, 10**9) for days in (None, math.inf)} == {0}
