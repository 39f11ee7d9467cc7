"""The server's folder: owner-only files, one at a time, and a record that means one process."""

from __future__ import annotations

import stat
import subprocess
import sys
import threading
from pathlib import Path

import psutil
import pytest

from holley_graph.errors import AuthFailed
from holley_graph.server.layout import Layout, read_password
from holley_graph.server.record import ServerRecord


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_folders_are_made_for_the_owner_only(tmp_path: Path) -> None:
    layout = Layout(tmp_path / "home" / "server")
    layout.create()
    layout.create()
    assert {mode(path) for path in [layout.root.parent, layout.root, *layout.root.iterdir()]} == {0o700}


def test_a_home_that_was_there_keeps_its_mode(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir(mode=0o755)
    Layout(home / "server").create()
    assert (mode(home), mode(home / "server")) == (0o755, 0o700)


def test_a_password_file_may_end_with_a_line_end(tmp_path: Path) -> None:
    (tmp_path / "password").write_text(" secret word \r\n")
    assert read_password(tmp_path / "password") == " secret word "
    with pytest.raises(AuthFailed, match="gone"):
        read_password(tmp_path / "gone")


def test_two_workers_on_one_home_take_turns(tmp_path: Path) -> None:
    layout = Layout(tmp_path)
    entered = threading.Event()

    def second() -> None:
        with layout.locked():
            entered.set()

    other = threading.Thread(target=second)
    with layout.locked():
        other.start()
        assert not entered.wait(0.2)
    assert entered.wait(10)
    other.join()


def test_a_record_means_one_process_and_not_its_pid(tmp_path: Path) -> None:
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    record = ServerRecord.of(child.pid, 1, 2)
    record.write(tmp_path / "record")
    assert ServerRecord.read(tmp_path / "record") == record
    assert mode(tmp_path / "record") == 0o600
    live = record.process()
    assert live is not None and live.pid == child.pid
    assert ServerRecord(child.pid, record.created - 60).process() is None  # another process had this pid
    child.kill()
    psutil.wait_procs([live], timeout=10)
    assert record.process() is None
    child.communicate()
    assert record.process() is None


@pytest.mark.parametrize("text", [None, "", "{", '{"pid": 1}', '{"unknown": 1}'])
def test_a_record_that_is_missing_or_unfinished_is_none(text: str | None, tmp_path: Path) -> None:
    if text is not None:
        (tmp_path / "record").write_text(text)
    assert ServerRecord.read(tmp_path / "record") is None
