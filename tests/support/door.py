"""A real HTTP door for tests: the command in a process of its own, on a free port."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

from holley_graph.settings import Settings
from tests.support.server import free_ports, inherited

COMMAND = Path(sys.executable).with_name("holley-graph")


@dataclass(frozen=True)
class Door:
    """Where a door is, and what opens it."""

    url: str
    token: str
    session: requests.Session

    def __call__(self, path: str, shown: str | None = "", **params: Any) -> requests.Response:
        """Ask, with the door's own token unless another one or none is shown."""
        shown = self.token if shown == "" else shown
        headers = {} if shown is None else {"Authorization": f"Bearer {shown}"}
        return self.session.get(f"{self.url}/{path}", params=params, headers=headers, timeout=60)


@contextmanager
def opened(settings: Settings, *, rules_file: Path | None = None, **serve: object) -> Iterator[Door]:
    """Start the door of a home with settings of `serve` and a file of rules, and stop it."""
    (port,) = free_ports(1)
    environment = inherited()
    environment.pop("PYTHONUNBUFFERED", None)  # whoever starts it by a pipe gets its first line all the same
    chosen = {f"HOLLEY_GRAPH_SERVE__{name.upper()}": str(value) for name, value in {"port": port, **serve}.items()}
    if rules_file:
        chosen["HOLLEY_GRAPH_RECOMMEND__RULES_FILE"] = str(rules_file)
    command = [COMMAND, "--home", str(settings.home), "serve"]
    with subprocess.Popen(command, env=environment | chosen, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            message = process.stdout.readline()
            token = Path(message.split("(token in ")[1].rstrip(")\n")).read_text().strip()
            session = requests.Session()
            session.mount("http://", requests.adapters.HTTPAdapter(pool_maxsize=64))
            door = Door(f"http://127.0.0.1:{port}", token, session)
            _await(door)
            yield door
        finally:
            process.terminate()
        assert process.wait(timeout=60) in {0, -signal.SIGTERM}


def _await(door: Door) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            door("openapi.json")
            return
        except requests.ConnectionError:
            time.sleep(0.1)
