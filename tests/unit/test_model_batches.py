"""Training in batches: its gradients are those of the full batch, shared or not, and what cannot be is refused."""

import math
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch_geometric.nn import SAGEConv

from holley_graph.counting.utility import count
from holley_graph.errors import SettingsError
from holley_graph.model.architectures.data import price_edges
from holley_graph.model.architectures.fitment_ranker import FitmentRanker
from holley_graph.model.architectures.likelihood import TrainingSet, VehicleGroups, training_set
from holley_graph.model.architectures.models import MODELS, trains_in_batches
from holley_graph.model.architectures.recipe import Recipe
from holley_graph.model.training import batches
from holley_graph.model.training.batches import Batches, Whole
from holley_graph.model.training.execution import Execution
from holley_graph.model.training.fit import Stage, fit
from holley_graph.model.training.plan import Plan
from holley_graph.model.training.processes import Processes
from holley_graph.model.training.train import train
from holley_graph.model.training.trainer import AVERAGED, CHECK_EVERY, LEARNING_RATE
from tests.support import planted
from tests.support.models import draw

SMALL = planted.world(users=60, makes=2, models=2, years=3).snapshot
COUNTED = count(SMALL)
EVENTS = training_set(SMALL, COUNTED)
ABLE = [name for name in MODELS if trains_in_batches(name)]


def model(name: str, **config: object) -> FitmentRanker:
    """With vectors and messages large enough to matter."""
    recipe = Recipe(name, replace(Recipe.default(name).config, dim=8, init_std=0.5, **config))
    built, _ = recipe.build(SMALL, price_edges(SMALL), 0, COUNTED.popularity)
    for key, value in built.named_parameters():
        if key.startswith("gates"):
            value.data.copy_(0.7 * torch.eye(8))
    return built


def gradient(of: FitmentRanker, loss: torch.Tensor) -> dict[str, torch.Tensor]:
    of.zero_grad()
    loss.backward()
    return {
        name: named_parameter.grad.clone()
        for name, named_parameter in of.named_parameters()
        if named_parameter.grad is not None
    }


def mean(gradients: list[dict[str, torch.Tensor]]) -> dict[str, torch.Tensor]:
    return {name: torch.stack([grad[name] for grad in gradients]).mean(0) for name in gradients[0]}


def assert_close(actual: dict[str, torch.Tensor], expected: dict[str, torch.Tensor]) -> None:
    assert actual.keys() == expected.keys()
    for name, grad in expected.items():
        torch.testing.assert_close(
            actual[name], grad, atol=1e-5, rtol=1e-4, msg=lambda text, n=name: f"{n}: {text}"
        )


@pytest.mark.parametrize(("name", "config"), [("sage", {}), ("sage", {"layers": 2}), ("two_tower", {})])
def test_over_a_pass_gradients_average_to_that_of_the_full_batch(
    name: str, config: dict[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """With all neighbours; one batch is smaller than the others."""
    monkeypatch.setattr(batches, "MOST", 1_000)
    trained = model(name, **config)
    whole = gradient(trained, Whole(trained, EVENTS, Execution()).loss(draw(0)))
    work = Batches(trained, EVENTS, Execution(batch=5), seed=3)
    assert work.count == 3
    assert_close(mean([gradient(trained, work.loss(draw(step))) for step in range(3, 6)]), whole)


def test_no_vehicle_hears_more_products_than_it_may(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batches, "MOST", 2)
    trained = model("sage")
    batch = Batches(trained, EVENTS, Execution(batch=1_000), seed=0).batch(0)
    heard = batch.part.edges["product", "fits", "vehicle"].crow_indices().diff()
    assert heard[: batch.choices.vehicle.max() + 1].unique().tolist() == [2]


@pytest.mark.parametrize("name", ABLE)
@pytest.mark.parametrize("batch", [6, 2])
def test_shares_of_several_processes_add_up_to_the_batch_of_one(name: str, batch: int) -> None:
    """Neighbours are thinned alike; a share may be empty."""
    trained = model(name)
    one = gradient(trained, Batches(trained, EVENTS, Execution(batch=batch), seed=1).loss(draw(4)))
    shares = [Execution(batch=batch, processes=Processes(rank, 3)) for rank in range(3)]
    gradients = [gradient(trained, Batches(trained, EVENTS, share, seed=1).loss(draw(4))) for share in shares]
    assert_close({key: torch.stack([grad[key] for grad in gradients]).sum(0) for key in gradients[0]}, one)


def test_every_vehicle_that_somebody_chose_for_comes_once_a_pass_in_another_order_each() -> None:
    work = Batches(model("two_tower"), EVENTS, Execution(batch=4), seed=0)
    passes = [
        [row for step in range(turn, turn + work.count) for row in work.batch(step).part.nodes["vehicle"].tolist()]
        for turn in (0, work.count)
    ]
    assert sorted(passes[0]) == sorted(passes[1]) == EVENTS.vehicle.unique().tolist()
    assert passes[0] != passes[1]


def test_what_is_taken_out_for_some_vehicles_is_theirs_cell_by_cell() -> None:
    by = VehicleGroups(EVENTS)
    places = [3, 0]
    snapshot = by.take(torch.tensor(places).numpy())

    def cells(of: TrainingSet, name: dict[int, int]) -> list[tuple[float, ...]]:
        vehicle = [name.get(row) for row in of.vehicle.tolist()]
        values = (of.product, of.offset, of.weight)
        rows = zip(vehicle, *(value.tolist() for value in values), strict=True)
        return sorted(row for row in rows if row[0] is not None)

    wanted = {int(by.vehicles[place]): number for number, place in enumerate(places)}
    assert cells(snapshot, {0: 0, 1: 1}) == cells(EVENTS, wanted)
    assert sum(int((EVENTS.vehicle == row).sum()) for row in wanted) == len(snapshot.vehicle)
    assert snapshot.vehicle.unique().tolist() == list(range(snapshot.vehicles))


@pytest.mark.parametrize("name", MODELS)
def test_in_half_precision_the_loss_is_nearly_the_same_and_gradients_are_whole(name: str) -> None:
    losses = []
    for mixed in (False, True):
        trained = model(name)
        loss = Whole(trained, EVENTS, Execution(mixed=mixed)).loss(draw(0))
        assert loss.dtype == torch.float32
        grads = gradient(trained, loss)
        assert all(torch.isfinite(grad).all() for grad in grads.values())
        losses.append(loss.item())
    assert losses[1] == pytest.approx(losses[0], rel=2e-3)


def test_means_over_neighbours_stay_in_full_precision(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a GPU there is no sparse product with bfloat16."""
    seen = []
    aggregate = SAGEConv.message_and_aggregate

    def watch(self: SAGEConv, adj_t: torch.Tensor, x: tuple[torch.Tensor, torch.Tensor]) -> torch.Tensor:
        seen.append((x[0].dtype, torch.is_autocast_enabled("cpu")))
        return aggregate(self, adj_t, x)

    monkeypatch.setattr(SAGEConv, "message_and_aggregate", watch)
    Whole(model("sage"), EVENTS, Execution(mixed=True)).loss(draw(0))
    assert set(seen) == {(torch.float32, False)}


@pytest.mark.parametrize("batch", [None, 5])
def test_what_counts_is_a_mean_of_the_last_steps(batch: int | None) -> None:
    """By hand: weights that halve in about seven full-batch steps, or what is worth them."""
    own, execution, epochs = model("two_tower"), Execution(batch=batch), 40
    work = Batches(own, EVENTS, execution, seed=0) if batch else Whole(own, EVENTS, execution)
    worth = min(work.count, CHECK_EVERY)
    descent = torch.optim.Adam(own.rates(LEARNING_RATE * worth / work.count))
    full = [group["lr"] for group in descent.param_groups]
    table, mean = own.vehicle.tables["model"], torch.zeros(())
    steps = math.ceil(epochs / worth) * work.count
    for step in range(steps):
        for group, rate in zip(descent.param_groups, full, strict=True):
            group["lr"] = rate * math.sqrt(1 - step / steps)
        descent.zero_grad()
        work.loss(draw(step)).backward()
        descent.step()
        newest = 1.0 if step == 0 else max(worth / work.count / AVERAGED, 9 / (10 + step))
        mean = (1 - newest) * mean + newest * table.detach()
    plan = Plan(Recipe("two_tower", own.config), execution=execution)
    trained = fit(SMALL, plan, Stage("training", epochs))
    torch.testing.assert_close(trained.encoder.state["vehicle.tables.model"], mean)
    assert (mean - table.detach()).abs().max() > 1e-3


def test_what_cannot_be_trained_in_batches_says_so(tmp_path: Path) -> None:
    for name, options, message in (
        ("gat", {"batch": 5}, "gat trains on the whole graph"),
        ("sage", {"processes": Processes(0, 2)}, "2 processes train in batches of at least"),
        ("sage", {"batch": 1, "processes": Processes(0, 2)}, "2 processes train in batches of at least"),
    ):
        with pytest.raises(SettingsError, match=message):
            train(SMALL, tmp_path, Plan(Recipe.default(name), execution=Execution(**options)))
    assert not list(tmp_path.iterdir())
