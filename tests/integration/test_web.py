"""The HTTP door as its callers meet it: a real process, a real port, a real database behind it."""

from __future__ import annotations

import asyncio
import html
import re
import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path

import pytest
import requests
from prometheus_client.parser import text_string_to_metric_families

from holley_graph.errors import GraphStateError, NotFound, SourceError
from holley_graph.graph import queries
from holley_graph.graph.client import Graph
from holley_graph.graph.reader import Reader
from holley_graph.loaders import sync
from holley_graph.loaders.files import FilesSource
from holley_graph.night import page as night_page
from holley_graph.night import record
from holley_graph.recommend import answers
from holley_graph.server.status import address, connect
from holley_graph.settings import Settings, Sync
from holley_graph.times import DAY, seconds
from holley_graph.web.door import REREAD_S
from tests.integration.test_strategies import source
from tests.support.door import Door, opened
from tests.support.hostile import HOSTILE
from tests.support.server import wipe
from tests.support.sources import home

NEW_YEAR = 1_767_225_600


@pytest.fixture(scope="module")
def graph(server: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Graph]:
    folder = tmp_path_factory.mktemp("web")
    with connect(server) as graph:
        wipe(graph)
        settings = home(folder / "home", sync=Sync(allow_empty=("orders",)))
        sync.sync(FilesSource(source(folder / "source")), graph, settings, as_of=seconds("2026-01-01"))
        # the door hashes an address with the key of its own home
        shutil.copy(settings.home / "email.key", server.home / "email.key")
        yield graph


@pytest.fixture(scope="module")
def ask(server: Settings, graph: Graph) -> Iterator[Door]:
    with opened(server, max_rows=3, timeout_s=60, wait_s=60) as door:  # a busy machine is no finding
        yield door


def test_an_answer_is_the_statement_s_own_rows(ask: Door, graph: Graph) -> None:
    answer = ask("recommend/user", user_id="looker")
    assert answer.status_code == 200
    rules = {"k": 3, "per_part_type": 2, "exclude_days": 365, "rules": []}
    rows = graph.read("recommend/user", user_id="looker", **rules)
    assert answer.json() == {"vehicle_id": rows[0]["vehicle_id"], "rows": rows, "note": ""}
    intent = ask("recommend/intent", user_id="looker").json()
    limits = {"k": 3, "per_part_type": 2, "exclude_days": 365, "seeds": 20, "rules": []}
    assert intent == {"rows": graph.read("recommend/intent", user_id="looker", **limits)}


@pytest.mark.parametrize("user", ["looker", "nova", "stranger", "nobody"])
def test_a_user_s_answer_says_what_the_command_says(server: Settings, graph: Graph, ask: Door, user: str) -> None:
    shown = ask("recommend/user", user_id=user, per_part_type=1).json()
    try:
        config = answers.for_user(graph, user, 3, server.recommend.model_copy(update={"per_part_type": 1}))
    except NotFound as error:
        config = answers.Answer(None, [], f"{error}; {error.hint}" if error.hint else str(error))
    assert shown == asdict(config)
    assert bool(shown["note"]) == (user != "looker")


def test_reasons_come_with_the_rows_where_they_are_asked_for(server: Settings, graph: Graph, ask: Door) -> None:
    rows = ask("recommend/user", user_id="looker", reasons=True).json()["rows"]
    answer = answers.for_user(graph, "looker", 3, server.recommend)
    assert rows == answers.with_reasons(graph, answer, "looker", server.recommend).rows
    assert any(row["reason"] for row in rows)


def test_a_vehicle_s_answer_says_why_it_is_short(ask: Door) -> None:
    short = ask("recommend/vehicle", vehicle_id="1970|CHEVROLET|NOVA").json()
    assert len(short["rows"]) == 2 and short["note"].startswith("2 eligible parts fit 1970|CHEVROLET|NOVA")
    unknown = ask("recommend/vehicle", vehicle_id="1900|NO|BODY").json()
    assert unknown["rows"] == [] and "no vehicle" in unknown["note"]


def test_another_release_answers_by_its_name_and_one_that_is_gone_does_not(ask: Door) -> None:
    assert ask("recommend/user", user_id="looker", release="20000101T000000-sage-0000").json()["rows"] == []


def test_health_says_what_the_graph_holds_without_the_token(ask: Door, graph: Graph) -> None:
    answer = ask("health", shown=None)
    assert answer.status_code == 200
    health = answer.json()
    assert (health["status"], health["release"], health["as_of"]) == ("ok", None, "2026-01-01T00:00:00Z")
    assert health["sync"] == graph.read("load/marker")[0]["run_id"]
    assert 0 <= health["sync_age_s"] < 3600 < health["data_age_s"]


def test_metrics_count_answers_by_route_and_never_by_a_path_that_a_stranger_made_up(ask: Door) -> None:
    assert ask("metrics", shown=None).status_code == 401
    ask("recommend/user", user_id="looker")
    ask("made/up/by/a/stranger")
    answer = ask("metrics")
    assert answer.headers["content-type"].startswith("text/plain")
    families = {family.name: family.samples for family in text_string_to_metric_families(answer.text)}
    answered = {tuple(sample.labels.values()) for sample in families["holley_graph_answers"]}
    assert {("/recommend/user", "200"), ("/metrics", "401"), ("other", "404")} <= answered
    assert not any("stranger" in route for route, _ in answered)
    assert families["holley_graph_up"][0].value == 1
    assert families["holley_graph_data_age_seconds"][0].value > 3600


def test_the_page_for_programmers_names_every_route_and_column_and_loads_nothing_from_elsewhere(ask: Door) -> None:
    page = ask("docs", shown=None)
    assert page.status_code == 200
    assert all(name in page.text for name in queries.names() if name.startswith("recommend/"))
    assert "image_url" in page.text and "<script" not in page.text
    assert not re.findall(r'(?:src|href)="(?!/|#)', page.text)
    policy = page.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'") and "script-src" not in policy


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
    for query in ({}, {"user_id": "u", "k": 5}, {"user_id": "u", "k": 0}, {"user_id": "u", "limit": 1}):
        assert ask("recommend/user", **query).status_code == 422, query
    assert ask("recommend/user", user_id="nobody' OR 1=1").json()["rows"] == []


def test_only_the_recommendation_queries_are_there(ask: Door) -> None:
    paths = ask("openapi.json").json()["paths"]
    of_queries = {f"/{name}" for name in queries.names() if name.startswith("recommend/")}
    assert set(paths) == {*of_queries, "/health", "/metrics"}
    assert {method for path in paths.values() for method in path} == {"get"}
    for other in ("load/user", "writeback/releases", "browse/data_quality", "redoc", "db/neo4j/query/v2"):
        assert ask(other).status_code == 404, other


def test_the_document_says_parameters_bounds_and_the_token(ask: Door) -> None:
    document = ask("openapi.json").json()
    user = document["paths"]["/recommend/user"]["get"]
    k = next(parameter for parameter in user["parameters"] if parameter["name"] == "k")
    assert (k["schema"]["maximum"], k["required"]) == (3, False)
    assert user["security"]
    assert "parts that fit" in user["summary"]


def test_the_document_says_the_type_of_every_column(ask: Door) -> None:
    document = ask("openapi.json").json()
    answer = document["paths"]["/recommend/user"]["get"]["responses"]["200"]["content"]["application/json"]
    shape = document["components"]["schemas"][answer["schema"]["$ref"].rpartition("/")[2]]
    row = document["components"]["schemas"][shape["properties"]["rows"]["items"]["$ref"].rpartition("/")[2]]
    assert list(row["properties"]) == [*queries.load("recommend/user").returns, "reason"]
    assert row["properties"]["price"]["anyOf"] == [{"type": "number"}, {"type": "null"}]


def test_the_document_says_every_refusal_and_when_to_ask_again(ask: Door) -> None:
    for path, methods in ask("openapi.json").json()["paths"].items():
        if not path.startswith("/recommend/"):
            continue
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


# ---- the page for people ---------------------------------------------------------------------------------------


def entered(door: Door, **form: str) -> requests.Response:
    message = {"token": door.token, "to": "/", **form}
    return requests.post(f"{door.url}/enter", data=message, allow_redirects=False, timeout=60)


def test_the_page_asks_for_the_token_and_a_cookie_opens_it_but_no_route_for_programs(ask: Door) -> None:
    refused = requests.get(f"{ask.url}/history", timeout=60)
    assert refused.status_code == 401 and "Show the token" in refused.text
    assert entered(ask, token="wrong, but as long as the right one").status_code == 401
    answer = entered(ask, to="/person?user_id=looker")
    assert (answer.status_code, answer.headers["location"]) == (303, "/person?user_id=looker")
    message = answer.headers["set-cookie"].lower()
    assert "httponly" in message and "samesite=lax" in message and ask.token.lower() not in message
    shown = requests.get(f"{ask.url}/person?user_id=looker", cookies=answer.cookies, timeout=60)
    assert shown.status_code == 200 and "CAMARO" in shown.text
    raw = requests.get(f"{ask.url}/recommend/user?user_id=looker", cookies=answer.cookies, timeout=60)
    assert raw.status_code == 401


@pytest.mark.parametrize("to", ["https://elsewhere.example", "//elsewhere.example", "/\\elsewhere.example", "x"])
def test_the_way_in_leads_nowhere_else(ask: Door, to: str) -> None:
    assert entered(ask, to=to).headers["location"] == "/"


def test_a_form_that_is_large_is_refused(ask: Door) -> None:
    assert entered(ask, to="/" + "x" * 5_000).status_code == 413


def test_a_person_is_found_by_email_and_the_address_is_in_no_link(ask: Door) -> None:
    message = {"text": "looker@example.org"}
    shown = {"Authorization": f"Bearer {ask.token}"}
    answer = requests.post(f"{ask.url}/find", data=message, headers=shown, allow_redirects=False, timeout=60)
    assert (answer.status_code, answer.headers["location"]) == (303, "/person?user_id=looker")
    nobody = requests.post(f"{ask.url}/find", data={"text": "a@example.org"}, headers=shown, timeout=60)
    assert nobody.status_code == 404 and "a@example.org" not in nobody.text
    wrong = requests.post(f"{ask.url}/find", data={"text": "@"}, headers=shown, timeout=60)
    assert wrong.status_code == 422 and "no email address" in wrong.text


@pytest.mark.parametrize("text", HOSTILE)
def test_what_somebody_types_is_text_on_the_page(ask: Door, text: str) -> None:
    for path, name in (("find", "text"), ("person", "user_id"), ("part", "sku")):
        page = ask(path, **{name: text})
        assert page.status_code in {200, 404, 503}, page.text  # this graph has no index to search in
        assert "<script" not in page.text and "<img" not in page.text and "onmouseover='" not in page.text


def test_the_page_says_what_a_look_up_of_nothing_says_and_what_cannot_be_asked(ask: Door) -> None:
    assert ask("part", sku="NONE").status_code == 404
    assert ask("why", user_id="nobody", sku="A1").status_code == 404
    assert ask("evaluation", name="../registry").status_code == 404
    assert "no user" in ask("person", user_id="nobody").text
    wrong = ask("person", user_id="looker", k=99)
    assert wrong.status_code == 422 and "<h1>That cannot be asked" in wrong.text


def test_why_a_part_is_not_sent_names_what_stands_before_it(ask: Door) -> None:
    assert "It has place 1" in ask("why", user_id="looker", sku=first(ask)).text
    assert "was bought on" in ask("why", user_id="buyer1", sku="A1").text
    assert "does not fit" in ask("why", user_id="looker", sku="D4").text
    other = {"A1": "A1B", "A1B": "A1"}[next(sku for sku in skus(ask) if sku.startswith("A1"))]
    assert "Another colour or finish" in ask("why", user_id="looker", sku=other).text


def skus(door: Door) -> list[str]:
    return [row["sku"] for row in door("recommend/user", user_id="looker").json()["rows"]]


def first(door: Door) -> str:
    return skus(door)[0]


def test_the_history_lists_nights_with_how_they_ended_and_a_link_to_the_page_of_each(
    ask: Door, server: Settings
) -> None:
    question = {"source": "files:x", "to": "mail.csv", "live_before": None}
    done = record.Record.begin(server.home, NEW_YEAR, question)
    counts = dict.fromkeys(("added", "changed", "removed", "read", "rejected", "too_few", "questions"), 0)
    result = {"seconds": 10.0, "run_id": "run-1", "rows": 4_711, "outcome": "go", "reasons": ["go: better"]}
    result |= {"mode": "full", "why": "", "passed": True, "failed": []}
    for step in record.STEPS:
        done.remember(step, counts | result)
    night_page.write(done.ended(record.DELIVERED))
    stopped = record.Record.begin(server.home, NEW_YEAR + DAY, question)
    stopped.stop("sync", SourceError("no table", "look"))
    headers = {"Authorization": f"Bearer {ask.token}"}
    shown = requests.get(f"{ask.url}/history", headers=headers, timeout=60).text
    row = re.search(r"<a href=.(/night[^\"]+).>2026-01-01.*?</tr>", shown, re.S)
    assert row and all(text in row[0] for text in ("delivered", "<td>go</td>", "70 s", "4,711", "run-1"))
    assert ">2026-01-02</td>" in shown and "stopped at sync" in shown
    page = requests.get(ask.url + html.unescape(row[1]), headers=headers, timeout=60)
    assert page.status_code == 200 and "run-1 is live, and 4,711 rows are in mail.csv." in page.text
    assert requests.get(f"{ask.url}/night?name=../runs", headers=headers, timeout=60).status_code == 404
    shutil.rmtree(server.home / "nights")
