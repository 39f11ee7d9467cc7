"""Dead letters can be found, read, held against the source again, and are forgotten in time."""

import errno
import os
from pathlib import Path

import pytest

from holley_graph import sealed
from holley_graph.errors import NotFound
from holley_graph.loaders import deadletter, feeds
from holley_graph.loaders.files import FilesSource
from holley_graph.settings import Settings, Sync
from holley_graph.times import moment, seconds
from tests.support import raw

AS_OF = seconds("2025-10-01")
SEPT = raw.at("2025-09-10")
RUN = "20251001T000000-sync-ab12"
TABLES = {
    "items": [raw.item("A1")],
    "events": [
        raw.event("u", "Viewed Product", SEPT, ProductId="A1"),
        raw.event("u", "Viewed Product", SEPT, ProductId="B2"),
        raw.event(" ", "Viewed Product", SEPT, ProductId="A1"),
        raw.event(" ", "Viewed Product", SEPT, ProductId="A1"),
    ],
    "orders": [raw.order("A1", "ann@example.org", "soon")],
}


def extract(folder, tables):
    settings = Settings(home=folder / "home", sync=Sync(allow_empty=raw.RAW_NAMES))
    return feeds.extract(FilesSource(raw.write(folder / "raw", tables)), settings, AS_OF, lambda *_: None)


@pytest.fixture
def home(tmp_path):
    deadletter.write(tmp_path / "rejects" / RUN, extract(tmp_path, TABLES), b"k" * 32, "files:exports")
    return tmp_path


def test_runs_are_listed_with_what_they_rejected(home):
    (run,) = deadletter.runs(home)
    assert run == {
        "run_id": RUN,
        "as_of": moment(AS_OF).isoformat(),
        "source": "files:exports",
        "rejected": {"events": 3, "orders": 1},
    }


def test_rows_are_shown_with_reason_value_and_source_and_no_address(home):
    letters = deadletter.rows(home, RUN)
    assert [(row["feed"], row["reason"], row["value"]) for row in letters] == [
        ("events", "event.no_user", None),
        ("events", "event.no_user", None),
        ("events", "event.unknown_sku", "B2"),
        ("orders", "order.bad_date", "soon"),
    ]
    assert "ann@" not in str(letters)
    assert len(letters[3]["email_hash"]) == 64
    assert [row["feed"] for row in deadletter.rows(home, RUN, feed="orders")] == ["orders"]
    assert len(deadletter.rows(home, RUN, limit=1)) == 2


def test_a_run_that_is_not_kept_is_named(home):
    with pytest.raises(NotFound, match="no dead letters of run 2020"):
        deadletter.rows(home, "2020")


def test_a_replay_says_what_was_put_right_and_what_was_not(home):
    mended = TABLES | {
        "items": [raw.item("A1"), raw.item("B2")],
        "events": TABLES["events"][:3],
        "orders": [raw.order("A1", "ann@example.org", "Friday, January 10, 2025")],
    }
    report = deadletter.replay(home, RUN, extract(home, mended))
    assert [(row["reason"], row["rejected"], row["still"], row["gone"]) for row in report] == [
        ("event.no_user", 2, 1, 1),
        ("event.unknown_sku", 1, 0, 1),
        ("order.bad_date", 1, 0, 1),
    ]
    again = deadletter.replay(home, RUN, extract(home, TABLES))
    assert all(row["gone"] == 0 for row in again)


def test_what_is_old_is_forgotten(home):
    assert deadletter.forget(home, 30, raw.at("2025-10-30")) == []
    assert deadletter.forget(home, 30, raw.at("2025-11-01T00:00:00")) == [RUN]
    assert deadletter.runs(home) == []


def test_dead_letters_are_whole_or_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    extracted = extract(tmp_path, TABLES)
    with monkeypatch.context() as broken, pytest.raises(OSError, match="No space left"):
        broken.setattr(sealed, "write", full)
        deadletter.write(tmp_path / "rejects" / RUN, extracted, b"k" * 32)
    assert list((tmp_path / "rejects").iterdir()) == []
    deadletter.write(tmp_path / "rejects" / RUN, extracted, b"k" * 32)
    assert [run["run_id"] for run in deadletter.runs(tmp_path)] == [RUN]


def full(*_: object) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
