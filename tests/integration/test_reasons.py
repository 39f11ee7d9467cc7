"""What an email says of a part is true, reads well, and is the same in an export, in Cypher and in `explain`."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pyarrow.parquet as pq
import pytest

from holley_graph.export import wording
from holley_graph.export.everybody import export
from holley_graph.recommend import answers
from holley_graph.recommend.explain import explain
from holley_graph.settings import Recommend, Settings
from tests.support.live import NOW, Live, keys, open_live, slots

RULES = Recommend()
LED = (
    "MATCH (:User {user_id: $u})-[:%s]->(a:Product {sku: $a})-[c:CO_PURCHASED]->(:Product {sku: $p}) "
    "RETURN c.count, a.part_type"
)
FEW = Recommend(min_people=2)
DID = {"ORDERED": "bought", "CARTED": "added to your cart", "VIEWED": "looked at"}
DID_SO = (
    "MATCH (p:Product {sku: $p}) MATCH (:User {user_id: $u})-[:VIEWED|CARTED]->(a:Product) "
    "WHERE a[$shared] = p[$shared] RETURN count(a)"
)
OTHERS_OF_MAKE = (
    "MATCH (me:User {user_id: $u}), (b:User)-[:ORDERED]->(:Product {sku: $p}) "
    "WITH me, b, coalesce(b.email_hash, b.user_id) AS person WHERE person <> coalesce(me.email_hash, me.user_id) "
    "MATCH (x:User)-[:OWNS]->(:Vehicle {make: $make}) WHERE x = b OR x.email_hash = b.email_hash "
    "RETURN count(DISTINCT person)"
)
OTHERS = (
    "MATCH (me:User {user_id: $u}), (b:User)-[:ORDERED]->(:Product {sku: $p}) "
    "WITH me, b, coalesce(b.email_hash, b.user_id) AS person WHERE person <> coalesce(me.email_hash, me.user_id) "
    "MATCH (x:User)-[:OWNS]->(:Vehicle {make: $make, model: $model}) WHERE x = b OR x.email_hash = b.email_hash "
    "RETURN count(DISTINCT person)"
)


@pytest.fixture(scope="module")
def live(server: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    with open_live(server, tmp_path_factory.mktemp("reasons")) as opened:
        yield opened


@pytest.fixture(scope="module")
def exported(live: Live, tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, str], dict[str, Any]]:
    return {keys(row): row for row in live.export(tmp_path_factory.mktemp("out") / "all.parquet", paths=True)}


@pytest.fixture(scope="module")
def report(live: Live, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The same export where two other people are enough: the world is small."""
    settings = live.settings.model_copy(update={"recommend": FEW})
    path = tmp_path_factory.mktemp("told") / "all.parquet"
    export(live.graph, settings, path, NOW, paths=True)
    return {keys(row): row for row in pq.read_table(path).to_pylist()}


def spoken(row: dict[str, Any]) -> list[tuple[str, str, str, str]]:
    """User id, SKU, reason and path of every slot."""
    columns = zip(*(slots(row, w) for w in ("rec_part_{n}", "rec{n}_reason", "rec{n}_path")), strict=True)
    return [(re.match(r"\(([^)]+)\)", path)[1], sku, reason, path) for sku, reason, path in columns]


def test_a_reason_is_true_and_its_path_is_in_the_graph(live: Live, report: Any) -> None:
    groups = Counter[str]()
    with live.graph.driver.session() as session:

        def ask(statement: str, **values: Any) -> Any:
            return session.run(statement, **values).single(strict=True)

        of_history = [
            k for k, row in report.items() if any(w[2].startswith(("You ", "Like ")) for w in spoken(row))
        ]
        for key in {*list(report)[::3], *of_history}:
            year, make, model = key[1].split("|")
            for user, sku, reason, path in spoken(report[key]):
                assert live.key(user) == key and len(reason) <= 100 and "the part" not in reason
                assert path.startswith(f"({user})-[:OWNS]->({key[1]})<-[:FITS]-({sku})")
                led = re.search(r"<-\[:CO_PURCHASED\]-\((.+?)\)<-\[:(\w+)\]-", path)
                assert bool(led) == reason.startswith("Goes with the ")
                if led:
                    count, kind = ask(LED % led[2], u=user, a=led[1], p=sku)
                    assert count >= 2
                    assert re.fullmatch(
                        f"Goes with the {kind.lower()} you {DID[led[2]]} in [A-Z][a-z]+( 20..)?", reason
                    )
                elif reason == f"Popular with {wording.name(make)} owners":
                    assert ask(OTHERS_OF_MAKE, u=user, p=sku, make=make)[0] >= 2
                elif reason.startswith("Popular with "):
                    assert reason.endswith(f"{wording.name(model)} owners")
                    assert ask(OTHERS, u=user, p=sku, make=make, model=model)[0] >= 2
                elif reason.startswith(("You ", "Like ")):
                    shared = "base_sku" if reason.startswith("You ") else "part_type"
                    assert ask(DID_SO, u=user, p=sku, shared=shared)[0] >= 1
                else:
                    assert reason in wording.of_vehicle(int(year), make, model)[2:]
                groups[reason.partition(" ")[0]] += 1
    assert set(groups) == {"Goes", "Popular", "You", "Like", "Fits", "Picked", "A", "Right"}


def test_no_sentence_stands_twice_in_a_row(exported: Any, report: Any) -> None:
    for row in [*exported.values(), *report.values()]:
        reasons = slots(row, "rec{n}_reason")
        assert None not in reasons and len(set(reasons)) == len(reasons)


@pytest.mark.parametrize("least", [2, 5])
def test_cypher_says_what_the_export_says(live: Live, exported: Any, report: Any, least: int) -> None:
    rows, rules = (report, FEW) if least == 2 else (exported, RULES)
    for key in list(rows)[::5]:
        wanted = {sku: reason for _, sku, reason, _ in spoken(rows[key])}
        user = spoken(rows[key])[0][0]
        assert answers.reasons(live.graph, key[1], list(wanted), user, rules) == wanted
        first = next(iter(wanted))
        assert explain(live.graph, user, first, rules).reason == wanted[first]


def test_an_answer_has_the_sentences_of_the_row(live: Live, exported: Any) -> None:
    for key in list(exported)[::40]:
        user = spoken(exported[key])[0][0]
        answer = answers.with_reasons(live.graph, answers.for_user(live.graph, user, 4, RULES), user, RULES)
        assert [row["reason"] for row in answer.rows] == slots(exported[key], "rec{n}_reason")
    cold = answers.with_reasons(live.graph, answers.for_vehicle(live.graph, key[1], 20, RULES), None, RULES)
    rows = [row["reason"] for row in cold.rows if row["reason"]]
    assert len(rows) >= 4 and len(set(rows)) == len(rows)


def test_every_row_is_explained_by_the_user_and_sku_of_its_path(live: Live, report: Any) -> None:
    """What `explain` says of it: the same path, the same bought-after, and nothing that rules it out."""
    led = 0
    for key in list(report)[::10]:
        for sku, reason, path in zip(
            *(slots(report[key], w) for w in ("rec_part_{n}", "rec{n}_reason", "rec{n}_path")), strict=True
        ):
            user = re.match(r"\(([^)]+)\)", path)[1]
            explanation = explain(live.graph, user, sku, RULES)
            assert path.startswith(explanation.path) and explanation.path
            assert explanation.rules_out == []
            if reason.startswith("Goes with"):
                first = re.search(r"<-\[:CO_PURCHASED\]-\((.+?)\)", path)[1]
                listed = any(f"bought it after {first}" in line for line in explanation.speaks_for)
                assert listed or len(explanation.facts["led_here"]) == 5  # it lists the strongest five
                led += 1
    assert led
