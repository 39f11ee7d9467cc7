"""The loop from the command line, in one home on one server: what a program reads and how a shell sees errors."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from holley_graph import sealed
from holley_graph.embeddings.table import NAMES
from holley_graph.server import lifecycle
from holley_graph.server.status import KEYS
from holley_graph.simulator.generate import generate
from holley_graph.times import seconds
from tests.support import raw
from tests.support.server import environment, small
from tests.support.sources import Rows, edited

COMMAND = Path(sys.executable).with_name("holley-graph")
AS_OF = "2026-01-01"
ROW = {"sku", "title", "part_type", "price", "image_url", "score", "answered_by", "vehicle_id", "reason", "rule"}


@dataclass(frozen=True)
class Shell:
    """The console script with one home, and what earlier commands said."""

    home: Path
    source: Path
    environment: Mapping[str, str]
    said: dict[str, Any] = field(default_factory=dict)

    def run(
        self, *arguments: str, home: Path | None = None, typed: str = "", **settings: str
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [COMMAND, "--home", home or self.home, *arguments],
            env={**self.environment, **settings},
            input=typed,
            capture_output=True,
            text=True,
            check=False,
        )

    def json(self, *arguments: str) -> Any:
        """One document on standard output, and nothing else there."""
        ended = self.run(*arguments, "--json")
        assert ended.returncode == 0, ended.stderr
        return json.loads(ended.stdout)

    def fails(self, code: int, message: str, *arguments: str, home: Path | None = None, **settings: str) -> None:
        """One clear line on standard error, its own exit code, no traceback and no document."""
        ended = self.run(*arguments, home=home, **settings)
        assert (ended.returncode, ended.stdout) == (code, "")
        lines = [line for line in ended.stderr.splitlines() if line.startswith("error: ")]
        assert len(lines) == 1, ended.stderr
        assert message in lines[0]
        assert "Traceback" not in ended.stderr

    def sync(self, folder: Path) -> tuple[str, ...]:
        return "sync", "--source", f"files:{folder}", "--as-of", AS_OF


@pytest.fixture(scope="module")
def shell(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shell]:
    folder = tmp_path_factory.mktemp("cli")
    world = generate(folder / "world", users=500, as_of=seconds("2026-01-01")).folder
    settings = small(folder / "home")
    yield Shell(folder / "home", world, environment(settings))
    lifecycle.down(settings)


# ---- the loop, in order: each test is the next thing that a person types ---------------------------------------


def test_before_up_there_is_nobody_to_ask(shell: Shell) -> None:
    shell.fails(10, "is down", *shell.sync(shell.source))
    shell.fails(10, "is down", "recommend", "--user", "x")
    assert shell.json("status") == dict.fromkeys(KEYS) | {"running": False, "indexes": None}
    assert shell.json("down") == {"stopped": False}


def test_up_starts_one_server(shell: Shell) -> None:
    report = shell.json("up")
    assert tuple(report) == KEYS
    assert (report["running"], report["nodes"], report["live_release"]) == (True, 0, None)
    assert (report["last_sync"], set(report["labels"].values())) == (None, {0})
    assert shell.json("up")["pid"] == report["pid"]


def test_migrate_shows_what_is_pending_and_sync_applies_it(shell: Shell) -> None:
    before = shell.json("migrate", "--dry-run")["migrations"]
    assert [set(row) for row in before] == [{"version", "name", "state"}] * len(before)
    assert {row["state"] for row in before} == {"pending"}


def test_sync_reports_every_feed_and_the_second_writes_nothing(shell: Shell) -> None:
    first = shell.json(*shell.sync(shell.source))
    assert {"run_id", "as_of", "mode", "feeds", "seconds", "stages", "cost", "notes"} == set(first)
    assert (first["mode"], first["as_of"]) == ("bulk", "2026-01-01T00:00:00+00:00")
    assert [feed["name"] for feed in first["feeds"]] == ["user_attributes", "fitment", "items", "events", "orders"]
    shape = {
        "name": str,
        "read": int,
        "rejected": dict,
        "ignored": dict,
        "added": int,
        "changed": int,
        "removed": int,
    }
    for feed in first["feeds"]:
        assert {key: type(feed[key]) for key in shape} == shape
        assert set(feed) == {*shape, "seconds"}
    assert all(isinstance(n, int) for feed in first["feeds"] for n in (feed["rejected"] | feed["ignored"]).values())
    assert any(feed["rejected"] for feed in first["feeds"])
    second = shell.json(*shell.sync(shell.source))
    assert second["mode"] == "unchanged"
    assert {feed[kind] for feed in second["feeds"] for kind in ("added", "changed", "removed")} == {0}
    status = shell.json("status")
    assert status["nodes"] > 500
    assert sum(status["labels"].values()) == status["nodes"] - 5
    assert status["last_sync"]["run_id"] == first["run_id"]
    assert status["last_sync"]["source"] == str(shell.source)
    assert datetime.fromisoformat(status["last_sync"]["as_of"]) == datetime.fromisoformat(first["as_of"])
    written = sum(feed["added"] for feed in first["feeds"])
    assert status["nodes"] + status["relationships"] == written + 5  # the marker and four migrations
    assert {row["state"] for row in shell.json("migrate")["migrations"]} == {"applied"}


def test_answers_before_the_first_release_are_by_popularity(shell: Shell) -> None:
    vehicle = popular_vehicle(shell.source)
    assert {row["answered_by"] for row in shell.json("recommend", "--vehicle", vehicle)["rows"]} == {"global"}


def test_train_measures_what_it_did_not_see_and_keeps_its_run(shell: Shell) -> None:
    past = shell.json("train", "--as-of", "2025-12-01", "--device", "cpu")
    assert set(past) == {"run_id", "path", "metrics", "seconds"}
    assert Path(past["path"]) == shell.home / "runs" / past["run_id"]
    held_out = past["metrics"]["held_out"]
    assert set(held_out) == {
        "users",
        "warm_users",
        "days",
        "run",
        "popularity",
        "MRR@4 over popularity",
        "calibration",
    }
    assert held_out["run"].keys() == held_out["popularity"].keys() > {"HR@4", "NDCG@10", "cold MRR@4"}
    listed = shell.json("runs")["runs"]
    assert [run["run_id"] for run in listed] == [past["run_id"]]
    assert listed[0]["metrics"] == past["metrics"]
    shell.said["first"] = past["run_id"]


def test_writeback_puts_a_run_live_and_recommend_answers_by_it(shell: Shell) -> None:
    done = shell.json("writeback", shell.said["first"])
    assert set(done) == {"run_id", "staged", "missing", "recall", "seconds"}
    assert set(done["staged"]) == set(done["missing"]) == {*NAMES, "lift"}
    assert shell.json("status")["live_release"] == shell.said["first"]
    vehicle = popular_vehicle(shell.source)
    answer = shell.json("recommend", "--vehicle", vehicle, "-k", "2")
    assert set(answer) == {"vehicle_id", "rows", "note"}
    assert answer["vehicle_id"] == vehicle.replace(" ", "|", 1).replace(" ", "|", 1)
    assert [set(row) for row in answer["rows"]] == [ROW] * 2
    assert {row["answered_by"] for row in answer["rows"]} == {"vehicle"}
    shell.said["sku"] = answer["rows"][0]["sku"]


def test_recommend_explain_and_similar_speak_of_one_user(shell: Shell) -> None:
    user, vehicle = an_owner(shell.source, popular_vehicle(shell.source))
    answer = shell.json("recommend", "--user", user)
    assert answer["vehicle_id"] == vehicle
    assert answer["rows"]
    assert all(set(row) == ROW and row["vehicle_id"] == vehicle for row in answer["rows"])
    sku = answer["rows"][0]["sku"]
    report = shell.json("explain", "--user", user, "--sku", sku)
    assert set(report) == {"facts", "path", "reason", "speaks_for", "rules_out"}
    assert report["path"] == f"({user})-[:OWNS]->({vehicle})<-[:FITS]-({sku})"
    assert report["rules_out"] == []
    for way in ("intent", "owners", "discovery"):
        led = shell.json("recommend", "--user", user, "--by", way)
        assert led["vehicle_id"] == vehicle
        assert all(set(row) == ROW and row["answered_by"] == way for row in led["rows"])
    following = shell.json("next", "--sku", shell.said["sku"], "-k", "3")
    assert {"buyers", "buyers_back", "shared_vehicles", "reason"} < set(following["rows"][0])
    near = shell.json("similar", "--sku", shell.said["sku"], "-k", "3")
    assert (set(near), near["sku"]) == ({"sku", "rows"}, shell.said["sku"]) and 0 < len(near["rows"]) <= 3
    columns = {"sku", "title", "part_type", "price", "image_url", "score", "sessions", "shared_vehicles", "reason"}
    assert all(set(row) == columns for row in near["rows"])


def test_people_vehicles_and_parts_are_found_and_an_email_stands_on_no_command_line(shell: Shell) -> None:
    user, vehicle = an_owner(shell.source, popular_vehicle(shell.source))
    email = email_of(shell.source, user)
    assert popular_vehicle(shell.source).upper() in shell.run("find", "vehicles", "-k", "50").stdout.upper()
    owners = shell.json("find", "people", "--vehicle", vehicle, "-k", "1000")["rows"]
    assert user in {row["user_id"] for row in owners}
    (part,) = shell.json("find", "parts", shell.said["sku"], "-k", "1")["rows"]
    assert part["sku"] == shell.said["sku"]
    for way in ((email, ""), ("-", f" {email.upper()}\n")):
        ended = shell.run("find", "people", "--email", way[0], typed=way[1])
        assert (ended.returncode, user in ended.stdout, email in ended.stdout) == (0, True, False), ended.stderr
    answer = shell.run("recommend", "--email", "-", "--json", typed=email)
    assert json.loads(answer.stdout) == shell.json("recommend", "--user", user)
    sku = json.loads(answer.stdout)["rows"][0]["sku"]
    assert shell.run("explain", "--email", "-", "--sku", sku, typed=email).returncode == 0
    assert shell.run("path", "--email", "-", "--sku", sku, typed=email).returncode == 0
    shell.fails(5, "nobody in the graph has this email", "find", "people", "--email", "nobody@nowhere.example")
    shell.fails(2, "that is no email address", "recommend", "--email", "nobody")
    assert shell.run("recommend", "--user", user, "--email", email).returncode == 2
    assert shell.run("find", "people", "smith").returncode == 2


def test_rollback_goes_back_once_and_writeback_forward_again(shell: Shell) -> None:
    shell.fails(5, "no previous release", "rollback")
    second = "the-same-vectors"
    manifest = (
        shutil.copytree(shell.home / "runs" / shell.said["first"], shell.home / "runs" / second) / "manifest.json"
    )
    sealed.write(manifest, sealed.read(manifest) | {"run_id": second})
    shell.json("writeback", second)
    for _ in range(2):
        assert shell.json("rollback") == {"live": shell.said["first"], "previous": second}
        assert shell.json("runs")["champion"] == shell.said["first"]
        releases = shell.json("status")
        assert (releases["live_release"], releases["previous_release"]) == (shell.said["first"], second)
    assert shell.json("writeback", second)["staged"] == {}


def test_a_run_is_judged_beside_every_ranker_and_no_go_goes_live_by_force_alone(shell: Shell) -> None:
    """A month of a world of 500 users proves nothing: the interval is too wide for any run to pass."""
    first = shell.said["first"]
    ended = shell.run("evaluate", first, "--verdict", "--fastrp", "--json")
    document = json.loads(ended.stdout)
    verdict = document["verdicts"][first]
    assert ended.returncode == {"no-go": 1, "too little to say": 19}[verdict["outcome"]], ended.stderr
    assert any(reason.startswith(f"{verdict['outcome']}: ") for reason in verdict["reasons"])
    rankers = {"random", "popularity", "trending", "item-knn", "gf-cf", "cheby-cf", "als", "fastrp", "v5.18", first}
    rankers |= {"shrinkage", "shrinkage-trend", "counting", "logit", "boosted"}
    rankers |= {f"{first} hybrid", f"{first} universal"}
    assert (set(document["rankers"]), document["champion"]) == (rankers, "v5.18")
    assert {path.name for path in Path(document["path"]).iterdir()} == {"report.html", "evaluation.json"}
    shell.fails(20, verdict["outcome"], "writeback", first)
    viewed = shell.json("evaluate", first, "--target", "viewed")
    assert (viewed["target"], viewed["verdicts"]) == ("viewed", {})
    assert viewed["users"] != document["users"]
    shell.fails(2, "a verdict is about orders", "evaluate", first, "--target", "viewed", "--verdict")
    assert shell.json("writeback", first, "--force")["run_id"] == first
    assert shell.json("runs")["champion"] == first


def test_a_backtest_holds_a_recipe_beside_the_others_unless_its_search_saw_the_answers(
    shell: Shell, tmp_path: Path
) -> None:
    end = int(datetime(2026, 1, 1, tzinfo=UTC).timestamp())
    report = {"model": "two_tower", "config": {"dim": 16}}
    for name, as_of in (("fair", end - 30 * 86_400), ("unfair", end)):
        (tmp_path / name).write_text(json.dumps(report | {"as_of": as_of}))
    document = shell.json("backtest", "--cuts", "1", "--target", "viewed", "--recipe", str(tmp_path / "fair"))
    assert (document["target"], document["verdicts"]) == ("viewed", {})
    (name,) = document["configs"]
    assert name.startswith("two_tower-") and {name, f"{name} hybrid"} < set(document["rankers"])
    assert document["configs"][name]["config"]["dim"] == 16
    shell.fails(2, "cannot judge it", "backtest", "--cuts", "1", "--recipe", str(tmp_path / "unfair"))
    shell.fails(2, "cannot judge it", "train", "--as-of", "2025-12-01", "--recipe", str(tmp_path / "unfair"))


def test_an_export_is_checked_sent_read_back_and_somebody_forgotten(shell: Shell, tmp_path: Path) -> None:
    sent, small_world = tmp_path / "sent.ndjson", {"HOLLEY_GRAPH_GATE__MIN_USERS": "1"}
    report = shell.json("export", "--out", str(sent), "--campaign", "spring", "--arm", "graph", "--arm", "hybrid")
    aside = sent.with_name("sent.hold-out.ndjson")
    of_file = [[json.loads(line) for line in path.read_text().splitlines()] for path in (sent, aside)]
    assert (report["hold_out"], report["rows"], report["hold_out_rows"]) == (str(aside), *map(len, of_file))
    assert (report["format"], report["ranker"]) == ("wide", "graph, hybrid")
    assert [{row["arm"] for row in rows} for rows in of_file] == [{"graph", "hybrid"}, {"hold-out"}]
    rows = [*of_file[0], *of_file[1]]
    page = tmp_path / "gate.html"
    ended = shell.run("gate", str(sent), "--previous", str(sent), "--html", str(page), "--json", **small_world)
    assert (ended.returncode, json.loads(ended.stdout)["passed"]) == (0, True), ended.stderr
    assert "may be sent" in page.read_text()
    assert shell.run("gate", str(sent)).returncode == 1  # production has more users than this world
    mailed = {"treatment_id": "t", "sent_at": datetime.now(UTC), "clicked_at": None, "skus": [], "mode": "LIVE"}
    user, _ = an_owner(shell.source, popular_vehicle(shell.source))
    pq.write_table(pa.Table.from_pylist([mailed | {"user_id": user}]), tmp_path / "treatments.parquet")
    arms = shell.json("campaign", str(sent), "--treatments", f"files:{tmp_path}")["arms"]
    assert sum(arm["people"] for arm in arms) == len({row["email_lower"] for row in rows})
    assert sum(arm["sent"] for arm in arms) == 1
    ended = shell.run("forget", "--email", "-", "--yes", "--json", typed=email_of(shell.source, user))
    document = json.loads(ended.stdout)
    assert (user in document["user_ids"], document["found"], document["rows"]["exports"] >= 1) == (True, [], True)
    left = [line for path in (sent, aside) for line in path.read_text().splitlines()]
    assert len(left) == len(rows) - document["rows"]["exports"]
    assert shell.json(*shell.sync(shell.source))["mode"] == "changes"
    shell.fails(5, f"no user '{user}'", "recommend", "--user", user)
    shell.fails(5, "no user 'nobody'", "forget", "--user", "nobody", "--yes")
    shell.fails(5, "no person with this email", "forget", "--email", "nobody@nowhere.example", "--yes")
    shell.fails(2, "no format has this suffix", "export", "--out", str(tmp_path / "sent.xlsx"))
    shell.fails(4, "table treatments", "campaign", str(sent), "--treatments", f"files:{shell.home}")
    assert shell.run("export", "--out", str(sent), "--arm", "graph").returncode == 2


def test_tables_for_people_say_the_same(shell: Shell) -> None:
    vehicle = popular_vehicle(shell.source)
    for arguments in (
        ("status",),
        ("runs",),
        shell.sync(shell.source),
        ("similar", "--sku", shell.said["sku"]),
        ("export", "--out", str(shell.home / "again.csv"), "--ranker", "baseline"),
    ):
        ended = shell.run(*arguments)
        assert (ended.returncode, bool(ended.stdout.strip())) == (0, True), ended.stderr
        assert not ended.stdout.startswith("{")
        lines = [line for line in ended.stdout.splitlines() if str(shell.home) not in line]
        assert max(map(len, lines)) <= 80
    assert shell.said["sku"] in shell.run("recommend", "--vehicle", vehicle, "-k", "20", COLUMNS="300").stdout


def test_doctor_and_browser_know_the_server(shell: Shell) -> None:
    checks = shell.json("doctor")
    assert all(set(check) == {"name", "ok", "found", "todo"} and check["ok"] for check in checks)
    page = shell.json("browser")
    assert set(page) == {"url", "guide", "user", "password_file", "files"}
    assert Path(page["password_file"]).read_text().strip() not in page["url"]
    assert "%22A1%22" in shell.json("browser", "--query", "co_purchase", "--set", "sku=A1")["url"]
    shell.fails(5, "no query 'nothing'", "browser", "--query", "nothing")
    shell.fails(2, "no parameter 'x'", "browser", "--query", "co_purchase", "--set", "x=1")


# ---- errors ----------------------------------------------------------------------------------------------------


def bad_years(rows: Rows) -> Rows:
    return [row | {"v1_year": "nineteen"} for row in rows]


def test_every_documented_error_is_one_line_and_its_exit_code(shell: Shell, tmp_path: Path) -> None:
    status = shell.json("status")
    missing = edited(shell.source, tmp_path / "missing")
    (missing / "items.parquet").unlink()
    shell.fails(4, "table items", *shell.sync(missing))
    shell.fails(3, "fitment.bad_year", *shell.sync(edited(shell.source, tmp_path / "bad", fitment=bad_years)))
    shell.fails(5, "no user 'nobody'", "recommend", "--user", "nobody")
    shell.fails(5, "no vehicle '1800 STEAM CAR'", "recommend", "--vehicle", "1800 STEAM CAR")
    shell.fails(5, "no SKU 'NONE'", "similar", "--sku", "NONE")
    shell.fails(5, "no run 'no-run'", "writeback", "no-run")
    shell.fails(2, "neither bigquery, files:DIR nor csv:DIR", "sync", "--source", "somewhere")
    shell.fails(2, "weights.view", "status", HOLLEY_GRAPH_WEIGHTS__VIEW="many")
    shell.fails(2, "HOLLEY_GRAPH_COLOUR", "status", HOLLEY_GRAPH_COLOUR="red")
    shell.fails(10, "is down", "recommend", "--user", "x", home=tmp_path / "another")
    closed = ("--uri", "bolt://127.0.0.1:1", "--password-file", str(shell.home / "server" / "password"))
    shell.fails(2, "embedded", *closed, "down")
    assert shell.run("recommend").returncode == 2  # click's own usage error
    after = shell.json("status")
    assert (after["nodes"], after["relationships"]) == (status["nodes"], status["relationships"])
    assert shell.json(*shell.sync(shell.source))["mode"] == "unchanged"


def test_dry_run_by_command_writes_nothing(shell: Shell, tmp_path: Path) -> None:
    fewer = edited(shell.source, tmp_path / "fewer", orders=lambda rows: rows[99:])
    report = shell.json(*shell.sync(fewer), "--dry-run")
    assert report["mode"] == "dry-run"
    assert sum(feed["removed"] for feed in report["feeds"]) > 0
    assert shell.json(*shell.sync(shell.source))["mode"] == "unchanged"


def test_down_ends_the_server(shell: Shell) -> None:
    assert shell.json("down") == {"stopped": True}
    assert shell.json("status")["running"] is False


def popular_vehicle(source: Path) -> str:
    """The year, make and model that most parts fit, as a person would type it."""
    from tests.support.sources import rows

    best = max(
        (row for row in rows(source, "fitment") if row["v1_make"] and (row["v1_year"] or "").strip().isdigit()),
        key=lambda row: (len(row["products"] or ()), row["v1_year"], row["v1_model"] or ""),
    )
    return " ".join(best[name].strip().upper() for name in ("v1_year", "v1_make", "v1_model"))


def an_owner(source: Path, vehicle: str) -> tuple[str, str]:
    """Somebody who owns it, by the rules of the contract in plain Python."""
    from tests.support.oracle import World
    from tests.support.sources import rows

    world = World({"user_attributes": rows(source, "user_attributes")}, raw.at("2025-09-01"), seconds("2026-01-01"))
    for user in sorted(world.users, key=lambda row: row["user_id"]):
        if user["email"] and f"{user['year']} {user['make']} {user['model']}" == vehicle:
            return user["user_id"], f"{user['year']}|{user['make']}|{user['model']}"
    raise LookupError(vehicle)


def email_of(source: Path, user: str) -> str:
    """The address of a user, by the rules of the contract in plain Python."""
    from tests.support.oracle import World
    from tests.support.sources import rows

    world = World({"user_attributes": rows(source, "user_attributes")}, raw.at("2025-09-01"), seconds("2026-01-01"))
    return next(str(user_row["email"]) for user_row in world.users if user_row["user_id"] == user)
