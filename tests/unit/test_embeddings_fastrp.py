"""FastRP's vectors as tables: scored by cosine, by the vehicle where the user has none, from nothing late."""

from __future__ import annotations

import numpy as np

from holley_graph.embeddings import fastrp
from holley_graph.evaluation import scoring
from holley_graph.evaluation.targets import RankingTask, future_choices
from tests.support.planted import AS_OF, DAY, world

SNAPSHOT = world(users=300).snapshot
CUT = AS_OF - 30 * DAY


def embedded(labels: tuple[str, ...]) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    rng = np.random.default_rng(0)
    keys = {
        "Product": SNAPSHOT.product_ids.keys,
        "Vehicle": SNAPSHOT.vehicle_ids.keys,
        "User": SNAPSHOT.user_ids.keys,
    }
    return {label: (keys[label], rng.normal(size=(len(keys[label]), 8)).astype(np.float32)) for label in labels}


def cosines(task: RankingTask, queries: np.ndarray, products: np.ndarray) -> np.ndarray:
    pairs = [
        (queries[q], products[p]) for q, p in zip(np.arange(len(queries))[task.owner], task.candidate, strict=True)
    ]
    return np.array([a @ b / np.linalg.norm(a) / np.linalg.norm(b) for a, b in pairs])


def test_score_is_the_cosine_with_the_users_vector() -> None:
    task, vectors = future_choices(SNAPSHOT, CUT), embedded(("Product", "Vehicle", "User"))
    scores = scoring.scores(fastrp.tables(vectors, 8), SNAPSHOT, task)
    wanted = cosines(task, vectors["User"][1][task.user], vectors["Product"][1])
    np.testing.assert_allclose(scores, wanted, atol=1e-6)


def test_without_user_vectors_the_vehicle_answers() -> None:
    task, vectors = future_choices(SNAPSHOT, CUT), embedded(("Product", "Vehicle"))
    scores = scoring.scores(fastrp.tables(vectors, 8), SNAPSHOT, task)
    wanted = cosines(task, vectors["Vehicle"][1][task.vehicle], vectors["Product"][1])
    np.testing.assert_allclose(scores, wanted, atol=1e-6)


def test_a_vector_of_zeros_scores_zero() -> None:
    task, vectors = future_choices(SNAPSHOT, CUT), embedded(("Product", "Vehicle", "User"))
    vectors["User"][1][:] = 0
    assert not scoring.scores(fastrp.tables(vectors, 8), SNAPSHOT, task).any()


def test_pairs_are_those_of_the_cut_snapshot() -> None:
    past = SNAPSHOT.before(CUT)
    rows = fastrp.pairs(past)
    sku = past.product_ids.keys
    for kind, derived in (("CO_PURCHASED", past.co_purchased), ("CO_VIEWED", past.co_viewed)):
        frame = derived.to_pandas()
        wanted = set(zip(sku[frame["sku"]], sku[frame["other_sku"]], frame["weight"], strict=True))
        assert {(r["sku"], r["other_sku"], r["weight"]) for r in rows if r["type"] == kind} == wanted
    assert len(rows) < len(fastrp.pairs(SNAPSHOT))
