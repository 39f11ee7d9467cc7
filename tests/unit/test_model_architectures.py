"""What every model promises: its shapes, symmetry under renumbering, a run that repeats, and the planted truth."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from holley_graph.counting.utility import count
from holley_graph.embeddings import table
from holley_graph.evaluation import metrics
from holley_graph.evaluation.targets import future_choices
from holley_graph.model.architectures.data import hetero_data, product_levels, vehicle_levels
from holley_graph.model.architectures.fitment_ranker import FitmentRanker
from holley_graph.model.architectures.interactions import vehicle_interactions
from holley_graph.model.architectures.lightgcn import normalised, smoothed
from holley_graph.model.architectures.likelihood import training_set
from holley_graph.model.architectures.models import MODELS, architecture
from holley_graph.model.architectures.recipe import Recipe
from holley_graph.model.training import train as training
from holley_graph.model.training.plan import Plan
from tests.support import planted
from tests.support.models import draw

CUT = planted.AS_OF - 30 * planted.DAY
WORLD = planted.world(users=1_500)
SMALL = planted.world(users=60, makes=2, models=2, years=3).snapshot
COUNTED = count(SMALL)
every_model = pytest.mark.parametrize("name", MODELS)


def build(name: str, dim: int = 8) -> FitmentRanker:
    torch.manual_seed(0)
    chosen = architecture(name)
    config = replace(chosen.configuration(), dim=dim)
    model: FitmentRanker = chosen(
        hetero_data(SMALL, COUNTED.popularity), vehicle_levels(SMALL), product_levels(SMALL), config
    )
    return model.eval()


@every_model
def test_vectors_and_popularity_have_their_shapes(name: str) -> None:
    model = build(name)
    q, z = model()
    assert q.shape == (SMALL.vehicles.num_rows, 8)
    assert z.shape == (SMALL.products.num_rows, 8)
    np.testing.assert_allclose(model.popularity(), COUNTED.popularity, rtol=1e-6)
    assert model.penalty().shape == ()
    for values in (q, z):
        assert torch.isfinite(values).all()


@every_model
def test_every_table_and_every_layer_can_learn(name: str) -> None:
    model = build(name)
    q, z = model()
    anchor = model.anchor()
    (q.square().sum() + z.square().sum() + model.penalty()).backward()
    assert anchor is None or anchor.shape == z.shape
    learned = {key.split(".")[0] for key, value in model.named_parameters() if value.grad is not None}
    assert learned >= {"vehicle", "product"}
    assert ("layers" in learned) == (name in ("sage", "homogeneous", "pinsage", "gat", "click"))


@every_model
def test_vehicles_that_nothing_tells_apart_have_one_vector(name: str) -> None:
    """Two years of one model fit the same parts; give them one row of every table and no history: they are one."""
    bare = replace(SMALL, events=SMALL.events.slice(0, 0))
    levels = vehicle_levels(bare)
    twins = {key: replace(level, rows=level.rows.clone()) for key, level in levels.items()}
    for level in twins.values():
        level.rows[1] = level.rows[0]
    torch.manual_seed(0)
    chosen = architecture(name)
    model = chosen(
        hetero_data(bare, COUNTED.popularity), twins, product_levels(bare), replace(chosen.configuration(), dim=8)
    ).eval()
    q, _ = model()
    torch.testing.assert_close(q[0], q[1])
    assert not torch.allclose(q[0], q[-1])


@every_model
def test_a_run_repeats_itself_and_is_sealed_under_its_name(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(training, "STEPS", 5)
    config = replace(Recipe.default(name).config, dim=8)
    runs = [training.train(SMALL, tmp_path, Plan(Recipe(name, config), as_of=CUT)) for _ in range(2)]
    assert {run.manifest.model for run in runs} == {name}
    actual, expected = (table.load(run.path) for run in runs)
    for kind, vectors in actual.items():
        np.testing.assert_array_equal(vectors.vectors, expected[kind].vectors)


@every_model
def test_a_loss_follows_from_parameters_events_and_draw_and_changes_nothing(name: str) -> None:
    model, events = build(name), training_set(SMALL, COUNTED)
    before = {key: value.clone() for key, value in model.state_dict().items()}
    torch.manual_seed(1)
    first = [model.loss(events, draw(step)).item() for step in range(7)]
    torch.manual_seed(2)
    again = [model.loss(events, draw(step)).item() for step in reversed(range(7))]
    assert first == again[::-1]
    assert torch.initial_seed() == 2 and torch.equal(torch.get_rng_state(), torch.manual_seed(2).get_state())
    assert before.keys() == model.state_dict().keys()
    assert all(torch.equal(value, before[key]) for key, value in model.state_dict().items())


@every_model
def test_the_planted_truth_is_found(name: str, tmp_path: Path) -> None:
    config = replace(Recipe.default(name).config, dim=16)
    run = training.train(WORLD.snapshot, tmp_path, Plan(Recipe(name, config), as_of=CUT))
    measured = run.manifest.metrics["held_out"]
    task = future_choices(WORLD.snapshot, CUT, 30)
    truth = metrics.summary(task, WORLD.utility[task.vehicle[task.owner], task.candidate])["NDCG@10"]
    actual, expected = measured["run"]["NDCG@10"], measured["popularity"]["NDCG@10"]
    assert actual > expected + 0.5 * (truth - expected)


def test_the_graph_of_lightgcn_is_symmetric_and_its_largest_eigenvalue_is_one() -> None:
    sizes = (SMALL.vehicles.num_rows, SMALL.products.num_rows)
    graph = normalised(vehicle_interactions(hetero_data(SMALL, COUNTED.popularity)).pair, sizes).to_dense()
    torch.testing.assert_close(graph, graph.T)
    assert np.abs(np.linalg.eigvalsh(graph.double().numpy())).max() == pytest.approx(1)
    owned = SMALL.user_vehicle[SMALL.event("user")].tolist()
    pairs = set(zip(owned, SMALL.event("product").tolist(), strict=True))
    assert int((graph > 0).sum()) == 2 * len(pairs)


def test_a_gradient_is_propagated_as_the_vectors_were() -> None:
    pair = torch.tensor([[0, 0, 1, 2], [0, 1, 1, 2]])
    graph = normalised(pair, (3, 4)).double()
    start = torch.randn(7, 2, dtype=torch.double, requires_grad=True)
    wanted = torch.randn(7, 2, dtype=torch.double)
    (smoothed(graph, start, 3) * wanted).sum().backward()
    torch.testing.assert_close(start.grad, smoothed(graph, wanted, 3))
