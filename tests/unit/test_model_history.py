"""What the history layer sees of a user at a moment: what they did strictly before it, newer things more."""

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
import torch

from holley_graph.counting.utility import count
from holley_graph.embeddings.paths import Paths
from holley_graph.model.architectures.history import history_means
from holley_graph.model.architectures.recipe import Recipe
from holley_graph.model.architectures.sage import SageConfig
from holley_graph.model.training.fit import Stage, fit
from holley_graph.model.training.fit_history import fit_history
from holley_graph.model.training.plan import Plan
from holley_graph.snapshot.snapshot import KINDS, ORDERED, VIEWED, Snapshot
from tests.support import planted

DAY = planted.DAY
CONFIG = SageConfig(dim=4, history_half_life_days=60.0, history_prior=1.0)
WORLD = planted.world(users=80).snapshot
Z = torch.from_numpy(np.random.default_rng(0).normal(size=(WORLD.products.num_rows, 4)).astype(np.float32))
EVERY = np.arange(WORLD.users.num_rows)


def with_event(user: int, product: int, kind: int, at: int) -> Snapshot:
    row = pa.table({"user": [user], "product": [product], "kind": pa.array([kind], pa.int8()), "at": [at]})
    order = [("user", "ascending"), ("at", "ascending"), ("kind", "ascending"), ("product", "ascending")]
    return replace(WORLD, events=pa.concat_tables([WORLD.events, row]).sort_by(order))


def by_hand(snapshot: Snapshot, user: int, at: int) -> np.ndarray:
    means = np.zeros((len(KINDS), 4))
    for kind in range(len(KINDS)):
        total, summed = 0.0, np.zeros(4)
        for row in snapshot.events.to_pylist():
            if row["user"] == user and row["kind"] == kind and row["at"] < at:
                decay = 2.0 ** ((row["at"] - at) / (60 * DAY))
                total, summed = total + decay, summed + decay * Z[row["product"]].numpy()
        means[kind] = summed / (1 + total)
    return means


@pytest.mark.parametrize("days_ago", [0, 33, 200])
def test_means_are_the_shrunk_decayed_sums(days_ago: int) -> None:
    at = planted.AS_OF - days_ago * DAY
    means = history_means(WORLD, Z, EVERY, np.full(len(EVERY), at), CONFIG).numpy()
    for user in range(0, len(EVERY), 9):
        np.testing.assert_allclose(means[user], by_hand(WORLD, user, at), atol=1e-5)


@pytest.mark.parametrize("kind", [VIEWED, ORDERED])
def test_an_event_at_the_moment_of_the_target_is_not_its_own_evidence(kind: int) -> None:
    at = planted.AS_OF - 50 * DAY
    planted_ = with_event(3, 250, kind, at)
    moments = np.full(len(EVERY), at)
    before, after = (history_means(s, Z, EVERY, moments, CONFIG) for s in (WORLD, planted_))
    torch.testing.assert_close(after, before, rtol=0, atol=1e-6)
    changed = history_means(planted_, Z, EVERY, moments + 1, CONFIG)[:, kind] - before[:, kind]
    assert changed.abs().amax(1).argmax() == 3


def test_without_history_there_is_nothing_to_add() -> None:
    long_ago = np.full(len(EVERY), planted.AS_OF - 400 * DAY)
    assert not history_means(WORLD, Z, EVERY, long_ago, CONFIG).any()


def test_a_layer_without_targets_adds_nothing() -> None:
    bare = replace(WORLD, events=WORLD.events.slice(0, 0))
    layer, _ = fit_history(bare, torch.zeros(WORLD.vehicles.num_rows, 4), Z, count(bare), CONFIG)
    assert not layer(torch.ones(2, len(KINDS), 4)).any()


def test_what_people_choose_after_a_release_decides_how_much_of_the_same_is_wanted() -> None:
    """Everybody wants again what they looked at before a release, whatever their vehicle says."""
    owner = np.flatnonzero(WORLD.user_vehicle >= 0)
    _, starts = WORLD.fitting(WORLD.user_vehicle[owner])
    some = owner[np.diff(starts) > 1]
    cells, starts = WORLD.fitting(WORLD.user_vehicle[some])
    wanted = WORLD.fits[cells, 1][starts[:-1] + np.arange(len(some)) % np.diff(starts)]
    now = planted.AS_OF
    rows = pa.table(
        {
            "user": np.tile(some, 2),
            "product": np.tile(wanted, 2),
            "kind": pa.array(np.repeat([VIEWED, ORDERED], len(some)), pa.int8()),
            "at": np.repeat([now - 31 * DAY, now - 10 * DAY], len(some)),
        }
    ).sort_by([("user", "ascending"), ("at", "ascending")])
    world, bare = replace(WORLD, events=rows), replace(WORLD, events=rows.slice(0, 0))
    layer, paths = fit_history(world, torch.zeros(WORLD.vehicles.num_rows, 4), Z, count(bare), CONFIG)
    views, carts, orders = layer.weights.detach().diagonal(dim1=1, dim2=2).mean(1).tolist()
    assert views > 0
    assert carts == orders == 0
    assert paths.same_part > 0
    assert paths.gain > 1


def test_a_stage_without_history_has_the_same_vectors_and_no_layer() -> None:
    plan = Plan(Recipe("sage", SageConfig(dim=4)))
    with_layer, without = (
        fit(WORLD, plan, Stage("training", 2, history=has_history)) for has_history in (True, False)
    )
    torch.testing.assert_close(without.q, with_layer.q, rtol=0, atol=0)
    torch.testing.assert_close(without.z, with_layer.z, rtol=0, atol=0)
    assert with_layer.paths != Paths()
    assert without.paths == Paths()
    assert not without.history.weights.any()
