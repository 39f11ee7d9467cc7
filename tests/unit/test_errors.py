"""Errors are for people: one line, a hint, a code; and no password travels in the clear."""

from __future__ import annotations

import socket
import subprocess
import sys
from pathlib import Path

import pytest

from holley_graph import errors
from holley_graph.errors import DiskFull, HolleyGraphError, ServerError, ServerUnreachable, SettingsError
from holley_graph.graph import client
from holley_graph.graph.client import refuse_plaintext

FULL = Path("/dev/full")


def raisable() -> list[type[HolleyGraphError]]:
    classes = [
        value for value in vars(errors).values() if isinstance(value, type) and issubclass(value, HolleyGraphError)
    ]
    return [value for value in classes if value not in (HolleyGraphError, ServerError)]


def test_every_error_has_an_exit_code_of_its_own() -> None:
    codes = [error.exit_code for error in raisable()]
    assert len(set(codes)) == len(codes)
    assert not set(codes) & {0, 1}


def test_a_server_error_can_be_told_from_a_wrong_request() -> None:
    assert all((10 <= error.exit_code < 20) == issubclass(error, ServerError) for error in raisable())


def test_message_and_hint_are_kept_apart() -> None:
    error = SettingsError("what is wrong", "what to do")
    assert (str(error), error.hint) == ("what is wrong", "what to do")


@pytest.mark.parametrize("scheme", ["bolt", "bolt+s", "neo4j", "neo4j+s"])
def test_a_host_of_many_addresses_none_of_which_answers_is_given_up_after_one_wait(
    scheme: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        addresses = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))] * 50
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: addresses)
        monkeypatch.setattr(client, "ANSWER_S", 1)
        graph = client.Graph(f"{scheme}://many.example", "neo4j", "x", allow_plaintext=True)
        with graph, pytest.raises(ServerUnreachable):
            graph.verify()


def command(*arguments: str) -> subprocess.CompletedProcess[str]:
    call = [sys.executable, "-m", "holley_graph", *arguments]
    return subprocess.run(call, capture_output=True, text=True, check=False)


def test_the_command_line_prints_one_line_a_hint_and_ends_with_the_code() -> None:
    done = command("--config", "no-such-file.toml", "status")
    assert done.returncode == SettingsError.exit_code
    assert done.stdout == ""
    assert done.stderr == (
        "error: settings file no-such-file.toml does not exist\nhint: check the path behind --config\n"
    )


def test_debug_shows_the_traceback() -> None:
    done = command("--debug", "--config", "no-such-file.toml", "status")
    assert done.returncode != 0
    assert "Traceback" in done.stderr


@pytest.mark.skipif(not FULL.exists(), reason="this system has no device that is always full")
def test_a_full_disk_is_one_line_and_its_code(tmp_path: Path) -> None:
    call = [sys.executable, "-m", "holley_graph", "--home", str(tmp_path), "runs", "--json"]
    with FULL.open("w") as full:
        done = subprocess.run(call, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == DiskFull.exit_code
    assert done.stderr.splitlines() == [
        "error: no space left on the device",
        "hint: free some, then run the same command again",
    ]


def test_a_usage_error_has_clicks_code() -> None:
    assert command("no-such-command").returncode == 2


@pytest.mark.parametrize("scheme", ["bolt", "neo4j"])
@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "[::1]"])
def test_plaintext_is_fine_on_loopback(scheme: str, host: str) -> None:
    refuse_plaintext(f"{scheme}://{host}:7687")


@pytest.mark.parametrize("scheme", ["bolt", "neo4j"])
@pytest.mark.parametrize(
    "host", ["graph.example.org", "10.0.0.1", "localhost.example.org", "127.0.0.1.example.org"]
)
def test_plaintext_off_loopback_is_refused_unless_allowed(scheme: str, host: str) -> None:
    uri = f"{scheme}://{host}:7687"
    with pytest.raises(SettingsError, match="not encrypted") as caught:
        refuse_plaintext(uri)
    assert "neo4j+s" in caught.value.hint
    refuse_plaintext(uri, allow_plaintext=True)


@pytest.mark.parametrize("scheme", ["bolt+s", "bolt+ssc", "neo4j+s", "neo4j+ssc"])
def test_encrypted_schemes_are_fine_everywhere(scheme: str) -> None:
    refuse_plaintext(f"{scheme}://graph.example.org:7687")


@pytest.mark.parametrize("uri", ["https://graph.example.org", "graph.example.org:7687", "", "bolt://", "localhost"])
def test_what_is_no_neo4j_address_is_refused(uri: str) -> None:
    with pytest.raises(SettingsError, match="no Neo4j address"):
        refuse_plaintext(uri, allow_plaintext=True)
