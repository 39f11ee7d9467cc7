"""Up and down: from an empty folder to a server that answers, and back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from holley_graph.errors import ServerError, ServerStartFailed
from holley_graph.server import admin, cds, jars, lock, preflight, process
from holley_graph.server.layout import Layout
from holley_graph.server.record import ServerRecord
from holley_graph.settings import Settings

if TYPE_CHECKING:
    from holley_graph.progress import Progress


def up(settings: Settings, progress: Progress | None = None) -> ServerRecord:
    """Make sure that the embedded server of this home answers; starting it twice gives one server.

    A server that crashed, was killed or is on its way down is started again and recovers its store; what a killed
    offline import left is removed first.

    Raises:
        PortTaken, StoreLocked, DiskFull, JarMissing, ChecksumDiffers, ServerStartFailed, AuthFailed: as named.
    """
    layout = Layout.of(settings)
    layout.create()
    with layout.locked():
        record = _running(settings, layout)
        if record is None:
            record = _start(settings, layout, progress or (lambda what, done, of: None))
    cds.prepare_in_background(layout, settings.server.jar_cache)
    return record


def down(settings: Settings) -> bool:
    """Stop the embedded server of this home cleanly; return whether one was running.

    Raises:
        ServerError: it does not end in time.
    """
    layout = Layout.of(settings)
    if not layout.root.exists():
        return False
    with layout.locked():
        record = process.find(layout)
        if record is None:
            layout.record.unlink(missing_ok=True)
            return False
        process.terminate(layout, record, settings.server.start_timeout_s)
    return True


def _running(settings: Settings, layout: Layout) -> ServerRecord | None:
    """Return the live server once it answers; none: there is none, or it was on its way down."""
    record = process.find(layout)
    if record is None:
        return None
    try:
        process.await_ready(layout, record, settings.server)
    except ServerError:
        if process.find(layout) is not None:
            raise
        return None
    return record


def _start(settings: Settings, layout: Layout, progress: Progress) -> ServerRecord:
    server, wanted = settings.server, lock.read()
    preflight.check(layout, server)
    jars.fetch(wanted, server.jar_cache, server.maven_url, progress)
    progress("starting Neo4j", 0, 1)
    jars.link_plugins(wanted, server.jar_cache, layout.plugins)
    admin.repair_import(layout)
    admin.ensure_password(layout, server.jar_cache)
    class_path = [*jars.class_path(wanted, server.jar_cache), jars.browser_folder(wanted, server.jar_cache)]
    archive = cds.usable(server.jar_cache)
    try:
        record = process.launch(layout, server, class_path, cds.flags(layout, archive))
        if archive and cds.refused(layout.console):
            archive.unlink(missing_ok=True)
    except ServerStartFailed:
        if archive is None:
            raise
        record = process.launch(layout, server, class_path, cds.flags(layout, None))
        archive.unlink(missing_ok=True)  # it starts without, so that was it
    progress("starting Neo4j", 1, 1)
    return record
