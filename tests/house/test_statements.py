"""Every statement stands in a file of its own, and its header tells the truth."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
from sqlglot.errors import SqlglotError

from holley_graph.errors import QueryFileError
from holley_graph.graph import migrations, queries
from holley_graph.loaders.engine import dialects, statements
from tests.house import tree

STATEMENT = re.compile(
    r"\s*(?:MATCH\s*\(|OPTIONAL MATCH|MERGE\s*\(|UNWIND\s|CALL\s*[\w({]|RETURN\s|DETACH DELETE|SHOW\s+[A-Z]|"
    r"(?:CREATE|DROP|ALTER)\s+[A-Z(]|SELECT\s|WITH\s+\w+\s+AS\s|INSERT INTO|DELETE FROM|COPY\s|PRAGMA\s|"
    r"SET\s+\w+(?:\.\w+)?\s*=|LOAD CSV|EXPLAIN\s|PROFILE\s)"
)
ALLOWED = {
    ("loaders/engine/engine.py", "SET TimeZone = 'UTC'"): "a setting of the connection, not a question to data",
}
"""Statements in Python, each with the reason why it may stay."""

WRITES = re.compile(r"\b(?:CREATE|MERGE|SET|REMOVE|DELETE|DROP|FOREACH)\b")
_QUOTED_OR_COMMENT = re.compile(r"'(?:\\.|[^'\\])*'|\"(?:\\.|[^\"\\])*\"|//[^\n]*")


def literals(path: Path) -> list[str]:
    """Text in a module that is no docstring; of f-strings the parts that are fixed."""
    module = tree.parsed(path)
    expressions = (node.value for node in ast.walk(module) if isinstance(node, ast.Expr))
    prose = {id(value) for value in expressions if isinstance(value, ast.Constant)}
    constants = (node for node in ast.walk(module) if isinstance(node, ast.Constant) and id(node) not in prose)
    return [node.value for node in constants if isinstance(node.value, str)]


def found() -> set[tuple[str, str]]:
    return {(str(path), text) for path in tree.python() for text in literals(path) if STATEMENT.match(text)}


def test_no_statement_stands_in_python() -> None:
    assert found() - set(ALLOWED) == set()


def test_every_exception_is_still_needed() -> None:
    assert set(ALLOWED) - found() == set()


@pytest.mark.parametrize(
    "text",
    ["MATCH (n) RETURN n", "SELECT 1 FROM x", "UNWIND $rows AS row", "CREATE INDEX a", "\n  WITH a AS (SELECT"],
)
def test_the_detector_knows_a_statement(text: str) -> None:
    assert STATEMENT.match(text)


@pytest.mark.parametrize("name", queries.names())
def test_a_cypher_statement_loads_and_returns_what_its_header_says(name: str) -> None:
    query = queries.load(name)
    assert query.purpose
    assert columns(query.text) == list(query.returns)


@pytest.mark.parametrize("name", [name for name in queries.names() if queries.load(name).mode == "read"])
def test_a_read_statement_writes_nothing(name: str) -> None:
    assert not WRITES.search(_QUOTED_OR_COMMENT.sub(" ", queries.load(name).text))


@pytest.mark.parametrize("name", statements.names())
def test_a_sql_statement_loads_and_translates(name: str) -> None:
    try:
        assert dialects.duckdb(name)
    except (QueryFileError, SqlglotError) as error:
        pytest.fail(f"{name}: {error}")


def test_every_statement_file_is_found_by_name() -> None:
    cypher = {path.with_suffix("").relative_to("cypher").as_posix() for path in tree.with_suffix(".cypher")}
    assert {name for name in cypher if not name.startswith("migrations/")} == set(queries.names())
    # what benchmarks run beside the product is no statement of it
    files = [path for path in tree.with_suffix(".sql") if path.parts[0] != "benchmarks"]
    sql = {path.with_suffix("").relative_to("sql").as_posix() for path in files}
    assert sql == set(statements.names())


GENERATED = tree.script("cypher/generate.py").statements()


@pytest.mark.parametrize("name", GENERATED)
def test_a_generated_statement_is_what_make_docs_would_write(name: str) -> None:
    assert queries.load(name).text == GENERATED[name], "run `make docs`"


def test_a_statement_that_says_it_is_generated_is() -> None:
    saying = {name for name in queries.names() if "cypher/generate.py" in queries.load(name).text}
    assert saying == set(GENERATED)


def test_every_template_is_used() -> None:
    there = {path.stem for path in tree.with_suffix(".template")}
    assert {
        template for template in there if any(f"/{template}.template" in text for text in GENERATED.values())
    } == there


def test_migrations_are_numbered_without_a_gap_and_can_be_repeated() -> None:
    for migration in migrations.available():
        schema = [
            statement for statement in migration.statements if not statement.startswith("MATCH")
        ]  # those only remove
        assert all("IF NOT EXISTS" in statement or "IF EXISTS" in statement for statement in schema), migration


def test_every_statement_is_used_or_pasted() -> None:
    """A name may be put together (`load/{table}`): then its folder and the fixed start must stand in Python."""
    texts = {text for path in tree.python() for text in literals(path)}
    starts = {text for text in texts if "/" in text}
    unused = [
        name
        for name in queries.names()
        if name not in texts
        and not any(name.startswith(start) for start in starts)
        and not name.startswith("browse/")
    ]
    assert unused == []


def columns(text: str) -> list[str]:
    """Names of the last RETURN's columns; none without one."""
    code = _QUOTED_OR_COMMENT.sub("''", text).strip().rstrip(";")
    clauses = [
        match.end()
        for match in re.finditer(r"\bRETURN(?:\s+DISTINCT)?\s", code)
        if depth(code[: match.start()]) == 0
    ]
    if not clauses:
        return []
    tail = re.split(r"\b(?:ORDER BY|LIMIT|SKIP)\b", code[clauses[-1] :])
    body = next(part for end in range(1, len(tail) + 1) if depth(part := "".join(tail[:end])) == 0)
    return [re.split(r"\bAS\b", item)[-1].strip().strip("`") for item in split(body)]


def depth(text: str) -> int:
    return sum(text.count(mark) for mark in "([{") - sum(text.count(mark) for mark in ")]}")


def split(text: str) -> list[str]:
    items = [""]
    for part in text.split(","):
        items[-1] += part
        if depth(items[-1]) == 0:
            items.append("")
        else:
            items[-1] += ","
    return [item for item in items if item.strip()]


def test_views_and_carts_are_counted_by_one_text() -> None:
    """SQL has no passages; what the two statements say alike is held alike here."""
    views, carts = (tree.text(f"sql/graph/{name}.sql").splitlines()[1:] for name in ("viewed", "carted"))
    assert [line.replace("VIEWED", "CARTED") for line in views] == carts
