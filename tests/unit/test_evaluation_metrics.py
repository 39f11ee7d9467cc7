"""Metrics, with the number worked out by hand beside them."""

import math

import numpy as np
import pytest

from holley_graph.evaluation import metrics
from holley_graph.evaluation.targets import RankingTask

# user 0: candidates 10 11 12 13 14, bought 11 and 14; user 1: candidates 10 20, bought 20
TASK = RankingTask(
    user=np.array([5, 9]),
    vehicle=np.array([0, 1]),
    offsets=np.array([0, 5, 7]),
    candidate=np.array([10, 11, 12, 13, 14, 10, 20]),
    is_target=np.array([False, True, False, False, True, False, True]),
    warm=np.array([True, False]),
)
SCORES = np.array([0.9, 0.5, 0.7, 0.1, 0.3, 2.0, 1.0])  # user 0: 10 12 11 14 13; user 1: 10 20


def test_ranks_fall_with_the_score_within_each_user() -> None:
    assert metrics.ranks(TASK, SCORES).tolist() == [1, 3, 2, 5, 4, 1, 2]


def test_ties_go_to_the_smaller_product_row() -> None:
    assert metrics.ranks(TASK, np.zeros(7)).tolist() == [1, 2, 3, 4, 5, 1, 2]
    assert metrics.ranks(TASK, np.array([1.0, 1, 2, 2, -np.inf, -np.inf, -np.inf])).tolist() == [
        3,
        4,
        1,
        2,
        5,
        1,
        2,
    ]


@pytest.mark.parametrize(
    ("k", "hit", "ndcg", "mrr", "recall"),
    [
        (1, (0, 0), (0, 0), (0, 0), (0, 0)),
        (2, (0, 1), (0, 1 / math.log2(3)), (0, 1 / 2), (0, 1)),
        # user 0 has its purchases at 3 and 4; the best that two purchases could do is places 1 and 2
        (3, (1, 1), (0.5 / (1 + 1 / math.log2(3)), 1 / math.log2(3)), (1 / 3, 1 / 2), (1 / 2, 1)),
        (4, (1, 1), ((0.5 + 1 / math.log2(5)) / (1 + 1 / math.log2(3)), 1 / math.log2(3)), (1 / 3, 1 / 2), (1, 1)),
    ],
)  # fmt: skip
def test_metrics_of_each_user(
    k: int, hit: tuple[float, ...], ndcg: tuple[float, ...], mrr: tuple[float, ...], recall: tuple[float, ...]
) -> None:
    values = metrics.per_user(TASK, metrics.ranks(TASK, SCORES), k)
    for name, wanted in {"HR": hit, "NDCG": ndcg, "MRR": mrr, "recall": recall}.items():
        np.testing.assert_allclose(values[f"{name}@{k}"], wanted, err_msg=name)


def test_ndcg_at_k_is_measured_against_at_most_k_purchases() -> None:
    perfect = np.array([0.0, 2, 0, 0, 1, 0, 1])
    values = metrics.per_user(TASK, metrics.ranks(TASK, perfect), 1)
    assert values["NDCG@1"].tolist() == [1, 1]
    assert values["recall@1"].tolist() == [0.5, 1]


def test_the_summary_averages_all_cold_and_warm_users() -> None:
    values = metrics.summary(TASK, SCORES, ks=(3,))
    assert values["MRR@3"] == pytest.approx((1 / 3 + 1 / 2) / 2)
    assert (values["warm MRR@3"], values["cold MRR@3"]) == (pytest.approx(1 / 3), pytest.approx(1 / 2))


def test_the_lift_of_identical_rankers_is_nothing_with_no_doubt() -> None:
    same = np.array([0.0, 1.0])
    assert metrics.lift(TASK, same, same) == {"difference": 0, "low": 0, "high": 0, "relative": 0}


def test_the_lift_of_a_better_ranker_is_above_nothing_and_holds_the_difference() -> None:
    rng = np.random.default_rng(0)
    expected = rng.random(400)
    lift = metrics.lift(TASK, expected + rng.normal(0.1, 0.05, 400), expected)
    assert 0 < lift["low"] < lift["difference"] < lift["high"]
    assert lift["difference"] == pytest.approx(0.1, abs=0.01)
    assert lift["relative"] == pytest.approx(lift["difference"] / expected.mean())
    assert metrics.lift(TASK, expected, expected * 0)["difference"] == pytest.approx(expected.mean())
