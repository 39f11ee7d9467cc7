"""What Neo4j Browser is offered beside the server: addresses that open it, a guide, files to import."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from holley_graph import files
from holley_graph.errors import ServerUnreachable
from holley_graph.graph import browser
from holley_graph.server import jars, lock, process
from holley_graph.server.layout import Layout
from holley_graph.settings import Settings


def addresses(settings: Settings, query: str | None, given: Mapping[str, str]) -> dict[str, Any]:
    """Return where Browser of the running server is, and who logs in.

    Args:
        settings: whose embedded server.
        query: a query of `cypher/browse/` to fill in; none: just the page.
        given: its parameters as typed; the others have their defaults.

    Raises:
        ServerUnreachable: the server is down.
        NotFound: no such query.
        SettingsError: no such parameter, or of another type.
    """
    layout = Layout.of(settings)
    record = process.find(layout)
    if record is None:
        raise ServerUnreachable(f"the embedded server of {settings.home} is down", "holley-graph up")
    page = record.browser_url("neo4j")
    url = page
    if query is not None:
        found = browser.find(query)
        url = browser.link(page, found, browser.values(found, given))
    guide = browser.guide_link(page, f"http://localhost:{record.http_port}/browser/{publish_guide(settings)}")
    return {"url": url, "guide": guide, "user": "neo4j", "password_file": layout.password_file}


def publish_guide(settings: Settings) -> str:
    """Put the guide where the server serves Browser's own pages, and return its name there.

    Those pages are sent with `Access-Control-Allow-Origin: *`, and Browser takes guides from the host `localhost`,
    though not from 127.0.0.1: no setting of the server is needed.
    """
    name, text = browser.guide()
    path = jars.browser_folder(lock.read(), settings.server.jar_cache) / "browser" / name
    if not path.exists():
        files.write(path, text.encode(), files.PUBLIC)
    return name


def write_files(folder: Path) -> list[Path]:
    """Write what Browser imports into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in browser.files().items():
        (folder / name).write_bytes(content)
    return [folder / name for name in browser.files()]
