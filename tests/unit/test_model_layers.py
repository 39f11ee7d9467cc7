"""Messages of the graph models beside loops over edges, and the parts they are made of."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from holley_graph.counting.utility import count
from holley_graph.model.architectures.data import hetero_data, price_edges
from holley_graph.model.architectures.fitment_ranker import FitmentRanker
from holley_graph.model.architectures.homogeneous import TYPES
from holley_graph.model.architectures.interactions import heaviest, vehicle_interactions
from holley_graph.model.architectures.layers import Folds, Message, adjacency, find, gathered, mean_conv
from holley_graph.model.architectures.recipe import Recipe
from holley_graph.model.architectures.sage import MESSAGES
from tests.support import planted

SMALL = planted.world(users=60, makes=2, models=2, years=3).snapshot
COUNTED = count(SMALL)
DATA = hetero_data(SMALL, COUNTED.popularity)
DIM = 4


def built(name: str, **config: object) -> FitmentRanker:
    """With vectors and messages that are drawn, for at the start no message says anything."""
    recipe = Recipe(name, replace(Recipe.default(name).config, dim=DIM, init_std=0.5, **config))
    model, _ = recipe.build(SMALL, price_edges(SMALL), 0, COUNTED.popularity)
    torch.manual_seed(1)
    for key, value in model.named_parameters():
        if ".tables." not in key:
            value.data.copy_(torch.randn_like(value) * 0.5)
    return model.eval()


def starting(model: FitmentRanker) -> dict[str, torch.Tensor]:
    """What nodes say at first."""
    return {
        "vehicle": model.vehicle(),
        "product": model.product(),
        "model": model.vehicle.tables["model"],
        "make": model.vehicle.tables["make"],
        "part_type": model.product.tables["part_type"],
    }


def mean_of(senders: torch.Tensor, edges: torch.Tensor, receivers: int) -> torch.Tensor:
    """Mean of what the neighbours send, one receiver after the other."""
    heard = defaultdict(list)
    for sender, receiver in edges.T.tolist():
        heard[receiver].append(senders[sender])
    return torch.stack(
        [torch.stack(heard[row]).mean(0) if heard[row] else torch.zeros(DIM) for row in range(receivers)]
    )


@pytest.mark.parametrize("layers", [1, 2])
def test_sage_adds_a_matrix_per_relation_of_the_mean_of_the_neighbours(layers: int) -> None:
    model = built("sage", layers=layers)
    h = {name: value.detach() for name, value in starting(model).items()}
    for layer in range(layers):
        sums = {name: torch.zeros_like(value) for name, value in h.items()}
        for sender, relation, receiver in MESSAGES:
            edges = DATA[sender, relation, receiver].edge_index
            if not edges.numel():
                continue
            weight = model.layers[layer].convs[sender, relation, receiver].lin_l.weight.detach()
            sums[receiver] = sums[receiver] + mean_of(h[sender], edges, len(h[receiver])) @ weight.T
        gates = {name: model.gates[f"{name}_{layer}"].weight.detach() for name in h}
        h = {name: value + sums[name] @ gates[name].T for name, value in h.items()}
    q, z = model()
    torch.testing.assert_close(q, h["vehicle"], atol=1e-5, rtol=1e-4)
    torch.testing.assert_close(z, h["product"], atol=1e-5, rtol=1e-4)


def test_a_graph_without_types_has_one_matrix_for_all_neighbours() -> None:
    model = built("homogeneous", layers=1)
    first = starting(model)
    offset, pairs = {}, set()
    for name in TYPES:
        offset[name] = sum(len(first[other]) for other in list(offset))
    for sender, relation, receiver in MESSAGES:
        for s, r in DATA[sender, relation, receiver].edge_index.T.tolist():
            pairs.add((offset[sender] + s, offset[receiver] + r))
    h = torch.cat([first[name] for name in TYPES]).detach()
    heard = mean_of(h, torch.tensor(sorted(pairs)).T, len(h)) @ model.layers[0].lin_l.weight.detach().T
    h = h + heard @ model.gates[0].weight.detach().T
    q, z = model()
    torch.testing.assert_close(q, h[: len(q)], atol=1e-5, rtol=1e-4)
    torch.testing.assert_close(z, h[len(q) : len(q) + len(z)], atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("layers", [1, 3])
def test_lightgcn_is_the_mean_of_powers_of_the_normalised_graph(layers: int) -> None:
    model = built("lightgcn", layers=layers)
    vehicles, products = SMALL.vehicles.num_rows, SMALL.products.num_rows
    graph = np.zeros((vehicles + products, vehicles + products))
    for user, product in zip(SMALL.event("user"), SMALL.event("product"), strict=True):
        vehicle = SMALL.user_vehicle[user]
        graph[vehicle, vehicles + product] = graph[vehicles + product, vehicle] = 1.0
    degree = np.maximum(graph.sum(1), 1)
    graph /= np.sqrt(np.outer(degree, degree))
    start = torch.cat([model.vehicle(), model.product()]).detach().double().numpy()
    wanted = np.mean([np.linalg.matrix_power(graph, k) @ start for k in range(layers + 1)], axis=0)
    q, z = model()
    np.testing.assert_allclose(torch.cat([q, z]).detach().numpy(), wanted, atol=1e-5)


def test_the_two_towers_are_sums_over_their_levels() -> None:
    model = built("two_tower")
    q, z = model()
    for row in range(0, len(q), 3):
        levels = model.vehicle.tables
        wanted = sum(levels[name][getattr(model.vehicle, f"rows_{name}")[row]] for name in levels)
        torch.testing.assert_close(q[row], wanted)
    some = torch.tensor([5, 0, 5])
    torch.testing.assert_close(model.product(some), z[some])


def test_a_penalty_counts_tables_and_messages_by_their_own_prior() -> None:
    model = built("sage")
    tables = sum(v.square().sum().item() for k, v in model.named_parameters() if ".tables." in k)
    messages = sum(v.square().sum().item() for k, v in model.named_parameters() if ".tables." not in k)
    wanted = (model.config.table_l2 * tables + model.config.message_l2 * messages) / 2
    assert model.penalty().item() == pytest.approx(wanted, rel=1e-5)


def test_a_message_says_nothing_before_it_is_learned() -> None:
    assert not Message(DIM)(torch.randn(3, DIM)).any()


@given(st.integers(0, 60), st.integers(2, 6))
def test_every_edge_is_predicted_in_one_of_the_parts_and_these_take_turns(edges: int, count_: int) -> None:
    folds = Folds(edges, count_)
    sizes = torch.bincount(folds.of, minlength=count_)
    assert sizes.max() - sizes.min() <= 1
    assert sorted(folds.predicted_in(step) for step in range(count_)) == list(range(count_))
    edge = torch.arange(-1, edges)
    total = sum(folds.counts(edge, fold)[1:] for fold in range(count_))
    assert torch.equal(total, torch.full((edges,), float(count_)))
    assert folds.counts(edge, 0)[0] == 1.0


keys_of = st.lists(st.integers(0, 30), unique=True).map(sorted)


@given(keys_of, st.lists(st.integers(0, 30)))
def test_a_number_is_found_where_it_stands(keys: list[int], wanted: list[int]) -> None:
    places = find(torch.tensor(keys, dtype=torch.long), torch.tensor(wanted, dtype=torch.long))
    assert places.tolist() == [keys.index(number) if number in keys else -1 for number in wanted]


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 2)), min_size=1, unique=True))
def test_what_is_gathered_is_the_sum_and_a_mean_layer_its_mean(pairs: list[tuple[int, int]]) -> None:
    """Pairs of a sender and a receiver."""
    sent = torch.arange(4 * DIM).reshape(4, DIM).float()
    graph = adjacency(torch.tensor(pairs).T, (3, 4))
    layer = mean_conv(DIM)
    with torch.no_grad():
        layer.lin_l.weight.copy_(torch.eye(DIM))
    means = layer((sent, None), graph)
    for receiver in range(3):
        heard = [sent[s] for s, r in pairs if r == receiver]
        total = torch.stack(heard).sum(0) if heard else torch.zeros(DIM)
        torch.testing.assert_close(gathered(graph, sent)[receiver], total)
        torch.testing.assert_close(means[receiver], total / max(len(heard), 1))


@pytest.mark.parametrize("half_life", [10.0, float("inf")])
def test_an_interaction_weighs_by_kind_frequency_and_age(half_life: float) -> None:
    from holley_graph.counting.events import KIND_WEIGHTS

    weights = defaultdict(lambda: [0.0] * 3)
    columns = (SMALL.event(name).tolist() for name in ("user", "product", "kind", "at"))
    for user, product, kind, at in zip(*columns, strict=True):
        days = (SMALL.as_of - at) / planted.DAY
        weights[int(SMALL.user_vehicle[user]), product][kind] += KIND_WEIGHTS[kind] * 2 ** (-days / half_life)
    made = vehicle_interactions(DATA, half_life)
    assert [tuple(pair) for pair in made.pair.T.tolist()] == sorted(weights)
    np.testing.assert_allclose(made.weight, [weights[pair] for pair in sorted(weights)], rtol=1e-5, atol=1e-12)


@given(st.lists(st.tuples(st.integers(0, 3), st.sampled_from([0.5, 1.0, 2.0])), max_size=20), st.integers(1, 4))
def test_the_heaviest_edges_of_a_group_are_kept_and_of_equals_the_first(
    edges: list[tuple[int, float]], keep: int
) -> None:
    group = torch.tensor([g for g, _ in edges], dtype=torch.long)
    weight = torch.tensor([w for _, w in edges])
    wanted = set()
    for number in range(4):
        own = [row for row, (g, _) in enumerate(edges) if g == number]
        wanted |= set(sorted(own, key=lambda row: (-edges[row][1], row))[:keep])
    assert heaviest(group, weight, keep).tolist() == [row in wanted for row in range(len(edges))]
