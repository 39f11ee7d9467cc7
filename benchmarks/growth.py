"""How the cost of the whole loop grows: seconds on a core, memory and disk of every step at several sizes.

Each size runs in a home of its own, each step in a process of its own. `--draw` reads what was measured at all
sizes, prints the exponent of every step and draws them.
"""

from __future__ import annotations

import argparse
import contextlib
import http.client
import json
import os
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import psutil

from benchmarks import full_scale
from benchmarks.copies import copy
from benchmarks.growth_curve import draw
from benchmarks.record import RESULTS, record
from benchmarks.watch import cpu, gib, held, size_of
from holley_graph.loaders import parquet
from holley_graph.server.layout import Layout
from holley_graph.server.process import find
from holley_graph.settings import Settings, load
from holley_graph.simulator.generate import generate
from holley_graph.web.token import token
from holley_graph.workflows.connection import connect

SEED = 20260101
RANKERS = ("graph", "baseline", "hybrid", "universal")
LIMITS = {
    "SYNC__MEMORY_MB": "2048",
    "SERVER__HEAP_MB": "2048",
    "SERVER__PAGE_CACHE_MB": "1024",
    "GATE__MIN_USERS": "1",
}
"""Settings of every size: what does not fit into them goes to disk."""
EVERY_S = 0.5
ASKED = 300


def main() -> None:
    """Measure one size, or draw all that were measured."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--users", type=int, default=50_000)
    parser.add_argument("--products", type=int, help="instead of what the users call for")
    parser.add_argument("--copies", type=int, default=1, help="of the world of that many times fewer users")
    parser.add_argument("--home", type=Path, default=Path(".holley-graph/growth"))
    parser.add_argument("--only", help="steps, with commas between them; on what an earlier call left")
    parser.add_argument("--memory-gib", type=float, default=8.0, help="a step that holds more is ended")
    parser.add_argument("--generate", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--draw", action="store_true", help="exponents and picture of all sizes")
    arguments = parser.parse_args()
    if arguments.generate and arguments.copies > 1:
        smaller = arguments.generate.with_name(f"world-{arguments.users // arguments.copies}")
        copy(smaller, arguments.generate, arguments.copies)
    elif arguments.generate:
        generate(arguments.generate, users=arguments.users, seed=SEED, products=arguments.products)
    elif arguments.draw:
        draw(RESULTS, list(STEPS))
    else:
        os.environ |= {f"HOLLEY_GRAPH_{name}": value for name, value in LIMITS.items()} | {"OMP_NUM_THREADS": "2"}
        world = ["--users", str(arguments.users), "--copies", str(arguments.copies)]
        world += ["--products", str(arguments.products)] if arguments.products else []
        loop = Loop(arguments.users, world, arguments.home.absolute(), arguments.memory_gib)
        loop.run(arguments.only.split(",") if arguments.only else list(STEPS))


class Loop:
    """One size in its home."""

    def __init__(self, users: int, world: list[str], home: Path, memory_gib: float) -> None:
        self.users, self.world, self.memory_gib = users, world, memory_gib
        self.settings = load(home=home / str(users))
        self.raw = home / f"world-{users}"
        os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # or every start of Python compiles PyTorch anew
        self.out = self.settings.home / "out"
        earlier = RESULTS / f"growth-{users}.json"
        self.steps: dict[str, Any] = json.loads(earlier.read_text())["steps"] if earlier.exists() else {}

    def run(self, names: list[str]) -> None:
        """Run steps in order and write down each as it ends."""
        self.out.mkdir(parents=True, exist_ok=True)
        up = False
        try:
            for name in names:
                if name != "generate" and not up:
                    self.cli("up")  # no child of this process, whose time would count twice
                    up = True
                load_before = round(os.getloadavg()[0], 1)
                self.steps[name] = {**STEPS[name](self), "load_before": load_before}
                record(f"growth-{self.users}", {"users": self.users, "limits": LIMITS, "steps": self.steps})
                if "ended" in self.steps[name] and name != "train":  # batches need less
                    break
        finally:
            if up:
                self.cli("down")

    def generated(self) -> dict[str, Any]:
        """Write the raw tables."""
        figures = self._watched(["benchmarks.growth", "--generate", str(self.raw), *self.world])
        return figures | {"raw_gib": gib(size_of(self.raw))}

    def cli(self, *arguments: str) -> dict[str, Any]:
        """Run a command of the product."""
        return self._watched(["holley_graph", "--home", str(self.settings.home), *arguments])

    def synced(self, *options: str, end: bool) -> dict[str, Any]:
        """Run a sync up to the last hundredth of the events, or to their end."""
        moment = self._moments()[1 if end else 0]
        figures = self.cli("sync", "--source", f"files:{self.raw}", "--as-of", moment, *options, "--json")
        return figures | {"stages_s": figures.pop("report", {}).get("stages")}

    def _events(self) -> list[str]:
        return [str(path) for path in parquet.files(self.raw, "events")]

    def _end(self) -> str:
        return str(json.loads((self.raw / "world.json").read_text())["as_of"])

    def _moments(self) -> tuple[str, str]:
        """When the last hundredth of the events begins, and when all of them end."""
        end, known = self._end(), duckdb.read_parquet(self._events()).project("client_event_timestamp AS moment")
        window = known.filter(f"moment >= '{self.settings.sync.boundary}' AND moment < '{end}'")
        (cut,) = window.aggregate("QUANTILE_DISC(moment, 0.99)").fetchall()[0]
        assert isinstance(cut, datetime)
        return cut.isoformat(), end

    def trained(self, *options: str) -> dict[str, Any]:
        """Train; the snapshot is part of it."""
        figures = self.cli("train", *options, "--json")
        return figures | {"run_id": figures.pop("report", {}).get("run_id")}

    def written_back(self) -> dict[str, Any]:
        """Put the full-batch run live, or the run in batches where the full batch did not fit."""
        runs = [self.steps.get(name, {}).get("run_id") for name in ("train", "train --batch")]
        figures = self.cli("writeback", next(run for run in runs if run), "--force", "--json")
        return figures | {"stages_s": figures.pop("report", {}).get("seconds")}

    def exported(self, ranker: str) -> dict[str, Any]:
        """Rank for everybody."""
        path = self.out / f"{ranker}.parquet"
        figures = self.cli("export", "--ranker", ranker, "--out", str(path), "--json")
        report = figures.pop("report", {})
        return figures | {"rows": report.get("rows"), "stages_s": report.get("stages")}

    def gated(self) -> dict[str, Any]:
        """Check what the release ranks."""
        figures = self.cli("gate", str(self.out / "graph.parquet"), "--json")
        return figures | {"checks_s": figures.pop("report", {}).get("seconds")}

    def answered(self) -> dict[str, Any]:
        """Ask one by one through the driver."""
        figures = full_scale.recommend(self.settings, self.raw, ASKED)
        return {"seconds": figures["median_ms"] / 1_000, **figures}

    def asked(self) -> dict[str, Any]:
        """Ask one by one over HTTP."""
        command = [sys.executable, "-m", "holley_graph", "--home", str(self.settings.home), "serve"]
        with connect(self.settings) as graph:
            records = graph.driver.execute_query(
                "MATCH (u:User)-[:OWNS]->() RETURN u.user_id AS id ORDER BY id"
            ).records
        users = np.random.default_rng(0).choice([row["id"] for row in records], ASKED).tolist()
        with _serving(command, self.settings):
            times = [_request(self.settings, user) for user in [*users, *users]][ASKED:]
        return {"seconds": round(statistics.median(times), 5), "p95_s": round(float(np.quantile(times, 0.95)), 5)}

    def second_night(self) -> dict[str, Any]:
        """Run the night of a later day with a hundredth of new events; the first has left runs to judge it by."""
        with self._newest_hidden():
            self.synced(end=True)
        return self.night(days_later=len(list(self.settings.home.glob("nights/2*"))))

    @contextlib.contextmanager
    def _newest_hidden(self) -> Iterator[None]:
        """Keep the last hundredth of the events from the source for a while."""
        known, cut = duckdb.read_parquet(self._events()), self._moments()[0]
        older = known.filter(f"client_event_timestamp < '{cut}' OR client_event_timestamp IS NULL")
        older.write_parquet(str(self.raw / "older"), compression="zstd")
        place, aside = self.raw / "events", self.raw / "all-events"
        aside.mkdir()
        for path in (place, place.with_suffix(".parquet")):
            if path.exists():
                path.rename(aside / path.name)
        try:
            (self.raw / "older").rename(place.with_suffix(".parquet"))
            yield
        finally:
            place.with_suffix(".parquet").unlink()
            for path in aside.iterdir():
                path.rename(self.raw / path.name)
            aside.rmdir()

    def night(self, days_later: int = 0) -> dict[str, Any]:
        """Run a whole night. A first one trains a run for each of its cuts, for it has none to judge by."""
        as_of = datetime.fromisoformat(self._end()) + timedelta(days=days_later)
        to = ("--to", str(self.out / "night.parquet"), "--as-of", as_of.isoformat())
        figures = self.cli("night", "--source", f"files:{self.raw}", *to, "--again", "--json")
        report = figures.pop("report", {})
        return figures | {"steps_s": {name: step["seconds"] for name, step in report.get("steps", {}).items()}}

    def _watched(self, module: list[str]) -> dict[str, Any]:
        """Run a module in a process, and look twice a second at what it and its children hold, and at the home."""
        most_held = most_home = 0
        started, ended, before, server = time.perf_counter(), None, cpu(), self._server_cpu()
        with (self.out / "last.json").open("w") as out:
            child = psutil.Popen([sys.executable, "-m", *module], stdout=out)
            while child.poll() is None:
                now, home = held(child), size_of(self.settings.home)
                most_held, most_home = max(most_held, now), max(most_home, home)
                if now > self.memory_gib * 2**30:
                    ended = f"it held more than {self.memory_gib:g} GiB"
                    child.kill()
                time.sleep(EVERY_S)
        figures: dict[str, Any] = {
            "seconds": round(time.perf_counter() - started, 2),
            "core_s": round(cpu() - before + self._server_cpu(server), 2),
            "exit_code": child.returncode,
            "peak_gib": gib(most_held),
            "home_peak_gib": gib(most_home),
            "home_gib": gib(size_of(self.settings.home)),
        }
        with contextlib.suppress(ValueError):
            figures["report"] = json.loads((self.out / "last.json").read_text())
        return figures | ({"ended": ended} if ended else {})

    def _server_cpu(self, since: float = 0.0) -> float:
        """Seconds on a core that the server took since then; one that was started anew begins at zero."""
        server = find(Layout.of(self.settings))
        times = psutil.Process(server.pid).cpu_times() if server else None
        total = times.user + times.system if times else 0.0
        return total - since if total >= since else total


STEPS: dict[str, Callable[[Loop], dict[str, Any]]] = {
    "generate": Loop.generated,
    "first sync": lambda loop: loop.synced(end=False),
    "second sync": lambda loop: loop.synced(end=False),
    "--since-last": lambda loop: loop.synced("--since-last", end=True),
    "train": Loop.trained,
    "train --batch": lambda loop: loop.trained("--batch", "4096"),
    "writeback": Loop.written_back,
    "one answer": Loop.answered,
    "HTTP door": Loop.asked,
    **{f"export {name}": (lambda loop, name=name: loop.exported(name)) for name in RANKERS},  # type: ignore[misc]
    "gate": Loop.gated,
    "night": Loop.night,
    "second night": Loop.second_night,
}


@contextlib.contextmanager
def _serving(command: list[str], settings: Settings) -> Iterator[None]:
    serving = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    try:
        for _ in range(600):
            with contextlib.suppress(ConnectionRefusedError):
                socket.create_connection((settings.serve.host, settings.serve.port)).close()
                break
            time.sleep(0.1)
        yield
    finally:
        serving.terminate()
        serving.wait()


def _request(settings: Settings, user: str) -> float:
    started = time.perf_counter()
    connection = http.client.HTTPConnection(settings.serve.host, settings.serve.port)
    connection.request(
        "GET", f"/recommend/user?user_id={user}", headers={"Authorization": f"Bearer {token(settings)}"}
    )
    answer = connection.getresponse()
    if answer.status != 200:
        raise SystemExit(f"the door said {answer.status}: {answer.read().decode()}")
    answer.read()
    return time.perf_counter() - started


if __name__ == "__main__":
    main()
