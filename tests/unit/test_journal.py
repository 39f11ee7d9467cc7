"""What happened in a home is written down line by line, and read back whatever a killed command left."""

from __future__ import annotations

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from holley_graph import journal
from holley_graph.errors import ParcelError


def test_what_was_done_is_read_back_in_order_by_its_owner_only(tmp_path: Path) -> None:
    home = tmp_path / "home"
    assert journal.entries(home) == []
    journal.note(home, "release", {"live": "r2", "previous": None})
    journal.note(home, "export", {"file": "a\nb.csv", "rows": 3})
    first, second = journal.entries(home)
    assert (first["what"], first["live"], first["previous"]) == ("release", "r2", None)
    assert (second["what"], second["file"]) == ("export", "a\nb.csv")
    assert stat.S_IMODE((home / journal.FILE).stat().st_mode) == 0o600


def test_a_line_that_is_not_whole_costs_no_other(tmp_path: Path) -> None:
    journal.note(tmp_path, "sync", {"run_id": "r1"})
    with (tmp_path / journal.FILE).open("a") as file:
        file.write('\n{"at": "2026-01-01T00:00:00Z", "wh')
    journal.note(tmp_path, "sync", {"run_id": "r2"})
    assert [entry["run_id"] for entry in journal.entries(tmp_path)] == ["r1", "r2"]


def test_two_who_write_at_once_lose_nothing(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: journal.note(tmp_path, "gate", {"rows": number}), range(100)))
    assert sorted(entry["rows"] for entry in journal.entries(tmp_path)) == list(range(100))


def test_a_file_that_is_no_text_is_named(tmp_path: Path) -> None:
    (tmp_path / journal.FILE).write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ParcelError, match=journal.FILE):
        journal.entries(tmp_path)
