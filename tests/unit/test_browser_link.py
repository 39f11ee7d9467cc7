"""What Browser takes from us: one statement with its parameters as literals, and files that it can import."""

from __future__ import annotations

import csv
import io
import json
import re
import zipfile
from urllib.parse import parse_qs, urlsplit

import pytest

from holley_graph.errors import NotFound, SettingsError
from holley_graph.graph import browser, queries, schema

TYPICAL = {"user_id": "u1", "vehicle_id": "1969|FORD|F-150", "sku": "A1", "other_sku": "B2"}
PAGE = "http://127.0.0.1:7474/browser/?connectURL=bolt://neo4j@127.0.0.1:7687"


def argument(url: str) -> str:
    query = parse_qs(urlsplit(url).query)
    assert query["cmd"] == ["edit"]
    return query["arg"][0]


def test_a_link_holds_one_statement_without_parameters() -> None:
    text = argument(browser.link(PAGE, browser.find("fitment_path"), {"user_id": "u1"}))
    assert '{user_id: "u1"}' in text
    assert "$" not in text
    assert "//" not in text


def test_quotes_in_a_value_cannot_end_the_literal() -> None:
    text = argument(browser.link(PAGE, browser.find("fitment_path"), {"user_id": 'x"}) DETACH DELETE (n'}))
    assert r'{user_id: "x\"}) DETACH DELETE (n"}' in text


def test_what_is_typed_takes_the_declared_type_and_the_rest_its_default() -> None:
    query = browser.find("browse/co_purchase")
    assert browser.values(query, TYPICAL, {"k": "3"}) == {"sku": "A1", "k": 3}
    assert browser.values(query, TYPICAL, {"sku": "C3"}) == {"sku": "C3", "k": query.defaults["k"]}


def test_an_unknown_query_parameter_or_type_is_refused_by_name() -> None:
    with pytest.raises(NotFound, match="no query 'nothing'"):
        browser.find("nothing")
    with pytest.raises(SettingsError, match="no parameter 'colour'"):
        browser.values(browser.find("co_purchase"), TYPICAL, {"colour": "red"})
    with pytest.raises(SettingsError, match="k of browse/co_purchase is an integer"):
        browser.values(browser.find("co_purchase"), TYPICAL, {"k": "many"})


def test_saved_queries_hold_every_query_in_one_folder() -> None:
    files = browser.files(TYPICAL)
    folder, *rows = csv.DictReader(io.StringIO(files["queries.csv"].decode()))
    assert (folder["isFolder"], folder["name"]) == ("true", browser.FOLDER)
    assert [row["name"] for row in rows] == [query.title for query in browser.pack()]
    assert {row["parentId"] for row in rows} == {folder["id"]}
    assert all("$" not in row["query"] and row["description"] for row in rows)
    with zipfile.ZipFile(io.BytesIO(files["queries.zip"])) as archive:
        texts = [archive.read(name).decode() for name in archive.namelist()]
    assert [text.splitlines()[0] for text in texts] == [f"// {query.title}" for query in browser.pack()]


def test_files_are_the_same_to_the_byte_each_time() -> None:
    assert browser.files(TYPICAL) == browser.files(TYPICAL)
    assert browser.guide(TYPICAL) == browser.guide(TYPICAL)


def test_browser_is_told_to_draw_what_was_returned_in_our_colours() -> None:
    config, style = browser.after_connect().split(";")  # as Browser splits it; none may stand within a command
    assert config == "config autoComplete: false"
    assert json.loads(style.removeprefix(" style ")) == browser.style()
    assert browser.style()["node.Vehicle"]["caption"] == "{name}{year} {make} {model}"


def luminance(colour: str) -> float:
    """Relative luminance of `#RRGGBB` (WCAG 2.2)."""
    shares = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [x / 12.92 if x <= 0.04045 else ((x + 0.055) / 1.055) ** 2.4 for x in shares]
    return sum(weight * x for weight, x in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def contrast(one: str, other: str) -> float:
    """From 1, the same colour, to 21, black on white."""
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def test_every_caption_can_be_read_on_its_colour() -> None:
    assert round(contrast("#000000", "#FFFFFF"), 6) == 21
    rules = browser.style()
    for selector, rule in rules.items():
        whole = rules[selector.partition(".")[0]] | rule
        assert contrast(whole["color"], whole["text-color-internal"]) >= 4.5, selector
    assert contrast(rules["relationship"]["text-color-external"], "#FFFFFF") >= 4.5


def test_every_label_has_a_caption_and_an_active_user_looks_like_any_other() -> None:
    rules = browser.style()
    for node in schema.NODES:
        properties = {node.key.name, *(prop.name for prop in node.properties)}
        shown = set(re.findall(r"{(\w+)}", rules[f"node.{node.label}"]["caption"]))
        # `name` is what the schema's own drawing has
        assert shown - {"name"} <= properties and shown & (properties | {"name"}), node.label
    assert rules["node.ActiveUser"] == rules["node.User"]


def test_every_query_for_analysts_has_a_title_a_shape_and_a_value_for_each_parameter() -> None:
    for query in browser.pack():
        assert query.title, query.name
        assert query.shows in {"graph", "table"}
        assert set(query.params) - set(query.defaults) <= set(queries.load("server/typical").returns)
        assert query.mode == "read"
    assert len({query.title for query in browser.pack()}) == len(browser.pack()) == 14
