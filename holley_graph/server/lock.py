"""The lock file of the embedded server: every jar with its SHA-256 and what it is for."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path

LOCK = Path(__file__).with_name("server.lock")


@dataclass(frozen=True)
class Jar:
    """One line of the lock file."""

    coordinate: str
    """`group:artifact:version`, with `:classifier` where there is one."""
    sha256: str
    tag: str
    """`plugin`: Neo4j looks for procedures in it; `browser`: pages, not classes; else empty."""

    @property
    def path(self) -> str:
        """Return the jar's place in a Maven repository, relative to its base."""
        group, artifact, version, *classifier = self.coordinate.split(":")
        return "/".join([*group.split("."), artifact, version, "-".join([artifact, version, *classifier]) + ".jar"])


@cache
def read(path: Path = LOCK) -> tuple[Jar, ...]:
    """Read a lock file: `coordinate sha256 [tag]` on each line, `#` starts a comment line."""
    lines = (line.split() for line in path.read_text(encoding="utf-8").splitlines())
    return tuple(
        Jar(line[0], line[1], line[2] if len(line) > 2 else "") for line in lines if line and line[0][0] != "#"
    )


def version(artifact: str) -> str:
    """Return the locked version of `group:artifact`."""
    return next(jar.coordinate.split(":")[2] for jar in read() if jar.coordinate.startswith(f"{artifact}:"))


def line(version: str) -> str:
    """Return the line that a version of Neo4j belongs to: store format and support are those of the line."""
    return ".".join(version.split(".")[:2])


@cache
def ends(path: Path = LOCK) -> dict[str, date]:
    """Read of a lock file on which day the support of a line of Neo4j ends: `# line LINE ends DAY`."""
    pairs = re.findall(r"^# line (\S+) ends (\S+)$", path.read_text(encoding="utf-8"), re.M)
    return {name: date.fromisoformat(day) for name, day in pairs}


def neo4j_version() -> str:
    """Return the version of the embedded Neo4j."""
    return version("org.neo4j:neo4j")


def gds_version() -> str:
    """Return the version of Graph Data Science in it."""
    return version("org.neo4j.gds:proc")
