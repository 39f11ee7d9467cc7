"""The read-only HTTP door beside the bare driver that asks the same statement for the same users, on loopback.

Then under load: wrk (4.1, from the distribution's packages) asks without a pause over more and more connections, in
rounds, so that what else the machine does meets every number of connections alike. And the page for people, too,
beside the same look-ups for programs.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import neo4j
import numpy as np
import psutil

from benchmarks.record import record
from holley_graph.graph import queries
from holley_graph.server.layout import Layout
from holley_graph.server.process import find
from holley_graph.server.status import address, connect
from holley_graph.settings import Settings, load
from holley_graph.web.token import token

CONNECTIONS = (1, 8, 32)
CROWDS = (8, 32, 200, 500)
ROUNDS = 5
PAGE_AT = 32
PATHS = {"raw": "/recommend/user?", "raw_with_reasons": "/recommend/user?reasons=true&", "page": "/person?"}
"""What a look-up is asked as."""
SCRIPT = Path(__file__).with_suffix(".lua")
Asker = Callable[[str], None]


def main() -> None:
    """Measure both at each number of connections; the server of the home has to be up and a release live."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--seconds", type=float, default=6.0)
    arguments = parser.parse_args()
    settings = load(home=arguments.home.absolute())
    with connect(settings) as graph:
        statement = "MATCH (u:User)-[:OWNS]->() RETURN u.user_id AS id ORDER BY id"
        users = graph.driver.execute_query(statement).records
    chosen = np.random.default_rng(0).choice([row["id"] for row in users], 500).tolist()
    command = [sys.executable, "-m", "holley_graph", "--home", str(arguments.home), "serve"]
    serving = subprocess.Popen(command, stdout=subprocess.PIPE)
    try:
        assert serving.stdout is not None
        serving.stdout.readline()
        _await(settings)
        figures = {
            str(connections): _both(settings, chosen, connections, arguments.seconds) for connections in CONNECTIONS
        }
        look_ups = _look_ups(settings, chosen, arguments.seconds, serving.pid)
        rounds = [
            {str(connections): _crowd(settings, chosen, connections, arguments.seconds) for connections in CROWDS}
            for _ in range(ROUNDS)
        ]
    finally:
        serving.terminate()
        serving.wait()
    crowd = {"tool": "wrk", "rounds": rounds, "answered_at_500_over_32": _kept(rounds)}
    size = {"owners": len(users), "statement": "recommend/user"}
    record(f"serve-{len(users)}", {**size, "connections": figures, "look_ups": look_ups, "crowd": crowd})


def _both(settings: Settings, users: list[str], connections: int, seconds: float) -> dict[str, Any]:
    """Bare, served and bare again: the mean of both sides of it is what `served` is held against."""
    at = address(settings)
    rules = {
        "k": 4,
        "per_part_type": settings.recommend.per_part_type,
        "exclude_days": settings.recommend.exclude_days,
        "rules": [],
    }
    query = queries.load("recommend/user")
    text: Any = query.text
    with neo4j.GraphDatabase.driver(at.uri, auth=(at.user, at.password)) as driver:

        def bare() -> Asker:
            session = driver.session(default_access_mode=neo4j.READ_ACCESS)
            return lambda user: (
                [row.data() for row in session.run(text, query.values({"user_id": user, **rules}))] and None
            )

        before = _load(bare, users, connections, seconds)
        served = _load(lambda: _http(settings), users, connections, seconds)
        after = _load(bare, users, connections, seconds)
    rate = (before["per_s"] + after["per_s"]) / 2
    return {
        "bare": before,
        "served": served,
        "bare_again": after,
        "ratio_to_bare": round(served["per_s"] / rate, 2),
    }


def _crowd(settings: Settings, users: list[str], connections: int, seconds: float) -> dict[str, float]:
    """Ask over so many connections, without a pause also after a refusal."""
    url = f"http://{settings.serve.host}:{settings.serve.port}"
    command = [
        "wrk",
        "-t1",
        f"-c{connections}",
        f"-d{seconds:g}s",
        "--timeout",
        "30s",
        "-s",
        str(SCRIPT),
        url,
        "--",
    ]
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as file:
        file.write("\n".join(users))
        file.flush()
        environment = os.environ | {"SERVE_TOKEN": token(settings)}
        printed = subprocess.run([*command, file.name], env=environment, capture_output=True, text=True, check=True)
    return {"load": round(os.getloadavg()[0], 1), **json.loads(printed.stdout.splitlines()[-1])}


def _await(settings: Settings) -> None:
    """Return once somebody listens."""
    end = time.monotonic() + 60
    while time.monotonic() < end:
        try:
            socket.create_connection((settings.serve.host, settings.serve.port)).close()
            return
        except ConnectionRefusedError:
            time.sleep(0.1)


def _kept(rounds: list[dict[str, dict[str, float]]]) -> float:
    """The median over the rounds of what is left of the answers a second."""
    ratios = [round_["500"]["answered_per_s"] / round_["32"]["answered_per_s"] for round_ in rounds]
    return round(float(np.median(ratios)), 2)


def _look_ups(settings: Settings, users: list[str], seconds: float, door: int) -> dict[str, Any]:
    """Ask for the same people raw, with reasons and as the page, in turns; ratios are medians of the rounds.

    Beside the times stands the processor time of door and database, which other load on the machine hardly changes.
    """
    database = find(Layout.of(settings))
    assert database is not None
    working = [psutil.Process(pid) for pid in (door, database.pid)]

    def asked(path: str) -> dict[str, Any]:
        before = _cpu_s(working)
        figures = _load(lambda: _http(settings, path), users, PAGE_AT, seconds)
        return {**figures, "cpu_ms": round(1_000 * (_cpu_s(working) - before) / figures["with_warm_up"], 2)}

    rounds = [{name: asked(path) for name, path in PATHS.items()} for _ in range(ROUNDS)]

    def ratio(over: str, figure: str) -> float:
        return round(float(np.median([round_["page"][figure] / round_[over][figure] for round_ in rounds])), 2)

    ratios = {
        f"page_over_{name}": {figure: ratio(name, figure) for figure in ("p95_ms", "cpu_ms")}
        for name in PATHS
        if name != "page"
    }
    return {"connections": PAGE_AT, "rounds": rounds, **ratios}


def _cpu_s(processes: list[psutil.Process]) -> float:
    return sum(sum(process.cpu_times()[:2]) for process in processes)


def _http(settings: Settings, path: str = "/recommend/user?") -> Asker:
    connection = http.client.HTTPConnection(settings.serve.host, settings.serve.port)
    headers = {"Authorization": f"Bearer {token(settings)}"}

    def ask(user: str) -> None:
        connection.request("GET", f"{path}{urlencode({'user_id': user})}", headers=headers)
        answer = connection.getresponse()
        body = answer.read()
        if answer.status != 200:
            raise RuntimeError(body.decode())

    return ask


def _load(asker: Callable[[], Asker], users: list[str], connections: int, seconds: float) -> dict[str, Any]:
    """Ask from so many threads for so long, a second of warm-up left out."""
    answered: list[tuple[float, float]] = []
    failed: list[str] = []

    def work(first: int) -> None:
        ask, position = asker(), first
        while time.perf_counter() < end:
            started = time.perf_counter()
            try:
                ask(users[position % len(users)])
            except (RuntimeError, OSError, neo4j.exceptions.Neo4jError) as error:
                failed.append(str(error))
            else:  # a refusal takes the time that the door makes its caller wait
                answered.append((started, time.perf_counter() - started))
            position += connections

    warm = time.perf_counter() + 1
    end = warm + seconds
    threads = [threading.Thread(target=work, args=(first,)) for first in range(connections)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    took = [duration for started, duration in answered if started > warm]
    p50, p95, p99 = (round(float(x), 2) for x in np.quantile(took, [0.5, 0.95, 0.99]) * 1_000)
    counted = {
        "asked": len(took),
        "with_warm_up": len(answered),
        "failed": len(failed),
        "per_s": round(len(took) / seconds, 1),
    }
    return {**counted, "p50_ms": p50, "p95_ms": p95, "p99_ms": p99}


if __name__ == "__main__":
    main()
