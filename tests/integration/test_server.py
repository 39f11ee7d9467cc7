"""The embedded server's life: what a person, a crash or a second terminal may do to it."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest
import requests

from holley_graph.errors import (
    AuthFailed,
    GraphStateError,
    PortTaken,
    ServerStartFailed,
    ServerUnreachable,
    StoreLocked,
)
from holley_graph.graph.client import Graph
from holley_graph.server import admin, cds, lifecycle, lock, preflight, process
from holley_graph.server.doctor import examine
from holley_graph.server.layout import Layout
from holley_graph.server.record import ServerRecord
from holley_graph.server.status import KEYS, connect, status
from holley_graph.settings import Settings
from tests.support.server import small, wipe

# ---- one running server ----------------------------------------------------------------------------------------


def test_second_up_finds_the_running_server(server: Settings) -> None:
    first = process.find(Layout.of(server))
    assert lifecycle.up(server) == first


def test_status_names_versions_addresses_and_sizes(server: Settings, graph: Graph) -> None:
    with graph.driver.session() as session:
        session.run("CREATE (:Product {sku: 'A'})-[:FITS]->(:Vehicle {vehicle_id: 'B'})").consume()
        session.run(
            "CREATE (:Release {slot: 'a', run_id: 'r1'}), (:Release {slot: 'b', run_id: 'r0'}), "
            "(:Sync {id: 'graph', live_slot: 'a'})"
        ).consume()
    status_ = status(server)
    assert tuple(status_) == KEYS
    assert (status_["running"], status_["edition"]) == (True, "community")
    assert (status_["version"], status_["gds_version"]) == (lock.neo4j_version(), lock.gds_version())
    assert (status_["nodes"], status_["relationships"], status_["live_release"]) == (5, 1, "r1")
    assert status_["bolt_uri"] == f"bolt://127.0.0.1:{server.server.bolt_port}"
    assert status_["rss_bytes"] > 0 < status_["store_bytes"]
    assert {index["state"] for index in status_["indexes"]} == {"ONLINE"}


@pytest.mark.usefixtures("graph")
def test_an_address_and_password_file_reach_any_server(server: Settings, tmp_path: Path) -> None:
    layout = Layout.of(server)
    remote = small(tmp_path, uri=f"bolt://127.0.0.1:{server.server.bolt_port}", password_file=layout.password_file)
    status_ = status(remote)
    assert (status_["running"], status_["pid"], status_["version"]) == (True, None, lock.neo4j_version())
    assert all(check.ok for check in examine(remote))


@pytest.mark.usefixtures("graph")
def test_doctor_finds_nothing_wrong_with_a_running_server(server: Settings) -> None:
    assert [check for check in examine(server) if not check.ok] == []


def test_a_server_of_this_home_that_we_lost_sight_of_is_named(server: Settings) -> None:
    layout = Layout.of(server)
    record = ServerRecord.read(layout.record)
    assert record is not None
    layout.record.unlink()
    try:
        with pytest.raises(StoreLocked, match=f"process {record.pid}"):
            lifecycle.up(server)
    finally:
        record.write(layout.record)


def test_browser_page_is_served_and_may_call_only_this_server(server: Settings) -> None:
    record = process.find(Layout.of(server))
    assert record is not None
    answer = requests.get(record.browser_url("neo4j"), timeout=30)
    assert answer.status_code == 200
    policy = dict(part.strip().split(" ", 1) for part in answer.headers["Content-Security-Policy"].split(";"))
    hosts = {source.split("://")[1].rsplit(":")[0] for source in policy["connect-src"].split() if "://" in source}
    assert hosts == {"127.0.0.1", "localhost"}
    assert policy["default-src"] == "'self'"


def test_nothing_listens_off_loopback(server: Settings) -> None:
    record = process.find(Layout.of(server))
    assert record is not None
    listening = [
        c.laddr for c in psutil.Process(record.pid).net_connections("inet") if c.status == psutil.CONN_LISTEN
    ]
    assert {address.port for address in listening} == {record.bolt_port, record.http_port}
    assert {address.ip.removeprefix("::ffff:") for address in listening} == {"127.0.0.1"}


def test_everything_below_the_home_is_owner_only(server: Settings) -> None:
    layout = Layout.of(server)
    paths = [layout.root.parent, layout.root, *layout.root.rglob("*")]
    loose = [path for path in paths if not path.is_symlink() and stat.S_IMODE(path.lstat().st_mode) & 0o077]
    assert loose == []
    assert stat.S_IMODE(layout.password_file.stat().st_mode) == 0o600


def test_the_password_stands_in_its_file_and_nowhere_else(server: Settings) -> None:
    layout = Layout.of(server)
    password = layout.password().encode()
    files = [path for path in layout.root.rglob("*") if path.is_file() and not path.is_symlink()]
    assert [path for path in files if password in path.read_bytes()] == [layout.password_file]


def test_a_missing_password_file_says_so(server: Settings, tmp_path: Path) -> None:
    lost = small(tmp_path, uri=f"bolt://127.0.0.1:{server.server.bolt_port}", password_file=tmp_path / "gone")
    with pytest.raises(AuthFailed, match="gone"):
        connect(lost)


def test_command_line_prints_one_json_document_and_refuses_to_manage_other_servers(server: Settings) -> None:
    environment = os.environ | {"HOLLEY_GRAPH_SERVER__JAR_CACHE": str(server.server.jar_cache)}
    command = [sys.executable, "-m", "holley_graph", "--home", str(server.home)]

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run([*command, *arguments], env=environment, capture_output=True, text=True, check=False)

    shown = json.loads(run("status", "--json").stdout)
    assert tuple(shown) == KEYS
    url = json.loads(run("browser", "--json").stdout)["url"]
    assert url.endswith(f"/browser/?connectURL=bolt://neo4j@127.0.0.1:{server.server.bolt_port}")
    refused = run("--uri", "bolt://127.0.0.1:1", "down")
    assert refused.returncode == 2
    assert "only the embedded server" in refused.stderr


# ---- its own life ----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """A home of its own for the tests that stop, kill and repair; they build on each other's state, in order."""
    settings = small(tmp_path_factory.mktemp("own") / "home")
    yield settings
    lifecycle.down(settings)


def test_two_first_starts_at_once_are_one_server_and_show_no_password(own: Settings) -> None:
    seen = _command_lines_while(lambda: _both_up(own))
    password = Layout.of(own).password()
    assert any("admin.args" in line for line in seen), "the admin tool was not seen at work"
    assert [line for line in seen if password in line] == []


def test_a_killed_server_is_recognised_and_keeps_what_was_committed(own: Settings) -> None:
    with connect(own) as graph, graph.driver.session() as session:
        session.run("UNWIND range(1, 1000) AS i CREATE (:Product {sku: toString(i)})").consume()
    layout = Layout.of(own)
    killed = process.find(layout)
    assert killed is not None
    psutil.Process(killed.pid).kill()
    psutil.Process(killed.pid).wait()
    assert status(own)["running"] is False
    with pytest.raises(ServerUnreachable):
        connect(own)
    assert lifecycle.up(own).pid != killed.pid
    assert status(own)["nodes"] == 1000


def test_up_starts_a_server_again_that_is_on_its_way_down(own: Settings) -> None:
    stopping = process.find(Layout.of(own))
    assert stopping is not None
    psutil.Process(stopping.pid).terminate()
    while preflight.taken(own.server.bolt_port):
        time.sleep(0.02)
    assert process.find(Layout.of(own)) == stopping, "it was down before it was met on its way"
    assert lifecycle.up(own).pid != stopping.pid
    with connect(own) as graph:
        graph.verify()


def test_down_ends_the_server_cleanly_and_a_second_down_finds_none(own: Settings) -> None:
    layout = Layout.of(own)
    assert lifecycle.down(own) is True
    assert "Stopped." in layout.console.read_text().splitlines()[-1]
    assert lifecycle.down(own) is False
    assert process.find(layout) is None
    assert status(own) == dict.fromkeys(KEYS) | {"running": False}
    assert [check.name for check in examine(own) if not check.ok] == ["server"]


def test_a_server_that_dies_at_start_says_why(own: Settings) -> None:
    with pytest.raises(ServerStartFailed, match="maximum heap"):
        lifecycle.up(_changed(own, heap_mb=1))
    assert process.find(Layout.of(own)) is None


def test_a_lost_password_of_a_used_store_is_not_replaced(own: Settings) -> None:
    layout = Layout.of(own)
    aside = layout.password_file.rename(layout.root / "aside")
    try:
        with pytest.raises(AuthFailed, match="password is missing"):
            lifecycle.up(own)
        assert not layout.password_file.exists()
    finally:
        aside.rename(layout.password_file)


def test_of_two_servers_started_at_once_on_one_port_the_later_says_that_the_port_is_taken(
    server: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    later = small(tmp_path / "later", bolt_port=server.server.bolt_port)
    monkeypatch.setattr(preflight, "taken", lambda port: False)  # the port was free when the later looked
    with pytest.raises(PortTaken, match="a port was taken"):
        lifecycle.up(later)
    assert process.find(Layout.of(later)) is None
    assert status(server)["running"]


# ---- offline import --------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def imported(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """A home for the imports; its tests build on each other's state, in order."""
    settings = small(tmp_path_factory.mktemp("imported") / "home")
    yield settings
    lifecycle.down(settings)


@pytest.fixture
def other_cache(tmp_path: Path, server: Settings) -> Path:
    """Another view of the jar cache, so that a broken archive harms nobody else."""
    cache = tmp_path / "cache"
    cache.mkdir()
    for entry in server.server.jar_cache.iterdir():
        if entry.name != "cds":
            (cache / entry.name).symlink_to(entry)
    return cache


def test_a_killed_import_is_repaired_and_a_broken_class_data_archive_stops_no_start(
    imported: Settings, other_cache: Path, tmp_path: Path
) -> None:
    layout, cache = Layout.of(imported), other_cache
    layout.create()
    nodes, relationships = _rows(tmp_path)
    child = subprocess.Popen(
        [sys.executable, "-c", _IMPORT, str(layout.root), str(cache), *map(str, (nodes, relationships))]
    )
    while not (layout.stores[0].exists() and any(layout.stores[0].iterdir())):
        with pytest.raises(subprocess.TimeoutExpired):  # raises nothing when the import ends before it is killed
            child.wait(0.02)
    os.kill(child.pid, signal.SIGKILL)  # the admin tool survives it
    child.wait()
    assert layout.importing.exists()
    with cds.alone(cache):  # nobody makes one where one is about to be deleted
        broken = cds.place(cache)
        broken.write_bytes(b"no archive")
        lifecycle.up(_changed(imported, jar_cache=cache))
    assert not layout.importing.exists()
    assert not broken.exists()
    count = status(imported)
    assert (count["running"], count["nodes"]) == (True, 0)


def test_an_import_wants_the_server_down(imported: Settings, tmp_path: Path) -> None:
    nodes, relationships = _rows(tmp_path)
    with pytest.raises(GraphStateError, match="down"):
        _import(imported, nodes, relationships)
    assert not Layout.of(imported).importing.exists()


def test_an_offline_import_fills_the_empty_store(imported: Settings, tmp_path: Path) -> None:
    lifecycle.down(imported)
    nodes, relationships = _rows(tmp_path)
    _import(imported, nodes, relationships)
    lifecycle.up(imported)
    count = status(imported)
    assert (count["nodes"], count["relationships"]) == (_COUNT, _COUNT)
    with connect(imported) as graph:
        wipe(graph)
    assert status(imported)["nodes"] == 0


def test_a_failed_import_leaves_an_empty_store_and_its_reason(imported: Settings, tmp_path: Path) -> None:
    lifecycle.down(imported)
    nodes = tmp_path / "nodes.csv"
    nodes.write_text("sku:ID(Product)\nA\nA\n")
    with pytest.raises(ServerStartFailed, match="import"):
        admin.import_offline(Layout.of(imported), imported.server.jar_cache, [("Product", [nodes])], [], "csv")
    assert not Layout.of(imported).importing.exists()
    assert not any(folder.exists() for folder in Layout.of(imported).stores)


def _changed(settings: Settings, **server: object) -> Settings:
    return settings.model_copy(update={"server": settings.server.model_copy(update=server)})


_COUNT = 50_000
_IMPORT = """
import sys
from pathlib import Path
from holley_graph.server import admin
from holley_graph.server.layout import Layout
root, cache, nodes, relationships = map(Path, sys.argv[1:])
admin.import_offline(Layout(root), cache, [("Product", [nodes])], [("NEXT", [relationships])], "parquet")
"""


def _import(settings: Settings, nodes: Path, relationships: Path) -> None:
    layout, cache = Layout.of(settings), settings.server.jar_cache
    admin.import_offline(layout, cache, [("Product", [nodes])], [("NEXT", [relationships])], "parquet")


def _rows(folder: Path) -> tuple[Path, Path]:
    import duckdb

    nodes, relationships = folder / "nodes.parquet", folder / "relationships.parquet"
    ends = '(range::VARCHAR) AS ":START_ID(Product)", (range::VARCHAR) AS ":END_ID(Product)"'
    duckdb.sql(f"""COPY (SELECT range::VARCHAR AS "sku:ID(Product)" FROM range({_COUNT})) TO '{nodes}'""")
    duckdb.sql(f"COPY (SELECT {ends} FROM range({_COUNT})) TO '{relationships}'")
    return nodes, relationships


def _both_up(settings: Settings) -> None:
    with ThreadPoolExecutor(2) as pool:
        first, second = pool.map(lifecycle.up, [settings, settings])
    assert first == second


def _command_lines_while(work: Callable[[], None]) -> set[str]:
    """Every command line of this machine that could be seen while something ran."""
    seen: set[str] = set()
    over = threading.Event()

    def watch() -> None:
        while not over.wait(0.05):
            for one in psutil.process_iter(["cmdline"]):
                seen.add(" ".join(one.info["cmdline"] or ()))

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        work()
    finally:
        over.set()
        watcher.join()
    return seen
