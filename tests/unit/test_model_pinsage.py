"""Neighbourhoods by random walks, and negatives that become harder."""

from dataclasses import replace

import numpy as np
import torch

from holley_graph.counting.utility import count
from holley_graph.model.architectures.data import hetero_data, product_levels, vehicle_levels
from holley_graph.model.architectures.likelihood import scores, training_set
from holley_graph.model.architectures.pinsage import PinSage, PinSageConfig, neighbourhoods
from tests.support import planted
from tests.support.models import draw

SMALL = planted.world(users=60, makes=2, models=2, years=3).snapshot
COUNTED = count(SMALL)
DATA = hetero_data(SMALL, COUNTED.popularity)


def test_shares_of_visits_sum_to_one_and_stay_among_what_owners_touched() -> None:
    vehicle, product = (near.to_dense().numpy() for near in neighbourhoods(DATA, PinSageConfig(hops=1), seed=0))
    reached = vehicle.sum(1) > 0
    owned = np.isin(np.arange(SMALL.vehicles.num_rows), SMALL.user_vehicle[SMALL.event("user")])
    np.testing.assert_array_equal(reached, owned)
    np.testing.assert_allclose(vehicle[reached].sum(1), 1, rtol=1e-5)
    touched = np.zeros(vehicle.shape, bool)
    touched[SMALL.user_vehicle[SMALL.event("user")], SMALL.event("product")] = True
    assert touched[vehicle > 0].all()
    np.testing.assert_allclose(product[product.sum(1) > 0].sum(1), 1, rtol=1e-5)


def test_no_more_neighbours_than_asked_for_and_the_most_visited_first() -> None:
    few, many = (neighbourhoods(DATA, PinSageConfig(neighbours=n), seed=0)[1].to_dense() for n in (3, 1_000))
    assert int((few > 0).sum(1).max()) == 3
    for short, long in zip(few, many, strict=True):
        assert short[short > 0].numel() <= 3
        kept_visits, left = long[short > 0], long[(short == 0) & (long > 0)]
        assert not kept_visits.numel() or not left.numel() or kept_visits.min() >= left.max()


def test_negatives_become_harder_from_epoch_to_epoch() -> None:
    torch.manual_seed(0)
    config = PinSageConfig(dim=8, own_loss=True, init_std=1.0, harder_every=1, hardest=6)
    model = PinSage(DATA, vehicle_levels(SMALL), product_levels(SMALL), config)
    events = training_set(SMALL, COUNTED)
    missing = [model.loss(events, draw(step)).item() for step in range(12)]
    assert np.mean(missing[-6:]) > missing[0]


def test_nothing_is_missing_once_every_choice_leads_by_the_margin() -> None:
    torch.manual_seed(0)
    model = PinSage(DATA, vehicle_levels(SMALL), product_levels(SMALL), PinSageConfig(dim=8))
    events = training_set(SMALL, COUNTED)
    one_each = replace(events, weight=torch.zeros_like(events.weight))
    best = scores(events, *model())
    for vehicle in events.vehicle.unique():
        cells = torch.nonzero(events.vehicle == vehicle)[:, 0]
        one_each.weight[cells[best[cells].argmax()]] = 1.0
    model.options = PinSageConfig(dim=8, own_loss=True, margin=0.0)
    assert model.loss(one_each, draw()).item() == 0
