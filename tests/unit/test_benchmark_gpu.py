"""The benchmark for GPUs, on a CPU: it measures every way that a machine can go, and keeps what it measured."""

import json
from pathlib import Path

import pytest

from benchmarks import gpu, record
from holley_graph.model.training.execution import Execution
from holley_graph.model.training.plan import Plan
from holley_graph.snapshot import parcel
from tests.support import planted

WORLD = planted.world(users=400, makes=2, models=2, years=2).snapshot


def test_each_way_is_compared_with_the_cpu_on_the_same_buyers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(record, "RESULTS", tmp_path)
    monkeypatch.setattr(gpu, "WAYS", {"cpu": Plan(), "cuda": Plan(execution=Execution(batch=8))})
    folder = parcel.write(WORLD, tmp_path / "snapshot")
    monkeypatch.setattr("sys.argv", ["gpu", "--snapshot", str(folder), "--name", "here"])
    gpu.main()
    written = json.loads((tmp_path / "here.json").read_text())
    assert written["snapshot"]["products"] == WORLD.products.num_rows
    cpu, other = written["ways"].values()
    assert cpu["seconds"] > 0 and set(cpu["steps_s"]) == set(other["steps_s"])
    assert "MRR@4 over cpu" not in cpu
    difference = other["held_out"]["MRR@4"] - cpu["held_out"]["MRR@4"]
    assert other["MRR@4 over cpu"]["difference"] == pytest.approx(difference, abs=1e-4)


def test_the_seconds_of_a_hundred_steps_are_those_after_the_first(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    moments = iter([10.0, 10.5, 12.0])
    monkeypatch.setattr(gpu.time, "perf_counter", lambda: next(moments))
    stages = gpu.Stages()
    stages("refitting: counting", 0, 1)
    for step in (1, 2, 5):
        stages("refitting", step, 5)
    assert stages.seconds == {"refitting": 50.0}
