"""Alternating least squares: a row solves the equations of its paper, and what goes together is found."""

import numpy as np
import pytest
import scipy.sparse as sp

from holley_graph.baselines import als

RNG = np.random.default_rng(0)
OPTIONS = als.Options(dim=4, alpha=7.0, l2=0.3, sweeps=6)


@pytest.mark.parametrize("members", [1, 3, 4, 9])  # fewer and more than there are dimensions
def test_a_row_is_the_solution_of_the_normal_equations(members: int) -> None:
    vectors = RNG.normal(size=(12, 4)).astype(np.float32)
    held = np.zeros((1, 12), np.float32)
    held[0, RNG.choice(12, members, replace=False)] = RNG.uniform(0.5, 2, members)
    confidence = 1 + OPTIONS.alpha * held[0]
    left = (vectors.T * confidence) @ vectors + OPTIONS.l2 * np.eye(4)
    wanted = np.linalg.solve(left, vectors.T @ (confidence * (held[0] > 0)))
    rows = als.fold_in(sp.csr_matrix(held), vectors, OPTIONS)
    np.testing.assert_allclose(rows[0], wanted, rtol=1e-4)


def test_rows_are_solved_alike_alone_and_in_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    vectors = RNG.normal(size=(12, 4)).astype(np.float32)
    held = sp.random(40, 12, 0.2, "csr", np.float32, random_state=1)
    together = als.fold_in(held, vectors, OPTIONS)
    monkeypatch.setattr(als, "AT_ONCE", 3)
    np.testing.assert_allclose(als.fold_in(held, vectors, OPTIONS), together, atol=1e-5)
    assert not together[np.diff(held.indptr) == 0].any()


def test_what_is_held_together_is_found_together() -> None:
    """Two groups of products that no row mixes: whoever holds one of a group is offered the rest of it."""
    group = np.repeat([0, 1], 6)
    rows = np.array([(group == i % 2) & (RNG.random(12) < 0.5) for i in range(60)], np.float32)
    two = als.Options(dim=2, alpha=7.0, l2=0.3)
    target = als.factorise(sp.csr_matrix(rows), two)
    alone = als.fold_in(sp.identity(12, np.float32, "csr"), target, two)
    scores = alone @ target.T
    same = group[:, None] == group
    assert scores[same].min() > scores[~same].max()
