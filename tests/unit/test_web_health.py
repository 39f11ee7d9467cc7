"""What `/health` says of a graph, and which place a page says a part has; the database is played here."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from holley_graph.errors import ServerUnreachable
from holley_graph.settings import Recommend
from holley_graph.web import health, why
from holley_graph.web.health import Watch

SYNCED = {"release": "run-1", "live_since": 1_000, "sync": "sync-1", "as_of": 900, "finished_at": 950}


def watch(answer: Callable[[], Any], timeout_s: float = 5.0) -> tuple[Watch, list[str]]:
    """A watch over a database that gives this answer, and the statements that it was asked."""
    statements: list[str] = []

    async def read(name: str) -> list[Any]:
        statements.append(name)
        result = answer()
        return [await result if asyncio.iscoroutine(result) else result]

    door = SimpleNamespace(reader=SimpleNamespace(read=read, timeout_s=timeout_s))
    return Watch(door), statements  # type: ignore[arg-type]


def test_a_graph_that_answers_says_its_release_and_how_old_everything_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "time", lambda: 1_060.9)
    state = asyncio.run(watch(lambda: SYNCED)[0].look())
    assert (state.status, state.release, state.sync, state.error) == ("ok", "run-1", "sync-1", "")
    assert (state.release_age_s, state.sync_age_s, state.data_age_s) == (60, 110, 160)
    assert (state.live_since, state.as_of) == ("1970-01-01T00:16:40Z", "1970-01-01T00:15:00Z")


def test_a_clock_that_is_behind_makes_no_age_negative(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "time", lambda: 0.0)
    state = asyncio.run(watch(lambda: SYNCED)[0].look())
    assert (state.release_age_s, state.sync_age_s, state.data_age_s) == (0, 0, 0)


def test_a_graph_that_no_sync_has_filled_is_empty_and_not_down() -> None:
    state = asyncio.run(watch(lambda: dict.fromkeys(SYNCED))[0].look())
    assert (state.status, state.release, state.release_age_s, state.as_of) == ("empty", None, None, None)


def test_a_database_that_is_gone_is_down_with_the_reason() -> None:
    def gone() -> Any:
        raise ServerUnreachable("nobody answers", "holley-graph up")

    state = asyncio.run(watch(gone)[0].look())
    assert (state.status, state.error) == ("down", "nobody answers")


def test_a_database_that_hangs_is_down_after_the_time_that_it_has(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "GRACE_S", 0.0)
    state = asyncio.run(watch(lambda: asyncio.sleep(60), timeout_s=0.01)[0].look())
    assert (state.status, state.error) == ("down", "Neo4j did not answer within 0.01 s")


def test_a_crowd_that_asks_costs_the_database_one_question(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr(health.time, "monotonic", lambda: now[0])

    async def crowd() -> list[int]:
        watcher, statements = watch(lambda: SYNCED)
        counts = []
        for moment in (100.0, 101.0, 101.1):
            now[0] = moment
            await asyncio.gather(*(watcher.look() for _ in range(50)))
            counts.append(len(statements))
        return counts

    assert asyncio.run(crowd()) == [1, 1, 2]


RULES = Recommend(per_part_type=2)


def place(answers: Callable[[dict[str, Any]], list[str]]) -> str:
    """The place of the part X where the database gives these SKUs."""
    graph = SimpleNamespace(read=lambda _, **asked_for: [{"sku": sku} for sku in answers(asked_for)])
    return why.place(graph, RULES, "u", "X")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("skus", "sentence"),
    [
        (["X"], "It has place 1: one of the four that are sent."),
        (["A", "B", "C", "X"], "It has place 4: one of the four that are sent."),
        (["A", "B", "C", "D", "X"], "It has place 5: only the first four are sent."),
    ],
)
def test_the_place_says_whether_the_part_is_sent(skus: list[str], sentence: str) -> None:
    assert place(lambda _: skus) == sentence


def test_a_part_behind_too_many_of_its_type_says_so() -> None:
    assert place(lambda limits: ["A", "X"] if limits["per_part_type"] == why.ALL else ["A"]) == (
        "2 parts of its type stand before it, and no more are sent of one type."
    )


def test_without_a_rule_a_part_without_a_place_has_another_colour_before_it() -> None:
    assert place(lambda _: ["A"]).startswith("Another colour or finish of it stands before it")


def test_a_rule_of_marketing_that_leaves_a_part_out_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(why, "shape", lambda rules, k: {"k": k, "per_part_type": 2, "rules": [{"name": "spring"}]})
    assert place(lambda limits: [] if limits["rules"] else ["X"]) == "A rule of marketing leaves it out."


def test_a_score_is_split_into_the_vector_s_part_and_the_person_s_own() -> None:
    facts = {"score": 2.5, "own_history": 0.75, "answered_by": "user"}
    assert why._score(SimpleNamespace(facts=facts)) == [  # type: ignore[arg-type]
        ("score", "2.500"),
        ("by the user vector", "1.750"),
        ("by own history", "+0.750"),
    ]
    alone = why._score(SimpleNamespace(facts=facts | {"own_history": None}))  # type: ignore[arg-type]
    assert alone[1:] == [("by the user vector", "2.500"), ("by own history", "+0.000")]
    assert why._score(SimpleNamespace(facts=facts | {"score": None})) == []  # type: ignore[arg-type]
