"""Finds Cypher statements by name and refuses a file whose header and body disagree.

A statement file starts with its header:

    // purpose: one sentence
    // mode: read | write | auto | schema
    // params: $user_id string  whose answer
    //         $k integer       how many
    // returns: sku string, score float

A statement for analysts (`browse/`) has three lines more: a title, values of parameters that suit any graph, and
whether Browser draws what it returns. A parameter without a value here is a key, which is looked up in the graph at
hand (`server/typical`):

    // title: Why parts fit
    // defaults: {"k": 4}
    // shows: graph | table

`read` and `write` run in a managed transaction with retries; `auto` runs by itself because it opens its own
transactions (`CALL … IN TRANSACTIONS`); `schema` changes constraints or indexes.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Literal, get_args

from holley_graph import headers
from holley_graph.errors import QueryFileError

Mode = Literal["read", "write", "auto", "schema"]
Shows = Literal["graph", "table"]

_REQUIRED = ("purpose", "mode", "params", "returns")
_OPTIONAL = ("title", "defaults", "shows")
_PARAMETER = re.compile(r"\$(\w+)")
_QUOTED_OR_COMMENT = re.compile(r"'(?:\\.|[^'\\])*'|\"(?:\\.|[^\"\\])*\"|`[^`]*`|//[^\n]*|/\*.*?\*/", re.S)


@dataclass(frozen=True)
class Query:
    """One statement with what its header promises."""

    name: str
    text: str
    purpose: str
    mode: Mode
    params: dict[str, str]
    """Parameter name (without `$`) to its type and meaning."""
    returns: tuple[str, ...]
    """Column names in order."""
    title: str = ""
    """What an analyst looks for in a list; "" in statements that are not for analysts."""
    defaults: dict[str, Any] = field(default_factory=dict)
    """Values of parameters that suit any graph."""
    shows: Shows | None = None
    """What Browser makes of the rows."""

    @property
    def body(self) -> str:
        """The statement without its header and comments."""
        return "\n".join(line for line in self.text.splitlines() if not line.strip().startswith("//")).strip()

    def values(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """Return a value for every parameter; one that may be null is null where it is not given."""
        return {name: None for name, declared in self.params.items() if "or null" in declared} | dict(parameters)


def folder() -> Path:
    """Return the folder of statements: inside the installed package, else beside it in a checkout."""
    package = Path(__file__).resolve().parents[1]
    inside = package / "cypher"
    return inside if inside.is_dir() else package.parent / "cypher"


def names() -> list[str]:
    """List every statement as `room/name`, migrations excluded (they have their own order and checksums)."""
    root = folder()
    stems = (path.relative_to(root).with_suffix("").as_posix() for path in root.rglob("*.cypher"))
    return sorted(name for name in stems if not name.startswith("migrations/"))


@cache
def load(name: str) -> Query:
    """Load `room/name`.

    Raises:
        QueryFileError: there is no such file, or its header is incomplete or disagrees with its body.
    """
    path = folder() / f"{name}.cypher"
    if not path.is_file():
        raise QueryFileError(f"no statement {name} in {folder()}", "docs/cypher.md lists all statements")
    return parse(name, path.read_text(encoding="utf-8"))


def parse(name: str, text: str) -> Query:
    """Read one statement's header and hold its body against it."""
    header = headers.read(name, text, "//", _REQUIRED, _OPTIONAL)
    mode = header["mode"]
    if mode not in get_args(Mode):
        raise QueryFileError(f"{name}: mode is {mode!r}, expected one of {', '.join(get_args(Mode))}", headers.HINT)
    params = dict(_declared(name, header["params"]))
    used = set(_PARAMETER.findall(_QUOTED_OR_COMMENT.sub(" ", text)))
    if used != set(params):
        undeclared, unused = sorted(used - set(params)), sorted(set(params) - used)
        raise QueryFileError(
            f"{name}: parameters used but not declared {undeclared}, declared but not used {unused}",
            headers.HINT,
        )
    columns = header["returns"].split(",") if header["returns"] != "none" else []
    returns = tuple(column.split()[0] for column in columns)
    defaults = _defaults(name, header.get("defaults", "{}"), params)
    shows = header.get("shows")
    if shows is not None and shows not in get_args(Shows):
        raise QueryFileError(f"{name}: shows {shows!r}, expected one of {', '.join(get_args(Shows))}", headers.HINT)
    promised = (header["purpose"], mode, params, returns, header.get("title", ""), defaults, shows)
    return Query(name, text, *promised)  # type: ignore[arg-type]


def _declared(name: str, block: str) -> list[tuple[str, str]]:
    lines = [line for line in block.splitlines() if line and line != "none"]
    wrong = [line for line in lines if not _PARAMETER.match(line)]
    if wrong:
        raise QueryFileError(f"{name}: a parameter line starts with its $name, not {wrong[0]!r}", headers.HINT)
    return [(line.split()[0][1:], " ".join(line.split()[1:])) for line in lines]


def _defaults(name: str, text: str, params: dict[str, str]) -> dict[str, Any]:
    try:
        values: dict[str, Any] = json.loads(text)
    except json.JSONDecodeError as error:
        raise QueryFileError(f"{name}: defaults are no JSON: {error}", headers.HINT) from error
    if not set(values) <= set(params):
        raise QueryFileError(
            f"{name}: defaults for {sorted(values)}, parameters are {sorted(params)}", headers.HINT
        )
    return values
