"""What a person types, as a question to the full-text indexes of the graph."""

from __future__ import annotations

import re

from holley_graph import spelling
from holley_graph.errors import GraphStateError
from holley_graph.graph.client import Readable

ALL = "*:*"
"""Everything that an index knows."""
INDEXES = {"vehicle_search", "part_search"}
SHORTEST = 3
"""Characters from which on a word may be misspelled and still be the nearest."""

_TOKEN = re.compile(r"[^\W_]+")


def beginning(text: str) -> str:
    """Ask for names that have all words of a text, each of them whole or as a beginning."""
    return " ".join(map(_whole_or_beginning, spelling.normal(text).lower().split())) or ALL


def near(text: str) -> str:
    """Ask for names like a text: any of its words, spelled alike or begun alike; a number counts double."""
    return " OR ".join(map(_alike, _TOKEN.findall(spelling.normal(text).lower()))) or "-" + ALL


def require_indexes(graph: Readable) -> None:
    """Refuse a graph of an earlier version, which has no full-text indexes.

    Raises:
        GraphStateError: they are missing, or not filled yet.
    """
    if not has_indexes(graph):
        raise GraphStateError("this graph has no index to search in", "holley-graph migrate")


def has_indexes(graph: Readable) -> bool:
    """Say whether the full-text indexes serve."""
    return {row["name"] for row in graph.read("server/indexes") if row["state"] == "ONLINE"} >= INDEXES


def _whole_or_beginning(word: str) -> str:
    """A number such as 3.5 is one word for the index and two tokens here: the word itself is asked for, too."""
    tokens = _TOKEN.findall(word)
    whole = '"' + re.sub(r'["\\]', " ", word) + '"'
    return f"+({whole} OR ({' '.join(f'+{token}*' for token in tokens)}))" if tokens else ""


def _alike(token: str) -> str:
    if len(token) < SHORTEST:
        return token
    return f"{token}^2 OR {token}~1 OR {token}*" if token.isdigit() else f"{token}~ OR {token}*"
