"""Link prediction about products without a past, with the numbers worked out by hand."""

import numpy as np
import pytest

from holley_graph.evaluation import links
from tests.support import planted

WORLD = planted.world(users=400).snapshot
TASK = links.inductive(WORLD, share=0.2, seed=1)


def drawn() -> np.ndarray:
    """Products in pairs of the whole world, and in no event of the past that is learned from."""
    every = np.unique(np.stack([np.asarray(WORLD.co_purchased.column(c)) for c in ("sku", "other_sku")]))
    return np.setdiff1d(every, TASK.past.event("product"))


def test_of_a_drawn_product_nothing_is_known_that_anybody_did() -> None:
    assert len(drawn()) > 0
    assert not np.isin(drawn(), np.asarray(TASK.past.bought.column("product"))).any()
    assert not np.isin(drawn(), np.asarray(TASK.past.co_purchased.column("sku"))).any()


def test_every_question_is_about_a_drawn_product_and_no_foil_is_a_pair() -> None:
    assert np.isin(TASK.pair, drawn()).any(0).all()
    pairs = set(zip(*(WORLD.co_purchased.column(c).to_pylist() for c in ("sku", "other_sku")), strict=True))
    assert pairs >= set(zip(*TASK.pair.tolist(), strict=True))
    for foils in (TASK.foil, TASK.stranger):
        assert not pairs & set(zip(*foils.tolist(), strict=True))


def test_foils_have_the_ends_of_the_questions() -> None:
    """So nobody scores well by knowing which products are bought much."""
    asked, foils = (np.bincount(each.ravel(), minlength=WORLD.products.num_rows) for each in (TASK.pair, TASK.foil))
    assert np.abs(asked - foils).sum() < 0.1 * asked.sum()


@pytest.mark.parametrize(
    ("yes", "no", "auc", "precision"),
    [
        ([3.0, 2.0], [1.0, 0.0], 1.0, 1.0),
        ([3.0, 1.0], [2.0, 0.0], 0.75, (1 + 2 / 3) / 2),
        ([0.0, 1.0], [2.0, 3.0], 0.0, (1 / 3 + 2 / 4) / 2),
        ([1.0, 1.0], [1.0, 1.0], 0.5, 0.5),
    ],
)
def test_area_and_average_precision(yes: list[float], no: list[float], auc: float, precision: float) -> None:
    assert links.auc(np.array(yes), np.array(no)) == pytest.approx(auc)
    assert links.average_precision(np.array(yes), np.array(no)) == pytest.approx(precision)


def test_direction_counts_pairs_that_lean_and_ties_by_half() -> None:
    there, back = np.array([2.0, 1.0, 0.0, 5.0]), np.array([1.0, 1.0, 3.0, 0.0])
    assert links.direction_auc(there, back, np.array([1, 2, 1, 0])) == pytest.approx(0.5)
