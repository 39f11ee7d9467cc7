"""Going on from the live release: the same data moves nothing, a rotation no score; new data takes few steps."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from holley_graph.embeddings import table
from holley_graph.embeddings.table import Table, Tables
from holley_graph.errors import GraphStateError, ParcelError, SettingsError
from holley_graph.evaluation import drift, registry
from holley_graph.model.architectures.recipe import Recipe
from holley_graph.model.inference import vectors
from holley_graph.model.inference.trained import rotated
from holley_graph.model.training import curve, warm
from holley_graph.model.training import train as training
from holley_graph.model.training.execution import Execution
from holley_graph.model.training.fit import Stage, fit
from holley_graph.model.training.plan import Plan
from holley_graph.model.training.train import Run, train
from tests.support import planted
from tests.support.models import OF_THEIR_OWN

SMALL = planted.world(users=300, makes=2, models=2, years=3).snapshot
LATER = SMALL.as_of
EARLIER = SMALL.as_of - 60 * planted.DAY
every_model = pytest.mark.parametrize("name", OF_THEIR_OWN)


@pytest.fixture(autouse=True)
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    """Trainings of few steps, without an image of them."""
    monkeypatch.setattr(training, "STEPS", 40)
    monkeypatch.setattr(curve, "draw", lambda _, path: path.touch())


def small(name: str = "sage", **fields: Any) -> Recipe:
    return Recipe(name, replace(Recipe.default(name).config, **{"dim": 8} | fields))


def run(runs: Path, recipe: Recipe | None = None, as_of: int = LATER, **options: Any) -> Run:
    return train(SMALL, runs, Plan(recipe or small(), as_of=as_of, **options))


def live(runs: Path, **options: Any) -> Run:
    """A run that was put live."""
    done = run(runs, **options)
    registry.promote(runs, done.manifest.run_id)
    return done


@every_model
def test_a_rerun_on_the_same_data_moves_nothing(name: str, tmp_path: Path) -> None:
    first = live(tmp_path, recipe=small(name))
    second = run(tmp_path, small(name), warm=True)
    assert second.manifest.warm is not None
    assert (second.manifest.epochs, second.manifest.warm["from"]) == (0, first.manifest.run_id)
    assert second.manifest.loss == first.manifest.loss
    actual, expected = table.load(second.path), table.load(first.path)
    for kind, table_ in expected.items():
        np.testing.assert_allclose(actual[kind].vectors, table_.vectors, rtol=0, atol=1e-5, err_msg=kind)
    moved = second.manifest.metrics["drift"]
    assert all(table["cosine"] == 1 and table["move"] < 1e-4 for table in moved["moved"].values())
    assert (moved["owners"], moved["top_four_changed"]) == (SMALL.users.num_rows, 0)


@every_model
def test_a_rotation_leaves_every_score_as_it_is(name: str) -> None:
    """Of vehicles, users, models and makes with products, and of products with what is bought next."""
    recipe = small(name)
    trained = fit(SMALL, Plan(recipe), Stage("training", 5))
    by, _ = np.linalg.qr(np.random.default_rng(3).normal(size=(8, 8)))
    before = vectors.tables(SMALL, trained, recipe.config)
    after = vectors.tables(SMALL, rotated(trained, torch.from_numpy(by).float()), recipe.config)
    assert not np.allclose(before["product"].vectors, after["product"].vectors, atol=0.01)
    for asker in ("user", "vehicle", "vehicle_model", "make", "product_anchor"):
        actual, expected = (side[asker].vectors @ side["product"].vectors.T for side in (after, before))
        np.testing.assert_allclose(actual, expected, rtol=0, atol=1e-5, err_msg=asker)


def test_the_rotation_is_found_again() -> None:
    rng = np.random.default_rng(0)
    keys = np.array([f"P{i}" for i in range(40)], object)
    old = rng.normal(size=(40, 5))
    by, _ = np.linalg.qr(rng.normal(size=(5, 5)))
    new = Table(keys[3:], np.pad(old[3:] @ by.T, ((0, 0), (0, 2))).astype(np.float32))
    padded = Table(keys[:-2], np.pad(old[:-2], ((0, 0), (0, 2))).astype(np.float32))
    np.testing.assert_allclose(drift.rotation(new, padded), by, atol=1e-5)


def test_from_the_release_of_two_months_ago_fewer_steps_reach_the_loss(tmp_path: Path) -> None:
    """The cold training of today takes many more to come as far."""
    live(tmp_path, as_of=EARLIER)
    warmed, cold = run(tmp_path, warm=True).manifest, run(tmp_path).manifest
    losses = json.loads((tmp_path / warmed.run_id / "curve.json").read_text())["loss"]
    assert warmed.loss is not None and warmed.warm is not None
    assert min([warmed.loss, *losses]) <= warmed.warm["until"] * (1 + warm.SLACK)
    steps = fit(SMALL, Plan(small()), Stage("training", 40)).curve.loss
    needed = next((step for step, loss in enumerate(steps) if loss <= warmed.loss), len(steps))
    assert 2 * warmed.epochs < needed
    assert cold.warm is None
    moved = warmed.metrics["drift"]
    assert 0 < moved["top_four_changed"] < 1
    assert 0.3 < moved["moved"]["product"]["cosine"] < 1
    assert all(table["cosine"] < 1 for table in moved["moved"].values())


def test_going_on_in_batches_ends_where_the_loss_over_everything_says(tmp_path: Path) -> None:
    live(tmp_path, as_of=EARLIER)
    warmed = run(tmp_path, warm=True, execution=Execution(batch=20)).manifest
    assert warmed.loss is not None and warmed.warm is not None
    assert 0 < warmed.epochs < 20
    assert warmed.loss <= warmed.warm["until"] * (1 + warm.SLACK)


def test_going_on_again_aims_at_the_loss_of_the_last_training_from_nothing(tmp_path: Path) -> None:
    """Else night after night would creep below it, to where training overfits."""
    first = live(tmp_path, as_of=EARLIER)
    second = live(tmp_path, as_of=EARLIER + 30 * planted.DAY, warm=True)
    third = run(tmp_path, warm=True)
    assert third.manifest.warm == {"from": second.manifest.run_id, "until": first.manifest.loss}


def test_the_live_release_has_to_be_one_to_go_on_from(tmp_path: Path) -> None:
    with pytest.raises(GraphStateError, match="no release is live"):
        run(tmp_path, warm=True)
    first = live(tmp_path)
    with pytest.raises(SettingsError, match="is of model sage, not two_tower"):
        run(tmp_path, small("two_tower"), warm=True)
    with pytest.raises(SettingsError, match="has 8 dimensions, not 16"):
        run(tmp_path, small(dim=16), warm=True)
    with pytest.raises(GraphStateError, match="knows what came after the cut"):
        run(tmp_path, as_of=EARLIER, warm=True)
    (first.path / "weights.safetensors").unlink()
    with pytest.raises(ParcelError, match="keeps nothing to encode with"):
        run(tmp_path, warm=True)


def test_the_live_release_has_to_be_of_the_shape_that_is_trained(tmp_path: Path) -> None:
    live(tmp_path, recipe=small("gat"))
    with pytest.raises(ParcelError, match=r"its .* is \[1, 2, 8\], not \[1, 3, 8\]"):
        run(tmp_path, small("gat", attention=3), warm=True)


def test_drift_is_what_it_says_by_hand() -> None:
    """Two products change places for a silent owner; a vector that points nowhere has no cosine."""
    snapshot = planted.world(users=20, makes=1, models=1, years=1).snapshot
    keys = snapshot.product_ids.keys
    flat = np.zeros((len(keys), 3), np.float32)
    flat[:, 1] = -np.arange(len(keys))  # popularity: the first rows first
    fitting = snapshot.fits[:, 1]
    swapped = flat.copy()
    swapped[fitting[[0, 5]], 1] = flat[fitting[[5, 0]], 1]
    asking = np.array([[1.0, 1.0, 0.0]], np.float32)
    none = Table(np.empty(0, object), np.empty((0, 3), np.float32))
    vehicle = Table(snapshot.vehicle_ids.keys, asking)
    old, new = (
        Tables(
            {"product": Table(keys, side), "vehicle": vehicle, "vehicle_model": none, "make": none, "user": none}
        )
        for side in (flat, swapped)
    )
    report = drift.measure(new, old, snapshot)
    assert report["moved"]["vehicle"] == {"both": 1, "cosine": 1.0, "move": 0.0}
    assert report["moved"]["product"] == {"both": len(keys), "cosine": None, "move": None}
    assert (report["owners"], report["top_four_changed"]) == (20, 1.0)
    assert drift.measure(old, old, snapshot)["top_four_changed"] == 0


def test_some_people_speak_for_all_where_there_are_many(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    old, new = (table.load(run(tmp_path, as_of=as_of).path) for as_of in (EARLIER, LATER))
    everybody = drift.measure(new, old, SMALL)
    monkeypatch.setattr(drift, "ASKED", 100)
    some = drift.measure(new, old, SMALL)
    assert some["owners"] == everybody["owners"]
    assert 0 < some["top_four_changed"] != everybody["top_four_changed"]
    assert some["top_four_changed"] == pytest.approx(everybody["top_four_changed"], abs=0.15)
    assert drift.measure(old, old, SMALL)["top_four_changed"] == 0
