"""Finds SQL statements by name and refuses a file whose header and body disagree.

A statement is written in BigQuery's dialect and starts with its header:

    -- purpose: one sentence
    -- params: @as_of TIMESTAMP  what it is for
    -- reads: users, items
    -- returns: user_id STRING, year INT64

Table names in it are logical: whoever runs it says which tables are meant.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import sqlglot
from sqlglot import exp

import holley_graph
from holley_graph import headers
from holley_graph.errors import QueryFileError

_REQUIRED = ("purpose", "reads", "returns")  # and `params`, where there are some
_Table = TypeVar("_Table")
_COLUMN = re.compile(r"(\w+)\s+(\w+(?:<[^>]*>)?)")


@dataclass(frozen=True)
class Statement:
    """One statement with what its header promises."""

    name: str
    text: str
    purpose: str
    params: dict[str, str]
    """Parameter name (without `@`) to its type and meaning."""
    reads: tuple[str, ...]
    """Logical tables."""
    returns: dict[str, str]
    """Column name to BigQuery type, in order."""

    def values(self, known: Mapping[str, Any]) -> dict[str, Any]:
        """Pick this statement's parameters out of `known`.

        Raises:
            QueryFileError: one is missing there.
        """
        missing = [f"@{name}" for name in self.params if name not in known]
        if missing:
            raise QueryFileError(f"{self.name}: nobody gave {', '.join(missing)}", headers.HINT)
        return {name: known[name] for name in self.params}

    def tables(self, known: Mapping[str, _Table]) -> dict[str, _Table]:
        """Pick the tables that this statement reads out of `known`.

        Raises:
            QueryFileError: one is missing there.
        """
        missing = [name for name in self.reads if name not in known]
        if missing:
            raise QueryFileError(f"{self.name}: nobody gave table {', '.join(missing)}", headers.HINT)
        return {name: known[name] for name in self.reads}


def folder() -> Path:
    """Return the folder of statements: inside the installed package, else beside it in a checkout."""
    package = Path(holley_graph.__file__).resolve().parent
    inside = package / "sql"
    return inside if inside.is_dir() else package.parent / "sql"


def names() -> list[str]:
    """List every statement, as `feed` or `room/name`."""
    return sorted(path.relative_to(folder()).with_suffix("").as_posix() for path in folder().rglob("*.sql"))


@cache
def load(name: str) -> Statement:
    """Load a statement.

    Raises:
        QueryFileError: there is no such file, or its header is incomplete or disagrees with its body.
    """
    return parse(name, text(name))


def text(name: str) -> str:
    """Read a statement's file, header and all.

    Raises:
        QueryFileError: there is no such file.
    """
    path = folder() / f"{name}.sql"
    if not path.is_file():
        raise QueryFileError(f"no statement {name} in {folder()}", "look in sql/")
    return path.read_text(encoding="utf-8")


def parse(name: str, text: str) -> Statement:
    """Read one statement's header and hold its body against it."""
    header = {"params": ""} | headers.read(name, text, "--", _REQUIRED, ("params",))
    try:
        body = sqlglot.parse_one(text, dialect="bigquery")
    except sqlglot.ParseError as error:
        raise QueryFileError(f"{name}: {str(error).splitlines()[0]}", headers.HINT) from error
    if not isinstance(body, exp.Query):
        raise QueryFileError(f"{name}: expected a query, found {body.key}", headers.HINT)
    params = dict(_parameter(name, line) for line in header["params"].splitlines() if line not in ("", "none"))
    reads = tuple(part.strip() for part in header["reads"].replace("\n", " ").split(",") if part.strip())
    returns = dict(_COLUMN.findall(header["returns"]))
    _agree(name, "parameters", {node.name for node in body.find_all(exp.Parameter)}, set(params))
    _agree(name, "tables", _tables(body), set(reads))
    if body.named_selects != list(returns):
        raise QueryFileError(f"{name}: returns {body.named_selects}, its header says {list(returns)}", headers.HINT)
    return Statement(name, text, header["purpose"], params, reads, returns)


def _tables(body: exp.Query) -> set[str]:
    ctes = {cte.alias for cte in body.find_all(exp.CTE)}
    return {table.name for table in body.find_all(exp.Table) if table.name} - ctes


def _agree(name: str, what: str, used: set[str], declared: set[str]) -> None:
    if used != declared:
        raise QueryFileError(
            f"{name}: {what} used but not declared {sorted(used - declared)}, "
            f"declared but not used {sorted(declared - used)}",
            headers.HINT,
        )


def _parameter(name: str, line: str) -> tuple[str, str]:
    if not line.startswith("@"):
        raise QueryFileError(f"{name}: a parameter line starts with its @name, not {line!r}", headers.HINT)
    first, *rest = line.split()
    return first[1:], " ".join(rest)
