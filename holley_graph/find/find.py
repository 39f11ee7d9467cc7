"""Finds people, vehicles and parts; an address is hashed before anything is asked."""

from __future__ import annotations

from holley_graph.errors import NotFound
from holley_graph.find import words
from holley_graph.graph.client import Readable, Row

EVERY_ID = 1_000
"""More ids than one address has."""


def people_by_email(graph: Readable, email_hash: str, k: int = EVERY_ID) -> list[Row]:
    """List the user ids of an address, the one to answer for first: of the vehicle that was named last.

    Raises:
        NotFound: the graph knows nobody with it.
    """
    rows = graph.read("find/people_by_email", email_hash=email_hash, k=k)
    if not rows:
        raise NotFound("nobody in the graph has this email", "check its spelling; the graph is as of the last sync")
    return rows


def people_by_vehicle(graph: Readable, vehicle_id: str, k: int) -> list[Row]:
    """List owners of a vehicle, those who did the most first."""
    return graph.read("find/people_by_vehicle", vehicle_id=vehicle_id, k=k)


def vehicles(graph: Readable, text: str, k: int) -> list[Row]:
    """List vehicles whose name has every word of a text, those with the most owners first; no text: all of them.

    Raises:
        GraphStateError: the graph is of an earlier version.
    """
    words.require_indexes(graph)
    return graph.read("find/vehicles", words=words.beginning(text), k=k)


def parts(graph: Readable, text: str, k: int) -> list[Row]:
    """List parts whose number, title, type or brand has every word of a text, the most ordered first.

    Raises:
        GraphStateError: the graph is of an earlier version.
    """
    words.require_indexes(graph)
    return graph.read("find/parts", words=words.beginning(text), k=k)
