"""The header of a statement file, and what is refused."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holley_graph.errors import QueryFileError
from holley_graph.graph import queries

GOOD = """\
// purpose: parts that fit
// mode: read
// params: $user_id string  whose answer
//         $k integer       how many
// returns: sku string, score float
MATCH (u:User {user_id: $user_id}) RETURN u.sku AS sku, u.score AS score LIMIT $k
"""

names = st.from_regex(r"[a-z][a-z0-9_]{0,11}", fullmatch=True)
words = st.from_regex(r"[A-Za-z]{1,8}(?: [A-Za-z]{1,8}){0,5}", fullmatch=True)


def test_a_header_is_read_as_it_is_written() -> None:
    query = queries.parse("room/name", GOOD)
    assert query.purpose == "parts that fit"
    assert query.mode == "read"
    assert query.params == {"user_id": "string whose answer", "k": "integer how many"}
    assert query.returns == ("sku", "score")
    assert query.text == GOOD


@pytest.mark.parametrize("key", ["purpose", "mode", "params", "returns"])
def test_a_header_that_lacks_a_line_is_refused_by_its_name(key: str) -> None:
    text = re.sub(rf"// {key}:", "// ", GOOD)
    with pytest.raises(QueryFileError, match=rf"room/name.*{key}"):
        queries.parse("room/name", text)


def test_a_parameter_that_is_used_but_not_declared_is_refused() -> None:
    with pytest.raises(QueryFileError, match=r"not declared \['limit'\]"):
        queries.parse("room/name", GOOD + "SKIP $limit\n")


def test_a_parameter_that_is_declared_but_not_used_is_refused() -> None:
    with pytest.raises(QueryFileError, match=r"not used \['k'\]"):
        queries.parse("room/name", GOOD.replace(" LIMIT $k", ""))


def test_a_parameter_line_without_a_dollar_is_refused() -> None:
    with pytest.raises(QueryFileError, match="starts with its"):
        queries.parse("room/name", GOOD.replace("$k integer ", "k integer "))


def test_an_unknown_mode_is_refused() -> None:
    with pytest.raises(QueryFileError, match="mode is 'sometimes'"):
        queries.parse("room/name", GOOD.replace("mode: read", "mode: sometimes"))


@pytest.mark.parametrize("quoted", ["'$price'", '"$price"', "`$price`", "/* $price */", "// $price\n"])
def test_a_dollar_in_text_or_comment_is_no_parameter(quoted: str) -> None:
    text = GOOD.replace("LIMIT $k", f"LIMIT $k {quoted}")
    assert set(queries.parse("room/name", text).params) == {"user_id", "k"}


FOR_ANALYSTS = GOOD.replace(
    "// returns", '// title: Parts\n// defaults: {"user_id": "u1", "k": 4}\n// shows: table\n// returns'
)


def test_the_lines_for_analysts_are_read_and_the_body_is_without_header_and_comments() -> None:
    query = queries.parse("browse/name", FOR_ANALYSTS + "// why\n")
    assert (query.title, query.shows, query.defaults) == ("Parts", "table", {"user_id": "u1", "k": 4})
    assert query.body == GOOD.splitlines()[-1]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('"k": 4', '"l": 4', "defaults for"),
        ('"k": 4', '"k": four', "no JSON"),
        ("shows: table", "shows: cake", "cake"),
    ],
)
def test_lines_for_analysts_that_promise_something_else_are_refused(old: str, new: str, message: str) -> None:
    with pytest.raises(QueryFileError, match=message):
        queries.parse("browse/name", FOR_ANALYSTS.replace(old, new))


def test_a_statement_that_does_not_exist_is_named() -> None:
    with pytest.raises(QueryFileError, match="no statement room/nowhere"):
        queries.load("room/nowhere")


@given(
    purpose=words,
    mode=st.sampled_from(["read", "write", "auto", "schema"]),
    params=st.dictionaries(names, st.tuples(st.sampled_from(["string", "integer", "list"]), words), max_size=6),
    returns=st.lists(names, max_size=6, unique=True),
)
def test_whatever_is_declared_comes_back(
    purpose: str, mode: str, params: dict[str, tuple[str, str]], returns: list[str]
) -> None:
    declared = "\n//         ".join(f"${name} {kind}  {meaning}" for name, (kind, meaning) in params.items())
    header = (
        f"// purpose: {purpose}\n// mode: {mode}\n// params: {declared or 'none'}\n"
        f"// returns: {', '.join(f'{name} string' for name in returns) or 'none'}\n"
    )
    body = "WITH " + ", ".join(f"${name} AS {name}" for name in params) + "\n"
    query = queries.parse("room/name", header + body)
    assert (query.purpose, query.mode) == (purpose, mode)
    assert query.params == {name: f"{kind} {meaning}" for name, (kind, meaning) in params.items()}
    assert query.returns == tuple(returns)


@given(declared=st.sets(names, max_size=4), used=st.sets(names, max_size=4))
def test_header_and_body_agree_or_the_file_is_refused(declared: set[str], used: set[str]) -> None:
    lines = "\n//  ".join(f"${name} string" for name in sorted(declared)) or "none"
    text = f"// purpose: x\n// mode: read\n// params: {lines}\n// returns: none\n" + " ".join(f"${n}" for n in used)
    if declared == used:
        assert set(queries.parse("room/name", text).params) == used
    else:
        with pytest.raises(QueryFileError):
            queries.parse("room/name", text)


def test_a_parameter_that_may_be_null_is_null_where_it_is_not_given() -> None:
    query = queries.parse("x/y", GOOD.replace("integer  ", "integer or null"))
    assert query.values({"user_id": "u"}) == {"user_id": "u", "k": None}
    assert query.values({"user_id": "u", "k": 2}) == {"user_id": "u", "k": 2}
