"""Two processes over gloo train what one would; where one of them is killed, both end and can go on later."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch

from holley_graph.embeddings import table
from holley_graph.errors import ParcelError, ProcessLost
from holley_graph.model.architectures.recipe import Recipe
from holley_graph.model.training.execution import Execution
from holley_graph.model.training.plan import Plan
from holley_graph.model.training.processes import process_group
from holley_graph.model.training.train import Run, train
from holley_graph.progress import Progress, silent
from holley_graph.snapshot import parcel
from holley_graph.snapshot.snapshot import Snapshot
from tests.support import planted
from tests.support.clean import CLEAN
from tests.support.server import free_ports
from tests.support.trainings import SMALL, shorten

BATCH = 5
LOST, DIFFERENT, DONE = ProcessLost.exit_code, ParcelError.exit_code, 0


@pytest.fixture(autouse=True)
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    shorten(monkeypatch)


@pytest.fixture
def double() -> Iterator[None]:
    """Everything in double precision."""
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


def run(folder: Path, snapshot: Snapshot = SMALL, progress: Progress = silent) -> Run:
    config = replace(Recipe.default("sage").config, dim=8)
    with process_group() as processes:
        execution = Execution(batch=BATCH, processes=processes)
        return train(snapshot, folder, Plan(Recipe("sage", config), execution=execution), progress)


def member(rank: int, port: int, folder: Path, snapshot: Snapshot, progress: Progress, dtype: torch.dtype) -> None:
    """Train as one of two processes that `torchrun` starts; end with the command's code."""
    os.environ |= {"RANK": str(rank), "WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)}
    torch.set_default_dtype(dtype)
    shorten(pytest.MonkeyPatch())
    ended = DONE
    try:
        run(folder, snapshot, progress)
    except (ProcessLost, ParcelError) as error:
        ended = error.exit_code
    os._exit(ended)


def pair(folder: Path, other: Snapshot = SMALL, progress: Progress = silent) -> list[int | None]:
    """Train in two processes; the second has `other` and reports. Return how they ended."""
    (port,) = free_ports(1)
    dtype = torch.get_default_dtype()
    members = [
        CLEAN.Process(target=member, args=(0, port, folder, SMALL, silent, dtype)),
        CLEAN.Process(target=member, args=(1, port, folder, other, progress, dtype)),
    ]
    for process in members:
        process.start()
    for process in members:
        process.join()
    return [process.exitcode for process in members]


def die_in_refit(what: str, done: int, of: int) -> None:
    if (what, done) == ("refitting", 4):
        os.kill(os.getpid(), signal.SIGKILL)


def note(path: Path, what: str, done: int, of: int) -> None:
    with path.open("a") as file:
        file.write(f"{what}\n")


def end(what: str, done: int, of: int) -> None:
    os.kill(os.getpid(), signal.SIGTERM)


def only_run(folder: Path) -> tuple[dict[str, table.Table], dict[str, object]]:
    (manifest,) = folder.glob("*/manifest.json")
    return table.load(manifest.parent), json.loads(manifest.read_text())


@pytest.mark.usefixtures("double")
def test_two_processes_take_the_steps_that_one_takes_up_to_rounding(tmp_path: Path) -> None:
    """In double precision: in single, Adam makes a step of what is left of a gradient that rounding ate."""
    assert pair(tmp_path / "two") == [DONE, DONE]
    run(tmp_path / "one")
    (actual, two), (expected, one) = only_run(tmp_path / "two"), only_run(tmp_path / "one")
    assert (one["processes"], two["processes"]) == (1, 2)
    assert (one["batch"], one["epochs"]) == (two["batch"], two["epochs"]) == (BATCH, one["epochs"])
    for kind, vectors in expected.items():
        np.testing.assert_allclose(actual[kind].vectors, vectors.vectors, atol=1e-6, err_msg=kind)


def test_one_that_is_killed_ends_both_and_together_they_go_on_with_an_identical_result(tmp_path: Path) -> None:
    """Killed in the middle of a pass; the file of the first process counts."""
    folder = tmp_path / "killed"
    assert pair(folder, progress=die_in_refit) == [LOST, -signal.SIGKILL]
    (left,) = folder.iterdir()
    message = tmp_path / "said"
    assert pair(folder, progress=partial(note, message)) == [DONE, DONE]
    assert "refitting: going on from step" in message.read_text()
    assert "choosing how far to trust the network" not in message.read_text()
    assert pair(tmp_path / "whole") == [DONE, DONE]
    (actual, _), (expected, _) = only_run(folder), only_run(tmp_path / "whole")
    for kind, vectors in expected.items():
        np.testing.assert_array_equal(actual[kind].vectors, vectors.vectors, err_msg=kind)
    assert not left.exists()


def test_one_that_torchrun_tells_to_end_says_so_and_ends_the_other(tmp_path: Path) -> None:
    assert pair(tmp_path, progress=end) == [LOST, LOST]


def test_a_process_with_another_snapshot_is_not_let_in(tmp_path: Path) -> None:
    other = SMALL.before(SMALL.as_of - planted.DAY)
    assert pair(tmp_path, other) == [LOST, DIFFERENT]
    assert not list(tmp_path.iterdir())


def test_torchrun_starts_the_command_and_the_first_process_alone_speaks(tmp_path: Path) -> None:
    tiny = planted.world(users=60, makes=2, models=2, years=3).snapshot
    snapshot = parcel.write(tiny, tmp_path / "snapshot")
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    command += ["-m", "holley_graph", "--home", str(tmp_path / "home"), "train", "--json"]
    command += ["--device", "cpu", "--snapshot", str(snapshot), "--batch", str(BATCH)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    path = Path(json.loads(done.stdout)["path"])
    assert json.loads((path / "manifest.json").read_text())["processes"] == 2
    assert [run.name for run in path.parent.iterdir()] == [path.name]
