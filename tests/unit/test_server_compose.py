"""docker-compose.yml offers a server of the same line as the embedded one."""

from __future__ import annotations

import re
from pathlib import Path

from holley_graph.server import config, lock
from holley_graph.settings import Server

TEXT = (Path(__file__).parents[2] / "docker-compose.yml").read_text(encoding="utf-8")
LINES = [line.strip() for line in TEXT.splitlines() if not line.strip().startswith("#")]
PAIRS = dict(line.split(": ", 1) for line in reversed(LINES) if ": " in line and not line.startswith("-"))
"""Of several services the first one's, which is the server."""


def environment(key: str) -> str:
    """The value that the image turns into a setting: dots are written `_`, underscores `__`."""
    return PAIRS["NEO4J_" + key.replace("_", "__").replace(".", "_")].strip("'\"")


def test_its_line_is_that_of_the_lock_file_and_it_has_graph_data_science() -> None:
    assert PAIRS["image"] == f"neo4j:{lock.line(lock.neo4j_version())}-community"
    assert PAIRS["NEO4J_PLUGINS"] == "'[\"graph-data-science\"]'"


def test_its_health_does_not_hang_on_graph_data_science() -> None:
    (checked,) = (line for line in LINES if "cypher-shell" in line and "RETURN" in line)
    assert checked.endswith('"RETURN 1"')


def test_ports_are_the_default_ones_on_loopback_only() -> None:
    published = [line.removeprefix("- ").strip('"') for line in LINES if re.fullmatch(r"- \"[\d.:]+\"", line)]
    server = Server()
    assert published == [f"127.0.0.1:{port}:{port}" for port in (server.bolt_port, server.http_port)]


def test_settings_about_privacy_are_those_of_the_embedded_server() -> None:
    server_settings = config.neo4j_settings(Server())
    keys = [key for key in server_settings if "telemetry" in key or "report" in key or "policy" in key]
    assert len(keys) == 3
    assert {key: environment(key) for key in keys} == {key: server_settings[key] for key in keys}


def test_browser_opens_as_that_of_the_embedded_server_does() -> None:
    assert environment("browser.post_connect_cmd") == config.neo4j_settings(Server())["browser.post_connect_cmd"]


def test_it_says_as_often_as_the_embedded_server_that_it_is_at_work() -> None:
    server_settings = config.neo4j_settings(Server())
    keys = [key for key in server_settings if "keep_alive" in key]
    assert len(keys) == 3
    assert {key: environment(key) for key in keys} == {key: server_settings[key] for key in keys}


def test_the_password_comes_from_a_secret_file_and_stands_on_no_command_line() -> None:
    assert PAIRS["NEO4J_AUTH_FILE"] == "/run/secrets/neo4j_auth"
    assert "NEO4J_AUTH" not in PAIRS
    assert LINES.count("neo4j_auth:") == 1
    assert PAIRS["file"] == "./secrets/neo4j_auth"
    assert PAIRS["HOLLEY_GRAPH_SERVER__PASSWORD_FILE"] == "/run/secrets/neo4j_password"
    assert not re.search(r"cypher-shell.*(-p |--password)", TEXT)


def test_a_health_check_watches_the_server() -> None:
    assert {"interval", "timeout", "retries", "start_period"} <= set(PAIRS)
