"""docs/your-own-data.md goes through, command by command, from an empty folder to an answer and a file."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from holley_graph.server import lifecycle
from tests.house import tree
from tests.support.server import environment, small

PAGE = tree.ROOT / "docs/your-own-data.md"
RUN = re.compile(r"\b\d{8}T\d{6}-[a-z]+-[0-9a-f]{4}\b")
MARK = "---- command {} ended with"


def commands() -> list[tuple[str, list[str]]]:
    """Each command of the page, and the lines that it shows of the output; `…` stands for others."""
    blocks = re.findall(r"```console\n(.*?)```", PAGE.read_text(encoding="utf-8"), flags=re.S)
    results: list[tuple[str, list[str]]] = []
    for line in "".join(blocks).splitlines():
        if line.startswith("$ "):
            results.append((line[2:], []))
        elif line.startswith("> "):
            results[-1] = (f"{results[-1][0]}\n{line[2:]}", [])
        elif line.strip() != "…":
            results[-1][1].append(line)
    return results


@pytest.fixture
def variables(tmp_path: Path) -> Iterator[dict[str, str]]:
    settings = small(tmp_path / "home", heap_mb=512)
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    yield environment(settings) | {"HOLLEY_GRAPH_HOME": str(tmp_path / "home"), "PATH": path}
    lifecycle.down(settings)


def test_the_page_goes_through_and_shows_what_it_says(variables: dict[str, str], tmp_path: Path) -> None:
    shell = subprocess.Popen(
        ["bash"],
        cwd=tmp_path,
        env=variables,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert shell.stdin is not None and shell.stdout is not None
    run, message = "", ""
    with shell:
        for n, (command, shown) in enumerate(commands()):
            if "writeback" in command:
                run = RUN.findall(message)[-1]  # what `train` has just said
                command = RUN.sub(run, command)
            shell.stdin.write(f'{command}\necho "{MARK.format(n)} $?"\n')
            shell.stdin.flush()
            message = "".join(iter(shell.stdout.readline, f"{MARK.format(n)} 0\n")) if shell.poll() is None else ""
            missing = [line for line in shown if line not in message]
            assert missing == [], f"{command}\n{message}"
        shell.stdin.close()
    assert run
    rows = (tmp_path / "shop" / "recommendations.csv").read_text(encoding="utf-8").splitlines()
    assert len(rows) == 21
