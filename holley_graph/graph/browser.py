"""What Neo4j Browser takes from us: links with a statement filled in, saved queries, a style sheet and a guide."""

from __future__ import annotations

import csv
import hashlib
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


def pack() -> list[Query]:
    """Return the statements for analysts, in the order of their titles."""
    return sorted((queries.load(name) for name in queries.names() if name.startswith(ROOM)), key=lambda q: q.title)


def find(name: str) -> Query:
    """Return one of them by its name, with or without `browse/`.

    Raises:
        NotFound: there is none of that name.
    """
    found = {query.name.removeprefix(ROOM): query for query in pack()}
    if name.removeprefix(ROOM) not in found:
        raise NotFound(f"no query {name!r} for Browser", f"one of {', '.join(sorted(found))}")
    return found[name.removeprefix(ROOM)]


def values(query: Query, given: Mapping[str, str]) -> dict[str, Any]:
    """Turn what a person typed into parameters of the declared types; what is not given has its default.

    Raises:
        SettingsError: no such parameter, or not a number where one is declared.
    """
    typed: dict[str, Any] = dict(query.defaults)
    for key, text in given.items():
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


def filled(query: Query, given: Mapping[str, Any]) -> str:
    """Return the statement with its parameters as literals.

    Browser draws a graph for a single statement only, and a `:param` line would make it two. Nothing of ours runs
    this text; the person who opens it does.
    """
    parameters = {**query.defaults, **given}
    return re.sub(r"\$(\w+)", lambda found: json.dumps(parameters[found[1]], ensure_ascii=False), query.body)


def link(page: str, query: Query, given: Mapping[str, Any]) -> str:
    """Return the address that opens Browser with a statement in the editor, ready to run.

    Args:
        page: address of Browser, with the server to connect to filled in.
        query: the statement.
        given: parameters that differ from its defaults.
    """
    return _command(page, "edit", filled(query, given))


def guide_link(page: str, guide_url: str) -> str:
    """Return the address that opens Browser with the guide beside the editor."""
    return _command(page, "guide", guide_url)


def files() -> dict[str, bytes]:
    """Return what Browser imports, by file name.

    The newer Browser reads the CSV through its saved-queries menu; the classic one takes the zip and the style
    sheet when they are dropped on its window.
    """
    style = (queries.folder() / "browse" / "style.grass").read_bytes()
    return {"queries.csv": _csv().encode(), "queries.zip": _zip(), "style.grass": style}


def guide() -> tuple[str, str]:
    """Return file name and text of the guide: one slide per query, which runs on a click.

    The name holds a digest of the text, so that servers of two versions can share one folder.
    """
    slides = "\n".join(
        f'<slide class="row-fluid"><div class="col-sm-12"><h3>{escape(query.title)}</h3>'
        f"<p>{escape(_sentence(query))}</p>{_parameters(query)}"
        f'<pre class="code runnable">{escape(filled(query, {}))}</pre></div></slide>'
        for query in pack()
    )
    text = (
        f'<article class="guide"><title>{FOLDER}</title>\n<carousel class="deck container-fluid">\n'
        f"{slides}\n</carousel></article>\n"
    )
    return f"{FOLDER}-{hashlib.sha256(text.encode()).hexdigest()[:12]}.html", text


def _command(page: str, command: str, argument: str) -> str:
    return f"{page}&{urlencode({'cmd': command, 'arg': argument}, quote_via=quote)}"


def _csv() -> str:
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(_CSV_COLUMNS)
    rows.writerow((FOLDER, "", "", 0, "", "true"))
    for number, query in enumerate(pack(), 1):
        rows.writerow((query.title, _sentence(query), filled(query, {}), number, 0, "false"))
    return text.getvalue()


def _zip() -> bytes:
    """The first line of each file is what the classic Browser shows as its name."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for query in pack():
            entry = zipfile.ZipInfo(f"{FOLDER}/{query.name.removeprefix(ROOM)}.cypher", _WHEN_ZIPPED)
            archive.writestr(entry, f"// {query.title}\n{filled(query, {})}\n")
    return content.getvalue()


def _sentence(query: Query) -> str:
    text = " ".join(query.purpose.split())
    return f"{text[0].upper()}{text[1:]}."


def _parameters(query: Query) -> str:
    listed = "".join(
        f"<li>{escape(key)}: {escape(' '.join(kind.split()[1:]))}, here {escape(str(query.defaults[key]))}</li>"
        for key, kind in query.params.items()
    )
    return f"<ul>{listed}</ul>" if listed else ""
