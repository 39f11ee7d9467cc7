"""What Neo4j Browser is offered beside the server: addresses that open it, a guide, files to import."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from holley_graph import files
from holley_graph.errors import ServerUnreachable
from holley_graph.graph import browser
from holley_graph.server import jars, lock, process
from holley_graph.server.layout import Layout
from holley_graph.server.status import connect
from holley_graph.settings import Settings


def addresses(settings: Settings, query: str | None, parameters: Mapping[str, str]) -> dict[str, Any]:
    """Return where Browser of the running server is, and who logs in.

    Args:
        settings: whose embedded server.
        query: a query of `cypher/browse/` to fill in; none: just the page.
        parameters: its parameters as typed; the others are looked up in the graph.

    Raises:
        ServerUnreachable: the server is down.
        NotFound: no such query.
        SettingsError: no such parameter, or of another type.
    """
    layout = Layout.of(settings)
    record = process.find(layout)
    if record is None:
        raise ServerUnreachable(f"the embedded server of {settings.home} is down", "holley-graph up")
    begin_with, page = typical(settings), record.browser_url("neo4j")
    url = page
    if query is not None:
        wanted = browser.find(query)
        url = browser.link(page, wanted, browser.values(wanted, begin_with, parameters))
    guide = guide_file(settings)
    files.write(guide, browser.guide(begin_with).encode(), files.PUBLIC)
    guide_url = f"http://localhost:{record.http_port}/browser/{guide.name}"
    guided = browser.guide_link(page, guide_url)
    return {"url": url, "guide": guided, "user": "neo4j", "password_file": layout.password_file}


def guide_file(settings: Settings) -> Path:
    """Return where the guide is: where the server serves Browser's own pages, one for each home.

    Those pages are sent with `Access-Control-Allow-Origin: *`, and Browser takes guides from the host `localhost`,
    though not from 127.0.0.1: no setting of the server is needed.
    """
    home = hashlib.sha256(str(settings.home.absolute()).encode()).hexdigest()[:12]
    return jars.browser_pages(lock.read(), settings.server.jar_cache) / f"holley-graph-{home}.html"


def typical(settings: Settings) -> dict[str, Any]:
    """Look up in the graph at hand what queries begin with: a typical owner, the part most bought, and so on."""
    with connect(settings) as graph:
        return dict(graph.read("server/typical")[0])


def write_files(settings: Settings, folder: Path) -> list[Path]:
    """Write what Browser imports into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    content = browser.files(typical(settings))
    for name, data in content.items():
        (folder / name).write_bytes(data)
    return [folder / name for name in content]
