"""The application called without a network: who is let in, what a question becomes, and how trouble is told."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from fastapi import FastAPI

from holley_graph.errors import AuthFailed, GraphStateError, HolleyGraphError, ServerHangs, ServerUnreachable
from holley_graph.find.words import INDEXES
from holley_graph.settings import load
from holley_graph.web import app as application
from holley_graph.web import enter, health
from holley_graph.web.entrance import COOKIE, ticket
from holley_graph.web.response import POLICY

TOKEN = "a token of the test alone"
BEARER = {"authorization": f"Bearer {TOKEN}"}
AS_PERSON = {"cookie": f"{COOKIE}={ticket(TOKEN)}"}
HEALTHY = {"release": "r1", "live_since": 10, "sync": "s1", "finished_at": 10, "as_of": 5}

SERVING = [{"name": name, "state": "ONLINE"} for name in INDEXES]


class Rows:
    """Answers statements with rows that the test chooses, or an error, and notes what it was asked."""

    timeout_s = 5.0

    def __init__(self, **answers: Any) -> None:
        self.answers = {"server_health": [HEALTHY], "server_indexes": SERVING, **answers}
        self.asked: list[tuple[str, dict[str, Any]]] = []

    async def read(self, name: str, /, **params: Any) -> list[dict[str, Any]]:
        self.asked.append((name, params))
        answer = self.answers.get(name.replace("/", "_"), [])
        if isinstance(answer, Exception):
            raise answer
        if answer == "never":
            await asyncio.sleep(60)
        rows: list[dict[str, Any]] = answer
        return rows


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: str


class Changing:
    """The reader of one application, which passes questions on to that of the test at hand."""

    def __init__(self) -> None:
        self.now = Rows()

    @property
    def timeout_s(self) -> float:
        return self.now.timeout_s

    async def read(self, name: str, /, **params: Any) -> list[dict[str, Any]]:
        return await self.now.read(name, **params)


READER = Changing()


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> FastAPI:
    """One for all tests: it takes half a second to build."""
    return application.build(READER, load(home=tmp_path_factory.mktemp("home")), TOKEN)  # type: ignore[arg-type]


@pytest.fixture(autouse=True)
def nothing_is_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    """What one test said of the database's health is no answer to the next."""
    monkeypatch.setattr(health, "FRESH_S", -1.0)


def ask(
    app: FastAPI,
    reader: Rows,
    path: str,
    headers: dict[str, str] | None = None,
    form: dict[str, str] | Iterable[bytes] | None = None,
    drips: bool = False,
    **query: Any,
) -> Answer:
    """Ask the application as a server does; a form is posted, whole or in pieces, and one that drips never ends."""
    READER.now = reader
    pieces = [urlencode(form).encode()] if isinstance(form, dict) else list(form or [b""])
    sent: list[dict[str, Any]] = []
    scope = {
        "type": "http", "method": "GET" if form is None else "POST", "path": path, "raw_path": path.encode(),
        "query_string": urlencode(query).encode(), "scheme": "http", "http_version": "1.1", "root_path": "",
        "headers": [(k.encode(), v.encode()) for k, v in (headers or {}).items()], "server": ("here", 80),
        "client": ("there", 1),
    }  # fmt: skip

    async def receive() -> dict[str, Any]:
        if pieces:
            piece = pieces.pop(0)
            return {"type": "http.request", "body": piece, "more_body": drips or bool(pieces)}
        await asyncio.sleep(60)
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        sent.append(message)

    asyncio.run(app(scope, receive, send))  # type: ignore[arg-type]
    sent_headers = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
    return Answer(sent[0]["status"], sent_headers, b"".join(part.get("body", b"") for part in sent[1:]).decode())


ROW = {
    "sku": "A",
    "title": "Cap",
    "part_type": "Cap",
    "price": 60.0,
    "image_url": None,
    "sessions": 3,
    "reason": "x",
}


@pytest.mark.parametrize("path", ["/recommend/known", "/recommend/user", "/metrics"])
@pytest.mark.parametrize(
    "headers", [{}, {"authorization": "Bearer no"}, {"authorization": f"Basic {TOKEN}"}, AS_PERSON]
)
def test_a_program_without_the_token_is_told_how_to_show_it(
    path: str, headers: dict[str, str], app: FastAPI
) -> None:
    reader = Rows()
    answer = ask(app, reader, path, headers, sku="A", user_id="u")
    assert (answer.status, answer.headers["www-authenticate"]) == (401, "Bearer")
    assert reader.asked == []


def test_a_question_becomes_the_statement_of_its_route_with_its_values(app: FastAPI) -> None:
    reader = Rows(recommend_known=[{"has_vehicles": True}])
    answer = ask(app, reader, "/recommend/known", BEARER, sku="A & B")
    assert (answer.status, json.loads(answer.body)) == (200, {"rows": [{"has_vehicles": True}]})
    ((name, values),) = reader.asked
    assert (name, values["sku"]) == ("recommend/known", "A & B")


@pytest.mark.parametrize("query", [{}, {"user_id": ""}, {"user_id": "u", "red": "yes"}, {"user_id": "u", "k": 0}])
def test_what_cannot_be_asked_is_refused_before_the_database_is(query: dict[str, str], app: FastAPI) -> None:
    reader = Rows()
    assert ask(app, reader, "/recommend/user", BEARER, **query).status == 422
    assert reader.asked == []


TROUBLES = [
    (GraphStateError("nothing was synced", "sync"), 503),
    (ServerUnreachable("nobody answers", "up"), 503),
    (AuthFailed("the password is wrong", "look"), 503),
    (ServerHangs("Neo4j hangs", "wait"), 504),
    (HolleyGraphError("a fault", "report it"), 500),
]


@pytest.mark.parametrize(("error", "status"), TROUBLES)
def test_trouble_is_told_with_a_hint_and_when_to_ask_again(
    error: HolleyGraphError, status: int, app: FastAPI
) -> None:
    for path, headers, query in (("/recommend/known", BEARER, {"sku": "A"}), ("/find", AS_PERSON, {"text": "A"})):
        reader = Rows(recommend_known=error, find_near_users=error)
        answer = ask(app, reader, path, headers, **query)
        assert (answer.status, answer.headers["retry-after"]) == (status, "1")
        assert str(error) in answer.body and error.hint in answer.body
        assert answer.body.startswith("{") == (headers is BEARER)


def test_a_database_that_says_nothing_is_given_up_and_its_turn_is_free_again(
    app: FastAPI, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("holley_graph.web.door.GRACE_S", 0.0)
    reader = Rows(recommend_known="never")
    reader.timeout_s = 0.05
    assert ask(app, reader, "/recommend/known", BEARER, sku="A").status == 504


@pytest.mark.parametrize("path", ["/", "/find?text=a%20b", "/person?user_id=u", "/vehicle", "/part", "/why"])
def test_a_person_without_the_cookie_sees_the_way_in_and_is_led_back(path: str, app: FastAPI) -> None:
    reader = Rows()
    place, _, query = path.partition("?")
    values = dict(part.split("=") for part in query.split("&") if part)
    answer = ask(app, reader, place, **{name: value.replace("%20", " ") for name, value in values.items()})
    assert (answer.status, 'name="token"' in answer.body) == (401, True)
    wanted = path.replace("%20", "+").replace("&", "&amp;")
    assert f'value="{wanted}"' in answer.body
    assert reader.asked == []


@pytest.mark.parametrize(
    ("to", "place"),
    [
        ("/person?user_id=u", "/person?user_id=u"),
        ("//evil.example", "/"),
        ("https://evil.example", "/"),
        ("/\\evil", "/"),
        ("", "/"),
    ],
)
def test_the_token_opens_the_page_and_leads_to_no_other_host(to: str, place: str, app: FastAPI) -> None:
    answer = ask(app, Rows(), "/enter", form={"token": f" {TOKEN} ", "to": to})
    assert (answer.status, answer.headers["location"]) == (303, place)
    cookie = answer.headers["set-cookie"]
    assert TOKEN not in cookie and "HttpOnly" in cookie
    shown = {"cookie": cookie.partition(";")[0]}
    assert ask(app, Rows(), "/", shown).status == 200


def test_a_wrong_token_is_told_and_leaving_takes_the_cookie_back(app: FastAPI) -> None:
    wrong = ask(app, Rows(), "/enter", form={"token": "wrong", "to": "/part?sku=A"})
    assert (wrong.status, "set-cookie" in wrong.headers) == (401, False)
    assert 'value="/part?sku=A"' in wrong.body
    left = ask(app, Rows(), "/leave", AS_PERSON, form={})
    assert left.status == 303 and f'{COOKIE}=""' in left.headers["set-cookie"]


def test_a_form_that_is_large_or_drips_in_is_refused(app: FastAPI, monkeypatch: pytest.MonkeyPatch) -> None:
    assert ask(app, Rows(), "/enter", form=[b"token=", b"x" * (enter.LARGEST + 1)]).status == 413
    monkeypatch.setattr(enter, "ARRIVES_S", 0.02)
    assert ask(app, Rows(), "/enter", form=[b"token=x"], drips=True).status == 408


def test_an_address_is_in_no_link_and_words_are(app: FastAPI) -> None:
    words = ask(app, Rows(), "/find", AS_PERSON, form={"text": " big block "})
    assert (words.status, words.headers["location"]) == (
        303,
        f"/find?text={quote('big block').replace('%20', '+')}",
    )
    broken = ask(app, Rows(), "/find", AS_PERSON, form={"text": "jane@"})
    assert broken.status == 422 and "location" not in broken.headers and "jane" not in broken.body
    assert ask(app, Rows(), "/find", AS_PERSON, form={"text": ""}).headers["location"] == "/"


def test_one_hit_is_gone_to_and_several_are_listed_as_text(app: FastAPI) -> None:
    user = {"user_id": "<b>u</b>", "vehicle_id": None, "viewed": 0, "carted": 0, "ordered": 0, "last_at": None}
    one = ask(app, Rows(find_near_users=[user]), "/find", AS_PERSON, text="u")
    assert (one.status, one.headers["location"]) == (303, f"/person?user_id={quote('<b>u</b>', safe='')}")
    two = ask(app, Rows(find_near_users=[user, user | {"user_id": "u2"}]), "/find", AS_PERSON, text="u")
    assert two.status == 200 and "u2" in two.body and "<b>u</b>" not in two.body
    assert ask(app, Rows(), "/find", AS_PERSON, text="nothing").status == 404


def test_every_page_forbids_scripts_and_says_nothing_to_other_hosts(app: FastAPI) -> None:
    for path, headers in (("/", AS_PERSON), ("/", {}), ("/find", AS_PERSON), ("/docs", {})):
        answer = ask(app, Rows(), path, headers)
        assert answer.headers["content-security-policy"] == POLICY
        assert (answer.headers["referrer-policy"], answer.headers["x-content-type-options"]) == (
            "no-referrer",
            "nosniff",
        )
        assert "<script" not in answer.body
    assert "script-src" not in POLICY and "default-src 'none'" in POLICY


@pytest.mark.parametrize(
    ("state", "up", "status"),
    [
        ([HEALTHY], "1.0", 200),
        ([HEALTHY | {"finished_at": None}], "0.0", 503),
        (ServerUnreachable("no", ""), "0.0", 503),
    ],
)
def test_metrics_and_health_say_whether_the_graph_answers(state: Any, up: str, status: int, app: FastAPI) -> None:
    text = ask(app, Rows(server_health=state), "/metrics", BEARER).body
    assert f"holley_graph_up {up}\n" in text and "holley_graph_refused_total 0.0\n" in text
    answer = ask(app, Rows(server_health=state), "/health")
    assert answer.status == status and json.loads(answer.body)["status"] in ("ok", "empty", "down")
    live = 'holley_graph_release{run_id="r1"} 1.0' in text
    assert live == (not isinstance(state, Exception))


def test_a_path_that_a_stranger_made_up_is_not_found_and_no_statement(app: FastAPI) -> None:
    for path in ("/recommend/nothing", "/load/marker", "/../x", "/reports/x"):
        reader = Rows()
        assert ask(app, reader, path, BEARER).status in (401, 404)
        assert reader.asked == []
