"""Statement files are held against their headers, and every one translates."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holley_graph.errors import QueryFileError
from loaders import feeds, sqltext

GOOD = """-- purpose: p
-- params: @a INT64 what
--         @b STRING for
-- reads: t, u
-- returns: x INT64, y STRING
SELECT t.x, @b AS y FROM t JOIN u ON u.x = @a"""
NAMES = st.text(string.ascii_lowercase, min_size=1, max_size=8).map(lambda name: f"n_{name}")


@pytest.mark.parametrize("name", sqltext.names())
def test_every_statement_agrees_with_its_header_and_translates(name):
    assert sqltext.load(name).purpose
    assert sqltext.duckdb(name)


@pytest.mark.parametrize("feed", feeds.FEEDS, ids=lambda feed: feed.clean.name)
def test_every_feed_returns_its_accounts_and_the_columns_of_its_contract(feed):
    columns = {column.name: feeds.contracts.BIGQUERY[column.type] for column in feed.clean.columns}
    assert sqltext.load(feed.clean.name).returns == feeds.ACCOUNT | columns


def test_no_statement_selects_every_column():
    assert [name for name in sqltext.names() if "SELECT *" in sqltext.load(name).text] == []


def test_a_header_is_read():
    statement = sqltext.parse("good", GOOD)
    assert statement.params == {"a": "INT64 what", "b": "STRING for"}
    assert statement.reads == ("t", "u")
    assert statement.returns == {"x": "INT64", "y": "STRING"}


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("-- purpose: p\n", "", "header lacks purpose"),
        ("-- reads: t, u\n", "", "header lacks reads"),
        ("@b STRING", "b STRING", "a parameter line starts with its @name"),
        ("@b AS y", "@c AS y", r"parameters used but not declared \['c'\], declared but not used \['b'\]"),
        ("reads: t, u", "reads: t", r"tables used but not declared \['u'\]"),
        ("x INT64, y STRING", "x INT64", r"returns \['x', 'y'\], its header says \['x'\]"),
        ("SELECT t.x", "SELECT FROM WHERE", "bad"),
    ],
)
def test_a_file_that_disagrees_with_its_header_is_refused(old, new, message):
    with pytest.raises(QueryFileError, match=message):
        sqltext.parse("bad", GOOD.replace(old, new))


@given(st.lists(NAMES, unique=True, max_size=5))
def test_declared_parameters_are_those_of_the_body_whatever_their_names(names):
    lines = "\n--   ".join(f"@{name} INT64 something" for name in names) or "none"
    body = "SELECT " + " + ".join(["1", *(f"@{name}" for name in names)]) + " AS x FROM t"
    statement = sqltext.parse(
        "made", f"-- purpose: p\n-- params: {lines}\n-- reads: t\n-- returns: x INT64\n{body}"
    )
    assert list(statement.params) == names


def test_a_missing_statement_is_named():
    with pytest.raises(QueryFileError, match="no statement nothing/here"):
        sqltext.load("nothing/here")
