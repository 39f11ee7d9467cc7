"""Each trouble has its own error, found before a start or read from the log of a dead server."""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
from datetime import date
from pathlib import Path

import pytest

from holley_graph.errors import (
    DiskFull,
    GraphStateError,
    PortTaken,
    ServerError,
    ServerStartFailed,
    ServerUnreachable,
    StoreLocked,
)
from holley_graph.graph import client
from holley_graph.server import diagnosis, lifecycle, preflight
from holley_graph.server.doctor import examine, graph_data_science, support
from holley_graph.server.layout import Layout
from holley_graph.server.status import KEYS, connect, status
from holley_graph.settings import Settings
from tests.support.server import free_ports, small

_HOLD = """
import fcntl, sys
file = open(sys.argv[1], "r+")
fcntl.lockf(file, fcntl.LOCK_EX)
print("held", flush=True)
input()
"""
_ENDS = (
    "Error: Could not create the Java Virtual Machine.\nError: A fatal exception has occurred. Program will exit.\n"
)
"""What Java 21 adds to an option that it does not take."""
_LOG = """INFO Starting...
ERROR Failed to start
Caused by: Bad: the root cause
	at org.x.Y(Z.java:1)
INFO Stopped.
"""


@pytest.fixture
def fresh(tmp_path: Path) -> Settings:
    """A home where nothing has happened yet, with an empty jar cache and no way to fill it."""
    closed = f"http://127.0.0.1:{free_ports(1)[0]}"
    return small(tmp_path / "home", jar_cache=tmp_path / "jars", maven_url=closed)


@pytest.mark.parametrize("name", ["bolt_port", "http_port"])
def test_a_taken_port_is_named_with_its_setting_before_anything_is_fetched(fresh: Settings, name: str) -> None:
    with socket.create_server(("127.0.0.1", getattr(fresh.server, name))):
        with pytest.raises(PortTaken, match=f"{getattr(fresh.server, name)}.*{name}") as refused:
            lifecycle.up(fresh)
        assert not all(check.ok for check in examine(fresh) if check.name.startswith("port"))
    assert refused.value.exit_code == 11
    assert not fresh.server.jar_cache.exists()


def test_a_held_store_lock_names_its_holder_and_a_stale_file_does_not_matter(fresh: Settings) -> None:
    layout = Layout.of(fresh)
    layout.store_lock.parent.mkdir(parents=True)
    layout.store_lock.touch()
    assert not preflight.locked(layout.store_lock)
    holder = subprocess.Popen(
        [sys.executable, "-c", _HOLD, layout.store_lock], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    with pytest.raises(StoreLocked, match=f"process {holder.pid} ") as refused:
        lifecycle.up(fresh)
    assert refused.value.exit_code == 12
    holder.communicate("\n")
    assert not preflight.locked(layout.store_lock)


def test_a_full_disk_is_seen_before_anything_is_fetched(fresh: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(preflight, "LEAST_FREE_MB", 10**12)
    with pytest.raises(DiskFull, match="MiB free") as refused:
        lifecycle.up(fresh)
    assert refused.value.exit_code == 13
    assert not fresh.server.jar_cache.exists()
    assert {check.name for check in examine(fresh) if "disk" in check.name and not check.ok}


@pytest.mark.parametrize("other", ["2026.01.4", "2026.08.1", "5.25.1"])
def test_a_home_of_another_line_of_neo4j_is_refused_with_the_way_out(fresh: Settings, other: str) -> None:
    layout = _started_by(fresh, other)
    with pytest.raises(GraphStateError, match=f"Neo4j {other}") as refused:
        lifecycle.up(fresh)
    assert "\n" not in str(refused.value)
    assert "sync" in refused.value.hint
    assert not fresh.server.jar_cache.exists()
    assert other in layout.arguments.read_text()


def test_a_home_of_an_earlier_version_of_the_line_is_taken(fresh: Settings) -> None:
    preflight.refuse_other_line(_started_by(fresh, "5.26.1"), "5.26.30")


def test_a_home_of_this_line_is_refused_by_another(fresh: Settings) -> None:
    with pytest.raises(GraphStateError, match=r"Neo4j 5\.26\.30, .* this Neo4j 2026\.08\.1"):
        preflight.refuse_other_line(_started_by(fresh, "5.26.30"), "2026.08.1")


def test_a_start_that_never_made_a_store_binds_to_no_line(fresh: Settings) -> None:
    layout = _started_by(fresh, "2026.01.4")
    (layout.root / "data" / "databases" / "system").rmdir()
    preflight.refuse_other_line(layout, "5.26.30")


def test_doctor_warns_when_the_line_of_the_server_has_ended() -> None:
    assert support("5.26.30", date(2028, 6, 6)).ok
    ended = support("5.26.30", date(2028, 6, 7))
    assert (ended.ok, ended.found) == (False, "the line 5.26 ended on 2028-06-06")
    assert "newer" in ended.todo
    assert not support("2026.01.4", date(2026, 11, 26)).ok
    assert support("2031.02.0", date(2031, 2, 1)).ok


def test_a_server_of_ones_own_may_do_without_graph_data_science() -> None:
    assert graph_data_science(None, embedded=False).ok
    assert not graph_data_science(None, embedded=True).ok


def test_down_and_status_of_a_home_that_never_was_touch_nothing(fresh: Settings) -> None:
    assert lifecycle.down(fresh) is False
    assert status(fresh) == dict.fromkeys(KEYS) | {"running": False}
    with pytest.raises(ServerUnreachable) as refused:
        connect(fresh)
    assert refused.value.hint == "holley-graph up"
    assert not fresh.home.exists()


def test_doctor_on_a_new_machine_asks_only_for_an_up(fresh: Settings) -> None:
    checks = examine(fresh)
    assert [(check.name, check.todo) for check in checks if not check.ok] == [("server", "holley-graph up")]
    assert all(check.found for check in checks)
    assert not fresh.home.exists()


def test_doctor_says_how_to_close_an_open_home(fresh: Settings) -> None:
    layout = Layout.of(fresh)
    layout.create()
    layout.root.chmod(0o755)
    (check,) = (check for check in examine(fresh) if check.name == "home")
    assert (check.ok, check.todo) == (False, f"chmod go= {layout.root}")


def test_a_name_server_that_is_silent_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    silent = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_: silent.wait(60))
    monkeypatch.setattr(client, "ANSWER_S", 0.05)
    with pytest.raises(ServerUnreachable, match=r"where graph\.example\.org is") as refused:
        client.Graph("bolt+s://graph.example.org", "neo4j", "secret")
    silent.set()
    assert refused.value.exit_code == 10


def test_doctor_reports_an_address_where_nobody_answers(tmp_path: Path) -> None:
    password = tmp_path / "password"
    password.write_text("x")
    remote = small(tmp_path, uri=f"bolt://127.0.0.1:{free_ports(1)[0]}", password_file=password)
    (failed,) = (check for check in examine(remote) if not check.ok)
    assert "does not answer" in failed.found


@pytest.mark.parametrize(
    ("log", "kind"),
    [
        ("x\nCaused by: java.io.IOException: No space left on device\n", DiskFull),
        ("org.neo4j.io.net.PortBindException: An error occurred while trying to bind to the socket", PortTaken),
        ("FileLockException: Lock file has been locked by another process: /x/store_lock", StoreLocked),
        ("java.lang.OutOfMemoryError: Java heap space", ServerStartFailed),
        ("", ServerStartFailed),
    ],
)
def test_the_log_of_a_dead_server_is_told_as_its_error(log: str, kind: type[ServerError], tmp_path: Path) -> None:
    console = tmp_path / "console.log"
    console.write_text(log)
    error = diagnosis.of(console)
    assert type(error) is kind
    assert error.hint


@pytest.mark.parametrize(
    ("log", "message"),
    [
        (f"Unrecognized VM option 'Nonsense'\n{_ENDS}", "Unrecognized VM option 'Nonsense'"),
        (f"Unrecognized option: -foo\n{_ENDS}", "Unrecognized option: -foo"),
        (f"Improperly specified VM option 'X=abc'\n{_ENDS}", "Improperly specified VM option 'X=abc'"),
        (
            "Error occurred during initialization of VM\nMultiple garbage collectors selected\n",
            "Error occurred during initialization of VM Multiple garbage collectors selected",
        ),
    ],
)
def test_an_option_that_java_refuses_is_said_with_the_setting_that_it_stands_in(
    log: str, message: str, tmp_path: Path
) -> None:
    console = tmp_path / "console.log"
    console.write_text(log)
    error = diagnosis.of(console)
    assert (type(error), error.hint) == (ServerStartFailed, "correct server.jvm_options")
    assert str(error) == f"the server ended before it answered: {message}"


def test_an_unknown_cause_is_quoted_from_the_log(tmp_path: Path) -> None:
    console = tmp_path / "console.log"
    console.write_text(_LOG)
    assert "Caused by: Bad: the root cause" in str(diagnosis.of(console))
    assert "org.x.Y" not in str(diagnosis.of(console))
    assert "printed nothing" in str(diagnosis.of(tmp_path / "none"))


def _started_by(settings: Settings, version: str) -> Layout:
    """A home in which a version of Neo4j was started; the store itself is not looked at."""
    layout = Layout.of(settings)
    layout.create()
    (layout.root / "data" / "databases" / "system").mkdir(parents=True)
    layout.arguments.write_text(
        f'"-cp"\n"/x/annotations-{version}.jar:/x/org/neo4j/neo4j/{version}/neo4j-{version}.jar"\n'
    )
    return layout
