"""Nothing is silent for long: bars that move on a terminal, lines elsewhere, with the time that is left."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner

from holley_graph.amounts import duration
from holley_graph.cli import Context, cli
from holley_graph.cli import progress as shown
from holley_graph.cli.progress import progress
from holley_graph.errors import ServerUnreachable
from holley_graph.progress import long_step, step

CUTS = """
import time
from holley_graph.cli.progress import progress
from holley_graph.progress import step
with progress() as report:
    with step(report, "loading PyTorch"):
        time.sleep(0.3)
    for done in range(3):
        report("cuts", done, 3)
        time.sleep(0.8)
    report("cuts", 3, 3)
"""


def on_a_terminal(code: str) -> str:
    """What a program writes on standard error when that is a terminal."""
    actual, its = pty.openpty()
    environment = os.environ | {"TERM": "xterm", "COLUMNS": "80"}
    child = subprocess.Popen([sys.executable, "-c", code], stderr=its, env=environment)
    os.close(its)
    written = b""
    while True:
        try:
            chunk = os.read(actual, 65_536)
        except OSError:  # Linux: the other side has closed
            break
        if not chunk:
            break
        written += chunk
    os.close(actual)
    assert child.wait() == 0
    return written.decode()


def test_a_terminal_shows_how_far_it_is_and_how_long_it_will_take() -> None:
    written = on_a_terminal(CUTS)
    assert "loading PyTorch" in written
    assert "so far" in written
    assert "1 of 3, " in written and "2 of 3, about " in written and " left" in written
    assert "3 of 3, " in written


def test_elsewhere_every_step_that_ends_is_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    with progress() as report:
        with step(report, "loading PyTorch"):
            pass
        for done in range(4):
            report("training", done, 3)
    lines = capsys.readouterr().err.splitlines()
    assert [line[9:].partition(": ")[0] for line in lines] == ["loading PyTorch", "training"]
    assert "3 of 3, " in lines[1]


def test_elsewhere_a_step_that_takes_long_says_so_before_it_ends(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shown, "FIRST_S", 0)
    written = ""
    with progress() as report:
        report("training", 0, 150)
        end = time.monotonic() + 30
        while "training" not in written and time.monotonic() < end:
            written += capsys.readouterr().err
            time.sleep(0.01)
    assert "training: 0 of 150, " in written and "so far" in written


def test_elsewhere_work_between_two_steps_is_no_silence(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shown, "FIRST_S", 0.1)
    with progress() as report:
        time.sleep(0.5)
        before = capsys.readouterr().err
        with step(report, "training"):
            pass
        capsys.readouterr()
        time.sleep(0.5)
        between = capsys.readouterr().err
    assert "at work: " in before and "at work: " in between and "training" not in between


def test_a_terminal_shows_work_between_two_steps() -> None:
    idle = "with progress() as report:\n    with step(report, 'a'): pass\n    time.sleep(0.8)\n"
    written = on_a_terminal(CUTS.partition("with progress()")[0] + idle)
    assert "at work" in written.rpartition("\x1b[?25h")[0].rpartition("✓")[2]


def test_a_step_that_begins_again_counts_anew(capsys: pytest.CaptureFixture[str]) -> None:
    with progress() as report:
        for _ in range(2):
            report("training", 0, 2)
            report("training", 2, 2)
    assert capsys.readouterr().err.count("training: 2 of 2, ") == 2


def test_progress_that_nobody_is_told_writes_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    with progress(shown=False) as report, step(report, "training"):
        pass
    assert capsys.readouterr().err == ""


def test_durations_read_as_people_say_them() -> None:
    assert [duration(s) for s in (0.42, 9.96, 61, 200, 4800)] == ["0.4 s", "10 s", "61 s", "3 min", "1 h 20 min"]


def test_a_log_collector_gets_one_json_document_per_line(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOLLEY_GRAPH_LOG__LINES", "json")
    with click.Context(cli, obj=Context({}, False)), progress() as report, step(report, "loading"):
        report("cuts", 1, 3)
    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert [(line["kind"], line["step"], line["done"], line["of"]) for line in lines] == [
        ("progress", "loading", 0, 1),
        ("progress", "cuts", 1, 3),
        ("progress", "loading", 1, 1),
    ]
    assert all(line["time"].endswith("+00:00") for line in lines)


def test_an_error_is_such_a_line_too_and_keeps_its_exit_code(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    command = ["--home", str(tmp_path), "sync", "--source", "files:/nowhere"]
    plain = CliRunner().invoke(cli, command)
    monkeypatch.setenv("HOLLEY_GRAPH_LOG__LINES", "json")
    done = CliRunner().invoke(cli, command)
    assert isinstance(plain.exception, ServerUnreachable)
    document = json.loads(done.stderr)
    assert (document["kind"], document["error"], document["hint"]) == (
        "error",
        str(plain.exception),
        plain.exception.hint,
    )
    assert document["exit_code"] == done.exit_code == ServerUnreachable.exit_code


def test_a_step_that_is_usually_short_is_spoken_of_only_when_it_takes_longer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    reports: list[tuple[str, int, int]] = []
    monkeypatch.setattr("holley_graph.progress.USUAL_S", 0.05)

    def tell(*what: Any) -> None:
        reports.append(what)

    with long_step(tell, "short"):
        pass
    with long_step(tell, "long"):
        time.sleep(0.3)
    assert reports == [("long", 0, 1), ("long", 1, 1)]
