"""Answers as people read them, and how a person is named without an address on a command line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from holley_graph.cli import cli
from holley_graph.errors import NotFound
from holley_graph.find import find as find_room
from holley_graph.forget.forget import ForgetReport
from holley_graph.recommend import answers, drawing, strategies
from holley_graph.recommend.answers import Answer
from holley_graph.recommend.explain import Explanation
from tests.support.rows import Rows

CAMARO = "1969|CHEVROLET|CAMARO"
ROW = {
    "sku": "43 1000", "title": "Ironpeak Distributor Cap", "part_type": "Distributor Cap", "price": 55.28,
    "score": 2.1, "answered_by": "user", "reason": "Popular with Camaro owners", "buyers_back": 2,
}  # fmt: skip
PERSON = {
    "user_id": "u1",
    "vehicle_id": CAMARO,
    "viewed": 4,
    "carted": 0,
    "ordered": 1,
    "last_at": "2025-12-26T10:00:00Z",
}
VEHICLE = {"vehicle_id": CAMARO, "owners": 174, "parts": 106}
PART = ROW | {"eligible": True, "buyers": 3, "vehicles": 9, "sku": "A"}


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr("holley_graph.workflows.connection.connect", lambda *_: Rows())
    return tmp_path / "home"


def typed(home: Path, *arguments: str, stdin: str = "") -> Result:
    runner = CliRunner(env={"HOLLEY_GRAPH_HOME": str(home), "COLUMNS": "160"})
    return runner.invoke(cli, [*arguments], input=stdin)


def noting(patch: pytest.MonkeyPatch, room: Any, name: str, result: Any) -> list[tuple[Any, ...]]:
    """Replace a function by one that notes its arguments and returns a result."""
    calls: list[tuple[Any, ...]] = []

    def noted(*arguments: Any, **_: Any) -> Any:
        calls.append(arguments[1:])
        return result

    patch.setattr(room, name, noted)
    return calls


def answering(patch: pytest.MonkeyPatch, answer: Answer) -> dict[str, list[tuple[Any, ...]]]:
    patch.setattr(answers, "with_reasons", lambda graph, answer, *_: answer)
    return {
        "user": noting(patch, answers, "for_user", answer),
        "vehicle": noting(patch, answers, "for_vehicle", answer),
        "way": noting(patch, strategies, "for_user", answer),
    }


@pytest.mark.parametrize(
    ("arguments", "asked_of", "values"),
    [
        (["--user", "u1"], "user", ("u1", 4)),
        (["--user", "u1", "-k", "9"], "user", ("u1", 9)),
        (["--vehicle", "1969 CHEVROLET CAMARO"], "vehicle", ("1969 CHEVROLET CAMARO", 4)),
        (["--user", "u1", "--by", "owners"], "way", ("owners", "u1", 4)),
    ],
)
def test_a_recommendation_is_asked_of_the_room_that_knows(
    arguments: list[str], asked_of: str, values: tuple[Any, ...], home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = answering(monkeypatch, Answer(CAMARO, [ROW], ""))
    result = typed(home, "recommend", *arguments)
    assert result.exit_code == 0, result.output
    assert [call[: len(values)] for call in calls.pop(asked_of)] == [values]
    assert not any(calls.values())


def test_an_answer_names_the_vehicle_and_quotes_what_is_typed_next(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answering(monkeypatch, Answer(CAMARO, [ROW], "3 parts of the same type stand before it"))
    lines = typed(home, "recommend", "--user", "u 1").stdout.splitlines()
    assert "For user u 1, fitting 1969 CHEVROLET CAMARO" in lines
    assert "3 parts of the same type stand before it" in lines
    assert lines[-1] == "next: holley-graph explain --user 'u 1' --sku '43 1000'"
    by_vehicle = typed(home, "recommend", "--vehicle", CAMARO).stdout.splitlines()
    assert by_vehicle[-1] == "next: holley-graph similar --sku '43 1000'"


def test_an_answer_without_parts_is_its_note_alone(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    answering(monkeypatch, Answer(None, [], "u1 owns no vehicle"))
    assert typed(home, "recommend", "--user", "u1").stdout == "u1 owns no vehicle\n"
    document = json.loads(typed(home, "recommend", "--user", "u1", "--json").stdout)
    assert document == {"vehicle_id": None, "rows": [], "note": "u1 owns no vehicle"}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--vehicle", "v", "--by", "owners"], "--by needs a person"),
        (["--user", "u", "--by", "owners", "--ranker", "baseline"], "and the graph as ranker"),
        (["--user", "u", "--vehicle", "v"], "give either --user, --email or --vehicle"),
    ],
)
def test_a_question_that_contradicts_itself_is_refused(arguments: list[str], message: str, home: Path) -> None:
    result = typed(home, "recommend", *arguments)
    assert (result.exit_code, message in result.output) == (2, True)


@pytest.mark.parametrize(
    ("command", "room", "name", "last"),
    [
        ("similar", answers, "similar", "next: holley-graph next --sku 'A 1'"),
        ("next", strategies, "bought_next", None),
    ],
)
def test_parts_beside_a_part_are_listed_and_a_program_gets_the_rows(
    command: str, room: Any, name: str, last: str | None, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = noting(monkeypatch, room, name, [ROW])
    result = typed(home, command, "--sku", "A 1", "-k", "3")
    assert calls[0][:2] == ("A 1", 3)
    assert "Ironpeak Distributor Cap" in result.stdout
    assert last is None or result.stdout.splitlines()[-1] == last
    assert json.loads(typed(home, command, "--sku", "A 1", "--json").stdout) == {"sku": "A 1", "rows": [ROW]}


EXPLAINED = Explanation(
    facts={},
    path="(u1)-[:OWNS]->(v)<-[:FITS]-(A)",
    reason="Fits your Camaro",
    speaks_for=["fits the Camaro"],
    rules_out=[],
)


def test_an_explanation_says_what_speaks_for_a_part_and_what_rules_it_out(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from holley_graph.recommend import explain

    calls = noting(monkeypatch, explain, "explain", EXPLAINED)
    lines = typed(home, "explain", "--user", "u1", "--sku", " rb0436 ").stdout.splitlines()
    assert calls[0][:2] == ("u1", "RB0436")
    assert lines[:2] == [EXPLAINED.path, "An email says: Fits your Camaro"]
    assert lines[lines.index("Reasons for it") + 1] == "- fits the Camaro"
    assert lines[lines.index("Reasons against it") + 1] == "- none"
    assert lines[-1].endswith("--html explain.html")


def test_a_path_is_a_table_of_its_edges_and_none_is_an_error(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    edges = [{"start": "u1", "type": "OWNS", "end": CAMARO}, {"start": "A", "type": "FITS", "end": CAMARO}]
    monkeypatch.setattr(drawing, "edges", lambda *_: edges)
    monkeypatch.setattr(drawing, "path", lambda edges: edges)
    result = typed(home, "path", "--user", "u1", "--sku", "a")
    assert "From u1 to A" in result.stdout and "OWNS" in result.stdout
    monkeypatch.setattr(drawing, "path", lambda edges: [])
    result = typed(home, "path", "--user", "u1", "--sku", "a")
    assert isinstance(result.exception, NotFound) and result.exception.exit_code == 5


def test_an_address_is_read_from_standard_input_and_never_printed(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = answering(monkeypatch, Answer(CAMARO, [ROW], ""))
    monkeypatch.setattr(find_room, "people_by_email", lambda *_: [PERSON, PERSON | {"user_id": "u2"}])
    result = typed(home, "recommend", "--email", "-", stdin="Jane.Doe@example.org\n")
    assert result.exit_code == 0, result.output
    assert calls["user"][0][0] == "u1"
    assert "2 user ids have this email; this is u1" in result.stderr
    assert "jane" not in result.output.lower()


@pytest.mark.parametrize(
    ("kind", "words", "name", "rows", "last"),
    [
        ("vehicles", ["camaro"], "vehicles", [VEHICLE], "recommend --vehicle '1969 CHEVROLET CAMARO'"),
        ("parts", ["cap"], "parts", [PART], "similar --sku A"),
        ("vehicles", [], "vehicles", [], None),
    ],
)  # fmt: skip
def test_what_is_found_is_listed_with_what_to_type_next(
    kind: str,
    words: list[str],
    name: str,
    rows: list[dict[str, Any]],
    last: str | None,
    home: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    calls = noting(monkeypatch, find_room, name, rows)
    result = typed(home, "find", kind, *words, "-k", "5")
    assert calls[0] == (" ".join(words), 6)  # one more, to know whether there are more
    assert result.stdout.splitlines()[-1] == (f"next: holley-graph {last}" if last else f"no {kind} found")


def test_more_than_was_wanted_is_said_and_left_out(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    people = [PERSON | {"user_id": f"u{n}"} for n in range(4)]
    monkeypatch.setattr(answers, "resolve_vehicle", lambda *_: CAMARO)
    noting(monkeypatch, find_room, "people_by_vehicle", people)
    text = typed(home, "find", "people", "--vehicle", "1969 camaro", "-k", "3").stdout
    assert "Owners of a 1969 CHEVROLET CAMARO" in text and "these are the first 3; -k shows more" in text
    assert "u2" in text and "u3" not in text and "2025-12-26" in text
    document = json.loads(typed(home, "find", "people", "--vehicle", "x", "-k", "3", "--json").stdout)
    assert [row["user_id"] for row in document["rows"]] == ["u0", "u1", "u2"]


def removed(*left: str) -> ForgetReport:
    return ForgetReport(["u1"], 9, {"exports": 2}, 5, 1, 12, [*left], ["gone.csv"])


@pytest.mark.parametrize(
    ("left", "code", "says"), [((), 0, "nothing is left"), (("mail.csv",), 1, "still found in: mail.csv")]
)
def test_forgetting_says_what_is_left_and_ends_with_one_where_anything_is(
    left: tuple[str, ...], code: int, says: str, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("holley_graph.forget.forget.forget", lambda *_, **__: removed(*left))
    monkeypatch.setattr("holley_graph.server.pages.guide_file", lambda settings: settings.home / "guide.html")
    result = typed(home, "forget", "--user", "u1", "--yes")
    assert result.exit_code == code, result.output
    assert f"searched 12 places: {says}" in result.stdout and "look for copies: gone.csv" in result.stdout
    assert json.loads(typed(home, "forget", "--user", "u1", "--yes", "--json").stdout)["found"] == [*left]


def test_forgetting_is_asked_about_first_and_a_no_changes_nothing(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("holley_graph.forget.forget.forget", lambda *_, **__: pytest.fail("somebody was forgotten"))
    result = typed(home, "forget", "--user", "u1", stdin="n\n")
    assert result.exit_code == 1 and "Remove user u1 for good?" in result.output
    hidden = typed(home, "forget", "--email", "jane@example.org", stdin="n\n")
    assert "the person with this email" in hidden.output and "jane" not in hidden.output
