"""A real server for tests: small, on free ports, emptied between tests."""

from __future__ import annotations

import json
import os
import re
import socket
from pathlib import Path

from holley_graph.graph import migrations
from holley_graph.graph.client import Graph
from holley_graph.settings import Server, Settings, load

BRIEFLY = ("-XX:TieredStopAtLevel=1",)
"""A server of a minute or two ends before Java's second compiler has paid."""
DECLARED = [
    name
    for migration in migrations.available()
    for statement in migration.statements
    for name in re.findall(r"^CREATE .*(?:CONSTRAINT|INDEX) (\w+)", statement)
]
"""Constraints and indexes of the schema."""


def free_ports(count: int) -> list[int]:
    """Ports that nobody listens on right now; all are held while the next is drawn, so they differ."""
    held = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [one.getsockname()[1] for one in held]
    for one in held:
        one.close()
    return ports


def small(home: Path, **server: object) -> Settings:
    """Settings of an embedded server that leaves room for the tests; the jar cache is the user's own."""
    bolt_port, http_port = free_ports(2)
    sizes = {"bolt_port": bolt_port, "http_port": http_port, "heap_mb": 1024, "page_cache_mb": 128}
    defaults = {"start_timeout_s": 300, "jvm_options": BRIEFLY}
    return load(home=home, server=Server.model_validate(defaults | sizes | server))


def environment(settings: Settings) -> dict[str, str]:
    """Environment of a command in a process of its own, which starts such a server; its home is named elsewhere."""
    names = {"bolt_port", "http_port", "heap_mb", "page_cache_mb", "start_timeout_s", "jvm_options", "jar_cache"}
    server = settings.server.model_dump(mode="json", include=names)
    texts = {name: value if isinstance(value, str) else json.dumps(value) for name, value in server.items()}
    return inherited() | {f"HOLLEY_GRAPH_SERVER__{name.upper()}": text for name, text in texts.items()}


def inherited() -> dict[str, str]:
    """The environment of the tests, without settings."""
    return {name: value for name, value in os.environ.items() if not name.startswith("HOLLEY_GRAPH_")}


def live_embedding(graph: Graph) -> str:
    """Name of the property that the live release's vectors are in."""
    with graph.driver.session() as session:
        return "embedding_" + session.run("MATCH (s:Sync) RETURN s.live_slot").value()[0]


def wipe(graph: Graph) -> None:
    """Empty the database: projections, rows, and indexes but for those of the schema.

    Those are what the next sync makes anyway. Without them each statement is planned anew, which takes a second.
    """
    with graph.driver.session() as session:
        session.run(
            "CALL gds.graph.list() YIELD graphName CALL gds.graph.drop(graphName) YIELD nodeCount RETURN nodeCount"
        ).consume()
        session.run("MATCH (n) CALL (n) { DETACH DELETE n } IN TRANSACTIONS OF 10000 ROWS").consume()
        session.run("CALL db.awaitIndexes(60)").consume()  # one that is being filled is not dropped under way
        other = "WHERE type <> 'LOOKUP' AND NOT name IN $declared RETURN name"
        others = session.run(f"SHOW INDEXES YIELD name, type {other}", declared=DECLARED).value()
        for name in others:
            session.run(f"DROP INDEX `{name}`").consume()
