"""An export ranks as the graph answers, for every kind of user, and writes what it says."""

from __future__ import annotations

import csv
import gc
import hashlib
import json
import math
import re
import stat
import weakref
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import quote

import numpy as np
import pyarrow.parquet as pq
import pytest

from holley_graph.baselines import v5_18
from holley_graph.campaign.split import Split
from holley_graph.errors import GraphStateError, NotFound, ParcelError, SettingsError
from holley_graph.export import everybody as exporting
from holley_graph.export import rank, single
from holley_graph.export.audience import Block
from holley_graph.export.catalogue import Catalogue
from holley_graph.export.everybody import export
from holley_graph.export.owners import Owners
from holley_graph.export.rows import wide_schema
from holley_graph.recommend import answers
from holley_graph.settings import Export, Recommend, Settings
from tests.support.live import AS_OF, NOW, Live, Rows, keys, open_live, slots
from tests.support.sources import home

RULES = Recommend()


@pytest.fixture(scope="module")
def live(server: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    with open_live(server, tmp_path_factory.mktemp("export")) as opened:
        yield opened


@pytest.fixture(scope="module")
def exported(live: Live, tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, str], dict[str, Any]]:
    rows = live.export(tmp_path_factory.mktemp("out") / "all.parquet", paths=True)
    keyed = {keys(row): row for row in rows}
    assert len(keyed) == len(rows)
    return keyed


# ---- the order of the graph ------------------------------------------------------------------------------------


def test_every_row_is_what_the_graph_answers_the_best_of_the_addresss_ids(live: Live, exported: Any) -> None:
    """Same parts in the same order, scores within 1e-5, and the same tier, for users of every kind."""
    ids = defaultdict(list)
    for user in sorted(live.owned):
        ids[live.key(user)].append(user)
    several = [key for key, users in ids.items() if len(users) > 1]
    fewer = [key for key in ids if key[1].split("|")[1] in ("FORD", "PONTIAC")]
    question = sorted({*list(ids)[::4], *several, *fewer[:60]})
    assert several and len(question) > 250
    tiers, short, gated = Counter[str](), 0, 0
    for key in question:
        rows_of_ids = [answers.for_user(live.graph, user, 4, RULES).rows for user in ids[key]]
        most = max(len(rows) for rows in rows_of_ids)
        choice = len(live.fitting(ids[key][0]))
        if most < 3 or choice < 4:
            assert key not in exported
            short += 1
            gated += most >= 3
            continue
        if len(rows_of_ids) == 1 or all(rows == rows_of_ids[0] for rows in rows_of_ids):
            check(exported[key], rows_of_ids[0])
        else:
            check(exported[key], max((rows for rows in rows_of_ids if len(rows) == most), key=strength))
        tiers.update(slots(exported[key], "rec{n}_pop_source"))
    assert set(tiers) == {"user", "vehicle", "segment", "make", "global"}
    assert short and gated


def strength(rows: Rows) -> tuple[float, float]:
    scores = [row["score"] for row in rows if row["score"] is not None]
    return sum(scores), max(scores, default=0.0)


def check(row: dict[str, Any], wanted: Rows) -> None:
    assert slots(row, "rec_part_{n}") == [part["sku"] for part in wanted]
    assert slots(row, "rec{n}_pop_source") == [part["answered_by"] for part in wanted]
    assert slots(row, "rec{n}_image") == [part["image_url"] for part in wanted]
    assert slots(row, "rec{n}_price") == [part["price"] for part in wanted]
    scores = slots(row, "rec{n}_score")
    known = [
        (score, part["score"]) for score, part in zip(scores, wanted, strict=True) if part["score"] is not None
    ]
    assert [score for score, _ in known] == pytest.approx([expected for _, expected in known], abs=1e-5)
    assert np.isfinite(scores).all() and scores == sorted(scores, reverse=True)


def test_everybody_with_a_vehicle_and_enough_parts_has_a_row(live: Live, exported: Any, tmp_path: Path) -> None:
    report = export(live.graph, live.settings, tmp_path / "again.parquet", NOW)
    assert report.owners == len(live.owned)
    assert report.rows == report.people == len(exported)
    assert report.owners == report.people + report.too_few + report.other_id
    assert report.other_id and report.too_few
    assert sum(report.tiers.values()) == sum(len(slots(row, "rec_part_{n}")) for row in exported.values())


# ---- the baseline ----------------------------------------------------------------------------------------------


def test_the_baseline_sends_its_scores_under_the_published_rules(live: Live, tmp_path: Path) -> None:
    """Rule by rule in plain Python, for every owner."""
    clean = live.sync_tables.clean_files()
    scored = defaultdict(dict)
    for row in v5_18.scores(clean, AS_OF, live.settings).to_pylist():
        scored[row["vehicle_id"]][row["sku"]] = row
    by_key = {keys(row): row for row in live.export(tmp_path / "b.parquet", ranker="baseline")}
    expected = {}
    for user in live.owned:
        if live.key(user) in expected:
            continue
        rows = [(row["sku"], row["score"], row["tier"]) for row in scored[live.owned[user]].values()]
        if len(best := chosen(live, user, rows)) >= 3:
            expected[live.key(user)] = best
    assert {key: sent(row) for key, row in by_key.items()} == expected
    assert {row["pipeline_version"] for row in by_key.values()} == {"v5.18"}
    assert {row["run_id"] for row in by_key.values()} == {live.sync_tables.path.name}


def chosen(live: Live, user: str, scored: list[tuple[str, float, str]]) -> list[tuple[str, float, str]]:
    """The rules of a row, one part at a time; a vehicle counts with four eligible parts."""
    if len(live.fitting(user)) < 4:
        return []
    out, best, families, types = live.bought(user), [], set[str](), Counter[str]()
    for sku, score, source in sorted(scored, key=lambda scored_part: (-scored_part[1], scored_part[0])):
        product = live.product(sku)
        if product["base_sku"] in out or product["display_key"] in families:
            continue
        families.add(product["display_key"])
        types[product["part_type"]] += 1
        if types[product["part_type"]] <= 2:
            best.append((sku, score, source))
    return best[:4]


def sent(row: dict[str, Any]) -> list[tuple[str, float, str]]:
    what = ("rec_part_{n}", "rec{n}_score", "rec{n}_pop_source")
    return list(zip(*(slots(row, column) for column in what), strict=True))


def cosine(live: Live, user: str, sku: str, *levels: str) -> tuple[float | None, str]:
    """Likeness of a part and the most specific vector there is, without popularity, and whose vector that is."""
    vehicle = live.owned[user]
    key = {
        "user": user,
        "vehicle": vehicle,
        "vehicle_model": vehicle.partition("|")[2],
        "make": vehicle.split("|")[1],
    }
    names = {"vehicle_model": "segment"}
    for level in levels:
        query, part = live.vector(level, key[level]), live.vector("product", sku)
        if query is not None:
            like = None if part is None else float(query @ part / np.linalg.norm(query) / np.linalg.norm(part))
            return like, names.get(level, level)
    return None, "global"


def some(live: Live, exported: dict[tuple[str, str], Any]) -> list[str]:
    ids = Counter(map(live.key, live.owned))
    return [user for user in sorted(live.owned)[::3] if ids[live.key(user)] == 1]


def test_hybrid_keeps_what_owners_bought_and_lets_taste_decide_the_rest(live: Live, tmp_path: Path) -> None:
    known = {
        (row["vehicle_id"], row["sku"]): row
        for row in v5_18.scores(live.sync_tables.clean_files(), AS_OF, live.settings).to_pylist()
    }
    by_key = {keys(row): row for row in live.export(tmp_path / "h.parquet", ranker="hybrid")}
    tiers = Counter[str]()
    for user in some(live, by_key):
        parts = []
        for sku in live.fitting(user):
            like, whose = cosine(live, user, sku, "user", "vehicle", "vehicle_model", "make")
            popular = known.get((live.owned[user], sku), {"tier": "none"})
            if popular["tier"] in ("segment", "make"):
                parts.append((sku, popular["score"] + 0.0049 * (1 + (like or 0.0)), popular["tier"]))
            else:
                parts.append((sku, (1 + (like or 0.0)) / 2, "global" if like is None else whose))
        check_sent(by_key, live.key(user), chosen(live, user, parts))
        tiers.update(slots(by_key[live.key(user)], "rec{n}_pop_source") if live.key(user) in by_key else [])
    assert {"segment", "make", "vehicle"} <= set(tiers)


def test_universal_is_the_closest_of_what_fits_the_most_vehicles(live: Live, tmp_path: Path) -> None:
    by_key = {keys(row): row for row in live.export(tmp_path / "u.parquet", ranker="universal")}
    vehicles = Counter(sku for sku, _ in live.held["fits"] if live.product(sku)["eligible"])
    counts = sorted((vehicles[s] for (s,) in live.held["product"] if live.product(s)["eligible"]), reverse=True)
    least = counts[math.ceil(len(counts) * live.settings.recommend.universal_share) - 1]
    for user in some(live, by_key):
        parts = []
        for sku in live.fitting(user):
            like, whose = cosine(live, user, sku, "vehicle", "vehicle_model", "make")
            if like is not None and vehicles[sku] >= least:
                parts.append((sku, like, whose))
        check_sent(by_key, live.key(user), chosen(live, user, parts))
    assert {kind for row in by_key.values() for kind in slots(row, "rec{n}_type")} == {"universal"}


def check_sent(exported: Any, key: tuple[str, str], wanted: list[tuple[str, float, str]]) -> None:
    if len(wanted) < 3:
        assert key not in exported
        return
    actual = sent(exported[key])
    assert [(sku, source) for sku, _, source in actual] == [(sku, source) for sku, _, source in wanted]
    assert [score for _, score, _ in actual] == pytest.approx([score for _, score, _ in wanted], abs=1e-5)


def test_one_answer_of_the_baseline_is_that_of_its_export(live: Live, tmp_path: Path) -> None:
    by_key = {keys(row): row for row in live.export(tmp_path / "b.parquet", ranker="baseline")}
    for key in list(by_key)[::40]:
        user = min(u for u in live.owned if live.key(u) == key)
        answer = single.answer(live.graph, live.settings, "baseline", 4, user_id=user)
        assert [row["sku"] for row in answer.rows] == slots(by_key[key], "rec_part_{n}")
        assert [row["score"] for row in answer.rows] == slots(by_key[key], "rec{n}_score")
        assert bool(answer.note) == (len(answer.rows) < 4)
    new = next(u for u in sorted(live.owned) if not live.bought(u) and live.key(u) in by_key)
    by_vehicle = single.answer(live.graph, live.settings, "baseline", 4, vehicle=live.owned[new].replace("|", " "))
    assert by_vehicle == single.answer(live.graph, live.settings, "baseline", 4, user_id=new)
    with pytest.raises(NotFound, match="no user 'no-such' with a vehicle"):
        single.answer(live.graph, live.settings, "baseline", 4, user_id="no-such")


# ---- what a row says -------------------------------------------------------------------------------------------


def test_a_row_says_where_it_comes_from(live: Live, exported: Any) -> None:
    hot = {u: row["engagement_tier"] for (u,), row in live.held["user"].items()}
    fits = Counter(v for s, v in live.held["fits"] if live.product(s)["eligible"])
    for key, row in exported.items():
        assert (row["run_id"], row["generated_at"]) == ("r1", NOW)
        assert row["pipeline_version"].startswith("holley-graph-")
        assert row["fitment_count"] == len(slots(row, "rec_part_{n}"))
        assert row["eligible_fits"] == fits[key[1]]
        assert set(slots(row, "rec{n}_type")) == {"fitment"}
    by_key = {live.key(user): hot[user] for user in live.owned}
    assert {key: row["engagement_tier"] for key, row in exported.items()} == {key: by_key[key] for key in exported}


def test_a_slot_has_what_a_template_shows_and_a_link_where_there_is_one(
    live: Live, exported: Any, tmp_path: Path
) -> None:
    assert {link for row in exported.values() for link in slots(row, "rec{n}_link")} == {None}
    template = {"product_link": "https://www.example.com/p/{sku}?from=mail"}
    settings = live.settings.model_copy(update={"export": Export(**template)})
    export(live.graph, settings, tmp_path / "linked.parquet", NOW)
    rows = pq.read_table(tmp_path / "linked.parquet").to_pylist()
    assert not {name for name in rows[0] if name.endswith("_path")}
    for row in rows:
        names = ("rec_part_{n}", "rec{n}_title", "rec{n}_brand", "rec{n}_part_type", "rec{n}_link")
        for sku, *shown in zip(*(slots(row, name) for name in names), strict=True):
            product = live.product(sku)
            assert shown == [
                product["title"], product["brand"], product["part_type"],
                f"https://www.example.com/p/{quote(sku, safe='')}?from=mail",
            ]  # fmt: skip
    with pytest.raises(ValueError, match="product_link"):
        Export(product_link="http://www.example.com/")


def test_one_row_per_email_is_of_the_vehicle_that_was_named_last(live: Live, exported: Any, tmp_path: Path) -> None:
    by_key = {keys(row): row for row in live.export(tmp_path / "one.parquet", one_per_email=True, paths=True)}
    emails = Counter(email for email, _ in by_key)
    several = {email for email, count in Counter(email for email, _ in exported).items() if count > 1}
    assert several and set(emails.values()) == {1}
    assert all(row == exported[key] for key, row in by_key.items())
    since = defaultdict[str, list[tuple[int, str]]](list)
    for user, vehicle in live.owned.items():
        if len(live.fitting(user)) >= 4:
            since[live.users[user]["email"]].append((-live.users[user]["since"], vehicle))
    assert all(min(since[email])[1] == vehicle for email, vehicle in by_key)


# ---- files -----------------------------------------------------------------------------------------------------


def test_every_format_holds_the_same_and_the_same_bytes_again(live: Live, exported: Any, tmp_path: Path) -> None:
    for suffix in ("csv", "parquet", "ndjson"):
        paths = [tmp_path / f"{n}.{suffix}" for n in (1, 2)]
        for path in paths:
            export(live.graph, live.settings, path, NOW, paths=True)
            assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert paths[0].read_bytes() == paths[1].read_bytes()
    assert not list(tmp_path.glob("*.partial"))
    names = wide_schema(paths=True).names
    with (tmp_path / "1.csv").open(newline="") as file:
        reader = csv.DictReader(file)
        assert reader.fieldnames == names
        texts = [{name: row[name] or None for name in names} for row in reader]
    documents = [json.loads(line) for line in (tmp_path / "1.ndjson").read_text().splitlines()]
    assert len(texts) == len(documents) == len(exported)
    for text, document in zip(texts, documents, strict=True):
        row = exported[keys(document)]
        assert list(document) == names
        moment = {"generated_at": NOW.strftime("%Y-%m-%dT%H:%M:%SZ")}
        assert document == row | moment
        assert {name: v if v is None else type(v)(text[name]) for name, v in row.items() if name not in moment} == {
            name: v for name, v in row.items() if name not in moment
        }
        assert all(re.fullmatch(r"\d+\.\d\d", text[f"rec{n}_price"] or "0.00") for n in range(1, 5))


def test_an_export_holds_one_block_at_a_time_and_its_size_changes_nothing(
    live: Live, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    split = Split("spring", ("graph", "hybrid"), 0.3)
    export(live.graph, live.settings, tmp_path / "whole.csv", NOW, split=split)
    read: list[weakref.ref[Owners]] = []
    held_at_once = []

    def watched(block: Block, catalogue: Catalogue, as_of: int, half_life_days: float) -> Owners:
        gc.collect()
        held_at_once.append(sum(file() is not None for file in read))
        owners = Owners.of(block, catalogue, as_of, half_life_days)
        read.append(weakref.ref(owners))
        return owners

    monkeypatch.setattr(exporting, "Owners", SimpleNamespace(of=watched))
    monkeypatch.setattr(exporting, "BLOCK", 37)
    monkeypatch.setattr(rank, "CELLS", 1_000)
    export(live.graph, live.settings, tmp_path / "pieces.csv", NOW, split=split)
    for name in ("{}.csv", "{}.hold-out.csv"):
        pieces, whole = (tmp_path / name.format(how) for how in ("pieces", "whole"))
        assert pieces.read_bytes() == whole.read_bytes()
    assert len(read) > 20
    assert max(held_at_once) <= 1  # the one that was just written


def test_long_has_a_row_per_part(live: Live, exported: Any, tmp_path: Path) -> None:
    rows = live.export(tmp_path / "long.parquet", layout="long")
    groups = defaultdict(list)
    for row in rows:
        groups[keys(row)].append((row["slot"], row["rec_part"], row["rec_score"], row["rec_reason"]))
    assert {
        key: list(
            zip(
                range(1, 5),
                *(slots(row, w) for w in ("rec_part_{n}", "rec{n}_score", "rec{n}_reason")),
                strict=False,
            )
        )
        for key, row in exported.items()
    } == groups


def test_an_arm_is_sent_what_its_ranker_sends_and_the_hold_out_is_marked(
    live: Live, exported: Any, tmp_path: Path
) -> None:
    split = Split("spring", ("graph", "baseline"), 0.3)
    sent = live.export(tmp_path / "c.parquet", split=split, paths=True)
    aside = pq.read_table(tmp_path / "c.hold-out.parquet").to_pylist()
    assert {row["exposed"] for row in sent} == {True} and {row["exposed"] for row in aside} == {False}
    rows = sent + aside
    alone = {
        "graph": exported,
        "baseline": {keys(r): r for r in live.export(tmp_path / "b.parquet", ranker="baseline", paths=True)},
    }
    for row in rows:
        group = split.groups[int(split.of([row["email_lower"]])[0])]
        assert (row.pop("campaign"), row.pop("arm"), row.pop("exposed")) == ("spring", group, group != "hold-out")
        actual = alone["graph" if group == "hold-out" else group][keys(row)]
        if group == "baseline":  # alone it reads no release, and so knows nothing of what a release counts
            row, actual = (
                {n: v for n, v in file.items() if "reason" not in n and "path" not in n} for file in (row, actual)
            )
        assert row == actual
    groups = Counter(split.groups[int(split.of([key[0]])[0])] for key in map(keys, rows))
    assert min(groups[group] for group in split.groups) > 100


def test_what_cannot_be_exported_gets_one_line_and_leaves_no_file(live: Live, tmp_path: Path) -> None:
    question = [
        (live.settings, tmp_path / "x.xlsx", SettingsError, "no format has this suffix"),
        (live.settings, tmp_path / "nowhere" / "x.csv", SettingsError, "is no folder"),
        (home(tmp_path / "other"), tmp_path / "x.csv", ParcelError, "holds no tables of sync"),
    ]
    for settings, path, error, message in question:
        with pytest.raises(error, match=message):
            export(live.graph, settings, path, NOW)
    assert [path.name for path in tmp_path.iterdir()] in ([], ["other"])


def test_a_release_whose_files_were_changed_is_not_exported(live: Live, tmp_path: Path) -> None:
    run = live.settings.home / "runs" / "r1"
    keys = run / "keys_user.parquet"
    whole = keys.read_bytes()
    sealed = {keys.name: hashlib.sha256(whole).hexdigest()}
    (run / "manifest.json").write_text(json.dumps({"files": sealed}))
    try:
        assert live.export(tmp_path / "x.parquet")
        keys.write_bytes(whole + b"x")
        with pytest.raises(ParcelError, match="was changed after it was sealed"):
            export(live.graph, live.settings, tmp_path / "y.csv", NOW)
    finally:
        keys.write_bytes(whole)
        (run / "manifest.json").unlink()


def test_a_graph_without_a_release_still_exports_the_baseline(server: Settings, live: Live, tmp_path: Path) -> None:
    with live.graph.driver.session() as session:
        session.run("MATCH (s:Sync) SET s.slot_aside = s.live_slot REMOVE s.live_slot").consume()
        try:
            with pytest.raises(GraphStateError, match="no embeddings yet"):
                export(live.graph, live.settings, tmp_path / "x.csv", NOW)
            assert live.export(tmp_path / "b.parquet", ranker="baseline")
        finally:
            session.run("MATCH (s:Sync) SET s.live_slot = s.slot_aside REMOVE s.slot_aside").consume()
