"""The preview of an export in a real Chromium: on a desk and on a phone, by day and by night."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any

import pyarrow as pa
import pytest
from selenium import webdriver
from selenium.webdriver.common.by import By

from holley_graph.export.preview import Preview
from holley_graph.export.rows import wide_schema
from tests.browser.conftest import chromium

POLICY = "default-src 'none'; img-src https:; style-src 'unsafe-inline'"
IMAGE = "https://images.invalid/{n}.jpg"
SLOT = {
    "rec_part_{n}": "4150-{n}", "rec{n}_price": 1403.87, "rec{n}_image": IMAGE, "rec{n}_pop_source": "user",
    "rec{n}_title": "Ironpeak Four Barrel Carburetor, polished finish {n}", "rec{n}_brand": "Ironpeak",
    "rec{n}_part_type": "Carburetor", "rec{n}_reason": "Goes with the intake manifold you bought in May",
}  # fmt: skip


def row(tier: str, parts: int) -> dict[str, Any]:
    """A person of one kind; the third part has neither price nor title, the second one no image."""
    slots = {
        name.format(n=n): value.format(n=n) if isinstance(value, str) else value
        for n in range(1, parts + 1)
        for name, value in SLOT.items()
    }
    who = {"email_lower": "ann@x.com", "v1_year": 1967, "v1_make": "FORD", "v1_model": "MUSTANG"}
    gaps = {"rec3_price": None, "rec3_title": None, "rec2_image": None}
    about = {"engagement_tier": tier, "fitment_count": parts, "run_id": "20260101T000000-sage-aaaa"}
    return who | slots | gaps | about


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[webdriver.Chrome]:
    preview = Preview()
    rows = pa.Table.from_pylist([row("hot", 4), row("cold", 3), row("cold", 3)], wide_schema())
    assert [table.num_rows for table in preview.watched([rows])] == [3]
    folder = tmp_path_factory.mktemp("preview")
    page = folder / "preview.html"
    page.write_text(preview.page("mail.csv", datetime(2026, 1, 2, tzinfo=UTC)), encoding="utf-8")
    with chromium(folder / "profile") as driver:
        driver.get(page.as_uri())
        yield driver


def columns(driver: webdriver.Chrome) -> int:
    """How many cards stand beside each other."""
    cards = driver.find_elements(By.CSS_SELECTOR, "section:first-of-type li")
    return len({card.location["x"] for card in cards})


@pytest.mark.parametrize(("width", "beside"), [(1280, 4), (390, 1)])
def test_cards_fit_a_desk_and_a_phone(opened: webdriver.Chrome, width: int, beside: int) -> None:
    size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 500}
    opened.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    assert columns(opened) == beside
    assert opened.execute_script("return document.documentElement.scrollWidth <= window.innerWidth")


def test_each_kind_of_people_has_an_example_with_title_price_and_reason(opened: webdriver.Chrome) -> None:
    sections = [find_element.text for find_element in opened.find_elements(By.TAG_NAME, "section")]
    assert len(sections) == 2
    assert all("Owner of a 1967 Ford Mustang" in text and "$1,403.87" in text for text in sections)
    assert [text.count("Goes with the intake manifold you bought in May") for text in sections] == [4, 3]
    assert "ann@x.com" not in opened.page_source


def test_it_says_by_what_it_was_made(opened: webdriver.Chrome) -> None:
    made_by = f"made 2026-01-02 00:00 UTC by holley-graph {version('holley-graph')} from 20260101T000000-sage-aaaa."
    assert made_by in opened.find_element(By.TAG_NAME, "main").text


def test_it_is_dark_at_night_and_readable_both_ways(opened: webdriver.Chrome) -> None:
    contrasts = {}
    for scheme in ("light", "dark"):
        opened.execute_cdp_cmd(
            "Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
        )
        ask = "return [getComputedStyle(document.querySelector('li')).backgroundColor, {}]"
        text = (
            "...['.title', '.soft', '.price'].map(s => getComputedStyle(document.querySelector('li ' + s)).color)"
        )
        contrasts[scheme] = [luminance(colour) for colour in opened.execute_script(ask.format(text))]
    assert contrasts["light"][0] > 0.8 and contrasts["dark"][0] < 0.1
    for background, *texts in contrasts.values():
        assert all((max(background, t) + 0.05) / (min(background, t) + 0.05) >= 4.5 for t in texts)


def luminance(colour: str) -> float:
    """Relative luminance as WCAG defines it."""
    parts = [int(part) / 255 for part in colour.removeprefix("rgb(").removesuffix(")").split(",")]
    linear = [part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def test_nothing_is_loaded_but_the_images(opened: webdriver.Chrome) -> None:
    question = opened.execute_script("return performance.getEntriesByType('resource').map(e => e.name)")
    assert {name for name in question if not name.startswith("https://images.invalid/")} == set()
    assert POLICY in opened.page_source
    assert not opened.find_elements(By.TAG_NAME, "script")
