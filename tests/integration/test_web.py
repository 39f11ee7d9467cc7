"""The HTTP door as its callers meet it: a real process, a real port, a real database behind it."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from holley_graph.errors import GraphStateError
from holley_graph.graph import queries
from holley_graph.graph.client import Graph
from holley_graph.graph.reader import Reader
from holley_graph.recommend.release import ABOUT
from holley_graph.server.status import address, connect
from holley_graph.settings import Settings, Sync
from loaders import sync
from loaders.files import FilesSource
from tests.integration.test_leads import source
from tests.support import raw
from tests.support.server import free_ports, wipe
from tests.support.sources import home

COMMAND = Path(sys.executable).with_name("holley-graph")
Ask = Callable[..., requests.Response]


@pytest.fixture(scope="module")
def graph(server: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Graph]:
    folder = tmp_path_factory.mktemp("web")
    with connect(server) as graph:
        wipe(graph)
        settings = home(folder / "home", sync=Sync(allow_empty=("orders",)))
        sync.sync(FilesSource(source(folder / "source")), graph, settings, as_of=raw.at("2026-01-01"))
        yield graph


@pytest.fixture(scope="module")
def ask(server: Settings, graph: Graph) -> Iterator[Ask]:
    (port,) = free_ports(1)
    environment = {name: value for name, value in os.environ.items() if not name.startswith("HOLLEY_GRAPH_")}
    command = [COMMAND, "--home", str(server.home), "serve"]
    limits = {"HOLLEY_GRAPH_SERVE__PORT": str(port), "HOLLEY_GRAPH_SERVE__MAX_ROWS": "3"}
    with subprocess.Popen(command, env=environment | limits, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        said = process.stdout.readline()
        token = Path(said.split("(token in ")[1].rstrip(")\n")).read_text().strip()
        session = requests.Session()

        def get(path: str, shown: str | None = token, **params: Any) -> requests.Response:
            headers = {} if shown is None else {"Authorization": f"Bearer {shown}"}
            return session.get(f"http://127.0.0.1:{port}/{path}", params=params, headers=headers, timeout=60)

        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            try:
                get("openapi.json")
                break
            except requests.ConnectionError:
                time.sleep(0.1)
        yield get
        process.terminate()
        assert process.wait(timeout=30) in {0, -signal.SIGTERM}


def test_an_answer_is_the_statement_s_own_rows(ask: Ask, graph: Graph) -> None:
    answer = ask("recommend/user", user_id="looker")
    assert answer.status_code == 200
    rules = {"k": 3, "per_part_type": 2, "exclude_days": 365}
    rows = graph.read("recommend/user", user_id="looker", **rules)
    assert answer.json() == {"rows": [{k: v for k, v in row.items() if k not in ABOUT} for row in rows]}
    assert rows


def test_nobody_is_answered_without_the_token(ask: Ask) -> None:
    for shown in (None, "", "wrong-but-long-enough-to-look-like-one"):
        refused = ask("recommend/user", shown=shown, user_id="looker")
        assert (refused.status_code, refused.headers["www-authenticate"]) == (401, "Bearer")


def test_what_is_asked_is_checked_before_the_database_sees_it(ask: Ask) -> None:
    for said in ({}, {"user_id": "u", "k": 5}, {"user_id": "u", "k": 0}, {"user_id": "u", "limit": 1}):
        assert ask("recommend/user", **said).status_code == 422, said
    assert ask("recommend/user", user_id="nobody' OR 1=1").json() == {"rows": []}


def test_only_the_recommendation_queries_are_there(ask: Ask) -> None:
    paths = ask("openapi.json").json()["paths"]
    assert set(paths) == {f"/{name}" for name in queries.names() if name.startswith("recommend/")}
    assert {method for path in paths.values() for method in path} == {"get"}
    for other in ("load/user", "writeback/releases", "browse/data_quality", "docs", "db/neo4j/query/v2"):
        assert ask(other).status_code == 404, other


def test_the_document_says_parameters_bounds_and_the_token(ask: Ask) -> None:
    document = ask("openapi.json").json()
    user = document["paths"]["/recommend/user"]["get"]
    k = next(each for each in user["parameters"] if each["name"] == "k")
    assert (k["schema"]["maximum"], k["required"]) == (3, False)
    assert user["security"]
    assert "parts that fit" in user["summary"]


def test_a_statement_that_writes_is_refused_by_the_database_itself(server: Settings, graph: Graph) -> None:
    async def write() -> None:
        reader = Reader(address(server), 5, 1, 10)
        with pytest.raises(GraphStateError, match=r"[Rr]ead"):
            await reader.read("load/empty_times")
        await reader.close()

    asyncio.run(write())


def test_a_statement_that_takes_too_long_is_ended(server: Settings, graph: Graph) -> None:
    with graph.driver.session() as session:
        session.run("UNWIND range(1, 20000) AS i CREATE (:User {user_id: toString(i)})").consume()

    async def wait() -> None:
        reader = Reader(address(server), 0.001, 1, 10)
        given_up = time.monotonic() + 60
        with pytest.raises(GraphStateError, match=r"(?i)time"):
            while time.monotonic() < given_up:  # the server looks every two seconds for whom time is over
                await reader.read("snapshot/users")
        await reader.close()

    asyncio.run(wait())
