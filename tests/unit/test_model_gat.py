"""Attention over weighted edges: which edges, which negatives, which rates."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from holley_graph.counting.events import KIND_WEIGHTS
from holley_graph.counting.utility import count
from holley_graph.model.architectures.data import hetero_data, product_levels, vehicle_levels
from holley_graph.model.architectures.gat import Gat, GatConfig
from holley_graph.model.architectures.interactions import heaviest, vehicle_interactions
from holley_graph.model.architectures.likelihood import training_set
from tests.support import planted
from tests.support.models import draw

SMALL = planted.world(users=60, makes=2, models=2, years=3).snapshot
COUNTED = count(SMALL)
DATA = hetero_data(SMALL, COUNTED.popularity)
EVENTS = training_set(SMALL, COUNTED)


def build(config: GatConfig) -> Gat:
    torch.manual_seed(0)
    return Gat(DATA, vehicle_levels(SMALL), product_levels(SMALL), replace(config, dim=8, text="n-grams"))


def test_an_edge_weighs_how_often_of_what_kind_and_how_long_ago() -> None:
    half_life = 90.0
    edges = vehicle_interactions(DATA, half_life)
    expected: dict[tuple[int, int], np.ndarray] = {}
    for row in SMALL.events.to_pylist():
        key = (int(SMALL.user_vehicle[row["user"]]), row["product"])
        age = (SMALL.as_of - row["at"]) / planted.DAY
        worth = np.zeros(len(KIND_WEIGHTS))
        worth[row["kind"]] = KIND_WEIGHTS[row["kind"]] * 2 ** (-age / half_life)
        expected[key] = expected.get(key, 0) + worth
    assert set(map(tuple, edges.pair.T.tolist())) == set(expected)
    wanted = [expected[tuple(pair)] for pair in edges.pair.T.tolist()]
    np.testing.assert_allclose(edges.weight, wanted, rtol=1e-5)


def test_of_many_neighbours_the_heaviest_stay() -> None:
    group, weight = torch.tensor([1, 0, 1, 1, 0]), torch.tensor([0.5, 1.0, 2.0, 0.5, 3.0])
    assert heaviest(group, weight, 2).tolist() == [True, True, True, False, True]
    model = build(GatConfig(neighbours=2))
    edges, _ = model._edges(model.folds.count)
    for target in (edge[1] for edge in edges.values()):
        assert int(torch.bincount(target).max()) == 2


def test_no_edge_that_is_foretold_is_among_the_messages() -> None:
    model = build(GatConfig())
    fold = model.folds.predicted_in(step=0)
    held = {tuple(pair) for pair in model.pair[:, model.folds.of == fold].T.tolist()}
    edges, weights = model._edges(fold)
    seen = {tuple(pair) for pair in edges["vehicle", "touches", "product"].T.tolist()}
    assert held and seen and not held & seen
    whole, _ = model._edges(model.folds.count)
    assert {tuple(pair) for pair in whole["vehicle", "touches", "product"].T.tolist()} == held | seen
    assert all(len(weights[key]) == edges[key].shape[1] for key in weights)


def test_hard_negatives_that_fit_do_fit() -> None:
    model = build(GatConfig(hard_negatives=20))
    fits = set(map(tuple, SMALL.fits.tolist()))
    vehicle = torch.arange(SMALL.vehicles.num_rows)
    near = model._hard_negatives(vehicle, draw().random)
    assert {(v, p) for v, row in zip(vehicle.tolist(), near.tolist(), strict=True) for p in row} <= fits


def test_the_weight_of_an_edge_speaks_in_the_attention() -> None:
    model = build(GatConfig()).eval()
    with torch.no_grad():
        for gate in model.gates.values():
            gate.weight.copy_(torch.eye(8))
        before, _ = model()
        model.weight[0] *= 50
        after, _ = model()
    moved = (after - before).abs().amax(1) > 1e-6
    assert moved[model.pair[0, 0]] and int(moved.sum()) == 1


def test_the_likelihood_of_an_edge_is_asked_only_while_it_carries_no_message() -> None:
    """What is chosen in the predicted fold alone has a gradient, and it stands for all folds."""
    model = build(GatConfig())
    fold = model.folds.predicted_in(step=0)
    weight = EVENTS.weight.clone().requires_grad_()
    model.loss(replace(EVENTS, weight=weight), draw()).backward()
    assert weight.grad is not None
    key = EVENTS.vehicle * model.products + EVENTS.product
    held = torch.isin(key, model.known[model.folds.of == fold])
    others = torch.isin(key, model.known[model.folds.of != fold])
    assert (weight.grad[others] == 0).all() and (weight.grad[held & (EVENTS.weight > 0)] > 0).all()


def test_faires_loss_starts_from_what_is_counted() -> None:
    """Vectors that say nothing leave the counted score: the better it knows the choices, the smaller the loss."""
    model = build(GatConfig(own_loss=True, init_std=0.0)).eval()
    for head in model.heads.values():
        head[0].bias.data.zero_()
    chosen = replace(EVENTS, offset=EVENTS.offset + 3.0 * (EVENTS.weight > 0))
    assert model.loss(chosen, draw()) < model.loss(EVENTS, draw())


@pytest.mark.parametrize("changed", [{"hops": 2}, {"groups": True}, {"head_per_kind": True}, {"hard_negatives": 0}])
def test_what_faire_lists_as_next_is_learned_too(changed: dict[str, object]) -> None:
    model = build(replace(GatConfig(own_loss=True), **changed))
    model.loss(EVENTS, draw()).backward()
    silent = {name for name, value in model.named_parameters() if value.grad is None}
    assert not {name for name in silent if name.startswith(("heads", "offset", "read"))}
    assert all(any(value.grad is not None for value in layer.parameters()) for layer in model.layers)
    q, z = model.eval()()
    assert q.shape[1] == z.shape[1] == 8
    assert len(model.heads) == (6 if "head_per_kind" in changed else 2)


def test_tables_learn_at_a_rate_of_their_own_and_nothing_is_left_out() -> None:
    model = build(GatConfig(table_rate=0.1))
    tables, rest = model.rates(0.03)
    assert (tables["lr"], rest["lr"]) == (pytest.approx(0.003), 0.03)
    assert len(tables["params"]) + len(rest["params"]) == len(list(model.parameters()))
