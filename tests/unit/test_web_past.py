"""The history of a home, from files that are written here by hand."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from holley_graph import journal
from holley_graph.errors import NotFound, ParcelError
from holley_graph.evaluation import registry
from holley_graph.times import DAY
from holley_graph.web import past
from tests.support import runs

CALIBRATION = {"said": 0.0148, "happened": 0.0171, "error": 0.004}


def run(home: Path, run_id: str, as_of: int = 0, calibration: dict[str, float] | None = None) -> None:
    folder = home / "runs" / run_id
    folder.mkdir(parents=True)
    held_out = None if calibration is None else {"calibration": calibration}
    runs.manifest(run_id, as_of=as_of, metrics={"validation": None, "held_out": held_out, "drift": None}).save(
        folder
    )


def letters(home: Path, run_id: str, **rejected: int) -> None:
    folder = home / "rejects" / run_id
    folder.mkdir(parents=True)
    document = {"as_of": "2026-01-01T00:00:00+00:00", "source": "files:raw"}
    (folder / "manifest.json").write_text(json.dumps(document))
    for feed, count in rejected.items():
        pq.write_table(pa.table({"reason": ["x"] * count}), folder / f"{feed}.parquet")


def report(home: Path, kind: str, name: str, **document: Any) -> None:
    folder = home / kind / name
    folder.mkdir(parents=True)
    (folder / "report.html").write_text(f"<p>{name}</p>")
    (folder / "evaluation.json").write_text(json.dumps(document))


def test_a_new_home_has_no_history_and_its_page_is_not_an_error(tmp_path: Path) -> None:
    read = past.read(tmp_path)
    assert read == past.Past([], [], None, {}, [], [], [])
    assert read.of("sync") == []


def test_each_kind_comes_newest_first(tmp_path: Path) -> None:
    for n in range(3):
        run(tmp_path, f"2026010{n}T000000-sage-0000")
        report(tmp_path, "evaluations", f"2026010{n}", users=n)
        journal.note(tmp_path, "release", {"live": f"r{n}", "previous": None})
    registry.promote(tmp_path / "runs", "20260102T000000-sage-0000")
    read = past.read(tmp_path)
    assert [manifest.run_id[7] for manifest in read.runs] == ["2", "1", "0"]
    assert [evaluation["users"] for evaluation in read.evaluations] == [2, 1, 0]
    assert [event["live"] for event in read.of("release", "rollback")] == ["r2", "r1", "r0"]
    assert read.champion == "20260102T000000-sage-0000"


def test_a_page_lists_the_newest_and_not_thousands(tmp_path: Path) -> None:
    for n in range(past.MOST + 5):
        report(tmp_path, "evaluations", f"{n:04d}", users=n)
        journal.note(tmp_path, "export", {"file": f"{n}.csv"})
        letters(tmp_path, f"{n:04d}-sync-0000")
    read = past.read(tmp_path)
    assert [evaluation["users"] for evaluation in read.evaluations] == list(range(past.MOST + 4, 4, -1))
    assert len(read.of("export")) == len(read.syncs) == past.MOST
    assert read.syncs[0]["run_id"] == f"{past.MOST + 4:04d}-sync-0000"


def test_a_sync_of_before_the_journal_is_known_by_its_dead_letters_and_none_stands_twice(tmp_path: Path) -> None:
    letters(tmp_path, "1-sync", events=2, items=1)
    letters(tmp_path, "2-sync", events=1)
    journal.note(tmp_path, "sync", {"run_id": "2-sync", "as_of": "x", "source": "noted", "rejected": {}})
    syncs = past.read(tmp_path).syncs
    assert [(sync["run_id"], sync["source"], sync["rejected"]) for sync in syncs] == [
        ("2-sync", "noted", {}),
        ("1-sync", "files:raw", {"events": 2, "items": 1}),
    ]


def test_a_damaged_registry_is_said_to_be_one(tmp_path: Path) -> None:
    (tmp_path / "runs").mkdir()
    (tmp_path / "runs" / registry.FILE).write_text("{}")
    with pytest.raises(ParcelError) as error:
        past.read(tmp_path)
    assert error.value.exit_code == 8


def test_a_report_is_found_by_its_name_alone(tmp_path: Path) -> None:
    report(tmp_path, "evaluations", "first")
    (tmp_path / "secret").mkdir()
    (tmp_path / "secret" / "report.html").write_text("not for the page")
    assert past.report(tmp_path, "evaluations", "first") == "<p>first</p>"
    for name in ("second", "", ".", "..", "../secret", "first/../first", "/etc"):
        with pytest.raises(NotFound, match="no report"):
            past.report(tmp_path, "evaluations", name)


def test_predicted_and_actual_rates_are_listed_by_time_and_one_time_once(tmp_path: Path) -> None:
    run(tmp_path, "a", as_of=2 * DAY, calibration=CALIBRATION)
    run(tmp_path, "b", as_of=DAY, calibration=CALIBRATION | {"said": 0.02})
    run(tmp_path, "c", as_of=DAY + 60, calibration=CALIBRATION | {"said": 0.03})  # the newer run of that day
    run(tmp_path, "d", as_of=3 * DAY)
    points = past.calibration(past.read(tmp_path).runs)
    assert points["at"] == ["1970-01-02", "1970-01-03"]
    assert points["said"] == [0.03, 0.0148]
    assert points["happened"] == [0.0171, 0.0171] and points["error"] == [0.004, 0.004]


def test_without_a_measured_run_there_is_nothing_to_draw() -> None:
    assert past.calibration([]) == {"at": [], "said": [], "happened": [], "error": []}
