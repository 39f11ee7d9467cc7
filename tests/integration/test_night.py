"""A night: from the source to the file that is sent, step by step, going on wherever it was stopped."""

from __future__ import annotations

import json
import os
import random
import signal
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from holley_graph.errors import GraphStateError, SettingsError, SourceError
from holley_graph.evaluation import conclusion, registry
from holley_graph.evaluation.verdict import GO, NO_GO, TOO_LITTLE, Verdict
from holley_graph.graph.client import Graph
from holley_graph.night import record
from holley_graph.night.record import STEPS, Record
from holley_graph.progress import silent
from holley_graph.server.layout import Layout
from holley_graph.server.status import connect
from holley_graph.settings import Settings
from holley_graph.simulator.generate import generate
from holley_graph.times import DAY, seconds
from holley_graph.workflows import night as workflow
from holley_graph.workflows.export import export
from tests.support import clean
from tests.support.server import wipe
from tests.support.sources import home
from tests.support.trainings import shorten

AS_OF = seconds("2026-01-01")
SEED = 3

clean.import_before("holley_graph.workflows.backtest", "holley_graph.workflows.night")


@dataclass
class Nights:
    """A shop whose first night is over.

    Attributes:
        settings: of its home.
        sections: what they are made of.
        graph: a connection to its server.
        source: of every night.
        to: where the file goes.
        first: what the first night did.
        today: of the last night.
    """

    settings: Settings
    sections: dict[str, Any]
    graph: Graph
    source: str
    to: Path
    first: Record
    today: int = AS_OF

    def tonight(self, days: int = 1, **settings: dict[str, Any]) -> Record:
        """Go through the next night."""
        self.today += days * DAY
        return self.again(**settings)

    def again(self, **sections: dict[str, Any]) -> Record:
        """Give the command of the last night once more."""
        changed = {
            name: getattr(self.settings, name).model_copy(update=values) for name, values in sections.items()
        }
        return workflow.night(self.settings.model_copy(update=changed), self.source, str(self.to), self.today)

    @property
    def live(self) -> str:
        return str(self.graph.read("server/live_release")[0]["run_id"])

    def state(self) -> dict[str, Any]:
        """What a night changes: the graph, the runs, the file."""
        runs = registry.manifests(self.settings.home / "runs")
        marker = self.graph.read("load/marker")[0]["run_id"]
        return {"live": self.live, "sync": marker, "runs": [run.run_id for run in runs], "file": stamp(self.to)}


def judge(patch: pytest.MonkeyPatch, outcome: str) -> None:
    """Let the verdict be what a test needs: this world is too small for one, and has tests of its own for it."""
    patch.setattr(conclusion, "decide", lambda *_: Verdict(outcome, [f"{outcome}: as the test says"]))


def stamp(path: Path) -> tuple[int, bytes]:
    return path.stat().st_mtime_ns, path.read_bytes()


@pytest.fixture(scope="module")
def nights(server: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nights]:
    folder = tmp_path_factory.mktemp("night")
    address = {
        "uri": f"bolt://127.0.0.1:{server.server.bolt_port}",
        "password_file": Layout.of(server).password_file,
    }
    sections: dict[str, Any] = {
        "server": address,
        "night": {"cuts": 1},
        "gate": {"min_users": 0, "min_variety": 0, "max_first_share": 1},
    }
    settings = home(folder / "home", **sections)
    source = f"files:{generate(folder / 'world', users=600, as_of=AS_OF).folder}"
    to = folder / "mail.parquet"
    with connect(server) as graph, pytest.MonkeyPatch.context() as patch:
        wipe(graph)
        shorten(patch)
        judge(patch, GO)
        yield Nights(settings, sections, graph, source, to, workflow.night(settings, source, str(to), AS_OF))


def test_a_night_goes_from_the_source_to_the_file_that_is_sent(nights: Nights) -> None:
    document = nights.first.document
    assert (document["outcome"], nights.first.exit_code) == ("delivered", 0)
    assert tuple(document["steps"]) == STEPS
    assert nights.live == document["steps"]["train"]["run_id"]
    rows = pq.read_table(nights.to).num_rows
    assert rows == document["steps"]["export"]["rows"] == document["steps"]["deliver"]["rows"] > 0
    assert nights.to.stat().st_mode & 0o777 == 0o600


def test_its_document_has_the_keys_that_are_documented(nights: Nights) -> None:
    shapes = tomllib.loads((Path(__file__).parents[2] / "docs/json_shapes.toml").read_text(encoding="utf-8"))
    shape = json.loads(shapes["night"]["shape"])
    document = nights.first.document
    assert [*document, "path"] == list(shape)
    assert {step: list(result) for step, result in document["steps"].items()} == {
        step: list(result) for step, result in shape["steps"].items()
    }


def test_a_night_that_has_ended_does_nothing_when_it_is_run_again(nights: Nights) -> None:
    before = nights.state()
    assert nights.again().document == nights.first.document
    assert nights.state() == before


def test_its_page_stands_for_itself_and_the_history_names_it(nights: Nights) -> None:
    page = (nights.first.folder / "report.html").read_text()
    assert nights.live in page
    assert "http" not in page.partition("</style>")[2].replace(str(nights.to), "")
    assert record.history(nights.settings.home)[0]["night"] == "20260101T000000"


def test_the_next_night_goes_on_from_the_live_release_and_one_a_week_later_begins_from_nothing(
    nights: Nights,
) -> None:
    trained = nights.tonight().document["steps"]["train"]
    assert (trained["warm"], trained["why"]) == (True, "")
    measured = nights.first.document["steps"]["evaluate"]["runs"]
    assert nights.again().document["steps"]["evaluate"]["runs"] == measured  # nothing was trained to measure by
    later = nights.tonight(7).document["steps"]
    assert (later["train"]["warm"], later["train"]["why"]) == (
        False,
        "the last training from nothing is 8 days old",
    )
    assert later["evaluate"]["runs"] != measured


@pytest.mark.parametrize(("outcome", "code"), [(NO_GO, 1), (TOO_LITTLE, 19)])
def test_a_night_that_is_not_a_go_keeps_the_live_release_and_the_file_of_before(
    nights: Nights, monkeypatch: pytest.MonkeyPatch, outcome: str, code: int
) -> None:
    judge(monkeypatch, outcome)
    live, file = nights.live, stamp(nights.to)
    tonight = nights.tonight()
    assert (tonight.outcome, tonight.exit_code) == (outcome, code)
    assert list(tonight.steps) == ["sync", "train", "evaluate"]
    assert (nights.live, stamp(nights.to)) == (live, file)
    assert "Nothing was sent" in (tonight.folder / "report.html").read_text()


def test_a_shop_that_is_too_small_for_a_verdict_may_accept_that(
    nights: Nights, monkeypatch: pytest.MonkeyPatch
) -> None:
    judge(monkeypatch, TOO_LITTLE)
    tonight = nights.tonight(night={"accept_too_little": True})
    assert (tonight.outcome, tonight.steps["evaluate"]["outcome"]) == ("delivered", TOO_LITTLE)
    assert nights.live == tonight.steps["train"]["run_id"]


def test_a_night_whose_file_fails_the_gate_puts_the_release_of_before_live_and_keeps_its_file(
    nights: Nights,
) -> None:
    live, file = nights.live, stamp(nights.to)
    tonight = nights.tonight(gate={"min_users": 1_000_000})
    assert (tonight.outcome, tonight.exit_code) == ("gate failed", 1)
    assert [rule["severity"] for rule in tonight.steps["gate"]["failed"]] == ["CRITICAL"]
    assert tonight.steps["writeback"]["run_id"] != live == nights.live
    assert stamp(nights.to) == file


def test_a_step_that_ends_with_an_error_is_written_down_and_the_same_command_goes_on_with_it(
    nights: Nights, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object) -> dict[str, Any]:
        raise SourceError("no such table", "make it")

    with monkeypatch.context() as patch, pytest.raises(SourceError):
        patch.setitem(workflow.WORK, "export", fails)
        nights.tonight()
    stopped = record.history(nights.settings.home)[-1]
    assert (stopped["outcome"], stopped["stopped"]["step"]) == (None, "export")
    trained = stopped["steps"]["train"]
    ended = nights.again()
    assert (ended.outcome, ended.document["stopped"]) == ("delivered", None)
    assert ended.steps["train"] == trained


def test_a_night_is_not_mistaken_for_another_one(nights: Nights) -> None:
    with pytest.raises(SettingsError, match="was begun with --to"):
        workflow.night(nights.settings, nights.source, str(nights.to.with_suffix(".csv")), nights.today)
    for to in ("mail.txt", str(nights.to / "below.csv")):
        with pytest.raises(SettingsError):
            workflow.night(nights.settings, nights.source, to, nights.today)


def test_two_nights_are_not_at_work_in_one_home(nights: Nights) -> None:
    with workflow._alone(nights.settings.home), pytest.raises(GraphStateError, match="another night"):
        nights.again()


def run_and_die(
    folder: Path, sections: dict[str, Any], source: str, to: str, as_of: int, step: str, calls: int | None
) -> None:
    """Go through a night, and be killed before a step is remembered, or earlier, when so much was told."""
    patch, report = pytest.MonkeyPatch(), 0
    shorten(patch)
    judge(patch, GO)

    def tell(what: str, done: int, of: int) -> None:
        nonlocal report
        report += 1
        if report == calls:
            os.kill(os.getpid(), signal.SIGKILL)

    remember = Record.remember

    def die(record: Record, name: str, result: dict[str, Any]) -> None:
        if name == step:
            os.kill(os.getpid(), signal.SIGKILL)
        remember(record, name, result)

    patch.setattr(Record, "remember", die)
    settings = home(folder, **sections)
    workflow.night(settings, source, to, as_of, progress=silent if calls is None else tell)


def test_killed_within_any_step_and_before_it_is_remembered_the_same_command_goes_on(nights: Nights) -> None:
    nights.today += DAY
    draw = random.Random(SEED)
    arguments = nights.settings.home, nights.sections, nights.source, str(nights.to), nights.today
    for step in STEPS:
        for calls in (draw.randint(1, 20), None):
            child = clean.CLEAN.Process(target=run_and_die, args=(*arguments, step, calls))
            child.start()
            child.join()
            assert child.exitcode == -signal.SIGKILL, step
    ended = nights.again()
    assert ended.outcome == "delivered"
    manifests = registry.manifests(nights.settings.home / "runs")
    trained = [run.run_id for run in manifests if run.as_of == nights.today]
    assert trained == [nights.live] == [ended.steps["train"]["run_id"]]
    undisturbed = nights.to.with_name("undisturbed.parquet")
    export(nights.settings, undisturbed, datetime.fromisoformat(ended.document["began_at"]))
    assert nights.to.read_bytes() == undisturbed.read_bytes()
    assert sorted(path.name for path in nights.to.parent.glob("mail*")) == ["mail.parquet"]
