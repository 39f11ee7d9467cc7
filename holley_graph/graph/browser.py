"""Links that open Neo4j Browser with a statement of ours filled in."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from urllib.parse import quote, urlencode

from holley_graph.graph import queries


def link(page: str, name: str, values: Mapping[str, str | int]) -> str:
    """Return the address that opens Browser with statement `name` in the editor, ready to run.

    The parameters stand in the text as literals: Browser draws a graph for a single statement only, and a `:param`
    line would make it two. Nothing of ours runs this text; the person who opens the link does.

    Args:
        page: address of Browser, with the server to connect to filled in.
        name: a statement of `cypher/`.
        values: its parameters.
    """
    lines = queries.load(name).text.splitlines()
    body = "\n".join(line for line in lines if not line.startswith("//")).strip()
    filled = re.sub(r"\$(\w+)", lambda parameter: json.dumps(values[parameter[1]]), body)
    return f"{page}&{urlencode({'cmd': 'edit', 'arg': filled}, quote_via=quote)}"
