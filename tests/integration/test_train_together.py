"""Two processes over gloo train what one would; where one of them is killed, both end and can go on later."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from holley_graph.embeddings import table
from holley_graph.errors import ParcelError, ProcessLost
from holley_graph.model import checkpoint, curve
from holley_graph.model import train as training
from holley_graph.model.architectures import MODELS
from holley_graph.model.processes import joined
from holley_graph.model.train import Run, train
from holley_graph.progress import Progress, silent
from holley_graph.snapshot import parcel
from holley_graph.snapshot.snapshot import Snapshot
from tests.support import planted
from tests.support.server import free_ports

SMALL = planted.world(users=300, makes=2, models=2, years=3).snapshot
BATCH = 5
LOST, DIFFERENT, DONE = ProcessLost.exit_code, ParcelError.exit_code, 0


@pytest.fixture(autouse=True)
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    """Trainings of few steps, each of which is kept, without a picture of them."""
    monkeypatch.setattr(training, "MOST_EPOCHS", 15)
    monkeypatch.setattr(checkpoint, "KEEP_EVERY_S", 0)
    monkeypatch.setattr(curve, "draw", lambda _, path: path.touch())


@pytest.fixture
def double() -> Iterator[None]:
    """Everything in double precision."""
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


def run(folder: Path, snapshot: Snapshot = SMALL, progress: Progress = silent) -> Run:
    config = replace(MODELS["sage"].config, dim=8)
    with joined() as processes:
        return train(
            snapshot, folder, config=config, device="cpu", batch=BATCH, processes=processes, progress=progress
        )


def pair(folder: Path, other: Snapshot = SMALL, progress: Progress = silent) -> list[int]:
    """Train in two processes, as `torchrun` starts them; the second reports. Return how they ended."""
    (port,) = free_ports(1)
    children = []
    for rank in (0, 1):
        child = os.fork()  # with torch, which a new interpreter would need seconds to import
        if not child:
            os.environ |= {
                "RANK": str(rank),
                "WORLD_SIZE": "2",
                "MASTER_ADDR": "127.0.0.1",
                "MASTER_PORT": str(port),
            }
            ended = DONE
            try:
                run(folder, other if rank else SMALL, progress if rank else silent)
            except (ProcessLost, ParcelError) as error:
                ended = error.exit_code
            os._exit(ended)
        children.append(child)
    return [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]


def only_run(folder: Path) -> tuple[dict[str, table.Table], dict[str, object]]:
    (manifest,) = folder.glob("*/manifest.json")
    return table.load(manifest.parent), json.loads(manifest.read_text())


@pytest.mark.usefixtures("double")
def test_two_processes_take_the_steps_that_one_takes_up_to_rounding(tmp_path: Path) -> None:
    """In double precision: in single, Adam makes a step of what is left of a gradient that rounding ate."""
    assert pair(tmp_path / "two") == [DONE, DONE]
    run(tmp_path / "one")
    (ours, two), (theirs, one) = only_run(tmp_path / "two"), only_run(tmp_path / "one")
    assert (one["processes"], two["processes"]) == (1, 2)
    assert (one["batch"], one["epochs"]) == (two["batch"], two["epochs"]) == (BATCH, one["epochs"])
    for kind, each in theirs.items():
        np.testing.assert_allclose(ours[kind].vectors, each.vectors, atol=1e-6, err_msg=kind)


def test_one_that_is_killed_ends_both_and_together_they_go_on_with_an_identical_result(tmp_path: Path) -> None:
    """Killed in the middle of a pass; the file of the first process counts."""
    folder = tmp_path / "killed"

    def die(what: str, done: int, of: int) -> None:
        if (what, done) == ("refitting", 4):
            os.kill(os.getpid(), signal.SIGKILL)

    assert pair(folder, progress=die) == [LOST, -signal.SIGKILL]
    (left,) = folder.iterdir()
    said = tmp_path / "said"
    assert pair(folder, progress=lambda what, *_: said.open("a").write(f"{what}\n")) == [DONE, DONE]
    assert "refitting: going on from step" in said.read_text()
    assert "choosing the length" not in said.read_text()
    assert pair(tmp_path / "whole") == [DONE, DONE]
    (ours, _), (theirs, _) = only_run(folder), only_run(tmp_path / "whole")
    for kind, each in theirs.items():
        np.testing.assert_array_equal(ours[kind].vectors, each.vectors, err_msg=kind)
    assert not left.exists()


def test_one_that_torchrun_tells_to_end_says_so_and_ends_the_other(tmp_path: Path) -> None:
    assert pair(tmp_path, progress=lambda *_: os.kill(os.getpid(), signal.SIGTERM)) == [LOST, LOST]


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
    assert [each.name for each in path.parent.iterdir()] == [path.name]
