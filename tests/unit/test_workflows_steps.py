"""What each step of a night hands on, remembers and undoes; the rooms are played, and no server is asked."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from holley_graph.evaluation.verdict import GO, NO_GO, TOO_LITTLE
from holley_graph.export import known
from holley_graph.gate.gate import Finding, GateReport
from holley_graph.loaders.report import SyncReport
from holley_graph.night.record import DELIVERED, GATE_FAILED, STEPS, Record
from holley_graph.progress import silent
from holley_graph.settings import Night, Settings
from holley_graph.snapshot import parcel
from holley_graph.times import DAY
from holley_graph.workflows import backtest, night, training
from tests.support import runs

AS_OF = 20_000 * DAY


class Played:
    """Functions that note what they were called with, and return what they are told to."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.calls: list[tuple[str, tuple[Any, ...], dict[str, Any]]] = []
        self.patch = patch

    def play(self, room: Any, name: str, result: Any = None) -> None:
        def played(*arguments: Any, **options: Any) -> Any:
            self.calls.append((name, arguments, {k: v for k, v in options.items() if k != "progress"}))
            return result

        self.patch.setattr(room, name, played)

    def options(self, name: str) -> list[dict[str, Any]]:
        return [options for called, _, options in self.calls if called == name]

    def arguments(self, name: str) -> list[tuple[Any, ...]]:
        return [arguments for called, arguments, _ in self.calls if called == name]


@pytest.fixture
def played(monkeypatch: pytest.MonkeyPatch) -> Played:
    return Played(monkeypatch)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path / "home")


def begun(settings: Settings, live: str | None = "before", suffix: str = ".csv", **steps: Any) -> Record:
    request = {"source": "files:raw", "to": str(settings.home.parent / f"mail{suffix}"), "live_before": live}
    record = Record.begin(settings.home, AS_OF, request)
    for name, result in steps.items():
        record.remember(name, result)
    return record


def feed(name: str, read: int, rejected: dict[str, int], added: int) -> dict[str, Any]:
    return {"name": name, "read": read, "rejected": rejected, "added": added, "changed": 1, "removed": 2}


def test_a_night_syncs_what_came_since_the_last_one_and_adds_up_its_feeds(
    settings: Settings, played: Played
) -> None:
    feeds = [feed("events", 10, {"a": 1, "b": 2}, 5), feed("items", 20, {}, 6)]
    played.play(night, "sync", SyncReport("s1", AS_OF, "changes", feeds, 1.0, {}, [], ["late"]))
    result = night._sync(settings, begun(settings), silent)
    assert result == {
        "run_id": "s1", "mode": "changes", "read": 30, "rejected": 3, "added": 11, "changed": 2, "removed": 4,
        "notes": ["late"],
    }  # fmt: skip
    assert played.arguments("sync") == [(settings, "files:raw", AS_OF)]
    assert played.options("sync") == [{"since_last": True}]


@pytest.mark.parametrize(("drift", "changed"), [(None, None), ({"top_four_changed": 0.25, "owners": 4}, 0.25)])
def test_a_night_trains_on_a_new_snapshot_and_says_whether_it_went_on(
    drift: dict[str, float] | None, changed: float | None, settings: Settings, played: Played
) -> None:
    warm = {"from": "r0", "until": 1.0} if drift else None
    manifest = runs.manifest("r1", warm=warm, metrics={"validation": None, "held_out": None, "drift": drift})
    played.play(night, "take_snapshot", Path("snapshots/parcel-1"))
    played.play(training, "renew", (manifest, "" if drift else "nothing is live"))
    result = night._train(settings, begun(settings), silent)
    assert (result["run_id"], result["snapshot"], result["warm"]) == ("r1", "parcel-1", drift is not None)
    assert (result["top_four_changed"], result["why"]) == (changed, "" if drift else "nothing is live")
    assert played.arguments("renew")[0][1] == Path("snapshots/parcel-1")


def test_a_night_judges_the_run_that_it_trained_by_the_snapshot_of_that_training(
    settings: Settings, played: Played
) -> None:
    document = {
        "verdicts": {"sage": {"outcome": GO, "reasons": ["go: fine"]}}, "users": 7, "champion": "v5.18",
        "over_champion": {"sage": {"difference": 0.1}, "other": {}},
    }  # fmt: skip
    played.play(parcel, "open_parcel", "the snapshot")
    played.play(backtest, "judge", (SimpleNamespace(document=document, path=Path("evaluations/e1")), ["r0"]))
    record = begun(settings, train={"run_id": "r1", "snapshot": "parcel-1"})
    result = night._evaluate(settings, record, silent)
    assert result == {
        "outcome": GO, "reasons": ["go: fine"], "evaluation": "e1", "runs": ["r0"], "questions": 7,
        "champion": "v5.18", "over_champion": {"difference": 0.1},
    }  # fmt: skip
    assert played.arguments("open_parcel") == [(settings.home / "snapshots" / "parcel-1",)]
    assert played.arguments("judge")[0][:3] == (settings, "the snapshot", "r1")


@pytest.mark.parametrize("accepts", [False, True])
def test_a_run_that_was_too_little_to_say_goes_live_by_force_where_that_is_accepted(
    accepts: bool, settings: Settings, played: Played
) -> None:
    settings = settings.model_copy(update={"night": Night(accept_too_little=accepts)})
    played.play(night, "write_back", SimpleNamespace(run_id="r1", recall=0.99))
    result = night._write_back(settings, begun(settings, train={"run_id": "r1"}), silent)
    assert result == {"run_id": "r1", "recall": 0.99}
    assert played.options("write_back") == [{"force": accepts}]


@pytest.mark.parametrize("suffix", [".csv", ".parquet", ".ndjson"])
def test_the_file_of_a_night_is_of_the_format_of_its_target_and_of_the_time_that_it_began(
    suffix: str, settings: Settings, played: Played
) -> None:
    played.play(night, "export", SimpleNamespace(run_id="r1", rows=5, tiers={"user": 20}, too_few=1))
    record = begun(settings, suffix=suffix)
    assert night._export(settings, record, silent) == {
        "run_id": "r1",
        "rows": 5,
        "tiers": {"user": 20},
        "too_few": 1,
    }
    _, path, at = played.arguments("export")[0]
    assert path == settings.home / "nights" / f"made{suffix}"
    assert at.isoformat() == record.document["began_at"]


def report(settings: Settings, passed: bool) -> GateReport:
    findings = [
        Finding("fits", "CRITICAL", "every part fits", passed, 0 if passed else 3, []),
        Finding("users", "HIGH", "enough rows", False, 1, []),
        Finding("change", "MEDIUM", "rows of before", None, 0, []),
    ]  # fmt: skip
    return GateReport(settings.home / "made.csv", None, "files:raw", 0, 9, passed, findings, 1.0)


@pytest.mark.parametrize(
    ("passed", "live", "back"),
    [
        (True, "before", []),
        (False, "before", ["before"]),
        (False, None, []),  # nothing was live, so there is nothing to go back to
        (False, "tonight", []),  # the night made no other run live
    ],
)
def test_a_file_that_must_not_be_sent_brings_back_the_release_of_before(
    passed: bool,
    live: str | None,
    back: list[str],
    settings: Settings,
    played: Played,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    played.play(night.gate, "check", report(settings, passed))
    played.play(night, "write_back")
    monkeypatch.setattr(night, "gate_page", lambda done: "a page")
    record = begun(settings, live=live, writeback={"run_id": "tonight"})
    result = night._gate(settings, record, silent)
    assert [arguments[1] for arguments in played.arguments("write_back")] == back
    assert all(options == {"force": True} for options in played.options("write_back"))
    assert (result["passed"], result["compared"]) == (passed, False)
    broken = [("CRITICAL", 3)] if not passed else []
    assert [(row["severity"], row["count"]) for row in result["failed"]] == [*broken, ("HIGH", 1)]
    assert (record.folder / "checks.html").read_text() == "a page"


def made(settings: Settings, name: str, text: str) -> Path:
    path = settings.home / "nights" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def test_the_gate_compares_with_the_file_that_was_delivered_last(
    settings: Settings, played: Played, monkeypatch: pytest.MonkeyPatch
) -> None:
    played.play(night.gate, "check", report(settings, True))
    monkeypatch.setattr(night, "gate_page", lambda done: "")
    last = made(settings, "delivered.parquet", "rows")
    made(settings, "delivered.txt", "no export")
    result = night._gate(settings, begun(settings, writeback={"run_id": "r"}), silent)
    assert result["compared"] and played.options("check") == [{"previous": last}]


def test_a_delivered_file_stays_for_the_next_night_and_the_one_before_it_goes(settings: Settings) -> None:
    record = begun(settings, export={"rows": 5})
    made(settings, "made.csv", "new")
    older = made(settings, "delivered.parquet", "old")
    assert night._deliver(settings, record, silent) == {"rows": 5}
    target = settings.home / "nights" / "delivered.csv"
    assert ((settings.home.parent / "mail.csv").read_text(), target.read_text()) == ("new", "new")
    assert not older.exists() and not (settings.home / "nights" / "made.csv").exists()
    assert set(known.exports(settings.home)) == {settings.home.parent / "mail.csv", target}


def test_a_delivery_that_was_killed_after_its_file_was_moved_is_repeated(settings: Settings) -> None:
    made(settings, "delivered.csv", "new")
    night._deliver(settings, begun(settings, export={"rows": 5}), silent)
    assert (settings.home.parent / "mail.csv").read_text() == "new"
    assert (settings.home / "nights" / "delivered.csv").exists()


@pytest.mark.parametrize(
    ("step", "result", "accepts", "ending"),
    [
        ("evaluate", {"outcome": GO}, False, None),
        ("evaluate", {"outcome": NO_GO}, True, NO_GO),
        ("evaluate", {"outcome": TOO_LITTLE}, False, TOO_LITTLE),
        ("evaluate", {"outcome": TOO_LITTLE}, True, None),
        ("gate", {"passed": True}, False, None),
        ("gate", {"passed": False}, True, GATE_FAILED),
        ("deliver", {}, False, DELIVERED),
        *((name, {}, False, None) for name in STEPS if name not in ("evaluate", "gate", "deliver")),
    ],
)
def test_a_night_ends_with_what_its_steps_say(
    step: str, result: dict[str, Any], accepts: bool, ending: str | None, settings: Settings
) -> None:
    settings = settings.model_copy(update={"night": Night(accept_too_little=accepts)})
    assert night._ending(settings, step, result) == ending


def test_every_step_of_the_record_has_its_work() -> None:
    assert tuple(night.WORK) == STEPS
