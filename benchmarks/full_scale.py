"""The loop at the size of the real retailer, each step beside the bare tool underneath."""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import numpy as np

from benchmarks.record import record
from holley_graph.embeddings import table, writeback
from holley_graph.graph import bulk
from holley_graph.graph.client import Graph
from holley_graph.loaders import sync_tables
from holley_graph.server import admin, lifecycle
from holley_graph.server.layout import Layout
from holley_graph.settings import Settings, load
from holley_graph.simulator import World, generate
from holley_graph.snapshot import extract
from holley_graph.times import iso
from holley_graph.workflows.connection import connect

SEED = 20260101
WARM_UP = 1_200
"""Queries before latencies are taken."""
ROWS_ONE_BY_ONE = {
    "fits": "MATCH (v:Vehicle)<-[:FITS]-(p:Product) RETURN p.sku, v.vehicle_id",
    "viewed": "MATCH (u:User)-[r:VIEWED]->(p:Product) RETURN u.user_id, p.sku, r.at",
    "carted": "MATCH (u:User)-[r:CARTED]->(p:Product) RETURN u.user_id, p.sku, r.at",
    "ordered": "MATCH (u:User)-[r:ORDERED]->(p:Product) RETURN u.user_id, p.sku, r.at, r.last_at.epochSeconds",
}


def main() -> None:
    """Run the chosen steps in order."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--users", type=int, default=475_000)
    parser.add_argument("--home", type=Path, default=Path(".holley-graph/bench"))
    parser.add_argument("--only", default=",".join(STEPS))
    arguments = parser.parse_args()
    settings = load(home=arguments.home.absolute())
    raw = settings.home / f"world-{arguments.users}"
    if not (raw / "world.json").exists():
        generate(raw, users=arguments.users, seed=SEED)
    lifecycle.up(settings)
    try:
        for step in arguments.only.split(","):
            figures = STEPS[step](settings, raw)
            record(f"{step}-{arguments.users}", {"users": arguments.users, "seed": SEED, **figures})
    finally:
        lifecycle.down(settings)


def sync(settings: Settings, raw: Path) -> dict[str, Any]:
    """First sync of raw Parquet against the bare offline import of the same tables; then the same sync again."""
    command = ["sync", "--source", f"files:{raw}", "--as-of", iso(World.open(raw).as_of), "--json"]
    seconds, first = _cli(settings, command)
    again, _ = _cli(settings, command)
    with connect(settings) as graph:
        run_id = graph.read("load/marker")[0]["run_id"]
    last = sync_tables.open_tables(settings.home, run_id)
    assert last is not None
    tables = last.tables()
    bare_settings = settings.model_copy(update={"home": settings.home / "bare"})
    layout = Layout.of(bare_settings)
    layout.create()
    files = layout.temporary
    nodes, relationships = bulk.write_import_files(tables, files)
    bare = _seconds(lambda: admin.import_offline(layout, settings.server.jar_cache, nodes, relationships))
    report = json.loads(first)
    return {
        "rows": {name: table.num_rows for name, table in tables.items()},
        "first_s": seconds,
        "stages_s": report["stages"],
        "again_s": again,
        "again_share_of_first": round(again / seconds, 3),
        "bare_import_s": round(bare, 2),
        "ratio_to_bare_import": round(seconds / bare, 2),
    }


def since_last(settings: Settings, raw: Path) -> dict[str, Any]:
    """The last hundredth of the events, read since the last sync, against full syncs that end in the same graph.

    It is the second night in turn, as on a server that runs; the one before follows the load that, in a fresh home,
    is a first one.
    """
    end = datetime.fromisoformat(json.loads((raw / "world.json").read_text())["as_of"])
    known = duckdb.read_parquet(str(raw / "events" / "*.parquet")).project("client_event_timestamp AS moment")
    window = known.filter(f"moment >= '{settings.sync.boundary}' AND moment < '{end}'")
    columns = "COUNT(*), QUANTILE_DISC(moment, 0.98), QUANTILE_DISC(moment, 0.99)"
    events, eve, cut = window.aggregate(columns).fetchall()[0]
    figures: dict[str, Any] = {"events": events, "as_of": end.isoformat(), "before": cut.isoformat()}

    def sync_to(moment: datetime, *options: str) -> dict[str, Any]:
        command = ["sync", "--source", f"files:{raw}", "--as-of", moment.isoformat(), *options, "--json"]
        seconds, out = _cli(settings, command)
        report = json.loads(out)
        written = {kind: sum(feed[kind] for feed in report["feeds"]) for kind in ("added", "changed", "removed")}
        return {"seconds": seconds, "mode": report["mode"], "stages_s": report["stages"], "rows": written}

    start = sync_to(eve)
    if start["mode"] == "bulk":
        figures["first"] = start
    figures["night_before"] = sync_to(cut, "--since-last")
    figures["since_last"] = sync_to(end, "--since-last")
    sync_to(cut)
    figures["full"] = sync_to(end, "--full")
    for other in ("first", "full"):
        if other in figures:
            share = figures["since_last"]["seconds"] / figures[other]["seconds"]
            figures[f"share_of_{other}"] = round(share, 3)
    return figures


def extraction(settings: Settings, _: Path) -> dict[str, Any]:
    """Relationships per second of the snapshot against one record each."""
    with connect(settings) as graph:
        extract.take(graph, extract.options(settings.sync))  # both ways then read from a warm page cache
        started = time.perf_counter()
        snapshot = extract.take(graph, extract.options(settings.sync))
        packed = time.perf_counter() - started
        rows = 0
        started = time.perf_counter()
        for text in ROWS_ONE_BY_ONE.values():
            with graph.driver.session(fetch_size=1_000) as session:
                rows += sum(1 for _ in session.run(text))
        one_by_one = time.perf_counter() - started
    return {
        "relationships": rows,
        "events": snapshot.events.num_rows,
        "packed_s": round(packed, 2),
        "one_record_each_s": round(one_by_one, 2),
        "packed_per_s": round(rows / packed),
        "one_record_each_per_s": round(rows / one_by_one),
        "speed_up": round(one_by_one / packed, 2),
    }


def training(settings: Settings, _: Path) -> dict[str, Any]:
    """Seconds and peak memory of the default training, snapshot included, and held-out quality a month back."""
    with connect(settings) as graph:
        as_of = graph.read("load/marker")[0]["as_of"]
    seconds, out = _cli(settings, ["train", "--json"])
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 2**20
    cut = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(as_of - 30 * 86_400))
    back_seconds, back = _cli(settings, ["train", "--as-of", cut, "--json"])
    held_out = json.loads(back)["metrics"]["held_out"]
    return {
        "seconds": seconds,
        "peak_gib": round(peak, 2),
        "run_id": json.loads(out)["run_id"],
        "a_month_back_s": back_seconds,
        "held_out": held_out,
    }


def writing_back(settings: Settings, _: Path) -> dict[str, Any]:
    """Writeback until the indexes serve, against staging the same vectors and building the same indexes bare."""
    run = max((settings.home / "runs").glob("*/manifest.json")).parent
    with connect(settings) as graph:
        before = _bare_writeback(graph, table.load(run))
        started = time.perf_counter()
        report = writeback.write_back(graph, run)
        seconds = time.perf_counter() - started
        after = _bare_writeback(graph, table.load(run))
    bare = (before + after) / 2  # the first meets a cold store, the second a warm one
    return {
        "vectors": sum(report.staged.values()),
        "dim": int(table.load(run)["product"].vectors.shape[1]),
        "seconds": round(seconds, 2),
        "stages_s": report.seconds,
        "recall": report.recall,
        "bare_before_s": round(before, 2),
        "bare_after_s": round(after, 2),
        "ratio_to_bare": round(seconds / bare, 2),
    }


def recommend(settings: Settings, _: Path, queries: int = 300) -> dict[str, Any]:
    """One user's recommendation through the driver against the round trip of RETURN 1."""
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
        chosen = np.random.default_rng(0).choice(ids, queries, replace=False).tolist()
        for _ in range(WARM_UP // queries):  # the server compiles what it runs often; it serves for days
            for user in chosen:
                graph.read("recommend/user", user_id=user, k=4, **rules)
                graph.read("server/ready")
        latencies = [
            _milliseconds(lambda u=user: graph.read("recommend/user", user_id=u, k=4, **rules)) for user in chosen
        ]
        trip = [_milliseconds(lambda: graph.read("server/ready")) for _ in chosen]
    median = statistics.median(latencies)
    return {
        "queries": queries,
        "warm_up": WARM_UP,
        "median_ms": round(median, 2),
        "p95_ms": round(float(np.quantile(latencies, 0.95)), 2),
        "return_1_median_ms": round(statistics.median(trip), 2),
        "ratio_to_return_1": round(median / statistics.median(trip), 2),
    }


STEPS: dict[str, Callable[[Settings, Path], dict[str, Any]]] = {
    "sync": sync,
    "since-last": since_last,
    "extraction": extraction,
    "training": training,
    "writeback": writing_back,
    "recommend": recommend,
}


def _bare_writeback(graph: Graph, tables: table.Tables) -> float:
    """Seconds for the same vectors in the same batches one after another, and an index over what ours indexes."""
    indexed = {"product": ("Product", "sku"), "vehicle": ("Vehicle", "vehicle_id")}
    others = {"vehicle_model": ("VehicleModel", "model_id"), "make": ("Make", "name"), "user": ("User", "user_id")}
    labels = {**indexed, **others, "product_anchor": ("Product", "sku")}
    started = time.perf_counter()
    for name, (label, key) in labels.items():
        keys, vectors = tables[name].keys, tables[name].vectors
        text = f"UNWIND $rows AS row MATCH (n:{label} {{{key}: row.key}}) SET n.bench_{name} = row.vector"
        for start in range(0, len(keys), writeback.BATCH):
            part = slice(start, start + writeback.BATCH)
            rows = [{"key": k, "vector": v} for k, v in zip(keys[part], vectors[part].tolist(), strict=True)]
            graph.driver.execute_query(text, rows=rows)
    dim = int(tables["product"].vectors.shape[1])
    searched = {name: label for name, (label, _) in indexed.items()} | {"user": "ActiveUser"}
    for name, label in searched.items():
        graph.driver.execute_query(
            f"CREATE VECTOR INDEX bench_{name} FOR (n:{label}) ON (n.bench_{name}) OPTIONS {{indexConfig: "
            f"{{`vector.dimensions`: {dim}, `vector.similarity_function`: 'cosine'}}}}"
        )
    graph.driver.execute_query("CALL db.awaitIndexes(600)")
    seconds = time.perf_counter() - started
    for name in searched:
        graph.driver.execute_query(f"DROP INDEX bench_{name}")
    for name, (label, _) in labels.items():
        remove = f"MATCH (n:{label}) CALL (n) {{ REMOVE n.bench_{name} }} IN TRANSACTIONS OF 10000 ROWS"
        with graph.driver.session() as session:
            session.run(remove).consume()
    return seconds


def _cli(settings: Settings, arguments: list[str]) -> tuple[float, str]:
    command = [sys.executable, "-m", "holley_graph", "--home", str(settings.home), *arguments]
    started = time.perf_counter()
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    return round(time.perf_counter() - started, 2), done.stdout


def _seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def _milliseconds(work: Callable[[], object]) -> float:
    return _seconds(work) * 1_000


if __name__ == "__main__":
    main()
