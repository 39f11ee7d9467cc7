"""The README's tour, typed as it stands, in a demo world that is small enough for a test."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from itertools import pairwise
from pathlib import Path

import pytest

from holley_graph import journal
from holley_graph.server import lifecycle
from tests.support.server import environment, small

README = Path(__file__).resolve().parents[2] / "README.md"
USERS = "1500"
NEXT = re.compile(r"^next: (holley-graph .*)$", flags=re.M)


def tour() -> list[tuple[str, str]]:
    """Each command of the tour with the output that is shown below it."""
    section = README.read_text(encoding="utf-8").partition("## A tour")[2].partition("\n## ")[0]
    blocks = re.findall(r"```console\n(.*?)```", section, flags=re.S)
    pieces = [piece.partition("\n") for block in blocks for piece in re.split(r"^\$ ", block, flags=re.M)[1:]]
    return [(command, shown) for command, _, shown in pieces]


@pytest.fixture
def variables(tmp_path: Path) -> Iterator[Mapping[str, str]]:
    """A shell whose home folder is empty, so that the tour's own paths hold; the jar cache is the user's own."""
    home = tmp_path / ".local/share/holley-graph"
    settings = small(home)
    without_xdg = {name: value for name, value in environment(settings).items() if not name.startswith("XDG_")}
    yield without_xdg | {
        "HOME": str(tmp_path),
        "COLUMNS": "80",
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
    }
    lifecycle.down(settings)


def headers(shown: str) -> set[str]:
    """Last lines of tables' headers, whatever the widths of the columns are."""
    lines = shown.splitlines()
    return {" ".join(line.split()) for line, below in pairwise(lines) if re.fullmatch("─+", below)}


@pytest.mark.skipif(sys.platform != "linux", reason="the tour's paths are those of Linux")
def test_the_tour_goes_through_as_it_stands(variables: Mapping[str, str], tmp_path: Path) -> None:
    """A command that an output shows as the next one is typed as this world's output has it: its ids are others."""
    actual = {"holley-graph demo": f"holley-graph demo --users {USERS}"}
    steps = tour()
    assert {command.split()[1] for command, _ in steps} >= {"demo", "find", "train", "writeback", "rollback"}
    for command, shown in steps:
        typed = actual.get(command, command).replace("-5000-", f"-{USERS}-")
        ended = subprocess.run(
            typed, shell=True, env=variables, cwd=tmp_path, capture_output=True, text=True, check=False
        )
        assert ended.returncode == 0, (typed, ended.stdout, ended.stderr)
        assert headers(shown) <= headers(ended.stdout), (typed, ended.stdout)
        for expected in NEXT.findall(shown):
            (printed,) = NEXT.findall(ended.stdout)
            assert expected.split()[1] == printed.split()[1], (typed, printed)
            actual[expected] = printed
    noted = journal.entries(tmp_path / ".local/share/holley-graph")
    assert {entry["what"] for entry in noted} == {"sync", "release", "rollback", "export", "gate"}
