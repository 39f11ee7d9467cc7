"""The HTTP door as its callers meet it: a real process, a real port, a real database behind it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from holley_graph.errors import GraphStateError
from holley_graph.graph import queries
from holley_graph.graph.client import Graph
from holley_graph.graph.reader import Reader
from holley_graph.server.status import address, connect
from holley_graph.settings import Settings, Sync
from holley_graph.web.app import REREAD_S
from loaders import sync
from loaders.files import FilesSource
from tests.integration.test_leads import source
from tests.support import raw
from tests.support.door import Door, opened
from tests.support.server import wipe
from tests.support.sources import home


@pytest.fixture(scope="module")
def graph(server: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Graph]:
    folder = tmp_path_factory.mktemp("web")
    with connect(server) as graph:
        wipe(graph)
        settings = home(folder / "home", sync=Sync(allow_empty=("orders",)))
        sync.sync(FilesSource(source(folder / "source")), graph, settings, as_of=raw.at("2026-01-01"))
        yield graph


@pytest.fixture(scope="module")
def ask(server: Settings, graph: Graph) -> Iterator[Door]:
    with opened(server, max_rows=3) as door:
        yield door


def test_an_answer_is_the_statement_s_own_rows(ask: Door, graph: Graph) -> None:
    answer = ask("recommend/user", user_id="looker")
    assert answer.status_code == 200
    rules = {"k": 3, "per_part_type": 2, "exclude_days": 365, "rules": []}
    rows = graph.read("recommend/user", user_id="looker", **rules)
    assert answer.json() == {"rows": rows}
    assert rows


def test_rules_of_marketing_count_soon_after_they_change_and_a_broken_file_is_said(
    server: Settings, graph: Graph, ask: Door, tmp_path: Path
) -> None:
    first, second = [row["sku"] for row in ask("recommend/user", user_id="looker", k=2).json()["rows"]]
    file = tmp_path / "rules.toml"

    def best(door: Door) -> str | None:
        answer = door("recommend/user", user_id="looker")
        return answer.json()["rows"][0]["sku"] if answer.status_code == 200 else None

    file.write_text("")
    with opened(server, rules_file=file) as door:
        assert best(door) == first
        file.write_text(f'out_of_stock = ["{first}"]')
        assert until(lambda: best(door) == second)
        file.write_text("[[")
        assert until(lambda: best(door) is None)
        refused = door("recommend/user", user_id="looker")
        assert refused.status_code == 503 and "rules.toml" in refused.json()["error"]


def until(holds: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + 4 * REREAD_S
    while not (held := holds()) and time.monotonic() < deadline:
        time.sleep(0.2)
    return held


def test_nobody_is_answered_without_the_token(ask: Door) -> None:
    for shown in (None, " ", "wrong-but-long-enough-to-look-like-one"):
        refused = ask("recommend/user", shown=shown, user_id="looker")
        assert (refused.status_code, refused.headers["www-authenticate"]) == (401, "Bearer")


def test_what_is_asked_is_checked_before_the_database_sees_it(ask: Door) -> None:
    for said in ({}, {"user_id": "u", "k": 5}, {"user_id": "u", "k": 0}, {"user_id": "u", "limit": 1}):
        assert ask("recommend/user", **said).status_code == 422, said
    assert ask("recommend/user", user_id="nobody' OR 1=1").json() == {"rows": []}


def test_only_the_recommendation_queries_are_there(ask: Door) -> None:
    paths = ask("openapi.json").json()["paths"]
    assert set(paths) == {f"/{name}" for name in queries.names() if name.startswith("recommend/")}
    assert {method for path in paths.values() for method in path} == {"get"}
    for other in ("load/user", "writeback/releases", "browse/data_quality", "docs", "db/neo4j/query/v2"):
        assert ask(other).status_code == 404, other


def test_the_document_says_parameters_bounds_and_the_token(ask: Door) -> None:
    document = ask("openapi.json").json()
    user = document["paths"]["/recommend/user"]["get"]
    k = next(each for each in user["parameters"] if each["name"] == "k")
    assert (k["schema"]["maximum"], k["required"]) == (3, False)
    assert user["security"]
    assert "parts that fit" in user["summary"]


def test_the_document_says_every_refusal_and_when_to_ask_again(ask: Door) -> None:
    for path, methods in ask("openapi.json").json()["paths"].items():
        responses = methods["get"]["responses"]
        assert {"200", "401", "503", "504"} <= set(responses), path
        assert all("Retry-After" in responses[status]["headers"] for status in ("503", "504"))


def test_no_answer_is_kept_by_anybody_on_the_way(ask: Door) -> None:
    answers = [ask("recommend/user", user_id="looker"), ask("recommend/user", shown=None), ask("recommend/user")]
    answers += [ask("openapi.json"), ask("nowhere")]
    assert [answer.status_code for answer in answers] == [200, 401, 422, 200, 404]
    assert {answer.headers["cache-control"] for answer in answers} == {"no-store"}


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
