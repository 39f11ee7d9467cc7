"""Training on a planted world: it finds the truth, knows no future, repeats itself, and seals what it says."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
import torch

from holley_graph.embeddings import table
from holley_graph.errors import GraphStateError
from holley_graph.evaluation import metrics
from holley_graph.evaluation.targets import future_choices
from holley_graph.model.architectures.recipe import Recipe
from holley_graph.model.architectures.sage import SageConfig
from holley_graph.model.inference import vectors
from holley_graph.model.inference.trained import Curve
from holley_graph.model.training import curve
from holley_graph.model.training import train as training
from holley_graph.model.training.fit import Stage, fit
from holley_graph.model.training.plan import Plan
from holley_graph.model.training.train import Run, train
from holley_graph.sealed import digest
from holley_graph.snapshot.snapshot import ORDERED, Snapshot
from tests.support import planted

CUT = planted.AS_OF - 30 * planted.DAY
DIM, RECIPE = 16, Recipe("sage", SageConfig(dim=8))
WORLD = planted.world(users=1_500)
SMALL = planted.world(users=60, makes=2, models=2, years=3).snapshot


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A run that knows nothing of the last month."""
    plan = Plan(Recipe("sage", SageConfig(dim=DIM)), as_of=CUT)
    return train(WORLD.snapshot, tmp_path_factory.mktemp("runs"), plan)


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    """Trainings of few steps, for what holds however long one trains."""
    monkeypatch.setattr(training, "STEPS", 5)


def assert_identical(left: dict[str, table.Table], right: dict[str, table.Table]) -> None:
    assert left.keys() == right.keys()
    for name, table_ in left.items():
        assert table_.keys.tolist() == right[name].keys.tolist()
        np.testing.assert_array_equal(table_.vectors, right[name].vectors, err_msg=name)


def small_run(folder: Path, snapshot: Snapshot = SMALL, as_of: int = CUT, seed: int = 0) -> dict[str, table.Table]:
    return table.load(train(snapshot, folder, Plan(RECIPE, seed, as_of)).path)


def test_what_a_run_says_of_purchases_does_not_depend_on_the_training_seed(run: Run, tmp_path: Path) -> None:
    other = train(WORLD.snapshot, tmp_path, Plan(Recipe("sage", SageConfig(dim=DIM)), seed=1, as_of=CUT))
    one, two = (side.manifest.metrics["held_out"]["calibration"]["said"] for side in (run, other))
    assert one == pytest.approx(two, rel=0.01)
    assert run.manifest.calibration is not None and other.manifest.calibration is not None
    assert run.manifest.calibration["slope"] == pytest.approx(other.manifest.calibration["slope"], rel=0.02)


def test_a_run_beats_popularity_and_comes_near_the_truth(run: Run) -> None:
    """Full ranking of the held-out month; the truth is what the choices were drawn from."""
    measured = run.manifest.metrics["held_out"]
    task = future_choices(WORLD.snapshot, CUT, 30)
    truth = metrics.summary(task, WORLD.utility[task.vehicle[task.owner], task.candidate])
    actual, expected = measured["run"]["NDCG@10"], measured["popularity"]["NDCG@10"]
    assert measured["MRR@4 over popularity"]["low"] > 0
    assert actual > expected + 0.5 * (truth["NDCG@10"] - expected)
    assert (measured["users"], measured["warm_users"]) == (len(task.user), int(task.warm.sum()))


def test_a_user_without_history_has_exactly_the_vector_of_the_vehicle(run: Run) -> None:
    tables, full = table.load(run.path), WORLD.snapshot
    past = full.before(CUT)
    silent = np.setdiff1d(np.arange(full.users.num_rows), past.event("user"))
    assert len(silent) > 50
    stored = tables["user"].vectors[tables["user"].find(full.user_ids.keys[silent])]
    np.testing.assert_array_equal(stored, tables["vehicle"].vectors[full.user_vehicle[silent]])
    warm = np.unique(past.event("user"))
    moved = tables["user"].vectors[tables["user"].find(full.user_ids.keys[warm])]
    assert not np.array_equal(moved, tables["vehicle"].vectors[full.user_vehicle[warm]])


def test_the_run_folder_holds_what_its_manifest_says(run: Run) -> None:
    assert run.path.name == run.manifest.run_id
    assert {p.name for p in run.path.iterdir()} == {*run.manifest.files, "manifest.json"}
    assert {name: digest(run.path / name) for name in run.manifest.files} == run.manifest.files
    assert {"vectors_user.npy", "weights.safetensors", "curve.png", "curve.json"} <= set(run.manifest.files)
    tables = table.load(run.path)
    assert {name: len(vectors.keys) for name, vectors in tables.items()}.items() <= run.manifest.counts.items()
    assert {vectors.vectors.shape[1] for vectors in tables.values()} == {run.manifest.dim} == {DIM + table.EXTRA}
    assert run.manifest.counts["events"] == WORLD.snapshot.before(CUT).events.num_rows
    assert not list(run.path.parent.glob("*.partial"))


def test_model_and_make_vectors_are_the_means_of_their_vehicles(run: Run) -> None:
    tables, vehicles = table.load(run.path), WORLD.snapshot.vehicles
    make = np.array(vehicles.column("make").to_pylist(), object)
    model = make + "|" + np.array(vehicles.column("model").to_pylist(), object)
    for name, group in (("make", make), ("vehicle_model", model)):
        assert tables[name].keys.tolist() == sorted(set(group))
        wanted = [tables["vehicle"].vectors[group == key].mean(0) for key in tables[name].keys]
        np.testing.assert_allclose(tables[name].vectors, wanted, atol=1e-6)


def test_threads_add_up_in_one_order() -> None:
    """A world of so many cells that threads share the work."""
    large = planted.world(users=4_000, makes=6, models=6).snapshot
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        first, second = (fit(large, Plan(), Stage("training", 3)) for _ in range(2))
    finally:
        torch.set_num_threads(before)
    for actual, expected in (
        (first.q, second.q),
        (first.z, second.z),
        (first.history.weights, second.history.weights),
    ):
        assert torch.equal(actual, expected)


@pytest.mark.usefixtures("short")
def test_the_same_seed_gives_identical_vectors_and_another_does_not(tmp_path: Path) -> None:
    first, second, other = (small_run(tmp_path, seed=seed) for seed in (7, 7, 8))
    assert_identical(first, second)
    assert not np.array_equal(first["product"].vectors, other["product"].vectors)


@pytest.mark.usefixtures("short")
def test_what_happens_after_the_cut_leaves_every_vector_unchanged_bit_for_bit(tmp_path: Path) -> None:
    """Everybody rushes for one part the moment after the cut."""
    users = np.arange(SMALL.users.num_rows)
    rush = pa.table(
        {
            "user": users,
            "product": np.full(len(users), 7),
            "kind": pa.array(np.full(len(users), ORDERED), pa.int8()),
            "at": np.full(len(users), CUT),
        }
    )
    order = [("user", "ascending"), ("at", "ascending"), ("kind", "ascending"), ("product", "ascending")]
    events = pa.concat_tables([SMALL.events, rush]).sort_by(order)
    later = replace(SMALL, events=events)
    assert_identical(small_run(tmp_path, SMALL), small_run(tmp_path, later))
    moved = small_run(tmp_path, later, as_of=CUT + 1)
    assert not np.array_equal(
        moved["product"].vectors, small_run(tmp_path, SMALL, as_of=CUT + 1)["product"].vectors
    )


@pytest.mark.usefixtures("short")
def test_a_world_with_too_few_purchases_to_validate_still_trains(tmp_path: Path) -> None:
    tiny = planted.world(users=12, makes=1, models=2, years=2).snapshot
    run = train(tiny, tmp_path, Plan(RECIPE))
    assert run.manifest.metrics == {"validation": None, "held_out": None, "drift": None}
    assert all(np.isfinite(vectors.vectors).all() for vectors in table.load(run.path).values())


def test_nothing_before_the_cut_is_nothing_to_learn_from(tmp_path: Path) -> None:
    with pytest.raises(GraphStateError, match="no interaction before the cut"):
        train(SMALL, tmp_path, Plan(as_of=planted.AS_OF - 400 * planted.DAY))
    assert not list(tmp_path.iterdir())


def test_the_stored_vectors_score_as_the_model_does() -> None:
    trained = fit(SMALL, Plan(RECIPE), Stage("training", 5))
    made = vectors.tables(SMALL, trained, RECIPE.config)
    stored = made["vehicle"].vectors @ made["product"].vectors.T
    model = (trained.q @ trained.z.T + trained.popularity).numpy()
    np.testing.assert_allclose(stored, model, atol=1e-5)
    assert made["vehicle"].keys.tolist() == SMALL.vehicle_ids.keys.tolist()
    assert made["product"].keys.tolist() == SMALL.product_ids.keys.tolist()


def test_the_image_of_a_training_without_a_step_says_so(tmp_path: Path) -> None:
    curve.draw(Curve(), tmp_path / "none.svg")
    curve.draw(Curve(loss=[1.0, 0.5]), tmp_path / "two.svg")
    message = ["no step was taken" in (tmp_path / f"{name}.svg").read_text() for name in ("none", "two")]
    assert message == [True, False]
