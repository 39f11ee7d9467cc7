"""Whether an export's memory grows with its people: the same catalogue, everybody several times."""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import shutil
import sys
import time
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import psutil

from benchmarks.record import record
from holley_graph.embeddings import table
from holley_graph.export import inputs
from holley_graph.loaders.sync_tables import SyncTables
from holley_graph.server import lifecycle
from holley_graph.settings import Settings, load
from holley_graph.workflows.connection import connect

PEOPLE = {
    "user": ["user_id"], "owns": ["user_id"], "viewed": ["user_id"], "carted": ["user_id"], "ordered": ["user_id"],
    "clean_users": ["user_id", "email"], "clean_events": ["user_id"], "clean_orders": ["email"],
}  # fmt: skip
"""Tables of a sync that grow with people, and the columns that name them."""

MEMORY_MB = 512
"""What the engine may hold before it spills: little enough that every size meets it."""


def main() -> None:
    """Measure on a home that holds a synced world and a live release of it (`benchmarks.full_scale`)."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--home", type=Path, default=Path(".holley-graph/bench"))
    parser.add_argument("--times", default="1,8")
    parser.add_argument("--memory-mb", default=MEMORY_MB, type=int)
    arguments = parser.parse_args()
    os.environ["HOLLEY_GRAPH_SYNC__MEMORY_MB"] = str(arguments.memory_mb)
    settings = load(home=arguments.home.absolute())
    figures: dict[str, Any] = {"memory_mb": arguments.memory_mb}
    lifecycle.up(settings)
    try:
        for times in map(int, arguments.times.split(",")):
            home = settings.home / "grown"
            _grow(settings, home, times)
            grown = settings.model_copy(update={"home": home})
            for ranker in ("graph", "baseline"):
                figures[f"{ranker} x {times}"] = _export(grown, ranker)
            shutil.rmtree(home)
    finally:
        lifecycle.down(settings)
    record("more-people-475000", figures)


def _export(settings: Settings, ranker: str) -> dict[str, Any]:
    """Export in a process of its own, and look ten times a second at what it holds and what it has mapped."""
    command = [sys.executable, "-m", "holley_graph", "--home", str(settings.home), "export", "--json"]
    out, held, mapped = settings.home / f"{ranker}.json", 0, 0
    started = time.perf_counter()
    with out.open("w") as file:
        child = psutil.Popen([*command, "--ranker", ranker, "--out", str(out.with_suffix(".parquet"))], stdout=file)
        while child.poll() is None:
            with contextlib.suppress(psutil.NoSuchProcess, psutil.ZombieProcess):
                now = child.memory_info()
                held, mapped = max(held, now.rss - now.shared), max(mapped, now.shared)
            time.sleep(0.1)
    if child.returncode:
        raise SystemExit(child.returncode)
    seconds, report = time.perf_counter() - started, json.loads(out.read_text())
    return {
        "owners": report["owners"],
        "rows": report["rows"],
        "seconds": round(seconds, 2),
        "held_gib": round(held / 2**30, 2),
        "mapped_gib": round(mapped / 2**30, 2),
    }


def _grow(settings: Settings, home: Path, times: int) -> None:
    """Make a home in which everybody is there several times, under another id and address each."""
    with connect(settings) as graph:
        sync_tables, run = inputs.last_sync(graph, settings.home), inputs.live_run(graph, settings.home)
    shutil.rmtree(home, ignore_errors=True)
    (home / "taken").mkdir(parents=True)
    (home / "server").symlink_to(settings.home / "server")
    _tables(sync_tables, home / "taken" / sync_tables.path.name, times)
    _vectors(run, home / "runs" / run.name, times)


def _tables(sync_tables: SyncTables, folder: Path, times: int) -> None:
    folder.mkdir()
    for path in sync_tables.path.iterdir():
        if path.stem not in PEOPLE:
            os.link(path, folder / path.name)
            continue
        named = ", ".join(f"n || '-' || {column} AS {column}" for column in PEOPLE[path.stem])
        with duckdb.connect(config={"memory_limit": "4GB", "temp_directory": str(folder / "spill")}) as engine:
            rows = engine.sql(f"SELECT * EXCLUDE n REPLACE ({named}) FROM '{path}', range({times}) AS r(n)")  # noqa: S608
            rows.write_parquet(str(folder / path.name), compression="zstd")


def _vectors(run: Path, folder: Path, times: int) -> None:
    tables = table.load(run)
    users = tables["user"]
    keys = np.concatenate([np.array([f"{n}-{key}" for key in users.keys], object) for n in range(times)])
    more = {"user": table.Table(keys, np.tile(users.vectors, (times, 1)))}
    folder.mkdir(parents=True)
    table.save(tables | more, folder)
    (folder / "manifest.json").write_text(json.dumps({"files": {}}))


if __name__ == "__main__":
    main()
