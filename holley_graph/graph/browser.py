"""Links that open Neo4j Browser with a statement of ours filled in."""

from __future__ import annotations

import json
from collections.abc import Mapping
from urllib.parse import quote, urlencode

from holley_graph.graph import queries


def link(http_uri: str, bolt_uri: str, name: str, values: Mapping[str, str | int]) -> str:
    """Return the address that opens Browser with statement `name` and its parameters in the editor.

    Args:
        http_uri: where Browser is served.
        bolt_uri: the server it connects to; it asks for the password once.
        name: a statement of `cypher/`.
        values: its parameters, set by a `:param` line above the statement.
    """
    lines = queries.load(name).text.splitlines()
    body = "\n".join(line for line in lines if not line.startswith("//"))
    settings = "".join(f":param {key} => {json.dumps(value)};\n" for key, value in values.items())
    asked = urlencode({"dbms": bolt_uri, "cmd": "edit", "arg": f"{settings}{body.rstrip()};"}, quote_via=quote)
    return f"{http_uri}/browser/?{asked}"
