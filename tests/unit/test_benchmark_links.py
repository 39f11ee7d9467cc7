"""Link prediction about products without a past, with the numbers worked out by hand."""

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

from benchmarks import links
from holley_graph.snapshot.snapshot import ORDERED, VIEWED, Snapshot, latest_purchases
from tests.support import planted

WORLD = planted.world(users=400).snapshot
TASK = links.inductive(WORLD, share=0.2, seed=1)


def sessions() -> Snapshot:
    """Everybody views and buys a few parts within minutes."""
    rng, users = np.random.default_rng(0), 400
    user, step = np.repeat(np.arange(users), 4), np.tile(np.arange(4), users)
    product = rng.integers(0, 60, len(user))
    at = planted.AS_OF - rng.integers(1, 300, users)[user] * planted.DAY + 60 * step
    kinds = pa.array(np.repeat(np.array([VIEWED, ORDERED], np.int8), len(user)))
    events = pa.table(
        {"user": np.tile(user, 2), "product": np.tile(product, 2), "kind": kinds, "at": np.tile(at, 2)}
    ).sort_by([(c, "ascending") for c in ("user", "at")])
    return replace(WORLD, events=events, bought=latest_purchases(events, WORLD.bought.slice(0, 0)))


SESSIONS = sessions()


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
    question, foils = (
        np.bincount(side.ravel(), minlength=WORLD.products.num_rows) for side in (TASK.pair, TASK.foil)
    )
    assert np.abs(question - foils).sum() < 0.1 * question.sum()


@pytest.mark.parametrize("relation", ["co_purchased", "co_viewed"])
def test_what_some_users_give_is_known_when_asked_never_learned_from_and_never_the_answer(
    relation: links.Relation,
) -> None:
    rng = np.random.default_rng(2)
    split = links.split_products(SESSIONS, 0.3, rng, ("co_purchased", "co_viewed"), give=0.5)
    task = links.questions(SESSIONS, split, relation, rng)
    assert task.pair.shape[1] > 20
    assert not np.isin(split.drawn, split.past.event("product")).any()
    givers = np.unique(split.given.event("user")[np.isin(split.given.event("product"), split.drawn)])
    table = getattr(split.given, relation)
    shown = set(zip(*(table.column(c).to_pylist() for c in ("sku", "other_sku")), strict=True))
    assert shown and not shown & set(zip(*task.pair.tolist(), strict=True))
    kind = ORDERED if relation == "co_purchased" else VIEWED
    touched = set(zip(*(SESSIONS.event(c) for c in ("user", "product", "kind")), strict=True))
    for maker, first, second in zip(task.maker, *task.pair, strict=True):
        assert (maker, first, kind) in touched and (maker, second, kind) in touched
    assert not np.isin(task.maker, givers).all()


def test_pairs_of_one_basket_are_one_observation() -> None:
    yes, no, alone = np.repeat([3.0, 0.0], 50), np.array([1.0, 2.0]), np.arange(100)
    values = links.outscored(yes, no)
    assert values.mean() == links.auc(yes, no) == 0.5
    mean, low, high = links.over_makers(values, alone)
    assert mean == 0.5 and 0.35 < low < 0.5 < high < 0.65
    assert links.over_makers(values, alone // 50) == (0.5, 0.0, 1.0)
    assert links.over_makers(values, np.zeros(100, int)) == (0.5, 0.5, 0.5)
    # one basket of 99 pairs, 50 of them told apart, and one of a pair that is not
    assert links.over_makers(values, (alone == 99).astype(int), alike=True)[0] == pytest.approx(50 / 99 / 2)


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
