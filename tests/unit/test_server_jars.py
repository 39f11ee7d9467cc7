"""Jars come whole, checked, once."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from holley_graph.errors import ChecksumDiffers, JarMissing
from holley_graph.server import jars
from holley_graph.server.lock import Jar
from tests.support.server import free_ports

CONTENT = {f"g:a{n}:1": f"jar {n}".encode() for n in range(20)}
WANTED = [Jar(name, hashlib.sha256(body).hexdigest(), "plugin") for name, body in CONTENT.items()]


class Mirror(ThreadingHTTPServer):
    """A Maven repository on loopback that keeps count."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answer)
        self.files = {f"/{jar.path}": CONTENT[jar.coordinate] for jar in WANTED}
        self.asked: list[str] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _Answer(BaseHTTPRequestHandler):
    server: Mirror

    def do_GET(self) -> None:
        self.server.asked.append(self.path)
        body = self.server.files.get(self.path)
        self.send_response(404 if body is None else 200)
        self.send_header("Content-Length", str(len(body or b"")))
        self.end_headers()
        self.wfile.write(body or b"")

    def log_message(self, *_: object) -> None:
        """Keep the test output clean."""


@pytest.fixture
def mirror() -> Iterator[Mirror]:
    with Mirror() as serving:
        threading.Thread(target=serving.serve_forever, args=(0.01,), daemon=True).start()
        yield serving
        serving.shutdown()


def fetch(cache: Path, url: str) -> list[tuple[str, int, int]]:
    seen: list[tuple[str, int, int]] = []
    jars.fetch(WANTED, cache, url, lambda *step: seen.append(step))
    return seen


def test_every_jar_arrives_and_progress_ends_at_the_total(mirror: Mirror, tmp_path: Path) -> None:
    seen = fetch(tmp_path, mirror.url)
    assert {jar.coordinate: (tmp_path / jar.path).read_bytes() for jar in WANTED} == CONTENT
    assert seen[0] == ("server jars", 0, 20)
    assert seen[-1] == ("server jars", 20, 20)
    assert jars.missing(WANTED, tmp_path) == []


def test_a_second_fetch_asks_for_nothing(mirror: Mirror, tmp_path: Path) -> None:
    fetch(tmp_path, mirror.url)
    mirror.asked.clear()
    assert fetch(tmp_path, mirror.url) == []
    assert mirror.asked == []


def test_an_interrupted_fetch_goes_on_where_it_stopped(mirror: Mirror, tmp_path: Path) -> None:
    hidden = {f"/{jar.path}": mirror.files.pop(f"/{jar.path}") for jar in WANTED[15:]}
    with pytest.raises(JarMissing, match="404"):
        fetch(tmp_path, mirror.url)
    lacking = {f"/{jar.path}" for jar in jars.missing(WANTED, tmp_path)}
    assert set(hidden) <= lacking
    mirror.files |= hidden
    mirror.asked.clear()
    fetch(tmp_path, mirror.url)
    assert set(mirror.asked) == lacking
    assert jars.missing(WANTED, tmp_path) == []


def test_a_file_that_changed_in_the_cache_is_fetched_again(mirror: Mirror, tmp_path: Path) -> None:
    fetch(tmp_path, mirror.url)
    (tmp_path / WANTED[3].path).write_bytes(b"jar")
    assert jars.missing(WANTED, tmp_path) == [WANTED[3]]
    fetch(tmp_path, mirror.url)
    assert (tmp_path / WANTED[3].path).read_bytes() == CONTENT[WANTED[3].coordinate]


def test_a_cache_without_its_notes_is_hashed_and_not_fetched(mirror: Mirror, tmp_path: Path) -> None:
    fetch(tmp_path, mirror.url)
    (tmp_path / "verified.json").write_text("{")
    mirror.asked.clear()
    assert fetch(tmp_path, mirror.url) == []
    assert mirror.asked == []


def test_a_file_with_another_checksum_is_refused_and_not_kept(mirror: Mirror, tmp_path: Path) -> None:
    mirror.files[f"/{WANTED[7].path}"] = b"something else"
    with pytest.raises(ChecksumDiffers, match="g:a7:1") as refused:
        fetch(tmp_path, mirror.url)
    assert refused.value.exit_code == 15
    assert not (tmp_path / WANTED[7].path).exists()


def test_an_unreachable_mirror_names_the_jar_and_the_setting(tmp_path: Path) -> None:
    with pytest.raises(JarMissing, match="could not be fetched") as refused:
        fetch(tmp_path, f"http://127.0.0.1:{free_ports(1)[0]}")
    assert refused.value.exit_code == 14
    assert "server.maven_url" in refused.value.hint


def test_the_plugins_folder_shows_exactly_the_locked_plugins(mirror: Mirror, tmp_path: Path) -> None:
    fetch(tmp_path, mirror.url)
    plugins = tmp_path / "plugins"
    plugins.mkdir()
    (plugins / "old.jar").write_bytes(b"of an earlier version")
    (plugins / Path(WANTED[0].path).name).symlink_to(tmp_path / "elsewhere")
    for _ in range(2):
        jars.link_plugins(WANTED, tmp_path, plugins)
        assert {link.name: link.read_bytes() for link in plugins.iterdir()} == {
            Path(jar.path).name: CONTENT[jar.coordinate] for jar in WANTED
        }
