"""How the length of a training is chosen: by how likely what people bought in the held-back month was."""

import numpy as np
import pytest
import torch

from holley_graph.evaluation.targets import RankingTask
from holley_graph.model.held_back import validator

# one drives vehicle 1 and bought the first and the last of three, another vehicle 0 and bought the second of two
TASK = RankingTask(
    user=np.array([4, 7]),
    vehicle=np.array([1, 0]),
    offsets=np.array([0, 3, 5]),
    candidate=np.array([0, 1, 3, 2, 3]),
    is_target=np.array([True, False, True, False, True]),
    warm=np.array([True, False]),
)
Q = torch.tensor([[1.0, 0.5], [-0.5, 1.0]])
Z = torch.tensor([[0.2, 0.9], [0.8, 0.1], [-0.3, 0.4], [0.5, 0.5]])
POPULARITY = torch.tensor([0.1, -0.2, 0.3, 0.0])


def by_hand(sharpness: float) -> float:
    said = []
    for vehicle, candidates, bought in ((1, [0, 1, 3], [0, 3]), (0, [2, 3], [3])):
        score = {p: sharpness * float(Q[vehicle] @ Z[p] + POPULARITY[p]) for p in candidates}
        total = sum(np.exp(each) for each in score.values())
        said += [np.log(np.exp(score[p]) / total) for p in bought]
    return float(np.mean(said))


def test_the_value_is_the_log_likelihood_of_a_purchase() -> None:
    """These scores are too flat already."""
    assert by_hand(1.1) > by_hand(1.0)
    assert validator(TASK)(Q, Z, POPULARITY) == pytest.approx(by_hand(1.0), abs=1e-4)


def test_scores_that_are_too_sharp_are_flattened_to_what_suits_best() -> None:
    best = max(by_hand(float(sharpness)) for sharpness in np.exp(np.linspace(-4, 4, 4_001)))
    assert by_hand(20.0) < best - 1
    assert validator(TASK)(20 * Q, Z, 20 * POPULARITY) == pytest.approx(best, abs=1e-4)


def test_it_rises_with_the_score_of_what_was_bought() -> None:
    value, liked = validator(TASK), POPULARITY + torch.tensor([0.0, 0.0, 0.0, 0.5])
    assert value(Q, Z, liked) > value(Q, Z, POPULARITY)
