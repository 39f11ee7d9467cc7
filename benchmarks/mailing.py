"""What marketing sends, at the size of the real retailer: export by every ranker, and the gate."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import duckdb
import numpy as np

from benchmarks.record import record
from holley_graph.server import lifecycle
from holley_graph.settings import Settings, load
from holley_graph.workflows.connection import connect

ASKED = 300
"""Users that are asked for one by one; all of them would take hours."""


def main() -> None:
    """Measure on a home that holds a synced world and a live release of it (`benchmarks.full_scale`)."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--home", type=Path, default=Path(".holley-graph/bench"))
    parser.add_argument("--only", default="export,gate,others")
    arguments = parser.parse_args()
    settings = load(home=arguments.home.absolute())
    steps = arguments.only.split(",")
    out = settings.home / "out"
    out.mkdir(exist_ok=True)
    lifecycle.up(settings)
    try:
        if "export" in steps:
            exports = {name: _export(settings, out / f"{name}.parquet", name) for name in ("graph", "baseline")}
            rival = _one_by_one(settings, exports["graph"]["owners"])
            record("export-475000", {"rankers": exports, "rival": rival})
        if "gate" in steps:  # of what `export` wrote
            record("gate-475000", _gate(settings, out / "graph.parquet", out / "baseline.parquet"))
        if "others" in steps:
            others = {name: _export(settings, out / f"{name}.parquet", name) for name in ("hybrid", "universal")}
            formats = {suffix: _export(settings, out / f"graph.{suffix}", "graph") for suffix in ("csv", "ndjson")}
            record("export-others-475000", {"rankers": others, "formats": formats})
    finally:
        lifecycle.down(settings)


def _export(settings: Settings, path: Path, ranker: str) -> dict[str, Any]:
    """Run the command in a process of its own, start included."""
    seconds, cpu, peak, out = _cli(settings, ["export", "--out", str(path), "--ranker", ranker, "--json"])
    report = json.loads(out)
    return {
        "seconds": seconds,
        "cpu_s": cpu,
        "stages_s": report["stages"],
        "peak_gib": peak,
        "owners": report["owners"],
        "rows": report["rows"],
        "megabytes": round(path.stat().st_size / 2**20),
    }


def _one_by_one(settings: Settings, owners: int) -> dict[str, Any]:
    """The same answers asked of the database, a query per user on one connection."""
    rules = {
        "per_part_type": settings.recommend.per_part_type,
        "exclude_days": settings.recommend.exclude_days,
        "rules": [],
    }
    with connect(settings) as graph:
        records = graph.driver.execute_query(
            "MATCH (u:User)-[:OWNS]->() RETURN u.user_id AS id ORDER BY id"
        ).records
        ids = np.array([record["id"] for record in records])
        chosen = np.random.default_rng(0).choice(ids, 2 * ASKED, replace=False).tolist()
        for user in chosen[:ASKED]:
            graph.read("recommend/user", user_id=user, k=4, **rules)
        started = time.perf_counter()
        for user in chosen[ASKED:]:
            graph.read("recommend/user", user_id=user, k=4, **rules)
        seconds = (time.perf_counter() - started) / ASKED
    return {
        "what": "recommend/user.cypher per user",
        "each_ms": round(1_000 * seconds, 2),
        "all_s": round(seconds * owners),
    }


def _gate(settings: Settings, path: Path, previous: Path) -> dict[str, Any]:
    """The gate with a previous file, beside reading both files bare."""
    seconds, cpu, peak, out = _cli(settings, ["gate", str(path), "--previous", str(previous), "--json"])
    report = json.loads(out)
    started = time.perf_counter()
    with duckdb.connect() as connection:
        for number, file in enumerate((path, previous)):
            connection.read_parquet(str(file)).create(f"file_{number}")
    bare = time.perf_counter() - started
    return {
        "rows": report["rows"],
        "seconds": seconds,
        "cpu_s": cpu,
        "checks_s": report["seconds"],
        "peak_gib": peak,
        "passed": report["passed"],
        "failed_checks": [check["name"] for check in report["checks"] if check["passed"] is False],
        "bare_read_s": round(bare, 2),
    }


def _cli(settings: Settings, arguments: list[str]) -> tuple[float, float, float, str]:
    """Run a command: seconds, seconds on a core (a busy machine changes them less), GiB, its output."""
    command = [sys.executable, "-m", "holley_graph", "--home", str(settings.home), *arguments]
    started = time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        out = process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{arguments[0]} ended with {process.returncode}: {out[-2_000:]}")
    cpu = usage.ru_utime + usage.ru_stime
    return round(time.perf_counter() - started, 2), round(cpu, 2), round(usage.ru_maxrss / 2**20, 2), out


if __name__ == "__main__":
    main()
