"""Statement files are held against their headers, every one translates, and runs on the tables it is given."""

import string
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from holley_graph import spelling
from holley_graph.errors import QueryFileError
from holley_graph.loaders import feeds
from holley_graph.loaders.engine import dialects, statements
from holley_graph.loaders.engine.engine import Engine
from holley_graph.settings import Settings, Sync

GOOD = """-- purpose: p
-- params: @a INT64 what
--         @b STRING for
-- reads: t, u
-- returns: x INT64, y STRING
SELECT t.x, @b AS y FROM t JOIN u ON u.x = @a"""
NAMES = st.text(string.ascii_lowercase, min_size=1, max_size=8).map(lambda name: f"n_{name}")


@pytest.mark.parametrize("name", statements.names())
def test_every_statement_agrees_with_its_header_and_translates(name):
    assert statements.load(name).purpose
    assert dialects.duckdb(name)


@pytest.mark.parametrize("feed", feeds.FEEDS, ids=lambda feed: feed.clean.name)
def test_every_feed_returns_its_accounts_and_the_columns_of_its_contract(feed):
    columns = {column.name: feeds.contracts.BIGQUERY[column.type] for column in feed.clean.columns}
    assert statements.load(feed.clean.name).returns == feeds.ACCOUNT | columns


def test_no_statement_selects_every_column():
    assert [name for name in statements.names() if "SELECT *" in statements.load(name).text] == []


def test_a_header_is_read():
    statement = statements.parse("good", GOOD)
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
        statements.parse("bad", GOOD.replace(old, new))


@given(st.lists(NAMES, unique=True, max_size=5))
def test_declared_parameters_are_those_of_the_body_whatever_their_names(names):
    lines = "\n--   ".join(f"@{name} INT64 something" for name in names) or "none"
    body = "SELECT " + " + ".join(["1", *(f"@{name}" for name in names)]) + " AS x FROM t"
    statement = statements.parse(
        "made", f"-- purpose: p\n-- params: {lines}\n-- reads: t\n-- returns: x INT64\n{body}"
    )
    assert list(statement.params) == names


def test_a_missing_statement_is_named():
    with pytest.raises(QueryFileError, match="no statement nothing/here"):
        statements.load("nothing/here")


# ---- running them ----------------------------------------------------------------------------------------------


@pytest.fixture
def engine(tmp_path):
    with Engine(Settings(home=tmp_path / "home")) as running:
        yield running


def rejected(*reasons):
    columns = {"reason": list(reasons), "value": [None] * len(reasons), "source_row": ["{}"] * len(reasons)}
    return pa.table(columns, schema=pa.schema([(name, pa.string()) for name in columns]))


def replayed(engine, then, now):
    rows = engine.run("replayed", {"rejected_then": then, "rejected_now": now, "another": now}, value="unused")
    return {row["reason"]: (row["rejected"], row["still"]) for row in rows.to_pylist()}


def test_a_statement_runs_on_a_file_on_a_table_and_on_rows_of_the_engine(engine, tmp_path):
    file = tmp_path / "a [b]*.parquet"
    pq.write_table(rejected("x", "x", "y"), file)
    for now in (rejected("x"), engine.read(rejected("x")), engine.store(engine.read(rejected("x")))):
        assert replayed(engine, file, now) == {"x": (2, 1), "y": (1, 0)}


def test_a_statement_sees_the_tables_of_this_call_whatever_earlier_calls_had(engine):
    one, two = rejected("x"), rejected("y")
    assert replayed(engine, engine.read(one), one) == {"x": (1, 1)}
    assert replayed(engine, two, engine.read(two)) == {"y": (1, 1)}
    assert replayed(engine, engine.read(two), one) == {"y": (1, 0)}


def test_kept_rows_stay_what_they_were(engine):
    key = {"inner_pad": b"", "outer_pad": b""}
    columns = {"reason": ["x"], "value": [None], "source_row": ["{}"], "email": [None]}
    schema = pa.schema([(name, pa.string()) for name in columns])
    rows = engine.keep("rejects", {"rejected": pa.table(columns, schema=schema)}, **key)
    engine.keep("rejects", {"rejected": pa.table(columns | {"reason": ["z"]}, schema=schema)}, **key)
    assert rows.project("reason").fetchall() == [("x",)]


def test_a_table_or_a_value_that_nobody_gave_is_named(engine):
    with pytest.raises(QueryFileError, match="replayed: nobody gave table rejected_now"):
        engine.run("replayed", {"rejected_then": rejected("x")})
    with pytest.raises(QueryFileError, match="rejects: nobody gave @inner_pad"):
        engine.run("rejects", {"rejected": rejected("x")}, outer_pad=b"")


# ---- the same meaning in DuckDB --------------------------------------------------------------------------------


@given(st.lists(st.none() | st.lists(st.integers(0, 3), max_size=3), max_size=5))
def test_a_list_is_taken_apart_beside_its_row_and_a_left_join_keeps_rows_without_elements(lists):
    rows = pa.table(
        {"id": range(len(lists)), "l": lists}, schema=pa.schema({"id": pa.int64(), "l": pa.list_(pa.int64())})
    )
    apart = [(number, one) for number, values in enumerate(lists) for one in values or ()]
    with Engine() as engine:
        engine.duckdb.register("t", rows)
        crossed, left, joined = (
            engine.duckdb.sql(
                dialects.translated(f"SELECT r.id, o FROM t AS r {kind} JOIN UNNEST(r.l) AS o{more}")
            ).fetchall()
            for kind, more in (("CROSS", ""), ("LEFT", ""), ("CROSS", " INNER JOIN t AS other ON other.id = o"))
        )
    assert sorted(crossed) == sorted(apart)
    assert sorted(joined) == sorted(pair for pair in apart if pair[1] < len(lists))
    assert sorted(left, key=str) == sorted(apart + [(n, None) for n, one in enumerate(lists) if not one], key=str)


@given(st.lists(st.none() | st.lists(st.integers(-3, 3), max_size=4), max_size=5))
def test_a_sum_over_the_list_of_a_row_is_that_of_its_elements_and_missing_without_any(lists):
    rows = pa.table({"id": range(len(lists)), "l": pa.array(lists, pa.list_(pa.int64()))})
    statement = "SELECT (SELECT SUM(@a * (e + 1)) FROM UNNEST(t.l) AS e) AS x FROM t ORDER BY t.id"
    with Engine() as engine:
        engine.duckdb.register("t", rows)
        totals = engine.duckdb.sql(dialects.translated(statement), params={"a": 0.5}).fetchall()
    assert [x for (x,) in totals] == [
        sum(0.5 * (one + 1) for one in values) if values else None for values in lists
    ]


@given(st.lists(st.text(st.sampled_from("aZ09-~!  \t\n\x00\x7f\u00a0\u00adﬁé√ß"), max_size=6)))
def test_a_raw_text_is_spelled_as_the_rule_says_plain_or_not(texts):
    normal = "NORMALIZE(REGEXP_REPLACE(t.text, @invisible, ''), NFKC)"
    statement = f"SELECT TRIM(REGEXP_REPLACE({normal}, @blank, ' ')) AS x FROM t ORDER BY t.id"
    patterns = {"invisible": spelling.INVISIBLE, "blank": spelling.BLANK}
    with Engine() as engine:
        engine.duckdb.register("t", pa.table({"id": range(len(texts)), "text": pa.array(texts, pa.string())}))
        spelled = engine.duckdb.sql(dialects.translated(statement), params=patterns).fetchall()
    assert [text for (text,) in spelled] == [spelling.normal(text) for text in texts]


@given(st.from_regex(spelling.PLAIN, fullmatch=True))
def test_a_plain_text_is_spelled_normally_as_it_stands(text):
    assert spelling.normal(text) == text


def test_memory_is_bounded_and_what_it_does_not_hold_goes_into_the_home(tmp_path):
    with Engine(Settings(home=tmp_path / "home", sync=Sync(memory_mb=256))) as engine:
        limits = engine.duckdb.sql("SELECT current_setting('memory_limit'), current_setting('temp_directory')")
        ((memory, folder),) = limits.fetchall()
    assert memory == "244.1 MiB"
    assert Path(folder).is_relative_to(tmp_path / "home" / "spill")
