"""Files are whole or not there, private from their first byte, and have one writer at a time."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from holley_graph import files

KILLED = """
import os, signal, sys
from pathlib import Path
from holley_graph import files
with files.replacing(Path(sys.argv[1])) as file:
    file.write(b"half")
    file.flush()
    os.kill(os.getpid(), signal.SIGKILL)
"""
HOLDER = """
import sys
from pathlib import Path
from holley_graph import files
with files.locked(Path(sys.argv[1])):
    print("held", flush=True)
    input()
"""


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.fixture
def holder(tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Another process that holds the lock of `lock`."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, tmp_path / "lock"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout and process.stdout.readline() == b"held\n"
        yield process
        process.kill()


def test_a_private_file_is_replaced_in_one_step_and_stays_private(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("old")
    secret.chmod(0o644)
    with files.replacing(secret) as file:
        file.write(b"new")
        file.flush()
        (partial,) = tmp_path.glob("*.partial")
        assert (secret.read_text(), mode(partial)) == ("old", 0o600)
    assert (secret.read_text(), mode(secret), names(tmp_path)) == ("new", 0o600, ["secret"])


def test_a_file_whose_writing_fails_stays_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "file"
    files.write(path, b"old")
    with pytest.raises(ValueError, match="no more rows"), files.replacing(path) as file:
        file.write(b"half")
        raise ValueError("no more rows")
    assert (path.read_bytes(), names(tmp_path)) == (b"old", ["file"])


def test_what_a_killed_writer_left_is_removed_by_the_next_one(tmp_path: Path) -> None:
    path = tmp_path / "file[1]"
    subprocess.run([sys.executable, "-c", KILLED, path], check=False)
    assert len(names(tmp_path)) == 1
    files.write(path, b"whole")
    assert (path.read_bytes(), names(tmp_path)) == (b"whole", ["file[1]"])


def test_what_a_living_process_writes_is_left_alone(tmp_path: Path) -> None:
    expected = tmp_path / f"file.{os.getppid()}.partial"
    expected.touch()
    files.write(tmp_path / "file", b"ours")
    assert names(tmp_path) == ["file", expected.name]


def test_a_file_is_created_once(tmp_path: Path) -> None:
    key = tmp_path / "home" / "key"
    files.create(key, b"first")
    files.create(key, b"second")
    assert (key.read_bytes(), mode(key), mode(key.parent), names(key.parent)) == (b"first", 0o600, 0o700, ["key"])


def test_of_two_who_create_a_file_at_once_the_first_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    key = tmp_path / "key"
    key.write_bytes(b"first")
    monkeypatch.setattr(Path, "exists", lambda _: False)
    files.create(key, b"second")
    assert (key.read_bytes(), names(tmp_path)) == (b"first", ["key"])


def test_a_folder_has_its_name_when_it_is_complete(tmp_path: Path) -> None:
    place = tmp_path / "runs" / "run"
    with files.folder(place) as partial:
        (partial / "a").touch()
        assert not place.exists()
    assert (names(place), mode(place), names(place.parent)) == (["a"], 0o700, ["run"])


def test_a_folder_that_is_not_completed_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="half"), files.folder(tmp_path / "run") as partial:
        (partial / "a").touch()
        raise ValueError("half")
    assert names(tmp_path) == []


def test_a_lock_has_one_holder_and_ends_with_its_process(tmp_path: Path, holder: subprocess.Popen[bytes]) -> None:
    with files.locked(tmp_path / "lock", wait=False) as file:
        assert file is None
    holder.kill()
    holder.wait()
    with files.locked(tmp_path / "lock", wait=False) as file:
        assert file is not None


def test_a_process_that_waits_for_a_lock_gets_it_after_the_holder(
    tmp_path: Path, holder: subprocess.Popen[bytes]
) -> None:
    entered = threading.Event()

    def wait() -> None:
        with files.locked(tmp_path / "lock"):
            entered.set()

    waiting = threading.Thread(target=wait)
    waiting.start()
    assert not entered.wait(0.2)
    holder.kill()
    assert entered.wait(10)
    waiting.join()


@pytest.mark.parametrize("size", [3, 4])
def test_a_file_larger_than_allowed_is_not_read_into_memory(tmp_path: Path, size: int) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"x" * size)
    if size == 3:
        assert files.content(path, largest=3) == b"xxx"
    else:
        with pytest.raises(OSError, match="File too large"):
            files.content(path, largest=3)


def test_a_device_without_an_end_is_refused() -> None:
    with pytest.raises(OSError, match="File too large"):
        files.content(Path("/dev/zero"), largest=1_000_000)
