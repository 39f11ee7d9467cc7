"""What Neo4j Browser takes from us: links with a statement filled in, saved queries, a style sheet and a guide."""

from __future__ import annotations

import csv
import io
import json
import re
import zipfile
from collections.abc import Mapping
from html import escape
from typing import Any
from urllib.parse import quote, urlencode

from holley_graph.errors import NotFound, SettingsError
from holley_graph.graph import queries
from holley_graph.graph.queries import Query

ROOM = "browse/"
FOLDER = "holley-graph"
"""What the saved queries are filed under in Browser."""
_CSV_COLUMNS = ("name", "description", "query", "id", "parentId", "isFolder")
"""As Browser itself exports them; it refuses a file that lacks one."""
_WHEN_ZIPPED = (1980, 1, 1, 0, 0, 0)

Ready = list[tuple[Query, str]]
"""Queries with their text, parameters filled in."""


def pack() -> list[Query]:
    """Return the statements for analysts, in the order of their titles."""
    return sorted((queries.load(name) for name in queries.names() if name.startswith(ROOM)), key=lambda q: q.title)


def find(name: str) -> Query:
    """Return one of them by its name, with or without `browse/`.

    Raises:
        NotFound: there is none of that name.
    """
    by_name = {query.name.removeprefix(ROOM): query for query in pack()}
    if name.removeprefix(ROOM) not in by_name:
        raise NotFound(f"no query {name!r} for Browser", f"one of {', '.join(sorted(by_name))}")
    return by_name[name.removeprefix(ROOM)]


def values(query: Query, typical: Mapping[str, Any], texts: Mapping[str, str] | None = None) -> dict[str, Any]:
    """Return a value for every parameter: what a person typed, else its default.

    Args:
        query: whose parameters.
        typical: keys of the graph at hand, the row of `server/typical`.
        texts: what was typed, by parameter.

    Raises:
        SettingsError: no such parameter, or not a number where one is declared.
    """
    typed = {key: query.defaults[key] if key in query.defaults else typical[key] for key in query.params}
    for key, text in (texts or {}).items():
        if key not in query.params:
            raise SettingsError(
                f"{query.name} has no parameter {key!r}", f"it has {', '.join(query.params) or 'none'}"
            )
        kind = query.params[key].split()[0]
        try:
            typed[key] = int(text) if kind == "integer" else text
        except ValueError as error:
            raise SettingsError(
                f"parameter {key} of {query.name} is an integer, not {text!r}", f"{key}=4"
            ) from error
    return typed


def filled(query: Query, parameters: Mapping[str, Any]) -> str:
    """Return the statement with its parameters as literals.

    Browser draws a graph for a single statement only, and a `:param` line would make it two. Nothing of ours runs
    this text; the person who opens it does.
    """
    return re.sub(r"\$(\w+)", lambda match: json.dumps(parameters[match[1]], ensure_ascii=False), query.body)


def link(page: str, query: Query, parameters: Mapping[str, Any]) -> str:
    """Return the address that opens Browser with a statement in the editor, ready to run.

    Args:
        page: address of Browser, with the server to connect to filled in.
        query: the statement.
        parameters: a value for each.
    """
    return _command(page, "edit", filled(query, parameters))


def guide_link(page: str, guide_url: str) -> str:
    """Return the address that opens Browser with the guide beside the editor."""
    return _command(page, "guide", guide_url)


def style() -> dict[str, dict[str, str]]:
    """Return the style sheet, selector to properties."""
    text = _style_sheet().decode()
    rules = re.findall(r"([\w.]+) \{\n(.*?)\n\}", text, re.S)
    return {selector: dict(re.findall(r"([\w-]+): '?(.*?)'?;", body)) for selector, body in rules}


def after_connect() -> str:
    """Return the commands that Browser runs once it is connected, as the server's setting wants them.

    They draw what a query returned and nothing else, in our colours. The style travels as JSON within the setting:
    Browser fetches nothing for it, and no semicolon in it ends the command.
    """
    return f"config autoComplete: false; style {json.dumps(style(), separators=(',', ':'))}"


def files(typical: Mapping[str, Any]) -> dict[str, bytes]:
    """Return what Browser imports, by file name; queries begin with these keys.

    The newer Browser reads the CSV through its saved-queries menu; the classic one takes the zip and the style
    sheet when they are dropped on its window.
    """
    ready = [(query, filled(query, values(query, typical))) for query in pack()]
    return {"queries.csv": _csv(ready).encode(), "queries.zip": _zip(ready), "style.grass": _style_sheet()}


def guide(typical: Mapping[str, Any]) -> str:
    """Return the guide: one slide per query with these keys, which runs on a click."""
    slides = "\n".join(_slide(query, values(query, typical)) for query in pack())
    return (
        f'<article class="guide"><title>{FOLDER}</title>\n<carousel class="deck container-fluid">\n'
        f"{slides}\n</carousel></article>\n"
    )


def _slide(query: Query, parameters: Mapping[str, Any]) -> str:
    listed = "".join(
        f"<li>{escape(key)}: {escape(' '.join(kind.split()[1:]))}, here {escape(str(parameters[key]))}</li>"
        for key, kind in query.params.items()
    )
    return (
        f'<slide class="row-fluid"><div class="col-sm-12"><h3>{escape(query.title)}</h3>'
        f"<p>{escape(_sentence(query))}</p>{listed and f'<ul>{listed}</ul>'}"
        f'<pre class="code runnable">{escape(filled(query, parameters))}</pre></div></slide>'
    )


def _command(page: str, command: str, argument: str) -> str:
    return f"{page}&{urlencode({'cmd': command, 'arg': argument}, quote_via=quote)}"


def _style_sheet() -> bytes:
    return (queries.folder() / "browse" / "style.grass").read_bytes()


def _csv(ready: Ready) -> str:
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(_CSV_COLUMNS)
    rows.writerow((FOLDER, "", "", 0, "", "true"))
    for number, (query, statement) in enumerate(ready, 1):
        rows.writerow((query.title, _sentence(query), statement, number, 0, "false"))
    return text.getvalue()


def _zip(ready: Ready) -> bytes:
    """The first line of each file is what the classic Browser shows as its name."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for query, statement in ready:
            entry = zipfile.ZipInfo(f"{FOLDER}/{query.name.removeprefix(ROOM)}.cypher", _WHEN_ZIPPED)
            archive.writestr(entry, f"// {query.title}\n{statement}\n")
    return content.getvalue()


def _sentence(query: Query) -> str:
    text = " ".join(query.purpose.split())
    return f"{text[0].upper()}{text[1:]}."
