"""In which order a verb works, what it writes down, and what it leaves behind when something breaks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pyarrow as pa
import pytest

from holley_graph import journal
from holley_graph.errors import AuthFailed, ServerUnreachable, SettingsError
from holley_graph.evaluation import registry
from holley_graph.loaders.report import SyncReport
from holley_graph.progress import silent
from holley_graph.server.layout import Layout
from holley_graph.settings import Settings
from holley_graph.times import DAY
from holley_graph.workflows import connection, embed, export, live, release, sync
from tests.support.rows import Rows, connected

AS_OF = 20_000 * DAY


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path / "home")


@pytest.mark.parametrize("error", [ServerUnreachable("nobody", ""), AuthFailed("no", ""), KeyboardInterrupt()])
def test_a_connection_that_does_not_answer_is_closed_before_it_is_said(
    error: BaseException, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    graph = Rows()

    def verify() -> None:
        raise error

    graph.verify = verify  # type: ignore[attr-defined]
    monkeypatch.setattr(connection.status, "connect", lambda _: graph)
    with pytest.raises(type(error)):
        connection.connect(settings)
    assert graph.closed


def synced(mode: str) -> SyncReport:
    feeds = [{"name": "events", "rejected": {"a": 2, "b": 1}}, {"name": "items", "rejected": {}}]
    return SyncReport("s1", AS_OF, mode, feeds, 1.5, {}, [], [])


def test_a_source_of_no_kind_is_refused_before_a_server_is_asked(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sync, "connect", lambda *_: pytest.fail("a server was asked"))
    for work in (
        lambda: sync.sync(settings, "ftp:x"),
        lambda: sync.costs(settings, "ftp:x", None, since_last=False),
    ):
        with pytest.raises(SettingsError, match="neither bigquery"):
            work()


@pytest.mark.parametrize("dry_run", [False, True])
def test_a_sync_is_noted_with_its_rejected_rows_and_a_dry_one_is_not(
    dry_run: bool, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    connected(monkeypatch, sync)
    monkeypatch.setattr(sync.room, "sync", lambda *_, **__: synced("changes"))
    sync.sync(settings, "files:raw", dry_run=dry_run)
    entries = [{k: v for k, v in entry.items() if k != "at"} for entry in journal.entries(settings.home)]
    assert entries == [] if dry_run else entries == [
        {
            "what": "sync", "run_id": "s1", "mode": "changes", "rejected": {"events": 3}, "seconds": 1.5,
            "as_of": "2024-10-04T00:00:00+00:00", "source": "files:raw",
        }
    ]  # fmt: skip


@pytest.mark.parametrize(("uri", "offline"), [(None, True), ("bolt://db:7687", False)])
def test_only_an_embedded_store_is_filled_offline(
    uri: str | None, offline: bool, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[Any] = []
    connected(monkeypatch, sync)
    monkeypatch.setattr(sync.room, "sync", lambda *_, bulk, **__: seen.append(bulk) or synced("bulk"))
    server = settings.server.model_copy(update={"uri": uri})
    sync.sync(settings.model_copy(update={"server": server}), "files:raw")
    assert (seen[0] is not None) == offline


@pytest.fixture
def offline(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[list[str], Callable[..., None]]]:
    """Steps of an offline import in the order in which they happen, and the import itself."""
    steps: list[str] = []
    Layout.of(settings).temporary.mkdir(parents=True)
    monkeypatch.setattr(sync.bulk, "write_import_files", lambda *_: ({}, {}))
    monkeypatch.setattr(sync.lifecycle, "down", lambda *_: steps.append("down"))
    monkeypatch.setattr(sync.lifecycle, "up", lambda *_: steps.append("up"))
    monkeypatch.setattr(sync.admin, "empty", lambda *_: steps.append("empty"))
    monkeypatch.setattr(sync.admin, "import_offline", lambda *_: steps.append("import"))
    yield steps, sync.offline_import(settings, silent)


def test_an_offline_import_stops_the_server_and_starts_it_again(
    offline: tuple[list[str], Callable[..., None]],
) -> None:
    steps, load = offline
    load({"user": pa.table({})}, lambda: steps.append("finish"))
    assert steps == ["down", "import", "up", "finish"]


def test_a_server_is_up_again_after_an_import_that_failed(
    offline: tuple[list[str], Callable[..., None]], monkeypatch: pytest.MonkeyPatch
) -> None:
    steps, load = offline

    def fails(*_: object) -> None:
        raise OSError("no space left on device")

    monkeypatch.setattr(sync.admin, "import_offline", fails)
    with pytest.raises(OSError, match="no space"):
        load({}, lambda: steps.append("finish"))
    assert steps == ["down", "up"]


@pytest.mark.parametrize("error", [RuntimeError("constraint"), KeyboardInterrupt()])
def test_a_store_that_cannot_be_finished_is_emptied_again(
    error: BaseException, offline: tuple[list[str], Callable[..., None]]
) -> None:
    steps, load = offline

    def finish() -> None:
        raise error

    with pytest.raises(type(error)):
        load({}, finish)
    assert steps == ["down", "import", "up", "down", "empty", "up"]


def test_the_registry_follows_the_graph_and_keeps_its_word_where_no_server_answers(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    connected(monkeypatch, live, server_live_release=[{"run_id": "r1"}])
    live.follow_if_up(settings)
    assert registry.read(settings.home / "runs")["champion"] == "r1"

    def down(*_: object) -> Rows:
        raise ServerUnreachable("the server is down", "")

    monkeypatch.setattr(live, "connect", down)
    live.follow_if_up(settings)
    assert registry.read(settings.home / "runs")["champion"] == "r1"
    connected(monkeypatch, live)
    live.follow_if_up(settings)
    assert registry.read(settings.home / "runs")["champion"] is None


def test_another_error_of_the_server_is_not_hidden(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object) -> Rows:
        raise AuthFailed("the password is wrong", "")

    monkeypatch.setattr(live, "connect", refused)
    with pytest.raises(AuthFailed):
        live.follow_if_up(settings)


def test_a_rollback_is_noted_and_the_registry_knows_it(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    connected(monkeypatch, release, server_live_release=[{"run_id": "r0"}])
    monkeypatch.setattr(release.writeback, "roll_back", lambda graph: ("r0", "r1"))
    assert release.roll_back(settings) == ("r0", "r1")
    (entry,) = journal.entries(settings.home)
    assert (entry["what"], entry["live"], entry["previous"]) == ("rollback", "r0", "r1")
    assert registry.read(settings.home / "runs")["champion"] == "r0"


@pytest.mark.parametrize("passed", [False, True])
def test_a_file_goes_to_bigquery_only_when_the_gate_lets_it(
    passed: bool, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    loads: list[tuple[Any, ...]] = []
    monkeypatch.setattr(export.gate, "check", lambda *_, **__: SimpleNamespace(passed=passed))
    monkeypatch.setattr(
        export.target, "load", lambda *args, **kw: loads.append((*args[1:3], kw["replace"])) or "sent"
    )
    verdict, sent = export.send(settings, Path("m.parquet"), "d.t", append=True)
    assert (verdict.passed, sent) == (passed, "sent" if passed else None)
    assert loads == ([(Path("m.parquet"), "d.t", False)] if passed else [])


@pytest.mark.parametrize("engine", ["local", "bigquery"])
def test_an_export_opens_a_warehouse_where_bigquery_ranks_and_closes_it(
    engine: str, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[str] = []

    @contextmanager
    def warehouse(*_: object) -> Iterator[str]:
        opened.append("open")
        yield "there"
        opened.append("closed")

    graph = connected(monkeypatch, export)
    monkeypatch.setattr(export.warehouse, "opened", warehouse)
    done = SimpleNamespace(ranker="graph", rows=7)
    monkeypatch.setattr(export.room, "export", lambda *_, warehouse, **__: opened.append(str(warehouse)) or done)
    export.export(settings, Path("somewhere/mail.csv"), None, engine=engine)  # type: ignore[arg-type]
    assert opened == (["None"] if engine == "local" else ["open", "there", "closed"])
    assert graph.closed
    (entry,) = journal.entries(settings.home)
    assert (entry["file"], entry["rows"]) == ("mail.csv", 7)  # and no folder of anybody's


@pytest.mark.parametrize(("count", "added"), [(0, []), (3, ["added"])])
def test_only_what_is_new_is_kept_beside_a_run(
    count: int, added: list[str], settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    connected(monkeypatch, embed)
    calls: list[str] = []
    tables = SimpleNamespace(items=lambda: [("product", SimpleNamespace(keys=["x"] * count))], lift=[])
    monkeypatch.setattr(embed, "live_run", lambda *_: Path("runs/r1"))
    monkeypatch.setattr(embed.extract, "take", lambda *_: None)
    monkeypatch.setattr(embed.cold_start, "encode", lambda *_: SimpleNamespace(tables=tables, unknown={}))
    monkeypatch.setattr(embed, "add_inductive", lambda *_: calls.append("added"))
    monkeypatch.setattr(embed, "write_inductive", lambda *_: {"product": count})
    report = embed.embed_new(settings)
    assert (calls, report.run_id, report.new) == (added, "r1", {"product": count, "lift": 0})
