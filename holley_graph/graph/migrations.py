"""Schema migrations: applied in order, each once; an applied file is never edited.

A file `cypher/migrations/V001__name.cypher` holds schema statements ended by `;`. What was applied is kept in
the graph as `(:Migration {version, name, checksum, applied_at})`.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass

from holley_graph.errors import QueryFileError
from holley_graph.graph.client import Graph
from holley_graph.graph.queries import folder

_NAME = re.compile(r"V(\d{3})__(\w+)\.cypher")


@dataclass(frozen=True)
class Migration:
    """One file of schema statements."""

    version: int
    name: str
    checksum: str
    statements: tuple[str, ...]


def available() -> list[Migration]:
    """Read every migration file, in order.

    Raises:
        QueryFileError: a file name does not follow the pattern or the versions have a gap.
    """
    migrations = []
    for path in sorted((folder() / "migrations").glob("*.cypher")):
        match = _NAME.fullmatch(path.name)
        if not match:
            raise QueryFileError(f"{path.name}: this is no name of a migration", "V001__what_it_does.cypher")
        text = path.read_text(encoding="utf-8")
        code = "\n".join(line for line in text.splitlines() if not line.startswith("//"))
        statements = tuple(part.strip() for part in code.split(";") if part.strip())
        checksum = hashlib.sha256(text.encode()).hexdigest()
        migrations.append(Migration(int(match[1]), match[2], checksum, statements))
    if [migration.version for migration in migrations] != list(range(1, len(migrations) + 1)):
        raise QueryFileError("migration versions must run from V001 without a gap", "look in cypher/migrations")
    return migrations


def pending(graph: Graph, files: list[Migration] | None = None) -> list[Migration]:
    """Name the migrations that the graph has not seen.

    Raises:
        QueryFileError: an applied migration was edited or removed since.
    """
    files = available() if files is None else files
    known = {migration.version: migration for migration in files}
    applied = graph.read("server/migrations")
    for row in applied:
        migration = known.get(row["version"])
        if migration is None or migration.checksum != row["checksum"]:
            raise QueryFileError(
                f"migration V{row['version']:03d} ({row['name']}) differs from the one that was applied",
                "restore the file; a change of the schema is a new migration",
            )
    done = {row["version"] for row in applied}
    return [migration for migration in files if migration.version not in done]


def apply(graph: Graph, files: list[Migration] | None = None) -> list[Migration]:
    """Apply what is pending and say what that was; killed in between, the next call goes on."""
    todo = pending(graph, files)
    for migration in todo:
        for statement in migration.statements:
            graph.define(statement)
        graph.write(
            "server/record_migration",
            version=migration.version,
            name=migration.name,
            checksum=migration.checksum,
        )
    if todo:
        graph.read("server/await_indexes")
    return todo
