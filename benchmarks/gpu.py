"""Training on a GPU beside the CPU of the same machine, from one snapshot: seconds, memory, loss and ranking.

Every way trains up to 30 days before the end of the snapshot and is asked what people bought in those days. Two
seeds on the GPU say how much of a difference is noise. Where there are two GPUs, `torchrun` trains on both.

The machine needs no database: `python -m benchmarks.gpu --snapshot FOLDER`, with a folder that `train` kept.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import torch

from benchmarks.record import record
from holley_graph.embeddings import table
from holley_graph.evaluation import metrics, scoring
from holley_graph.evaluation.metrics import Floats
from holley_graph.evaluation.targets import DAY, future_choices
from holley_graph.model.training.execution import Execution
from holley_graph.model.training.held_back import WINDOW_DAYS
from holley_graph.model.training.plan import Plan
from holley_graph.model.training.train import train
from holley_graph.snapshot import parcel
from holley_graph.snapshot.snapshot import Snapshot

REFERENCE = "cpu"
GPU = Execution(torch.device("cuda"))
BATCHES = replace(GPU, batch=4096)
WAYS = {
    REFERENCE: Plan(),
    "cuda": Plan(execution=GPU),
    "cuda, seed 1": Plan(seed=1, execution=GPU),
    "cuda, mixed": Plan(execution=replace(GPU, mixed=True)),
    "cuda, batches": Plan(execution=BATCHES),
    "cuda, batches, mixed": Plan(execution=replace(BATCHES, mixed=True)),
}


def main() -> None:
    """Train in every way that this machine can, and write it down after each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--snapshot", type=Path, required=True)
    parser.add_argument("--ways", nargs="+", default=list(WAYS), choices=list(WAYS))
    parser.add_argument("--name", default="gpu", help="of the file of results")
    arguments = parser.parse_args()
    snapshot = parcel.open_parcel(arguments.snapshot)
    figures: dict[str, Any] = {
        "snapshot": {
            "users_with_vehicle": int((snapshot.user_vehicle >= 0).sum()),
            "products": snapshot.products.num_rows,
            "events": snapshot.events.num_rows,
        },
        "gpus": [torch.cuda.get_device_name(number) for number in range(torch.cuda.device_count())],
        "cpu": {"model": platform.processor(), "threads": torch.get_num_threads()},
        "torch": torch.__version__,
        "ways": {},
    }
    with tempfile.TemporaryDirectory() as folder:
        rankings: dict[str, Floats] = {}
        for way in arguments.ways:
            measured, rankings[way] = measure(snapshot, Path(folder), WAYS[way])
            if REFERENCE in rankings and way != REFERENCE:
                measured["MRR@4 over cpu"] = _difference(snapshot, rankings[way], rankings[REFERENCE])
            figures["ways"][way] = measured
            record(arguments.name, figures)
        if len(figures["gpus"]) > 1:
            figures["two processes"] = two_processes(arguments.snapshot, Path(folder))
            record(arguments.name, figures)


def measure(snapshot: Snapshot, runs: Path, plan: Plan) -> tuple[dict[str, Any], Floats]:
    """Train up to a month before the end; return figures, and [users] MRR@4 of that month."""
    cut = snapshot.as_of - WINDOW_DAYS * DAY
    cuda, stages = plan.execution.device.type == "cuda", Stages()
    if cuda:
        torch.cuda.reset_peak_memory_stats()
    started = time.perf_counter()
    run = train(snapshot, runs, replace(plan, as_of=cut), stages)
    figures = {
        "seconds": round(time.perf_counter() - started, 2),
        "steps_s": stages.seconds,
        "gpu_peak_gib": round(torch.cuda.max_memory_allocated() / 2**30, 2) if cuda else None,
        "loss": run.manifest.loss,
        "trust": (run.manifest.trust or {}).get("scale"),
        "held_out": run.manifest.metrics["held_out"]["run"],
    }
    task = future_choices(snapshot, cut, WINDOW_DAYS)
    scores = scoring.scores(table.load(run.path), snapshot.before(cut), task)
    return figures, metrics.per_user(task, metrics.ranks(task, scores), 4)["MRR@4"]


@dataclass
class Stages:
    """Progress that remembers when the first and the newest step of each stage ended."""

    first: dict[str, tuple[int, float]] = field(default_factory=dict)
    newest: dict[str, tuple[int, float]] = field(default_factory=dict)

    def __call__(self, stage: str, done: int, total: int) -> None:
        """Take the time of a step."""
        if total > 1:
            self.newest[stage] = done, time.perf_counter()
            self.first.setdefault(stage, self.newest[stage])

    @property
    def seconds(self) -> dict[str, float]:
        """Stage to the seconds of a hundred steps."""
        took: dict[str, float] = defaultdict(float)
        for stage, (done, at) in self.newest.items():
            before, since = self.first[stage]
            if done > before:
                took[stage] = round(100 * (at - since) / (done - before), 3)
        return dict(took)


def two_processes(snapshot: Path, home: Path) -> dict[str, Any]:
    """Train in batches by one process and by two, each on a GPU of its own, over NCCL."""
    command = ["-m", "holley_graph", "--home", str(home), "train", "--snapshot", str(snapshot.absolute())]
    command += ["--batch", "4096", "--device", "cuda", "--json"]
    figures = {}
    for count in (1, 2):
        launcher = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", str(count)]
        started = time.perf_counter()
        done = subprocess.run(
            [sys.executable, *launcher, *command],
            stdout=subprocess.PIPE,
            text=True,
            check=True,
            env={**os.environ, "OMP_NUM_THREADS": str(torch.get_num_threads() // count)},
        )
        figures[str(count)] = {
            "seconds": round(time.perf_counter() - started, 2),
            "metrics": json.loads(done.stdout)["metrics"],
        }
    return figures


def _difference(snapshot: Snapshot, gpu: Floats, cpu: Floats) -> dict[str, Any]:
    task = future_choices(snapshot, snapshot.as_of - WINDOW_DAYS * DAY, WINDOW_DAYS)
    return metrics.lift(task, gpu, cpu)


if __name__ == "__main__":
    main()
