"""Marketing's rules hold in the export, in Cypher and before the gate alike; in this world each has work to do."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from holley_graph.errors import SettingsError
from holley_graph.export import effect, single
from holley_graph.export.everybody import export
from holley_graph.gate import gate, tables
from holley_graph.loaders.files import FilesSource
from holley_graph.progress import silent
from holley_graph.recommend import answers, strategies
from holley_graph.settings import Gate, Settings
from tests.support.live import AS_OF, Live, keys, open_live, slots

NOW = datetime.now(UTC).replace(microsecond=0)
RULES = """
out_of_stock = ["{gone}", "NEVER-HEARD-OF"]

[[rule]]
name = "no cheap ones"
do = "exclude"
price_below = 60

[[rule]]
name = "pinned"
do = "pin"
sku = ["{pin}", "{other_pin}"]

[[rule]]
name = "own brand"
do = "keep"
slots = 2
brand = "{brand}"

[[rule]]
name = "boosted"
do = "boost"
times = 3.0
part_type = "{type}"

[[rule]]
name = "buried"
do = "bury"
part_type = "{buried}"
make = "{make}"

[[rule]]
name = "long ago"
do = "exclude"
until = 2020-01-01
"""


@pytest.fixture(scope="module")
def live(server: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    with open_live(server, tmp_path_factory.mktemp("rules")) as opened:
        yield opened


@pytest.fixture(scope="module")
def without(live: Live, tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, str], dict[str, Any]]:
    return {keys(row): row for row in live.export(tmp_path_factory.mktemp("out") / "all.parquet")}


@pytest.fixture(scope="module")
def words(live: Live, without: Any) -> dict[str, str]:
    """What the rules name: parts that are recommended often, and parts that seldom are."""
    sent = Counter(sku for row in without.values() for sku in slots(row, "rec_part_{n}"))
    fits = Counter(sku for sku, _ in live.held["fits"] if live.product(sku)["eligible"])
    seldom = [
        sku for sku, _ in fits.most_common(60) if sent[sku] < 20 and (live.product(sku).get("price") or 0) > 60
    ]
    often = [sku for sku, _ in sent.most_common()]
    types = Counter(live.product(sku)["part_type"] for sku in sent.elements())
    makes = Counter(vehicle.split("|")[1] for _, vehicle in without)
    brands = Counter(live.product(sku)["brand"] for sku in sent.elements())
    return {
        "gone": often[0], "pin": seldom[0], "other_pin": seldom[1], "brand": brands.most_common()[-1][0],
        "type": types.most_common(4)[3][0], "buried": types.most_common(1)[0][0],
        "make": makes.most_common(1)[0][0],
    }  # fmt: skip


@pytest.fixture(scope="module")
def ruled(live: Live, words: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Settings:
    file = tmp_path_factory.mktemp("text") / "rules.toml"
    file.write_text(RULES.format(**words))
    return with_rules(live.settings, file)


def with_rules(settings: Settings, file: Path) -> Settings:
    recommend = settings.recommend.model_copy(update={"rules_file": file})
    loose = Gate(min_users=1, max_first_share=1, min_variety=0)
    return settings.model_copy(update={"recommend": recommend, "gate": loose})


@pytest.fixture(scope="module")
def path(live: Live, ruled: Settings, tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("ruled") / "all.parquet"
    export(live.graph, ruled, file, NOW)
    return file


@pytest.fixture(scope="module")
def exported(path: Path) -> dict[tuple[str, str], dict[str, Any]]:
    return {keys(row): row for row in pq.read_table(path).to_pylist()}


def judged(live: Live, settings: Settings, path: Path) -> dict[str, int]:
    clean = tables.of_sync(live.sync_tables, settings)
    source = FilesSource(Path(live.sync_tables.source))
    seen = tables.see(clean, source, settings, AS_OF, silent)
    report = gate.check(seen, path, settings, AS_OF, "files")
    return {check.name: check.count for check in report.checks if check.passed is False}


def test_every_rule_has_spoken_and_none_is_broken(live: Live, words: Any, exported: Any, without: Any) -> None:
    spoken = Counter(rule for row in exported.values() for rule in slots(row, "rec{n}_rule"))
    assert {"pinned", "own brand", "boosted", "buried"} <= set(spoken)
    for (_, vehicle), row in exported.items():
        skus = slots(row, "rec_part_{n}")
        parts = [live.product(sku) for sku in skus]
        assert words["gone"] not in skus and all((part.get("price") or 99) >= 60 for part in parts)
        rules = slots(row, "rec{n}_rule")
        pins = [n for n, rule in enumerate(rules) if rule == "pinned"]
        assert pins == list(range(len(pins))) and len(pins) <= 1
        buried = [part["part_type"] == words["buried"] for part in parts]
        if vehicle.split("|")[1] == words["make"]:
            late = [b and rule in ("buried", "own brand") for b, rule in zip(buried, rules, strict=True)]
            assert late == sorted(late)
    assert any(words["gone"] in slots(row, "rec_part_{n}") for row in without.values())


def test_the_gate_agrees_and_finds_each_violation_in_a_file_without_the_rules(
    live: Live, ruled: Settings, path: Path, tmp_path: Path
) -> None:
    assert judged(live, ruled, path) == {}
    live.export(tmp_path / "free.parquet")
    assert set(judged(live, ruled, tmp_path / "free.parquet")) == {"excluded", "promised"}
    assert judged(live, with_rules(live.settings, None), tmp_path / "free.parquet") == {}  # type: ignore[arg-type]


def test_cypher_answers_what_the_export_sends(live: Live, ruled: Settings, exported: Any) -> None:
    """Same parts in the same order, each by the same rule, for people whose row no other id of theirs decides."""
    ids = Counter(map(live.key, live.owned))
    question = 0
    for user in sorted(live.owned)[::3]:
        if ids[key := live.key(user)] > 1 or key not in exported:
            continue
        rows = answers.for_user(live.graph, user, 4, ruled.recommend).rows
        assert [row["sku"] for row in rows] == slots(exported[key], "rec_part_{n}")
        assert [row["rule"] for row in rows] == slots(exported[key], "rec{n}_rule")
        question += 1
    assert question > 100


def test_a_vehicles_answer_obeys_as_well(live: Live, ruled: Settings, exported: Any) -> None:
    active = {user for kind in ("viewed", "carted", "ordered") for user, _ in live.held[kind]}
    for user in [user for user in sorted(live.owned) if user not in active][::20]:
        of_user, of_vehicle = (
            answers.for_user(live.graph, user, 4, ruled.recommend).rows,
            answers.for_vehicle(live.graph, live.owned[user].replace("|", " "), 4, ruled.recommend).rows,
        )
        assert [row["sku"] for row in of_user] == [row["sku"] for row in of_vehicle]


def test_no_other_way_leads_to_what_is_excluded(live: Live, ruled: Settings, words: Any) -> None:
    active = sorted({user for user, _ in live.held["ordered"]} & set(live.owned))
    seen = Counter[str]()
    for way in strategies.STRATEGIES:
        for user in active[::10]:
            for row in strategies.for_user(live.graph, way, user, 20, ruled.recommend).rows:
                assert row["sku"] != words["gone"] and (row["price"] or 99) >= 60
                seen[way] += 1
    assert set(seen) == set(strategies.STRATEGIES)
    near = answers.similar(live.graph, words["pin"], 50, ruled.recommend)
    assert near and all((row["price"] or 99) >= 60 for row in near)


@pytest.mark.parametrize("ranker", ["baseline", "hybrid", "universal"])
def test_every_ranker_obeys(live: Live, ruled: Settings, ranker: str, tmp_path: Path) -> None:
    export(live.graph, ruled, tmp_path / "x.parquet", NOW, ranker=ranker)
    assert judged(live, ruled, tmp_path / "x.parquet") == {}
    row = pq.read_table(tmp_path / "x.parquet").slice(0, 1).to_pylist()[0]
    user = min(u for u in live.owned if live.key(u) == keys(row))
    answer = single.answer(live.graph, ruled, ranker, 4, user_id=user)
    assert [row["rule"] for row in answer.rows] == slots(row, "rec{n}_rule")


def test_a_check_says_what_each_rule_changes_and_costs(
    live: Live, ruled: Settings, exported: Any, without: Any
) -> None:
    report = effect.check(live.graph, ruled, NOW)
    by_key = {rule_effect.name: rule_effect for rule_effect in report.effects}
    assert list(by_key) == [
        "no cheap ones", "pinned", "own brand", "boosted", "buried", "out of stock", "all rules",
    ]  # fmt: skip
    assert report.rows == len(without)
    changed = {
        key for key in {*exported, *without}
        if (exported.get(key) and slots(exported[key], "rec_part_{n}"))
        != (without.get(key) and slots(without[key], "rec_part_{n}"))
    }  # fmt: skip
    assert by_key["all rules"].rows == pytest.approx(len(changed), abs=report.rows * 0.02)  # rows move to other ids
    assert by_key["all rules"].slots == sum(
        rule is not None for r in exported.values() for rule in slots(r, "rec{n}_rule")
    )
    assert all(rule_effect.purchases <= 0 for name, rule_effect in by_key.items() if rule_effect.do != "exclude")
    assert by_key["out of stock"].purchases < 0 and by_key["buried"].rows > 0


@pytest.mark.parametrize(
    ("condition", "message", "hint"),
    [
        ('sku = "{pin}X"', "no sku", "did you mean"),
        ('part_type = "Carburettor"', "no part type 'carburettor'", "did you mean carburetor"),
        ('make = "CHEVROLETT"', "no make 'CHEVROLETT'", "did you mean CHEVROLET"),
        ('brand = "Ironpeek"', "no brand 'ironpeek'", "did you mean ironpeak"),
    ],
)
def test_a_name_that_nothing_has_is_refused_with_the_nearest(
    live: Live, words: Any, tmp_path: Path, condition: str, message: str, hint: str
) -> None:
    file = tmp_path / "rules.toml"
    file.write_text(f'[[rule]]\nname = "r"\ndo = "bury"\n{condition.format(**words)}\n')
    settings = with_rules(live.settings, file)
    for ask in (
        lambda: export(live.graph, settings, tmp_path / "x.parquet", NOW),
        lambda: effect.check(live.graph, settings, NOW),
    ):
        with pytest.raises(SettingsError, match=message) as refused:
            ask()
        assert hint in refused.value.hint
