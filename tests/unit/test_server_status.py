"""Where the server of the settings is, what is said of one that does not answer, and what Browser is offered."""

from __future__ import annotations

import os
from collections import defaultdict
from pathlib import Path

import pytest

from holley_graph.errors import AuthFailed, ServerUnreachable
from holley_graph.server import pages, process, status
from holley_graph.server.layout import Layout
from holley_graph.server.record import ServerRecord
from holley_graph.settings import Settings, load


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load(home=tmp_path / "home", server={"jar_cache": tmp_path / "jars"})


@pytest.fixture
def started(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> ServerRecord:
    """A server that is this very process, and answers nobody."""
    record = ServerRecord.of(os.getpid(), bolt_port=1, http_port=2)
    layout = Layout.of(settings)
    layout.password_file.parent.mkdir(parents=True, exist_ok=True)
    layout.password_file.write_text("secret of the test\n")
    monkeypatch.setattr(process, "find", lambda _: record)
    return record


def test_an_embedded_server_that_is_down_says_how_to_start_it(settings: Settings) -> None:
    with pytest.raises(ServerUnreachable, match="is down") as error:
        status.address(settings)
    assert (error.value.exit_code, error.value.hint) == (10, "holley-graph up")
    assert status.status(settings) == dict.fromkeys(status.KEYS) | {"running": False}


def test_a_server_of_ones_own_needs_the_file_with_its_password(settings: Settings, tmp_path: Path) -> None:
    own = {"uri": "bolt://127.0.0.1:1", "user": "me", "database": "shop"}
    with pytest.raises(AuthFailed, match=r"server\.password_file is not"):
        status.address(load(home=settings.home, server=own))
    (tmp_path / "password").write_text("theirs\n")
    at = status.address(load(home=settings.home, server=own | {"password_file": tmp_path / "password"}))
    assert (at.uri, at.user, at.password, at.database) == ("bolt://127.0.0.1:1", "me", "theirs", "shop")


def test_a_server_that_starts_or_hangs_has_a_process_and_does_not_run(
    settings: Settings, started: ServerRecord
) -> None:
    store = Layout.of(settings).root / "data"
    (store / "databases").mkdir(parents=True)
    (store / "databases" / "a").write_bytes(b"x" * 700)
    (store / "b").write_bytes(b"x" * 30)
    state = status.status(settings)
    assert (state["running"], state["pid"], state["store_bytes"]) == (False, os.getpid(), 730)
    assert state["rss_bytes"] > 2**20 and state["bolt_uri"] == "bolt://127.0.0.1:1"
    assert state["nodes"] is None and tuple(state) == status.KEYS


def test_a_file_that_the_server_removes_meanwhile_counts_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("a", "b"):
        (tmp_path / name).write_bytes(b"xy")
    stat = Path.stat
    calls: list[Path] = []

    def vanishing(path: Path, **options: bool) -> os.stat_result:
        calls.append(path)
        if path.name == "a" and calls.count(path) > 1:
            raise FileNotFoundError(path)
        return stat(path, **options)

    monkeypatch.setattr(Path, "stat", vanishing)
    assert sum(status._sizes(tmp_path)) == 2


def test_the_guide_of_a_home_is_its_own(settings: Settings, tmp_path: Path) -> None:
    other = load(home=tmp_path / "other", server={"jar_cache": settings.server.jar_cache})
    assert pages.guide_file(settings) == pages.guide_file(settings) != pages.guide_file(other)
    assert pages.guide_file(settings).parent == pages.guide_file(other).parent


def test_browser_is_offered_no_password(
    settings: Settings, started: ServerRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pages, "typical", lambda _: defaultdict(lambda: "A1"))
    monkeypatch.setattr(pages, "guide_file", lambda _: settings.home / "guide.html")
    shown = pages.addresses(settings, "co_purchase", {"sku": "B 2"})
    assert started.http_uri in shown["url"] and "B%202" in shown["url"]
    assert "secret" not in str(shown) and "secret" not in (settings.home / "guide.html").read_text()
    assert shown["password_file"] == Layout.of(settings).password_file
