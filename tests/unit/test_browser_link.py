"""A link carries one statement with its parameters as literals, whatever stands in them."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

from holley_graph.graph.browser import link

PAGE = "http://127.0.0.1:7474/browser/?connectURL=bolt://neo4j@127.0.0.1:7687"


def test_a_link_holds_one_statement_without_parameters() -> None:
    query = parse_qs(urlsplit(link(PAGE, "browse/fitment_path", {"user_id": "u1"})).query)
    assert query["cmd"] == ["edit"]
    assert '{user_id: "u1"}' in query["arg"][0]
    assert "$" not in query["arg"][0]
    assert "//" not in query["arg"][0]


def test_quotes_in_a_value_cannot_end_the_literal() -> None:
    query = parse_qs(urlsplit(link(PAGE, "browse/fitment_path", {"user_id": 'x"}) DETACH DELETE (n'})).query)
    assert r'{user_id: "x\"}) DETACH DELETE (n"}' in query["arg"][0]
