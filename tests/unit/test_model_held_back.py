"""How far the network is trusted: by how likely what people bought in a window that was held back was."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from holley_graph.counting.utility import Counted
from holley_graph.evaluation.targets import RankingTask
from holley_graph.model.inference.trained import TrainedModel
from holley_graph.model.training import held_back
from holley_graph.model.training.held_back import HeldBack, hold_back, trust, validator
from holley_graph.snapshot.snapshot import ORDERED
from tests.support import planted
from tests.support.models import part_of

WORLD = planted.world(users=60, makes=2, models=2, years=3).snapshot
_, ONE = WORLD.fitting(np.array([0]))
PARTS = WORLD.fits[: ONE[1], 1]
# an owner of the first vehicle bought the first of all that fits it, another one the second
TASK = RankingTask(
    user=np.array([0, 1]),
    vehicle=np.array([0, 0]),
    offsets=np.array([0, len(PARTS), 2 * len(PARTS)]),
    candidate=np.concatenate([PARTS, PARTS]),
    is_target=np.arange(2 * len(PARTS)) % (len(PARTS) + 1) == 0,
    warm=np.array([True, False]),
)
HELD = HeldBack(TASK, WORLD)
RNG = np.random.default_rng(0)
Q = torch.from_numpy(RNG.normal(size=(WORLD.vehicles.num_rows, 3)))
Z = torch.from_numpy(RNG.normal(size=(WORLD.products.num_rows, 3)))
COUNTED = part_of(
    Counted, popularity=RNG.normal(size=WORLD.products.num_rows), lift=RNG.normal(size=len(WORLD.fits))
)


def by_hand(scale: float) -> float:
    score = COUNTED.popularity[PARTS] + COUNTED.lift[: len(PARTS)] + scale * (Z[PARTS] @ Q[0]).numpy()
    likely = np.log(np.exp(score) / np.exp(score).sum())
    return float(likely[:2].mean())


def test_the_value_is_the_log_likelihood_of_a_purchase() -> None:
    assert validator(HELD)(Q, Z, COUNTED) == pytest.approx(by_hand(1.0), abs=1e-6)


@pytest.mark.parametrize("sign", [-1.0, 1.0])
def test_the_network_is_trusted_as_far_as_it_helps(sign: float, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(held_back, "FEWEST_TEST_USERS", 2)
    fitted = part_of(
        TrainedModel,
        popularity=torch.from_numpy(COUNTED.popularity),
        lift=torch.from_numpy(COUNTED.lift),
        q=sign * Q,
        z=Z,
    )
    grid = np.linspace(held_back.LEAST_TRUST, 1, 400)
    best = grid[np.argmax([by_hand(sign * scale) for scale in grid])]
    assert trust(HELD, fitted) == pytest.approx(best, abs=0.01)


def test_of_too_few_buyers_nothing_is_concluded() -> None:
    assert trust(HELD, part_of(TrainedModel)) == held_back.LEAST_TRUST


def test_the_newest_window_with_enough_purchases_is_held_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """The last month has few purchases, as where they are known from events alone."""
    world = planted.world(users=600).snapshot
    window = (world.as_of - 1 - world.event("at")) // (30 * planted.DAY)
    thin = replace(
        world,
        events=world.events.filter(
            ~((window < 2) & (world.event("kind") == ORDERED) & (world.event("user") % 9 > 0))
        ),
    )
    monkeypatch.setattr(held_back, "ENOUGH_PURCHASES", 10)
    assert hold_back(world).early.as_of == world.as_of - 30 * planted.DAY
    held = hold_back(thin)
    assert held.enough and held.early.as_of < world.as_of - 60 * planted.DAY
    assert held.early.event("at").max() < held.early.as_of
    monkeypatch.setattr(held_back, "ENOUGH_PURCHASES", 10**6)
    assert not hold_back(thin).enough
