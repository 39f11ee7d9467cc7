"""The loss of every model beside a softmax in plain Python, and its gradient beside the derivative on paper."""

from __future__ import annotations

from collections import defaultdict

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import log_softmax, logsumexp

from holley_graph.counting.utility import count
from holley_graph.model.architectures import likelihood
from holley_graph.model.architectures.likelihood import TrainingSet, VehicleGroups, training_set
from tests.support import planted

SMALL = planted.world(users=60, makes=2, models=2, years=3).snapshot
COUNTED = count(SMALL)
EVENTS = training_set(SMALL, COUNTED)
DIM = 5
GENERATOR = torch.Generator().manual_seed(0)
Q = torch.randn(SMALL.vehicles.num_rows, DIM, generator=GENERATOR)
Z = torch.randn(SMALL.products.num_rows, DIM, generator=GENERATOR)


def by_vehicle(events: TrainingSet) -> dict[int, list[int]]:
    rows = defaultdict(list)
    for row, vehicle in enumerate(events.vehicle.tolist()):
        rows[vehicle].append(row)
    return rows


def by_hand(q: torch.Tensor, z: torch.Tensor) -> float:
    total = 0.0
    for vehicle, rows in by_vehicle(EVENTS).items():
        products = EVENTS.product[rows]
        score = EVENTS.offset[rows].double() + z[products].double() @ q[vehicle].double()
        total -= float(EVENTS.weight[rows].double().numpy() @ log_softmax(score.numpy()))
    return total


def test_the_loss_is_the_cross_entropy_of_a_softmax_among_what_fits() -> None:
    loss = likelihood.negative_log_likelihood(EVENTS, Q, Z)
    assert loss.item() == pytest.approx(by_hand(Q, Z), rel=1e-5)


def test_without_vectors_it_is_what_counting_says() -> None:
    zero = likelihood.negative_log_likelihood(EVENTS, 0 * Q, Z)
    assert zero.item() == pytest.approx(by_hand(0 * Q, Z), rel=1e-5)
    assert likelihood.scores(EVENTS, 0 * Q, Z).tolist() == EVENTS.offset.tolist()


def test_its_gradient_is_what_is_expected_less_what_was_chosen() -> None:
    """∂L/∂q_v = Σ_p (n_v · P(p | v) − n_vp) z_p"""
    q = Q.clone().requires_grad_()
    likelihood.negative_log_likelihood(EVENTS, q, Z).backward()
    assert q.grad is not None
    score = likelihood.scores(EVENTS, Q, Z)
    for vehicle, rows in by_vehicle(EVENTS).items():
        share = torch.softmax(score[rows], 0)
        surplus = EVENTS.weight[rows].sum() * share - EVENTS.weight[rows]
        torch.testing.assert_close(q.grad[vehicle], surplus @ Z[EVENTS.product[rows]], atol=1e-4, rtol=1e-4)
    unused = sorted(set(range(len(Q))) - set(by_vehicle(EVENTS)))
    assert not q.grad[unused].any()


@given(st.lists(st.tuples(st.integers(0, 3), st.floats(-800, 800)), min_size=1, max_size=20))
def test_the_normaliser_is_scipys_for_scores_of_any_size(members: list[tuple[int, float]]) -> None:
    group, score = (list(column) for column in zip(*members, strict=True))
    actual = likelihood.log_normaliser(torch.tensor(score, dtype=torch.double), torch.tensor(group), 4)
    for number in range(4):
        own = [value for member, value in members if member == number]
        assert actual[number].item() == pytest.approx(logsumexp(own) if own else -np.inf, abs=1e-9)


def test_a_number_added_to_all_scores_of_a_vehicle_changes_nothing() -> None:
    shift = torch.arange(EVENTS.vehicles).float()[EVENTS.vehicle]
    moved = TrainingSet(EVENTS.vehicle, EVENTS.product, EVENTS.offset + shift, EVENTS.weight, EVENTS.vehicles)
    losses = [likelihood.negative_log_likelihood(events, Q, Z).item() for events in (EVENTS, moved)]
    assert losses[1] == pytest.approx(losses[0], rel=1e-5)


def test_a_training_set_has_all_that_fits_a_vehicle_that_somebody_chose_for() -> None:
    chosen = {int(SMALL.fits[row, 0]) for row in np.flatnonzero(COUNTED.choices)}
    rows = [row for row, (vehicle, _) in enumerate(SMALL.fits.tolist()) if vehicle in chosen]
    assert EVENTS.vehicle.tolist() == SMALL.fits[rows, 0].tolist()
    assert EVENTS.product.tolist() == SMALL.fits[rows, 1].tolist()
    np.testing.assert_allclose(EVENTS.weight, COUNTED.choices[rows], rtol=1e-6)
    np.testing.assert_allclose(EVENTS.offset, COUNTED.effects.summed()[rows], rtol=1e-5, atol=1e-6)
    assert EVENTS.total == pytest.approx(COUNTED.choices.sum(), rel=1e-6)


@given(st.lists(st.integers(0, len(VehicleGroups(EVENTS).vehicles) - 1), unique=True, min_size=1))
def test_the_losses_of_disjoint_groups_add_up_to_the_whole(places: list[int]) -> None:
    groups = VehicleGroups(EVENTS)
    rest = np.setdiff1d(np.arange(len(groups.vehicles)), places)
    total = 0.0
    for part in (np.array(places), rest):
        part_set = groups.take(part)
        own = Q[torch.from_numpy(groups.vehicles[part])]
        total += likelihood.negative_log_likelihood(part_set, own, Z).item() if len(part) else 0.0
    assert total == pytest.approx(likelihood.negative_log_likelihood(EVENTS, Q, Z).item(), rel=1e-4)
