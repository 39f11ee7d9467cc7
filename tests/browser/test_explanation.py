"""The pages of `explain` and `path` in a real Chromium: whole labels, no text over another, nothing loaded."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from selenium import webdriver
from selenium.webdriver.common.by import By

from holley_graph.recommend import page
from holley_graph.recommend.explain import Explanation
from tests.browser.conftest import chromium, screenshot

USER, SKU = "10b983e9-94de-4035-c353-43be18de88ab", "43-1000"
LED = {"500752": "Falcon Ridge Electric Cooling Fan", "20-1001": "Mainspring Headlight Assembly, polished finish"}
FACTS: dict[str, Any] = {
    "title": "Ironpeak Distributor Cap", "part_type": "Distributor Cap", "price": 55.28, "score": 2.41,
    "popularity": 1.3, "lift": 0.4, "own_history": -0.1, "answered_by": "user",
}  # fmt: skip
WHY = Explanation(
    FACTS,
    "path",
    "Goes with the electric cooling fan you looked at in October",
    ["fits the 1969 CHEVROLET CAMARO", "5 people bought it after 500752 (Falcon Ridge Electric Cooling Fan)"],
    [],
)


def edge(start: str, kind: str, end: str, says: str) -> dict[str, str]:
    names = {USER: "user", SKU: FACTS["title"], "1969|CHEVROLET|CAMARO": "1969 CHEVROLET CAMARO"} | LED
    labels = {USER: "User", "1969|CHEVROLET|CAMARO": "Vehicle"}
    ends = {"start": start, "end": end}
    return {"type": kind, "says": says} | {
        f"{name}{suffix}": of.get(key, "Product") if suffix == "_label" else of.get(key, key)
        for name, key in ends.items()
        for suffix, of in (("", {}), ("_label", labels), ("_name", names))
    }


EDGES = [
    edge(USER, "OWNS", "1969|CHEVROLET|CAMARO", "owns"),
    edge(SKU, "FITS", "1969|CHEVROLET|CAMARO", "fits"),
    edge(USER, "VIEWED", SKU, "looked at"),
    edge(USER, "VIEWED", "500752", "looked at"),
    edge(USER, "VIEWED", "20-1001", "looked at"),
    edge(USER, "CARTED", "20-1001", "added to the cart"),
    edge(USER, "ORDERED", "20-1001", "bought"),
    edge("500752", "CO_PURCHASED", SKU, "5 bought it next"),
    edge("20-1001", "CO_PURCHASED", SKU, "10 bought it next"),
    edge("20-1001", "CO_VIEWED", SKU, "12 sessions with both"),
]


@pytest.fixture(scope="module")
def driver(tmp_path_factory: pytest.TempPathFactory) -> Iterator[webdriver.Chrome]:
    with chromium(tmp_path_factory.mktemp("explanation") / "profile") as driver:
        yield driver


@pytest.fixture
def opened(driver: webdriver.Chrome, tmp_path: Path) -> webdriver.Chrome:
    file = tmp_path / "explain.html"
    file.write_text(page.explained(WHY, EDGES, USER, SKU), encoding="utf-8")
    driver.get(file.as_uri())
    return driver


def test_the_page_says_what_it_is_about_and_how_the_score_adds_up(opened: webdriver.Chrome) -> None:
    assert opened.title == "Why Ironpeak Distributor Cap (43-1000)?"
    verdict = opened.find_element(By.CLASS_NAME, "verdict").text
    assert verdict == f"It may be recommended to user {USER}."
    assert opened.find_element(By.TAG_NAME, "h1").text == opened.title
    *terms, total = [float(cell.text) for cell in opened.find_elements(By.CSS_SELECTOR, "td.number")]
    assert terms == [0.81, 1.3, 0.4, -0.1]
    assert sum(terms) == pytest.approx(total) and total == FACTS["score"]
    body = opened.find_element(By.TAG_NAME, "body").text
    assert all(text in body for text in (USER, str(WHY.reason), *WHY.speaks_for, "$55.28"))
    legend = [item.text for item in opened.find_elements(By.CSS_SELECTOR, ".legend li")]
    assert len(legend) == 6  # three kinds of boxes, and three of lines


# texts and the boxes that they may stand in or must stay clear of, as the page has them
PLACES = """
const boxes = [...document.querySelectorAll('svg rect')], texts = [...document.querySelectorAll('svg rect + text')];
const place = e => { const b = e.getBBox(); return [b.x, b.y, b.x + b.width, b.y + b.height]; };
return [boxes.map(place), texts.map(place), [...document.querySelectorAll('svg .says')].map(place)];
"""


def apart(one: list[float], other: list[float]) -> bool:
    return one[2] <= other[0] or other[2] <= one[0] or one[3] <= other[1] or other[3] <= one[1]


def test_labels_are_whole_and_cover_nothing(opened: webdriver.Chrome, request: pytest.FixtureRequest) -> None:
    boxes, labels, says = opened.execute_script(PLACES)
    assert len(boxes) == len(labels) == 5
    for box, label in zip(boxes, labels, strict=True):
        assert box[0] < label[0] and box[1] < label[1] and label[2] < box[2] and label[3] < box[3]
    assert all(apart(text, box) for text in says for box in boxes)
    assert all(apart(says[n], other) for n in range(len(says)) for other in says[:n])
    kinds = [element.tag_name for element in opened.find_elements(By.CSS_SELECTOR, "svg > path, svg > .says")]
    assert kinds == sorted(kinds)  # paths, and above them texts
    drawn = opened.find_element(By.TAG_NAME, "svg").text
    assert all(word in drawn for title in LED.values() for word in title.split())
    opened.set_window_size(1180, 1180)
    screenshot(opened, request.config.getoption("--images"), "explain")


def test_it_is_a_small_file_that_loads_nothing(opened: webdriver.Chrome) -> None:
    html = page.explained(WHY, EDGES, USER, SKU)
    assert len(html.encode()) < 40_000  # an image of it has as many
    assert "http" not in html.replace("http-equiv", "").replace("img-src https:", "")
    assert opened.execute_script("return performance.getEntriesByType('resource').length") == 0
    assert opened.get_log("browser") == []


def test_a_phone_scrolls_the_drawing_and_not_the_page(opened: webdriver.Chrome) -> None:
    size = {"width": 390, "height": 900, "deviceScaleFactor": 1, "mobile": True}
    opened.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    wide = "return document.documentElement.scrollWidth - document.documentElement.clientWidth"
    assert opened.execute_script(wide) == 0
    opened.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def test_the_page_of_a_path_shows_the_path_only(driver: webdriver.Chrome, tmp_path: Path) -> None:
    file = tmp_path / "path.html"
    file.write_text(page.fitment(EDGES[:2], USER, SKU), encoding="utf-8")
    driver.get(file.as_uri())
    assert driver.title == "Ironpeak Distributor Cap (43-1000) fits a 1969 CHEVROLET CAMARO"
    assert len(driver.find_elements(By.CSS_SELECTOR, "svg rect")) == 3
