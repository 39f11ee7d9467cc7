"""The HTTP door and the commands when much is asked, when nonsense is asked, and when the database hangs."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from holley_graph.errors import ServerHangs
from holley_graph.graph.client import Graph
from holley_graph.loaders import sync
from holley_graph.loaders.files import FilesSource
from holley_graph.server import process
from holley_graph.server.layout import Layout
from holley_graph.server.status import connect
from holley_graph.settings import Settings, Sync
from holley_graph.times import seconds
from tests.integration.test_strategies import source
from tests.support.door import COMMAND, opened
from tests.support.server import wipe
from tests.support.sources import home

REFUSED = {503, 504}


@pytest.fixture(scope="module")
def graph(server: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Graph]:
    folder = tmp_path_factory.mktemp("load")
    with connect(server) as graph:
        wipe(graph)
        settings = home(folder / "home", sync=Sync(allow_empty=("orders",)))
        sync.sync(FilesSource(source(folder / "source")), graph, settings, as_of=seconds("2026-01-01"))
        yield graph


@contextmanager
def stopped(settings: Settings) -> Iterator[None]:
    """Stop the database's process by a signal: its port takes connections, and nobody answers."""
    record = process.find(Layout.of(settings))
    assert record is not None
    database = psutil.Process(record.pid)
    database.suspend()
    try:
        yield
    finally:
        database.resume()


def test_a_crowd_is_refused_at_once_and_everybody_is_answered_in_the_end(server: Settings, graph: Graph) -> None:
    with opened(server, connections=1, wait_s=0.02) as door:

        def insist(_: int) -> Counter[int]:
            statuses: Counter[int] = Counter()
            deadline = time.monotonic() + 120
            while statuses[200] < 5 and time.monotonic() < deadline:
                answer = door("recommend/user", user_id="looker")
                statuses[answer.status_code] += 1
                assert answer.status_code == 200 or answer.headers["retry-after"] == "1"
            return statuses

        with ThreadPoolExecutor(30) as crowd:
            statuses = list(crowd.map(insist, range(30)))
        assert {caller[200] for caller in statuses} == {5}
        assert {200, 503} <= set().union(*statuses) <= {200, *REFUSED}
        refused = re.search(r"^holley_graph_refused_total (\S+)", door("metrics").text, re.M)
        assert refused and float(refused[1]) > 0


def test_a_database_that_hangs_is_said_in_time_and_asked_again_once_it_goes_on(
    server: Settings, graph: Graph
) -> None:
    with opened(server, timeout_s=1) as door:
        assert door("recommend/user", user_id="looker").status_code == 200
        with stopped(server), ThreadPoolExecutor(40) as crowd:  # a caller of the tests gives up after a minute
            answers = list(crowd.map(lambda _: door("recommend/user", user_id="looker"), range(40)))
            assert {answer.status_code for answer in answers} <= REFUSED
            assert {answer.headers["retry-after"] for answer in answers} == {"1"}
            health = door("health", shown=None)
            assert (health.status_code, health.json()["status"]) == (503, "down")
        deadline = time.monotonic() + 60
        while door("recommend/user", user_id="looker").status_code in REFUSED and time.monotonic() < deadline:
            time.sleep(0.1)
        assert door("recommend/user", user_id="looker").status_code == 200


def test_a_door_is_closed_while_the_database_hangs(server: Settings, graph: Graph) -> None:
    with opened(server, timeout_s=1) as door:
        door("recommend/user", user_id="looker")
        suspended = stopped(server)
        suspended.__enter__()
    suspended.__exit__(None, None, None)


def test_commands_say_that_the_database_hangs_and_what_they_wait_for(server: Settings, graph: Graph) -> None:
    question = {"recommend": ["--user", "looker"], "status": [], "doctor": [], "migrate": []}
    with stopped(server):
        commands = {
            name: subprocess.Popen(
                [COMMAND, "--home", str(server.home), name, *options],
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
            for name, options in question.items()
        }
        process = {name: command.communicate(timeout=120) for name, command in commands.items()}
    assert all("waiting for Neo4j" in stderr for _, stderr in process.values())
    assert {name: command.returncode for name, command in commands.items()} == {
        "recommend": ServerHangs.exit_code,
        "status": 0,
        "doctor": 1,
        "migrate": ServerHangs.exit_code,
    }
    assert "does not answer" in process["recommend"][1] and "does not answer" in process["status"][0]


def test_a_statement_under_way_notices_that_the_database_hangs(server: Settings, graph: Graph) -> None:
    graph.verify()  # its connection is open from before
    for ask in (lambda: graph.read("server/ready"), graph.verify):
        with stopped(server), pytest.raises(ServerHangs):
            ask()
    assert graph.read("server/ready")


def test_a_schema_fuzzer_finds_nothing(server: Settings, graph: Graph, tmp_path: Path) -> None:
    fuzzer = Path(sys.executable).with_name("schemathesis")
    with opened(server, timeout_s=60, wait_s=60) as door:  # a busy machine is no finding
        bounds = ["--phases", "coverage,fuzzing", "--max-examples", "5", "--seed", "1", "--continue-on-failure"]
        shown = ["--header", f"Authorization: Bearer {door.token}"]
        run = subprocess.run(
            [fuzzer, "run", f"{door.url}/openapi.json", *shown, *bounds],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )
    assert run.returncode == 0, run.stdout[-5_000:]
    assert run.stdout.count("17 passed") == 2, run.stdout[-2_500:]  # every route, in both phases
