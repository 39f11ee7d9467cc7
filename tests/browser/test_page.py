"""The page of `serve` in a real Chromium: enter, look up, compare, ask why, walk the history."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from holley_graph import journal
from holley_graph.evaluation import conclusion
from holley_graph.graph.client import Graph
from holley_graph.settings import Settings
from tests.browser.conftest import Window, chromium
from tests.browser.test_preview import luminance
from tests.support.door import Door, opened
from tests.support.runs import manifest
from tests.unit.test_evaluation_study import CUTS, FULL

CAMARO = "1969|CHEVROLET|CAMARO"
FOLDED = """
const around = document.createRange();
const height = e => { around.selectNodeContents(e); return around.getBoundingClientRect().height; };
return [...document.querySelectorAll('.key')].filter(e => height(e) > 30).map(e => e.textContent);
"""
"""Keys, such as a SKU or the id of a run, that stand on more than one line."""


@pytest.fixture(scope="module")
def door(server: Settings, demo: Graph) -> Iterator[Door]:
    """The door of a home that remembers an evaluation, a release, an export and a gate."""
    home = server.home
    conclusion.conclude(CUTS, FULL, {"best": manifest("run-1")}, home, with_verdict=True)
    journal.note(home, "release", {"live": "r2", "previous": "r1"})
    journal.note(home, "export", {"file": "mail.csv", "ranker": "graph", "rows": 4749})
    journal.note(home, "gate", {"file": "mail.csv", "rows": 4749, "passed": False, "failed": ["min_users"]})
    with opened(server, timeout_s=60, wait_s=60) as door:  # a busy machine is no finding
        yield door


@pytest.fixture(scope="module")
def page(door: Door, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Window]:
    """A window that has shown the token."""
    with chromium(tmp_path_factory.mktemp("page")) as driver:
        window = Window(driver, request.config.getoption("--images"))
        driver.get(f"{door.url}/vehicle?vehicle_id={CAMARO.replace('|', '%7C')}")
        assert "Show the token" in window.one("main").text
        window.one("[name=token]").send_keys("not the token, but as long", Keys.ENTER)
        assert window.until(lambda: [alert.text for alert in window.all("[role=alert]")]) == [
            "That is not the token."
        ]
        window.one("[name=token]").send_keys(door.token, Keys.ENTER)
        window.until(lambda: window.all(".cards li"))
        yield window


def at(window: Window, door: Door, path: str, width: int = 1280, scheme: str = "light") -> None:
    size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 500}
    window.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    features = [{"name": "prefers-color-scheme", "value": scheme}]
    window.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
    window.driver.get(door.url + path)


def owner(graph: Graph) -> str:
    return str(graph.read("find/people_by_vehicle", vehicle_id=CAMARO, k=1)[0]["user_id"])


def test_the_token_is_shown_once_and_leads_to_where_one_wanted_to_go(page: Window, door: Door) -> None:
    assert "1969 CHEVROLET CAMARO" in page.one("h1").text
    (cookie,) = page.driver.get_cookies()
    assert (cookie["httpOnly"], cookie["sameSite"]) == (True, "Lax")
    assert door.token not in cookie["value"]


def test_a_vehicle_is_looked_up_by_keyboard_and_shows_four_cards(page: Window, door: Door) -> None:
    at(page, door, "/")
    page.one("body").send_keys(Keys.TAB)
    assert page.driver.switch_to.active_element.text == "to the content"
    page.one("[name=text]").send_keys("1969 camaro", Keys.ENTER)
    page.until(lambda: "1969 CHEVROLET CAMARO" in page.one("h1").text)
    cards = [card.text for card in page.all(".cards li")]
    assert len(cards) == 4
    assert all(re.search(r"\$[\d,]+\.\d\d", card) for card in cards)
    assert len(page.all(".cards .reason")) == 4
    images = [image.get_attribute("src") for image in page.all(".cards img")]
    assert len(images) == 4 and all(source.startswith("https://") for source in images)
    page.keep("page-vehicle")


def test_a_person_s_parts_are_compared_with_the_release_before(page: Window, door: Door, demo: Graph) -> None:
    at(page, door, f"/person?user_id={owner(demo)}")
    page.one("[name=k]").clear()
    page.one("[name=k]").send_keys("3")
    page.one("[name=before]").send_keys(Keys.SPACE)
    page.one("[name=before]").send_keys(Keys.ENTER)
    before = page.until(lambda: page.all("h2"))
    assert before[-1].text == "By the release before"
    now, then = page.all("ol.cards")
    shown = [[card.text for card in cards.find_elements(By.TAG_NAME, "li")] for cards in (now, then)]
    assert [len(cards) for cards in shown] == [3, 3]
    assert all("new by this release" in card or "by the release before" in card for card in shown[0])
    assert all("place" in card or "not shown now" in card for card in shown[1])
    page.keep("page-compare")


def test_another_strategy_answers_otherwise(page: Window, door: Door, demo: Graph) -> None:
    at(page, door, f"/person?user_id={owner(demo)}&by=intent")
    assert page.one("select [selected]").text.startswith("where this person's interest leads")
    assert page.all(".cards li") or "no part that fits follows" in page.one("main").text


def test_a_part_says_why_and_why_not(page: Window, door: Door, demo: Graph) -> None:
    user = owner(demo)
    at(page, door, f"/person?user_id={user}")
    page.one(".cards li p:last-child a").click()
    assert page.until(lambda: page.all(".verdict"))[0].text == "It has place 1: one of the four that are sent."
    other = demo.driver.execute_query(
        "MATCH (p:Product {eligible: true}) "
        "WHERE NOT (p)-[:FITS]->(:Vehicle {vehicle_id: $v}) RETURN p.sku LIMIT 1",
        v=CAMARO,
    ).records[0][0]
    at(page, door, f"/person?user_id={user}")
    page.one("[name=sku]").send_keys(other, Keys.ENTER)
    assert page.until(lambda: page.all(".verdict"))[0].text == "It is not recommended."
    assert "does not fit the 1969 CHEVROLET CAMARO" in page.one("main").text


def test_the_history_is_walked_from_releases_to_the_report_of_an_evaluation(page: Window, door: Door) -> None:
    at(page, door, "/history")
    text = page.one("main").text
    assert {"live", "previous"} <= set(re.findall(r"\w+", text))
    assert "mail.csv" in text and "must not be sent" in text and "min_users" in text
    assert len(page.all("svg [role=img], svg[role=img]")) >= 1
    page.keep("page-history")
    page.one("a[href^='/evaluation']").click()
    page.until(lambda: "run-1" in page.one("body").text or "best" in page.one("body").text)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("path", ["/", "/find?text=camaro", "/person?user_id={user}&before=1", "/history", "/docs"])
def test_a_phone_shows_it_whole_and_readable_by_day_and_by_night(
    page: Window, door: Door, demo: Graph, path: str, scheme: str
) -> None:
    at(page, door, path.format(user=owner(demo)), 390, scheme)
    assert page.driver.execute_script("return document.documentElement.scrollWidth <= window.innerWidth")
    assert page.driver.execute_script(FOLDED) == []
    colours = """
        const seen = [...document.querySelectorAll('main *, nav *')].filter(e => e.offsetParent && e.innerText);
        return seen.map(e => [getComputedStyle(e).color, back(e)]);
        function back(e) {
          const colour = getComputedStyle(e).backgroundColor;
          return colour == 'rgba(0, 0, 0, 0)' ? back(e.parentElement) : colour;
        }"""
    for text, behind in {tuple(pair) for pair in page.driver.execute_script(colours)}:
        light, dark = sorted((luminance(text), luminance(behind)), reverse=True)
        assert (light + 0.05) / (dark + 0.05) >= 4.5, (text, behind)
    if path.startswith("/person") and scheme == "dark":
        page.keep("page-phone-dark")


def test_nothing_runs_and_nothing_but_images_comes_from_elsewhere(page: Window, door: Door, demo: Graph) -> None:
    for path in ("/", f"/person?user_id={owner(demo)}&before=1", "/history", "/docs"):
        at(page, door, path)
        loaded = page.driver.execute_script(
            "return performance.getEntriesByType('resource').map(e => [e.initiatorType, e.name])"
        )
        assert {name for kind, name in loaded if kind != "img"} == {f"{door.url}/style.css"}
        assert not page.all("script, iframe, object, [onclick]")


def test_who_leaves_has_to_show_the_token_again(page: Window, door: Door) -> None:
    at(page, door, "/")
    page.one("nav button").click()
    page.until(lambda: page.all("[name=token]"))
    assert page.driver.get_cookies() == []
