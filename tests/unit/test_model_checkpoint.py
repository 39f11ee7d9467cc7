"""What a stopped training leaves, whom it belongs to, and what of a batch each process does."""

from __future__ import annotations

import os
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from holley_graph.embeddings.table import Tables
from holley_graph.errors import GraphStateError, SettingsError
from holley_graph.evaluation import metrics
from holley_graph.evaluation.calibration import Calibration
from holley_graph.evaluation.targets import future_choices
from holley_graph.model.architectures.recipe import Recipe
from holley_graph.model.inference import vectors
from holley_graph.model.training import checkpoint, execution, measure
from holley_graph.model.training.checkpoint import Checkpoint, fingerprint, open_checkpoint
from holley_graph.model.training.execution import Execution
from holley_graph.model.training.fit import Stage, fit
from holley_graph.model.training.plan import Plan, versions
from holley_graph.model.training.processes import ALONE, Processes, process_group
from holley_graph.times import DAY
from tests.support import planted

SMALL = planted.world(users=200, makes=2, models=2, years=3).snapshot
RECIPE = {"model": "sage", "seed": 0}
PARTS = {"model": {"a": torch.arange(6.0).reshape(2, 3), "b.c": torch.tensor([1])}, "random": {"x": torch.zeros(0)}}


def test_a_stage_is_found_again_where_it_was(tmp_path: Path) -> None:
    first = Checkpoint(tmp_path / "x.safetensors")
    first.record({"scale": 0.5})
    first.save("training", {"step": 7, "loss": [1.5, 1.25]}, PARTS)
    again = Checkpoint(tmp_path / "x.safetensors")
    assert (again.choice, again.stage, again.notes) == (
        {"scale": 0.5},
        "training",
        {"step": 7, "loss": [1.5, 1.25]},
    )
    assert again.parts().keys() == PARTS.keys()
    for part, state in PARTS.items():
        for name, value in state.items():
            assert torch.equal(again.parts()[part][name], value)
    assert again.seconds >= first.seconds - 1


def test_what_came_of_a_stage_stays_and_its_steps_go(tmp_path: Path) -> None:
    saved = Checkpoint(tmp_path / "x.safetensors")
    saved.save("choosing", {"step": 1}, PARTS)
    saved.record({"scale": 0.5})
    again = Checkpoint(tmp_path / "x.safetensors")
    assert (again.choice, again.stage, again.notes, again.parts()) == ({"scale": 0.5}, None, {}, {})
    again.remove()
    assert not (tmp_path / "x.safetensors").exists()
    again.remove()


@pytest.mark.parametrize("damage", ["empty", "junk", "cut", "header"])
def test_a_file_that_cannot_be_read_counts_as_none(damage: str, tmp_path: Path) -> None:
    path = tmp_path / "x.safetensors"
    Checkpoint(path).save("training", {"step": 1}, PARTS)
    whole = path.read_bytes()
    path.write_bytes(
        {
            "empty": b"",
            "junk": b"junk" * 9,
            "cut": whole[:-5],
            "header": whole.replace(b'"training"', b'"draining"', 1),
        }[damage]
    )
    again = Checkpoint(path)
    assert (again.choice, again.stage, again.parts()) == ({}, None, {})


def test_only_the_first_process_writes_and_only_now_and_then(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = Checkpoint(tmp_path / "one"), Checkpoint(tmp_path / "two", ALONE)
    other.processes = Processes(1, 2)
    assert not one.is_due
    monkeypatch.setattr(checkpoint, "KEEP_EVERY_S", 0)
    assert (one.is_due, other.is_due) == (True, False)
    other.record({"scale": 1.0})
    assert not (tmp_path / "two").exists()


CHANGES: dict[str, Any] = {
    "an event less": lambda s: replace(s, events=s.events.slice(1)),
    "another price": lambda s: replace(s, products=s.products.slice(1)),
    "a fitment less": lambda s: replace(s, fits=s.fits[1:]),
    "a user less": lambda s: replace(s, users=s.users.slice(1)),
    "a purchase less": lambda s: replace(s, bought=s.bought.slice(1)),
    "another time": lambda s: replace(s, as_of=s.as_of + 1),
    "another session": lambda s: replace(s, options=replace(s.options, session_gap_minutes=31)),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_training_of_something_else_has_another_name(change: str) -> None:
    assert fingerprint(SMALL, RECIPE) == fingerprint(replace(SMALL), dict(reversed(RECIPE.items())))
    assert fingerprint(CHANGES[change](SMALL), RECIPE) != fingerprint(SMALL, RECIPE)
    assert fingerprint(SMALL, RECIPE | {"seed": 1}) != fingerprint(SMALL, RECIPE)


def test_what_nobody_goes_on_from_is_forgotten_after_a_week(tmp_path: Path) -> None:
    for name, days in (("checkpoint-old.safetensors", 8), ("checkpoint-new.safetensors", 6), ("run", 99)):
        (tmp_path / name).touch()
        at = time.time() - days * DAY
        os.utime(tmp_path / name, (at, at))
    opened = open_checkpoint(tmp_path, SMALL, RECIPE)
    assert opened.path.name == f"checkpoint-{fingerprint(SMALL, RECIPE)}.safetensors"
    assert {path.name for path in tmp_path.iterdir()} == {"checkpoint-new.safetensors", "run"}


@given(st.integers(0, 40), st.integers(1, 6))
def test_shares_of_a_batch_are_its_rows_once_each(rows: int, count: int) -> None:
    shards = [Processes(rank, count).shard(np.arange(rows)) for rank in range(count)]
    assert sorted(np.concatenate(shards).tolist()) == list(range(rows))
    assert max(map(len, shards)) - min(map(len, shards)) <= 1


def test_one_process_asks_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("WORLD_SIZE", raising=False)
    with process_group() as alone:
        assert alone == ALONE and alone.first
        assert alone.broadcast(lambda: {"a": (1, 2)}) == {"a": (1, 2)}
        assert alone.broadcast_bytes(lambda: b"x") == b"x"
        assert alone.sum(torch.tensor(2.5), []) == 2.5


@pytest.mark.parametrize("before", [True, False])
def test_sums_are_in_one_order_for_a_training_alone(before: bool) -> None:
    torch.use_deterministic_algorithms(before)
    try:
        with Execution().repeatable():
            assert torch.are_deterministic_algorithms_enabled()
        assert torch.are_deterministic_algorithms_enabled() == before
    finally:
        torch.use_deterministic_algorithms(False)


def test_a_device_is_the_one_that_is_named_and_automatically_a_gpu_where_there_is_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for there, name in ((True, "cuda"), (False, "cpu")):
        monkeypatch.setattr(torch.cuda, "is_available", lambda there=there: there)
        assert execution.device().type == name
        assert execution.device("cpu").type == "cpu"


def test_a_plan_says_what_vectors_follow_from_and_how_many_processes_share_them_not() -> None:
    plan = Plan(Recipe.default("sage"), seed=3, execution=Execution(batch=8))
    alone, shared = (
        replace(plan, execution=replace(plan.execution, processes=processes)).decisive(None)
        for processes in (ALONE, Processes(1, 4))
    )
    assert alone == shared
    for other in (
        replace(plan, seed=4),
        replace(plan, execution=Execution(batch=9)),
        replace(plan, recipe=Recipe.default("gat")),
    ):
        assert other.decisive(None) != alone
    assert plan.decisive("run") != alone
    assert alone["versions"] == versions()
    assert versions()["torch"].split("+")[0] == torch.__version__.split("+")[0]


def test_a_plan_learns_from_what_was_before_its_cut_alone() -> None:
    cut = SMALL.as_of - 30 * planted.DAY
    past = Plan(as_of=cut).past(SMALL)
    assert (past.as_of, past.event("at").max() < cut) == (cut, True)
    assert Plan().past(SMALL).events.equals(SMALL.events)
    with pytest.raises(GraphStateError, match="no interaction before the cut"):
        Plan(as_of=SMALL.as_of - 900 * planted.DAY).past(SMALL)


@pytest.mark.parametrize("plan", [Plan(warm=True), Plan(execution=Execution(batch=4))])
def test_a_graph_without_vehicles_is_not_trained_step_by_step(plan: Plan) -> None:
    bare = replace(SMALL, vehicles=SMALL.vehicles.slice(0, 0), fits=SMALL.fits[:0])
    with pytest.raises(SettingsError, match="as a whole"):
        plan.past(bare)


def scored() -> Tables:
    recipe = Recipe("two_tower", replace(Recipe.default("two_tower").config, dim=4))
    return vectors.tables(SMALL, fit(SMALL, Plan(recipe), Stage("training", 3)), recipe.config)


def test_a_run_is_measured_on_the_people_of_the_window_beside_popularity() -> None:
    cut = SMALL.as_of - 30 * planted.DAY
    tables, past = scored(), SMALL.before(cut)
    task = future_choices(SMALL, cut, 30)
    measured = measure.held_out(tables, SMALL, past, {"slope": 1.0, "offset": -3.0})
    assert measured is not None
    assert (measured["users"], measured["warm_users"], measured["days"]) == (len(task.user), task.warm.sum(), 30)
    score = measure.scoring.scores(tables, past, task)
    assert measured["run"] == metrics.summary(task, score)
    assert measured["calibration"]["said"] == pytest.approx(
        Calibration(1.0, -3.0).probability(score).mean(), abs=1e-5
    )
    assert measured["calibration"]["happened"] == pytest.approx(task.is_target.mean(), abs=1e-5)
    assert measure.held_out(tables, SMALL, SMALL, None) is None
    uncalibrated = measure.compare(tables, past, task)
    assert uncalibrated is not None and uncalibrated["calibration"] is None
