"""Neo4j's own admin tool, for what can only be done while the server is down."""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from holley_graph import files
from holley_graph.errors import AuthFailed, GraphStateError
from holley_graph.server import config, diagnosis, jars, java, lock
from holley_graph.server.layout import Layout
from holley_graph.server.record import ServerRecord

MAIN_CLASS = "org.neo4j.cli.AdminTool"
InputType = Literal["csv", "parquet"]
Files = tuple[str, Sequence[Path]]
"""A label or relationship type and its files (CSV: the first may be the header alone)."""


def ensure_password(layout: Layout, jar_cache: Path) -> None:
    """Give a new server a random password; the store gets its hash, the owner-only file the password.

    Raises:
        AuthFailed: the file is gone but the store has its password already.
    """
    if layout.password_file.exists():
        return
    if layout.started_before:
        hint = "put the file back; or, to start over with an empty graph, remove that folder"
        raise AuthFailed(f"{layout.password_file} is missing, and the store needs its password", hint)
    password = secrets.token_hex(20)
    # The file comes last: a start that is killed in between makes a new password, which is harmless before the
    # first start.
    # A process of a second is not worth the slower compiler.
    jvm, command = ["-Xmx128m", "-XX:TieredStopAtLevel=1"], ["dbms", "set-initial-password", password]
    _run(layout, jar_cache, jvm, command, "setting the password")
    files.write(layout.password_file, f"{password}\n".encode())


def import_offline(
    layout: Layout,
    jar_cache: Path,
    nodes: Sequence[Files],
    relationships: Sequence[Files],
    input_type: InputType = "parquet",
) -> None:
    """Load files into the database `neo4j` at disk speed. **Replaces the store**: whoever calls has found it empty.

    Constraints and indexes go too: migrate after the next start. If the import is killed or fails, the next start
    begins with an empty database.

    Args:
        layout: the embedded server, which must be down.
        jar_cache: where its jars are.
        nodes: label and files; columns as `neo4j-admin database import` names them (`sku:ID(Product)`, …).
        relationships: type and files (`:START_ID(User)`, `:END_ID(Product)`, …).
        input_type: format of all files.

    Raises:
        GraphStateError: the server is running.
        DiskFull, ServerStartFailed: the import failed.
    """
    with layout.locked():
        running = ServerRecord.read(layout.record)
        if running is not None and running.process() is not None:
            raise GraphStateError("an offline import needs the server down", "holley-graph down")
        ServerRecord(0, 0.0).write(layout.importing)
        arguments = ["database", "import", "full", "neo4j", "--overwrite-destination", f"--input-type={input_type}"]
        arguments += [f"--nodes={label}={_joined(files)}" for label, files in nodes]
        arguments += [f"--relationships={kind}={_joined(files)}" for kind, files in relationships]
        arguments += [f"--report-file={layout.root / 'logs' / 'import.report'}"]
        try:
            jvm = [f"-Xmx{config.import_heap_mb()}m"]
            _run(layout, jar_cache, jvm, arguments, "the offline import failed", layout.importing)
        except BaseException:
            repair_import(layout)
            raise
        layout.importing.unlink()


def repair_import(layout: Layout) -> bool:
    """Remove what an import that did not end well left behind; return whether there was something.

    Safe because an import only ever goes into an empty database: nothing else can be lost.
    """
    if not layout.importing.exists():
        return False
    record = ServerRecord.read(layout.importing)
    process = record.process() if record is not None else None
    if process is not None:  # its parent was killed, it was not
        process.kill()
        process.wait()
    empty(layout)
    layout.importing.unlink()
    return True


def empty(layout: Layout) -> None:
    """Remove the store of a server that is down; the next start begins with an empty database."""
    for folder in layout.stores:
        if folder.exists():
            shutil.rmtree(folder)


def _joined(files: Sequence[Path]) -> str:
    return ",".join(str(file.absolute()) for file in files)


def _run(
    layout: Layout,
    jar_cache: Path,
    options: Sequence[str],
    arguments: Sequence[str],
    what: str,
    record: Path | None = None,
) -> None:
    """Run the admin tool to its end; its arguments stand in an owner-only file that is gone afterwards."""
    class_path = ":".join(map(str, jars.class_path(lock.read(), jar_cache)))
    jvm = [*options, f"-Djava.io.tmpdir={layout.temporary}", *config.JVM_FLAGS, "-cp", class_path]
    file, output = layout.root / "admin.args", layout.root / "logs" / "admin.log"
    process = java.launch(layout, [*jvm, MAIN_CLASS, *arguments], file, output)
    try:
        if record is not None:
            ServerRecord.of(process.pid).write(record)
        code = process.wait()
    except BaseException:
        process.kill()
        process.wait()
        raise
    finally:
        file.unlink()
    if code != 0:
        raise diagnosis.of(output, what)
