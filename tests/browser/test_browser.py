"""Analysts in Neo4j Browser: every query of theirs opens, runs and shows what the driver reads."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from holley_graph.graph import browser
from holley_graph.graph.client import Graph
from holley_graph.server import pages
from holley_graph.server.layout import Layout
from holley_graph.settings import Settings
from tests.browser.conftest import FRAMES, Window

PACK = [query.name.removeprefix("browse/") for query in browser.pack()]

CAPTIONS = """
const nodes = [...document.querySelectorAll('[data-testid=frameContents] g.node')];
return nodes.map(node => [...node.querySelectorAll('text')].map(line => line.textContent.trim()).join(' ').trim());
"""


def rows_of(window: Window) -> int:
    """Run what stands in the editor; return the number of rows that Browser says it read."""
    return int(window.run(r"Started streaming (\d+) records")[1])


def drawn(window: Window) -> tuple[int, int]:
    """Run what stands in the editor; return how many nodes and relationships Browser says it draws."""
    message = window.run(r"Displaying (\d+) nodes, (\d+) relationships")
    return int(message[1]), int(message[2])


def shown(value: Any) -> str:
    """A value as Browser writes it, without spaces and quotes, where lists and maps differ in taste."""
    plain = "null" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
    return re.sub(r"[\s\"']", "", plain)


@pytest.mark.parametrize("name", PACK)
def test_a_query_opens_filled_in_and_shows_what_the_driver_reads(
    window: Window, server: Settings, demo: Graph, name: str
) -> None:
    query = browser.find(name)
    with demo.driver.session() as session:
        values = browser.values(query, pages.typical(server))
        rows = [list(record.values()) for record in session.run(query.text, values)]  # type: ignore[arg-type]
        returned = session.run(query.text, values).graph()  # type: ignore[arg-type]
    assert rows
    window.driver.get(pages.addresses(server, name, {})["url"])
    if query.shows == "graph":
        assert drawn(window) == (len(returned.nodes), len(returned.relationships))
    else:
        assert rows_of(window) == len(rows)
        headers, cells = window.table()
        assert headers[1:] == list(query.returns)  # the first column is the number of the row
        assert [shown(cell) for cell in cells[1 : len(headers)]] == [shown(value) for value in rows[0]]
    window.keep(f"browser-{name.replace('_', '-')}")


def test_the_link_that_closes_the_demo_shows_a_star_in_which_everything_has_a_name(
    window: Window, server: Settings
) -> None:
    known = pages.typical(server)
    window.driver.get(pages.addresses(server, "fitment_path", {"user_id": known["user_id"]})["url"])
    assert drawn(window) == (27, 26)
    captions = window.until(lambda: window.driver.execute_script(CAPTIONS))
    assert len(captions) == 27 and all(captions)
    assert captions.count(known["vehicle_id"].replace("|", " ")) == 2  # the vehicle, and the user who drives it


def test_parameters_of_a_link_reach_the_editor(window: Window, server: Settings) -> None:
    window.driver.get(pages.addresses(server, "co_purchase", {"sku": "76-1001", "k": "3"})["url"])
    drawn(window)
    written = window.driver.execute_script(FRAMES).replace("\xa0", " ")
    assert '"76-1001"' in written
    assert "LIMIT 3" in written


def test_the_guide_has_a_slide_for_every_query_and_runs_it(window: Window, server: Settings) -> None:
    window.driver.get(pages.addresses(server, None, {})["guide"])
    title = window.until(lambda: [h for h in window.all("[data-testid=guidesDrawer] h3") if h.text])[0].text
    assert title == browser.pack()[0].title
    assert str(len(PACK)) in window.one("[data-testid=guidesDrawer]").text
    window.keep("browser-guide")
    window.one("[data-testid=guidesDrawer] pre.runnable").click()
    window.until(lambda: "MATCH" in window.text("activeEditor"))


def test_classic_browser_takes_the_saved_queries_and_the_style_by_drop(
    window: Window, server: Settings, tmp_path: Path
) -> None:
    window.driver.get(pages.addresses(server, None, {})["url"])
    for path in pages.write_files(server, tmp_path):
        if path.suffix in {".zip", ".grass"}:
            window.drop(path)
    stored = "return ['documents', 'folders', 'grass'].map(name => localStorage['neo4j.' + name]).join()"
    wanted = {browser.FOLDER, "{drives}", *(query.title for query in browser.pack())}
    window.until(lambda: all(title in window.driver.execute_script(stored) for title in wanted))


def test_new_browser_imports_the_saved_queries(window: Window, server: Settings, tmp_path: Path) -> None:
    (saved,) = (path for path in pages.write_files(server, tmp_path) if path.suffix == ".csv")
    window.driver.get(pages.addresses(server, None, {})["url"].replace("/browser/", "/browser/preview/"))
    window.one("input[type=password]").send_keys(Layout.of(server).password())
    window.one("[data-testid=connection-form-submit]").click()
    window.until(lambda: not window.all("input[type=password]"))
    window.one("[aria-label='Cypher panel']").click()
    window.one("input[type=file]").send_keys(str(saved))
    window.until(lambda: "Cypher import completed" in window.one("body").text)
    statement = "return localStorage['persist:nx.v1.query.savedCypher'] || ''"
    wanted = {browser.FOLDER, *(query.title for query in browser.pack())}
    window.until(lambda: all(title in window.driver.execute_script(statement) for title in wanted))


def test_nothing_outside_this_machine_was_loaded(window: Window) -> None:
    loaded = window.driver.execute_script("return performance.getEntriesByType('resource').map(e => e.name)")
    assert {re.sub(r":\d+.*", "", url) for url in loaded} <= {"http://127.0.0.1", "http://localhost", "data"}
