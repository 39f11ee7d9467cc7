"""What a training chooses: how far the network is trusted, by what hidden people chose."""

import numpy as np
import pytest
import torch

from holley_graph.counting.hidden import HiddenChoices
from holley_graph.counting.utility import count
from holley_graph.model.inference.trained import TrainedModel
from holley_graph.model.training import choose
from holley_graph.model.training.held_back import LEAST_TRUST
from tests.support import planted
from tests.support.models import part_of

WORLD = planted.world(users=60, makes=2, models=2, years=3).snapshot
COUNTED = count(WORLD)
RNG = np.random.default_rng(0)
Q = torch.from_numpy(RNG.normal(size=(WORLD.vehicles.num_rows, 3)))
Z = torch.from_numpy(RNG.normal(size=(WORLD.products.num_rows, 3)))
CHOSEN = RNG.choice(len(WORLD.fits), 40)
HIDDEN = HiddenChoices(WORLD, CHOSEN, np.zeros(40, np.int64))


def by_hand(scale: float) -> float:
    nats = 0.0
    for choice in CHOSEN:
        cells = np.flatnonzero(WORLD.fits[:, 0] == WORLD.fits[choice, 0])
        vehicle, product = WORLD.fits[cells].T
        newest = np.zeros(len(cells), np.int64)
        score = COUNTED.at(cells, newest) + scale * (Q[vehicle] * Z[product]).sum(1).numpy()
        nats += score[cells == choice][0] - np.logaddexp.reduce(score)
    return nats


@pytest.mark.parametrize("sign", [-1.0, 1.0])
def test_the_network_is_trusted_as_far_as_it_explains_what_hidden_people_chose(sign: float) -> None:
    trained = part_of(TrainedModel, q=sign * Q, z=Z, counted=COUNTED)
    grid = np.linspace(LEAST_TRUST, 1, 400)
    best = grid[np.argmax([by_hand(sign * scale) for scale in grid])]
    assert choose._trust(HIDDEN, trained) == pytest.approx(best, abs=0.01)
