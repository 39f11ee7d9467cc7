"""Remembers which operating-system process is ours, across invocations and crashes."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Self

import psutil

from holley_graph import files

# The kernel counts a process's start from boot; the boot time is re-estimated when the clock is set.
_CLOCK_STEP_S = 2.0


@dataclass(frozen=True)
class ServerRecord:
    """One process: a pid alone would name a stranger once it is used again."""

    pid: int
    created: float
    """Start time of the process in epoch seconds."""
    bolt_port: int = 0
    http_port: int = 0

    @classmethod
    def of(cls, pid: int, bolt_port: int = 0, http_port: int = 0) -> Self:
        """Describe a process that has just been started."""
        return cls(pid, psutil.Process(pid).create_time(), bolt_port, http_port)

    @classmethod
    def read(cls, path: Path) -> Self | None:
        """Read what `write` left; none: no file, or one that was not finished."""
        try:
            record = cls(**json.loads(path.read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError):
            return None
        numbers = (record.pid, record.bolt_port, record.http_port)
        right = all(type(number) is int for number in numbers) and isinstance(record.created, int | float)
        return record if right and record.pid >= 0 else None

    def write(self, path: Path) -> None:
        """Keep it."""
        files.write(path, json.dumps(asdict(self)).encode())

    def process(self) -> psutil.Process | None:
        """Return the live process that this record means, if it still lives.

        It does until its last thread has ended: files and ports are held till then.
        """
        try:
            process = psutil.Process(self.pid)
            same = abs(process.create_time() - self.created) < _CLOCK_STEP_S
            ended = process.status() == psutil.STATUS_ZOMBIE and process.num_threads() == 1
            return process if same and not ended else None
        except psutil.NoSuchProcess:
            return None

    @property
    def bolt_uri(self) -> str:
        """Address for drivers."""
        return f"bolt://127.0.0.1:{self.bolt_port}"

    @property
    def http_uri(self) -> str:
        """Address for the HTTP API and Neo4j Browser."""
        return f"http://127.0.0.1:{self.http_port}"

    def browser_url(self, user: str) -> str:
        """Return the address of Neo4j Browser with server and user filled in."""
        return f"{self.http_uri}/browser/?connectURL=bolt://{user}@127.0.0.1:{self.bolt_port}"
