"""A training that is killed goes on where it was, and its vectors are those of one that never was."""

import os
import signal
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from holley_graph.embeddings import table
from holley_graph.model.architectures.recipe import Recipe
from holley_graph.model.training import checkpoint
from holley_graph.model.training.checkpoint import FORGET_AFTER_DAYS, open_checkpoint
from holley_graph.model.training.execution import Execution
from holley_graph.model.training.plan import Plan
from holley_graph.model.training.train import train
from holley_graph.progress import Progress, silent
from tests.support import planted
from tests.support.clean import CLEAN
from tests.support.models import OF_THEIR_OWN
from tests.support.trainings import SMALL, shorten


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    shorten(monkeypatch)


def run(name: str, folder: Path, batch: int | None, progress: Progress = silent) -> dict[str, table.Table]:
    config = replace(Recipe.default(name).config, dim=8)
    plan = Plan(Recipe(name, config), execution=Execution(batch=batch))
    return table.load(train(SMALL, folder, plan, progress).path)


def run_and_die(name: str, folder: Path, batch: int | None, stage: str, step: int) -> None:
    """Train, and be killed after a step, before the step is kept."""

    def die(what: str, done: int, of: int) -> None:
        if (what, done) == (stage, step):
            os.kill(os.getpid(), signal.SIGKILL)

    shorten(pytest.MonkeyPatch())
    run(name, folder, batch, die)


def killed(name: str, folder: Path, batch: int | None, stage: str, step: int) -> None:
    """Train in a process that is killed on the way."""
    child = CLEAN.Process(target=run_and_die, args=(name, folder, batch, stage, step))
    child.start()
    child.join()
    assert child.exitcode == -signal.SIGKILL


@pytest.mark.usefixtures("short")
@pytest.mark.parametrize(("name", "batch"), [*((name, None) for name in OF_THEIR_OWN), ("sage", 5)])
def test_killed_in_the_middle_and_run_again_gives_the_vectors_of_a_run_that_nobody_disturbed(
    name: str, batch: int | None, tmp_path: Path
) -> None:
    """Killed while the scale is chosen, and again in the refit: draws, moments, curricula and batches go on."""
    killed(name, tmp_path / "killed", batch, "choosing how far to trust the network", 3)
    killed(name, tmp_path / "killed", batch, "refitting", 3)
    (left,) = (tmp_path / "killed").iterdir()
    assert (left.name.startswith("checkpoint-"), left.stat().st_mode & 0o777) == (True, 0o600)
    messages: list[str] = []
    actual = run(name, tmp_path / "killed", batch, lambda what, *_: messages.append(what))
    expected = run(name, tmp_path / "whole", batch)
    chosen, resumed = (vectors for vectors in messages if "going on" in vectors)
    assert (chosen[-13:], resumed) == ("chosen before", "refitting: going on from step 2")
    assert "choosing how far to trust the network" not in messages
    for kind, vectors in expected.items():
        assert len(vectors.keys)
        np.testing.assert_array_equal(actual[kind].vectors, vectors.vectors, err_msg=kind)
    assert not left.exists()


def test_another_recipe_or_another_past_is_another_training(tmp_path: Path) -> None:
    recipe = {"model": "sage", "seed": 0}
    day = planted.DAY
    pasts = [(SMALL, recipe), (SMALL, recipe | {"seed": 1}), (SMALL.before(SMALL.as_of - day), recipe)]
    assert len({open_checkpoint(tmp_path, *past).path for past in pasts}) == 3
    assert open_checkpoint(tmp_path, SMALL, recipe).path == open_checkpoint(tmp_path, SMALL, recipe).path


def test_a_damaged_file_counts_as_none_and_an_old_one_is_forgotten(tmp_path: Path) -> None:
    checkpoint_ = open_checkpoint(tmp_path, SMALL, {})
    checkpoint_.record({"scale": 0.7})
    assert open_checkpoint(tmp_path, SMALL, {}).choice == {"scale": 0.7}
    checkpoint_.path.write_bytes(checkpoint_.path.read_bytes()[:20])
    assert open_checkpoint(tmp_path, SMALL, {}).choice == {}
    checkpoint_.record({"scale": 0.7})
    long_ago = time.time() - (FORGET_AFTER_DAYS + 1) * 86_400
    os.utime(checkpoint_.path, (long_ago, long_ago))
    assert open_checkpoint(tmp_path, SMALL, {}).choice == {}
    assert not checkpoint_.path.exists()


def test_between_two_writes_passes_some_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    checkpoint_ = open_checkpoint(tmp_path, SMALL, {})
    assert not checkpoint_.is_due
    monkeypatch.setattr(checkpoint, "KEEP_EVERY_S", 0)
    assert checkpoint_.is_due
    checkpoint_.save("training", {"step": 3}, {"model": {"weight": torch.ones(2)}})
    again = open_checkpoint(tmp_path, SMALL, {})
    assert (again.stage, again.notes, again.parts()["model"]["weight"].tolist()) == (
        "training",
        {"step": 3},
        [1, 1],
    )
