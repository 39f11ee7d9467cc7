"""The demo's world behind a real Neo4j Browser in a real, headless Chromium."""

from __future__ import annotations

import base64
import io
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeVar

import pytest
from PIL import Image
from selenium import webdriver
from selenium.common.exceptions import StaleElementReferenceException, TimeoutException, WebDriverException
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.ui import WebDriverWait

from holley_graph.embeddings.writeback import write_back
from holley_graph.graph.client import Graph
from holley_graph.loaders import sync
from holley_graph.loaders.files import FilesSource
from holley_graph.server import pages
from holley_graph.server.layout import Layout
from holley_graph.server.status import connect
from holley_graph.settings import Settings
from holley_graph.simulator.generate import generate
from holley_graph.times import seconds
from tests.support import runs
from tests.support.held import held
from tests.support.server import wipe
from tests.support.sources import home

AS_OF = seconds("2026-01-01")
USERS = 1_000
"""A fifth of the demo's; the users and parts that the queries' defaults name are in both worlds."""
PATIENCE_S = 90
LEFT = "does not belong to the document"
"""What Chromium's driver says of an element when the page changes between finding and reading it."""
ROOT = Path(__file__).resolve().parents[2]
SHOWN = {
    name
    for page in (ROOT / "README.md", *ROOT.glob("docs/**/*.md"))
    for name in re.findall(r"img/([\w-]+)\.png", page.read_text(encoding="utf-8"))
}
"""Images that a document shows."""

DROP = """
const bytes = Uint8Array.from(atob(arguments[1]), c => c.charCodeAt(0));
const transfer = new DataTransfer();
transfer.items.add(new File([bytes], arguments[0]));
const target = document.querySelector('[data-testid=activeEditor]');
for (const kind of ['dragenter', 'dragover', 'drop'])
  target.dispatchEvent(new DragEvent(kind, {dataTransfer: transfer, bubbles: true, cancelable: true}));
"""

FRAMES = "return [...document.querySelectorAll('[data-testid=frame]')].map(frame => frame.textContent).join('\\n')"
SHOW = """
const frames = [...document.querySelectorAll('[data-testid=frame]')];
for (const frame of frames.filter(frame => /:(config|style)/.test(frame.textContent))) frame.style.display = 'none';
"""
RERUN = """
for (const frame of document.querySelectorAll('[data-testid=frame]'))
  if (frame.textContent.includes('No connection found'))
    frame.querySelector('[data-testid=rerunFrameButton]').click();
"""

T = TypeVar("T")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--images", type=Path, help="folder for the screenshots that documents show")


@dataclass(frozen=True)
class Window:
    """One window of Chromium, logged in to Neo4j Browser."""

    driver: webdriver.Chrome
    images: Path | None

    def all(self, css: str) -> list[WebElement]:
        return self.driver.find_elements(By.CSS_SELECTOR, css)

    def one(self, css: str) -> WebElement:
        """Wait until the page has such an element."""
        return self.until(lambda: self.all(css))[0]

    def until(self, condition: Callable[[], T | None], patience_s: float = PATIENCE_S) -> T:
        """Ask until the answer is something; an element of a page that is just being left is none yet."""

        def answer(_: webdriver.Chrome) -> T | Literal[False]:
            try:
                return condition() or False
            except WebDriverException as error:
                if isinstance(error, StaleElementReferenceException) or LEFT in str(error):
                    return False
                raise

        return WebDriverWait(self.driver, patience_s).until(answer)

    def run(self, answer: str) -> re.Match[str]:
        """Run what stands in the editor, and wait for an answer of that form."""

        def answered() -> re.Match[str] | None:
            """Look into every frame: what the server has Browser do at the start has frames of its own."""
            self.driver.execute_script(RERUN)  # the page is there before it has logged in again
            return re.search(answer, self.driver.execute_script(FRAMES))

        seen = []
        for patience_s in (PATIENCE_S / 3, PATIENCE_S):
            self.one("[data-testid=editor-Run]").click()
            try:
                return self.until(answered, patience_s)
            except TimeoutException:  # a page that logs in at that moment forgets the click
                seen.append(self.driver.execute_script(FRAMES))
                self.driver.refresh()
        raise AssertionError(f"Browser never said {answer!r} but {seen}")

    def text(self, name: str) -> str:
        """What stands in the newest element of that test id; read in one step, for Browser draws often."""
        text_ = self.driver.execute_script(f"return document.querySelector('[data-testid={name}]')?.textContent")
        return text_ or ""

    def table(self) -> tuple[list[str], list[str]]:
        """Headers and cells of the newest table."""
        read = (
            "return [...document.querySelectorAll('[data-testid=frameContents] table {}')].map(e => e.textContent)"
        )
        cells = self.until(lambda: self.driver.execute_script(read.format("td")))
        return self.driver.execute_script(read.format("th")), cells

    def drop(self, path: Path) -> None:
        """Drop a file on the window."""
        self.one("[data-testid=activeEditor]")
        self.driver.execute_script(DROP, path.name, base64.b64encode(path.read_bytes()).decode())

    def keep(self, name: str) -> None:
        """Take the image that a document shows, of what was asked and not of what Browser does first."""
        self.driver.execute_script(SHOW)
        screenshot(self.driver, self.images, name)


def screenshot(driver: webdriver.Chrome, folder: Path | None, name: str) -> None:
    """Take the image, if a document shows it, in few colours; without a folder none is wanted."""
    if folder and name in SHOWN:
        folder.mkdir(exist_ok=True)
        drawn = Image.open(io.BytesIO(driver.get_screenshot_as_png())).convert("RGB")
        drawn.quantize(64, dither=Image.Dither.NONE).save(folder / f"{name}.png", optimize=True)


@contextmanager
def chromium(profile: Path) -> Iterator[webdriver.Chrome]:
    """Start a browser of its own, without a screen."""
    options = webdriver.ChromeOptions()
    for switch in ("headless=new", "no-sandbox", "disable-gpu", "disable-dev-shm-usage", "window-size=1280,860"):
        options.add_argument(f"--{switch}")
    options.add_argument(f"--user-data-dir={profile}")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    program = shutil.which("chromium") or shutil.which("chromium-browser")
    if program:
        options.binary_location = program
    with webdriver.Chrome(options, webdriver.ChromeService(shutil.which("chromedriver"))) as driver:
        driver.set_page_load_timeout(PATIENCE_S)
        yield driver


@pytest.fixture(scope="session")
def demo(server: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Graph]:
    """The graph of the demo with two releases, their vectors drawn at random."""
    folder = tmp_path_factory.mktemp("demo")
    source = generate(folder / "world", users=USERS, as_of=AS_OF).folder
    with connect(server) as graph:
        wipe(graph)
        sync.sync(FilesSource(source), graph, home(folder / "home"), as_of=AS_OF)
        for seed in (1, 2):
            write_back(graph, runs.write(runs.draw(held(graph), seed), folder / f"r{seed}"))
        yield graph


@pytest.fixture(scope="session")
def window(
    server: Settings, demo: Graph, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Window]:
    profile = tmp_path_factory.mktemp("chromium")
    with chromium(profile) as driver:
        window = Window(driver, request.config.getoption("--images"))
        driver.get(pages.addresses(server, None, {})["url"])
        window.one("[data-testid=password]").send_keys(Layout.of(server).password())
        window.one("[data-testid=connect]").click()
        # what it remembers for the next page it writes a moment after it is in
        remembered = "return (localStorage['neo4j.connections'] || '').includes('\"connectionState\":1')"
        window.until(lambda: driver.execute_script(remembered))
        styled = "return (localStorage['neo4j.grass'] || '').includes('{drives}')"
        window.until(lambda: driver.execute_script(styled))
        yield window
