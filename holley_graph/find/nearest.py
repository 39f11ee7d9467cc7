"""What to say of a name that the graph does not have: the nearest names that it has."""

from __future__ import annotations

from difflib import get_close_matches

from holley_graph import spelling
from holley_graph.amounts import counted
from holley_graph.errors import NotFound
from holley_graph.find import words
from holley_graph.graph.client import Readable

MOST = 3
"""Names in a hint."""
ALIKE = 0.75
"""From here on a word is another one misspelt (`difflib`)."""
WRITTEN = 'written as "1969 CHEVROLET CAMARO"'


def no_user(graph: Readable, user_id: str) -> NotFound:
    """Say that a user id is unknown, and which begin alike."""
    beginning = user_id[: max(len(user_id) // 2, 4)]
    rows = graph.read("find/near_users", beginning=beginning, k=MOST)
    near = ", ".join(row["user_id"] for row in rows)
    hint = f"ids that begin alike: {near}" if near else "holley-graph find people --email - looks by email"
    return NotFound(f"no user {user_id!r} in the graph", hint)


def no_vehicle_of(user_id: str) -> NotFound:
    """Say that nobody knows a user's vehicle."""
    hint = "holley-graph recommend --vehicle answers for a vehicle"
    return NotFound(f"user {user_id!r} has no known vehicle, so no part is known to fit", hint)


def no_sku(graph: Readable, sku: str) -> NotFound:
    """Say that a SKU is unknown, and which parts are nearest."""
    rows = graph.read("find/near_parts", words=words.near(sku), k=MOST) if words.has_indexes(graph) else []
    near = ", ".join(f"{row['sku']} ({row['title']})" if row["title"] else row["sku"] for row in rows)
    return NotFound(f"no SKU {sku!r} in the graph", f"nearest: {near}" if near else "holley-graph find parts WORDS")


def no_vehicle(graph: Readable, text: str) -> NotFound:
    """Say that a vehicle is unknown, which are nearest, and what the graph has of their make."""
    rows = graph.read("find/near_vehicles", words=words.near(text), k=MOST) if words.has_indexes(graph) else []
    if not rows:
        return NotFound(f"no vehicle {text!r} in the graph", WRITTEN)
    near = ", ".join(row["vehicle_id"].replace("|", " ") for row in rows)
    best, wanted = rows[0], spelling.upper(text).split()
    names = " ".join(best["vehicle_id"].split("|")[1:]).split()
    if not any(get_close_matches(name, wanted, cutoff=ALIKE) for name in names):
        hint = f"no make or model of that name; of that year, or of a like name: {near}"
        return NotFound(f"no vehicle {text!r} in the graph", hint)
    of_make = f"{counted(best['models'], 'model')} of {best['make']}, {best['first_year']} to {best['last_year']}"
    hint = f"nearest: {near}; the graph has {of_make}: holley-graph find vehicles {best['make'].lower()}"
    return NotFound(f"no vehicle {text!r} in the graph", hint)
