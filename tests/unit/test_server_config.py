"""What the server is started with."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from holley_graph.server import config, java
from holley_graph.server.layout import Layout
from holley_graph.settings import Server

SERVER = Server(bolt_port=1111, http_port=2222)


def test_every_address_is_loopback_with_the_ports_of_the_settings() -> None:
    server_settings = config.neo4j_settings(SERVER)
    addresses = {key: value for key, value in server_settings.items() if key.endswith("_address")}
    assert {value.rpartition(":")[0] or value for value in addresses.values()} == {"127.0.0.1"}
    assert (
        server_settings["server.bolt.advertised_address"]
        == server_settings["server.bolt.listen_address"]
        == "127.0.0.1:1111"
    )
    assert (
        server_settings["server.http.advertised_address"]
        == server_settings["server.http.listen_address"]
        == "127.0.0.1:2222"
    )


def test_nothing_is_reported_to_anybody() -> None:
    server_settings = config.neo4j_settings(SERVER)
    silent = ("dbms.usage_report.enabled", "client.allow_telemetry")
    assert {server_settings[key] for key in silent} == {"false"}


def test_the_browser_may_call_this_server_only() -> None:
    policy = config.content_policy(1111, 2222)
    allowed = policy.partition("connect-src ")[2].split()
    bolt, http = {"ws://127.0.0.1:1111", "ws://localhost:1111"}, {"http://127.0.0.1:2222", "http://localhost:2222"}
    assert set(allowed) == {"'self'"} | bolt | http
    assert "*" not in policy


def test_memory_follows_the_settings_and_else_the_machine() -> None:
    sized = Server(heap_mb=700, page_cache_mb=300)
    assert (config.heap_mb(sized), config.page_cache_mb(sized)) == (700, 300)
    assert 512 <= config.heap_mb(SERVER) <= 8192
    assert 256 <= config.page_cache_mb(SERVER) <= 8192
    assert 1024 <= config.import_heap_mb() <= 8192


def test_further_options_of_java_come_after_the_usual_ones_and_before_the_program() -> None:
    logging = Server(jvm_options=("-Xlog:gc", "-XX:-UseG1GC"))
    command = config.command(Layout(Path("/home")), logging, [Path("/a.jar")], ("-XX:SharedArchiveFile=/a.jsa",))
    last = max(command.index(flag) for flag in (*config.JVM_FLAGS, "-XX:SharedArchiveFile=/a.jsa"))
    assert command[last + 1 : last + 4] == ["-Xlog:gc", "-XX:-UseG1GC", "-cp"]


def test_the_browser_folder_stays_last_on_the_class_path(tmp_path: Path) -> None:
    command = config.command(Layout(tmp_path), SERVER, [Path("/a.jar"), Path("/browser")])
    assert command[command.index("-cp") + 1] == "/a.jar:/browser"


@pytest.mark.parametrize(
    "value", ["plain", "with space", 'a "quoted" word', "back\\slash", "it's; script-src 'self'", "#no"]
)
def test_java_reads_back_what_the_argument_file_says(value: str, tmp_path: Path) -> None:
    file = tmp_path / "java.args"
    file.write_text(java.argument_file([f"-Dprobe={value}", "-XshowSettings:properties", "-version"]))
    shown = subprocess.run([java.executable(), f"@{file}"], capture_output=True, text=True, check=True).stderr
    assert f"probe = {value}" in [line.strip() for line in shown.splitlines()]
