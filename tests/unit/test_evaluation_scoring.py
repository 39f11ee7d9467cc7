"""Scores are the sum that Cypher computes: the vector of the user, else of the vehicle; the lift; the paths."""

from dataclasses import replace
from math import log1p

import numpy as np
import pyarrow as pa

from holley_graph.embeddings import table
from holley_graph.embeddings.lift import Lift
from holley_graph.embeddings.paths import Paths
from holley_graph.embeddings.table import Table, Tables
from holley_graph.evaluation import scoring
from holley_graph.evaluation.targets import RankingTask
from holley_graph.snapshot.snapshot import VIEWED, DeriveOptions, Snapshot
from holley_graph.times import DAY

NONE = pa.table({name: pa.array([], pa.int64()) for name in ("user", "product", "kind", "at")})
PAST = Snapshot(
    as_of=100 * DAY,
    products=pa.table({"sku": ["A", "B", "C"], "base_sku": ["A", "B", "A"], "part_type": ["T", "T", "T"]}),
    vehicles=pa.table({"vehicle_id": ["V", "W"]}),
    users=pa.table({"user_id": ["u", "w"], "vehicle": [0, 0]}),
    fits=np.array([(0, 0), (0, 1), (0, 2)]),
    events=NONE,
    bought=NONE,
    options=DeriveOptions(100, 30, 50),
)
TASK = RankingTask(
    user=np.array([0, 1]),
    vehicle=np.array([0, 0]),
    offsets=np.array([0, 3, 6]),
    candidate=np.array([0, 1, 2, 0, 1, 2]),
    is_target=np.array([True, False, False] * 2),
    warm=np.array([True, False]),
)


def tables(lift: Lift | None = None, **more: Table) -> Tables:
    skus = np.array(["A", "C"], object)  # B came after the run
    products = table.products(np.array([[1, 0], [0, 2]], np.float32), np.array([0.5, 0], np.float32))
    vehicles = table.queries(np.array([[1, 1]], np.float32))
    made = {"product": Table(skus, products), "vehicle": Table(np.array(["V"], object), vehicles)}
    return Tables(made | more, lift)


def test_the_lift_of_the_fitment_is_added_and_an_unknown_one_is_none() -> None:
    lift = Lift(
        np.array(["V", "W"], object),
        np.array(["A", "C"], object),
        np.array([0, 1]),
        np.array([0, 1]),
        np.array([0.25, 9.0], np.float32),
    )
    nobody = Table(np.empty(0, object), np.empty((0, 4), np.float32))
    scores = scoring.scores(tables(lift, user=nobody), PAST, TASK)
    assert scores.tolist() == [1.75, -np.inf, 2, 1.75, -np.inf, 2]


def test_a_user_with_a_vector_is_scored_by_it_and_others_by_their_vehicle() -> None:
    users = Table(np.array(["u"], object), table.queries(np.array([[10, -1]], np.float32)))
    scores = scoring.scores(tables(user=users), PAST, TASK)
    assert scores.tolist() == [10.5, -np.inf, -2, 1.5, -np.inf, 2]


def test_a_run_without_user_vectors_scores_by_vehicles() -> None:
    users = Table(np.array([], object), np.zeros((0, 4), np.float32))
    scores = scoring.scores(tables(user=users), PAST, TASK)
    assert scores.tolist() == [1.5, -np.inf, 2] * 2


def test_what_a_user_looked_at_before_is_added_to_what_it_leads_to() -> None:
    """One view a half-life ago, of a part that shares its base SKU with another and its type with all."""
    view = pa.table({"user": [1], "product": [2], "kind": [VIEWED], "at": [90 * DAY]})
    seen = replace(PAST, events=view)
    paths = Paths(same_part=1.0, same_type=10.0, half_life_days=10.0)
    users = Table(np.array([], object), np.zeros((0, 4), np.float32))
    with_paths = Tables(tables(user=users), paths=paths)
    known = [3, 5]  # B has no vector
    added = (scoring.scores(with_paths, side, TASK)[known] for side in (seen, PAST))
    np.testing.assert_allclose(np.subtract(*added), 11 * log1p(0.5))
    assert scoring.scores(with_paths, seen, TASK)[:3].tolist() == [1.5, -np.inf, 2]
