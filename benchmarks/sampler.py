"""Training in batches by the own sampler beside PyG's full batch of the same model: speed, memory, quality.

Speed is measured on a snapshot of the real size (`--snapshot`, for example what `full_scale` left), quality on
generated worlds: several trainings each way, held against each other on the same questions about the month after.
"""

from __future__ import annotations

import argparse
import ctypes
import statistics
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import torch

from benchmarks.record import record
from benchmarks.worlds import open_world
from holley_graph.counting.utility import count
from holley_graph.embeddings import table
from holley_graph.evaluation import metrics, paired, scoring, study
from holley_graph.evaluation.targets import future_choices
from holley_graph.model.architectures.data import price_edges
from holley_graph.model.architectures.likelihood import Draw, training_set
from holley_graph.model.architectures.recipe import Recipe
from holley_graph.model.training.batches import MOST, Batches, Whole
from holley_graph.model.training.execution import Execution
from holley_graph.model.training.plan import Plan
from holley_graph.model.training.train import train
from holley_graph.snapshot import parcel
from holley_graph.snapshot.snapshot import Snapshot

TIMES = 5
BATCH = 1024
"""Vehicles per step at the real size."""


def main() -> None:
    """Measure what was asked for, and write it down."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--snapshot", type=Path, help="folder of a snapshot: measures speed on it")
    parser.add_argument("--train", action="store_true", help="on that snapshot, both ways, instead")
    parser.add_argument("--users", type=int, default=20_000)
    parser.add_argument("--seeds", type=int, nargs="+", help="of worlds: measures quality on them")
    parser.add_argument("--models", nargs="+", default=["sage", "two_tower"])
    parser.add_argument("--batches", type=int, nargs="+", default=[256, 64])
    parser.add_argument("--trainings", type=int, default=3)
    parser.add_argument("--home", type=Path, default=Path(".holley-graph/bench"))
    arguments = parser.parse_args()
    runs, threads = arguments.home / "sampler-runs", torch.get_num_threads()
    snapshot = arguments.snapshot and parcel.open_parcel(arguments.snapshot)
    if snapshot and arguments.train:
        record(
            "sampler-full-size",
            {"threads": threads, "sage": quality([snapshot], "sage", [BATCH], arguments.trainings, runs)},
        )
    elif snapshot:
        record("sampler-speed", {"threads": threads, **speed(snapshot)})
    if arguments.seeds:
        worlds = [open_world(arguments.home, arguments.users, seed).snapshot for seed in arguments.seeds]
        options = {name: getattr(arguments, name) for name in ("users", "seeds", "trainings")}
        ways = arguments.batches, arguments.trainings, runs
        models = {model: quality(worlds, model, *ways) for model in arguments.models}
        record("sampler-quality", options | {"neighbours": MOST, "models": models})


def speed(snapshot: Snapshot) -> dict[str, Any]:
    """A step over everything and a pass over batches, of one model with one set of parameters."""
    counted = count(snapshot)
    model, _ = Recipe.default().build(snapshot, price_edges(snapshot), 0, counted.popularity)
    events = training_set(snapshot, counted)
    work = Batches(model, events, Execution(batch=BATCH), seed=0)
    optimiser = torch.optim.Adam(model.parameters(), lr=1e-4)

    def step(loss: torch.Tensor) -> None:
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()

    def batch_by_batch() -> None:
        for place in range(work.count):
            step(work.loss(_draw(place)))

    drawn = sum(_edges(work, place) for place in range(work.count))
    drawing = _seconds(lambda: [work.batch(place) for place in range(work.count)])
    in_batches, batch_mib = _seconds(batch_by_batch), _peak_mib(batch_by_batch)
    whole = Whole(model, events, Execution())
    at_once, whole_mib = _seconds(lambda: step(whole.loss(_draw(0)))), _peak_mib(lambda: step(whole.loss(_draw(0))))
    half = Whole(model, events, Execution(mixed=True))
    at_once_mixed = _seconds(lambda: step(half.loss(_draw(0))))
    edges = sum(int(edges_.values().numel()) for edges_ in model.adjacencies().values())
    return {
        "vehicles": snapshot.vehicles.num_rows,
        "products": snapshot.products.num_rows,
        "fitments": len(events.vehicle),
        "full_batch": {
            "edges": edges,
            "step_s": at_once,
            "mixed_step_s": at_once_mixed,
            "edges_per_s": round(edges / at_once),
            "peak_mib": whole_mib,
        },
        "batches": {
            "vehicles": BATCH,
            "steps_per_pass": work.count,
            "edges_per_pass": drawn,
            "drawing_s": drawing,
            "drawn_edges_per_s": round(drawn / drawing),
            "pass_s": in_batches,
            "trained_edges_per_s": round(drawn / in_batches),
            "peak_mib": batch_mib,
        },
        "pass_over_full_batch_step": round(in_batches / at_once, 2),
    }


def _draw(step: int) -> Draw:
    return Draw(step, step + 1, torch.Generator())


def quality(worlds: list[Snapshot], model: str, batches: list[int], trainings: int, runs: Path) -> dict[str, Any]:
    """MRR@4 of each way, every question's mean over the trainings, and their difference from full batch."""
    ways: list[int | None] = [None, *batches]
    values: dict[int | None, list[Any]] = {way: [] for way in ways}
    seconds: dict[int | None, list[float]] = {way: [] for way in ways}
    who = []
    for number, full in enumerate(worlds):
        at = study.rolling(full, 1)[0]
        task = future_choices(full, at, study.WINDOW_DAYS)
        who.append(task.user + number * full.users.num_rows)
        for way in ways:
            by_seed = []
            for seed in range(trainings):
                run = train(full, runs, Plan(Recipe.default(model), seed, at, execution=Execution(batch=way)))
                ranks = metrics.ranks(task, scoring.scores(table.load(run.path), full.before(at), task))
                by_seed.append(metrics.per_user(task, ranks, study.SERVED)["MRR@4"])
                seconds[way].append(run.manifest.seconds)
            values[way].append(np.array(by_seed))
    values_by_way = {way: np.concatenate(by_cut, axis=1) for way, by_cut in values.items()}
    users = np.concatenate(who)
    return {
        "full batch" if way is None else f"{way} vehicles": {
            "MRR@4": round(float(by_cut.mean()), 4),
            "by_training": np.round(by_cut.mean(1), 4).tolist(),
            "over_full_batch": None
            if way is None
            else paired.compare(by_cut.mean(0), values_by_way[None].mean(0), users),
            "questions": len(users),
            "train_s": round(statistics.median(seconds[way]), 1),
        }
        for way, by_cut in values_by_way.items()
    }


def _edges(work: Batches, place: int) -> int:
    return sum(int(edges.values().numel()) for edges in work.batch(place).part.edges.values())


def _seconds(work: Callable[[], object]) -> float:
    """Median of some times, after one that does not count."""
    seconds = []
    for _ in range(TIMES + 1):
        started = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - started)
    return round(statistics.median(seconds[1:]), 3)


def _peak_mib(work: Callable[[], object]) -> int:
    """MiB that are held at most over what was held before, looked at every few milliseconds."""
    process, over = psutil.Process(), threading.Event()
    ctypes.CDLL(None).malloc_trim(0)  # what was freed before would be used first, and not be seen
    before = process.memory_info().rss
    seen = [before]

    def look() -> None:
        while not over.wait(0.002):
            seen.append(process.memory_info().rss)

    watching = threading.Thread(target=look)
    watching.start()
    work()
    over.set()
    watching.join()
    return (max(seen) - before) >> 20


if __name__ == "__main__":
    main()
