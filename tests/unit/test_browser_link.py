"""What Browser takes from us: one statement with its parameters as literals, and files that it can import."""

from __future__ import annotations

import csv
import io
import zipfile
from urllib.parse import parse_qs, urlsplit

import pytest

from holley_graph.errors import NotFound, SettingsError
from holley_graph.graph import browser

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
    assert browser.values(query, {"k": "3"}) == {"sku": query.defaults["sku"], "k": 3}


def test_an_unknown_query_parameter_or_type_is_refused_by_name() -> None:
    with pytest.raises(NotFound, match="no query 'nothing'"):
        browser.find("nothing")
    with pytest.raises(SettingsError, match="no parameter 'colour'"):
        browser.values(browser.find("co_purchase"), {"colour": "red"})
    with pytest.raises(SettingsError, match="k of browse/co_purchase is an integer"):
        browser.values(browser.find("co_purchase"), {"k": "many"})


def test_saved_queries_hold_every_query_in_one_folder() -> None:
    files = browser.files()
    folder, *rows = csv.DictReader(io.StringIO(files["queries.csv"].decode()))
    assert (folder["isFolder"], folder["name"]) == ("true", browser.FOLDER)
    assert [row["name"] for row in rows] == [query.title for query in browser.pack()]
    assert {row["parentId"] for row in rows} == {folder["id"]}
    assert all("$" not in row["query"] and row["description"] for row in rows)
    with zipfile.ZipFile(io.BytesIO(files["queries.zip"])) as archive:
        texts = [archive.read(name).decode() for name in archive.namelist()]
    assert [text.splitlines()[0] for text in texts] == [f"// {query.title}" for query in browser.pack()]


def test_files_are_the_same_to_the_byte_each_time() -> None:
    assert browser.files() == browser.files()
    assert browser.guide() == browser.guide()


def test_every_query_for_analysts_has_title_defaults_and_a_shape() -> None:
    for query in browser.pack():
        assert query.title, query.name
        assert query.shows in {"graph", "table"}
        assert set(query.defaults) == set(query.params)
        assert query.mode == "read"
    assert len({query.title for query in browser.pack()}) == len(browser.pack()) == 8
