"""The command `find`."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Any

import rich_click as click

from holley_graph.cli import Context
from holley_graph.cli.console import json_option, print_json, say, table, then
from holley_graph.cli.person import email_option

if TYPE_CHECKING:
    from holley_graph.graph.client import Graph
    from holley_graph.settings import Settings

COLUMNS = {
    "people": ("user_id", "vehicle_id", "viewed", "carted", "ordered", "last_at"),
    "vehicles": ("vehicle_id", "owners", "parts"),
    "parts": ("sku", "title", "part_type", "price", "eligible", "buyers", "vehicles"),
}


@click.command()
@click.argument("kind", type=click.Choice(list(COLUMNS)))
@click.argument("words", nargs=-1)
@email_option
@click.option("--vehicle", help='People: owners of this vehicle, for example "1969 CHEVROLET CAMARO".')
@click.option("-k", type=click.IntRange(1, 1000), default=10, show_default=True, help="How many.")
@json_option
@click.pass_obj
def find(
    context: Context,
    kind: str,
    words: tuple[str, ...],
    email: str | None,
    vehicle: str | None,
    k: int,
    as_json: bool,
) -> None:
    """Find people by email or vehicle, vehicles by parts of their name, parts by number, title, type or brand.

    Every word has to be there, whole or as the beginning of a word. Without words, `vehicles` are those with the
    most owners and `parts` those that most people ordered.
    """
    if (kind == "people") != (email is not None or vehicle is not None) or (kind == "people" and words):
        raise click.UsageError("people are found by --email or --vehicle, vehicles and parts by words")
    if email is not None and vehicle is not None:
        raise click.UsageError("give either --email or --vehicle")
    with context.graph() as graph:
        rows = _rows(graph, context.settings, kind, " ".join(words), email, vehicle, k + 1)
    if as_json:
        print_json({"kind": kind, "rows": rows[:k]})
        return
    _show(kind, rows, k, of_one=vehicle is not None)


def _rows(
    graph: Graph, settings: Settings, kind: str, text: str, email: str | None, vehicle: str | None, k: int
) -> list[dict[str, Any]]:
    from holley_graph.find import find as room
    from holley_graph.loaders import identity
    from holley_graph.recommend.answers import resolve_vehicle

    if email is not None:
        return room.people_by_email(graph, identity.hashed_email(settings, email), k)
    if vehicle is not None:
        return room.people_by_vehicle(graph, resolve_vehicle(graph, vehicle), k)
    return room.vehicles(graph, text, k) if kind == "vehicles" else room.parts(graph, text, k)


def _show(kind: str, rows: list[dict[str, Any]], k: int, of_one: bool) -> None:
    if not rows:
        say(f"no {kind} found")
        return
    columns = [name for name in COLUMNS[kind] if not (of_one and name == "vehicle_id")]
    named = [name.removesuffix("_id").replace("_at", " action").replace("_", " ") for name in columns]
    title = f"Owners of a {_cell('vehicle_id', rows[0]['vehicle_id'])}" if of_one else f"{kind.capitalize()} found"
    table(title, named, [[_cell(name, row[name]) for name in columns] for row in rows[:k]])
    if len(rows) > k:
        say(f"these are the first {k}; -k shows more")
    first = rows[0]
    if kind == "vehicles":
        then(f"recommend --vehicle {shlex.quote(_cell('vehicle_id', first['vehicle_id']))}")
    else:
        then(f"similar --sku {first['sku']}" if kind == "parts" else f"recommend --user {first['user_id']}")


def _cell(name: str, value: Any) -> Any:
    if name == "vehicle_id":
        return value and value.replace("|", " ")
    if name == "last_at":
        return value and value[:10]
    return ("yes" if value else "no") if isinstance(value, bool) else value
