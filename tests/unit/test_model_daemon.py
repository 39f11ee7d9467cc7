"""The direction of co-purchase: found where it is planted, and without a pair among its own evidence."""

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
import torch

from benchmarks import links
from holley_graph.counting.utility import count
from holley_graph.model.architectures.daemon import Daemon, DaemonConfig
from holley_graph.model.architectures.data import hetero_data, product_levels, vehicle_levels
from holley_graph.model.architectures.likelihood import Draw, TrainingSet
from holley_graph.model.architectures.recipe import Recipe
from holley_graph.model.inference.trained import TrainedModel
from holley_graph.model.training.fit import Stage, fit
from holley_graph.model.training.plan import Plan
from holley_graph.snapshot.snapshot import ORDERED, Snapshot
from tests.support import planted

LATER = 7 * planted.DAY


def directed() -> Snapshot:
    """A world in which everybody buys one part, and a part of the next type a week later, never one before."""
    world = planted.world(users=1_500).snapshot
    rng = np.random.default_rng(3)
    kind = np.array([int(name[1:]) for name in world.products.column("part_type").to_pylist()])
    user, first = np.unique(world.event("user"), return_index=True)
    product, at = world.event("product")[first], np.minimum(world.event("at")[first], planted.AS_OF - 2 * LATER)
    follows = [rng.choice(np.flatnonzero(kind == (k + 1) % 10)) for k in kind[product]]
    events = pa.table(
        {
            "user": np.concatenate([user, user]),
            "product": np.concatenate([product, follows]),
            "kind": np.full(2 * len(user), ORDERED, np.int8),
            "at": np.concatenate([at, at + LATER]),
        }
    )
    return replace(world, events=events.sort_by([("user", "ascending"), ("at", "ascending")]))


WORLD = directed()


def build(config: DaemonConfig) -> Daemon:
    torch.manual_seed(0)
    return Daemon(hetero_data(WORLD, count(WORLD).popularity), vehicle_levels(WORLD), product_levels(WORLD), config)


@pytest.fixture(scope="module")
def task() -> links.LinkTask:
    return links.inductive(WORLD, share=0.2, seed=0)


@pytest.fixture(scope="module")
def fitted(task: links.LinkTask) -> TrainedModel:
    return fit(task.past, Plan(Recipe("daemon", DaemonConfig(dim=16))), Stage("training", 40))


def test_what_leads_to_what_is_found_of_products_that_nobody_ever_bought(
    task: links.LinkTask, fitted: TrainedModel
) -> None:
    assert fitted.anchor is not None
    anchor, target = fitted.anchor.numpy(), fitted.z.numpy()

    def says(pair: np.ndarray) -> np.ndarray:
        return np.asarray((anchor[pair[0]] * target[pair[1]]).sum(1), float)

    assert links.auc(says(task.pair), says(task.foil)) > 0.8
    assert links.direction_auc(says(task.pair), says(task.pair[::-1]), task.lean) > 0.8


def test_the_two_vectors_of_a_product_are_not_one() -> None:
    model = build(DaemonConfig(dim=8)).eval()
    anchor, target = model.sides(model.folds.count)
    forth, back = anchor @ target.T, target @ anchor.T
    assert not torch.allclose(forth, back)
    assert torch.equal(model.anchor(), anchor)


def test_no_pair_that_is_foretold_is_among_the_messages() -> None:
    model = build(DaemonConfig(dim=8))
    for turn in range(model.options.folds):
        along = getattr(model, f"next_{turn}").to_dense()
        held = model.folds.of == turn
        first, second = model.pair
        assert not along[first[held], second[held]].any()
        assert along[first[~held], second[~held]].all()
        around = getattr(model, f"both_{turn}").to_dense()
        torch.testing.assert_close(around > 0, (along > 0) | (along.T > 0))
    whole = getattr(model, f"next_{model.options.folds}").to_dense()
    assert int((whole > 0).sum()) == model.pair.shape[1]


def test_a_pair_leans_by_how_much_oftener_it_went_its_way() -> None:
    model = build(DaemonConfig(dim=8))
    weight = dict(zip(zip(*model.pair.tolist(), strict=True), model.weight.tolist(), strict=True))
    expected = [
        max(0.0, (w - weight.get((b, a), 0.0)) / (w + weight.get((b, a), 0.0))) for (a, b), w in weight.items()
    ]
    np.testing.assert_allclose(model.lean.numpy(), expected, rtol=1e-6)


def likeness(weight: float) -> np.ndarray:
    """Cosines of two products that are viewed together, in both spaces, after a few steps with pairs alone."""
    model = build(DaemonConfig(dim=8, likeness=weight))
    model.viewed = torch.tensor([[0, 1], [1, 0]])
    integers, numbers = (torch.zeros(0, dtype=kind) for kind in (torch.long, torch.float))
    nothing = TrainingSet(integers, integers, numbers, numbers, 0)
    optimiser, random = torch.optim.Adam(model.parameters(), 0.05), torch.Generator().manual_seed(0)
    for step in range(10):
        optimiser.zero_grad()
        model.loss(nothing, Draw(step, step + 1, random)).backward()
        optimiser.step()
    with torch.no_grad():
        spaces = model.sides(model.folds.count)
    return np.array([torch.cosine_similarity(side[0], side[1], dim=0).item() for side in spaces])


def test_products_that_are_viewed_together_come_nearer_in_both_spaces() -> None:
    assert (likeness(3.0) > likeness(0.0)).all()
