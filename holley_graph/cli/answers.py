"""The commands `recommend`, `similar`, `next`, `explain` and `path`."""

from __future__ import annotations

import shlex
from dataclasses import asdict
from pathlib import Path
from typing import Any

import rich_click as click

from holley_graph.cli import Context
from holley_graph.cli.console import heading, json_option, print_json, say, table, then
from holley_graph.cli.export import ranker_option
from holley_graph.cli.person import email_option, known_id, one_of, user_option

k_option = click.option("-k", type=click.IntRange(1, 100), default=4, show_default=True, help="How many.")

by_option = click.option(
    "--by", type=click.Choice(["intent", "owners", "discovery"]), help="Another way to parts, with reasons."
)
html_option = click.option(
    "--html", type=click.Path(dir_okay=False, path_type=Path), help="Draw it into this file, for any web browser."
)


def parts(title: str, rows: list[dict[str, Any]], *more: str) -> None:
    """Print parts; `more` names the columns behind what every part has."""
    columns = ("sku", "title", "part_type", "price", *(["score"] if "score" in rows[0] else []), *more)
    named = [column.replace("_", " ") for column in columns]
    table(title, named, [[row[column] for column in columns] for row in rows])


@click.command()
@user_option
@email_option
@click.option("--vehicle", help='Answer for a vehicle, for example "1969 CHEVROLET CAMARO".')
@k_option
@ranker_option
@by_option
@json_option
@click.pass_obj
def recommend(
    context: Context,
    user_id: str | None,
    email: str | None,
    vehicle: str | None,
    k: int,
    ranker: str,
    by: str | None,
    as_json: bool,
) -> None:
    """Parts that fit, best first, and who answered: user, vehicle, segment, make or global.

    With `--by`, other ways to them, each part with its reason: `intent` leads on from what the user looked at,
    `owners` from what owners like this one bought, `discovery` from what owners of vehicles like this one buy.
    """
    from holley_graph.recommend import answers, strategies

    if [user_id, email, vehicle].count(None) != 2:
        raise click.UsageError("give either --user, --email or --vehicle")
    if by and (vehicle is not None or ranker != "graph"):
        raise click.UsageError("--by needs a person, and the graph as ranker")
    rules = context.settings.recommend
    with context.graph() as graph:
        if vehicle is None:
            user_id = known_id(graph, context.settings, user_id, email)
        if by:
            answer = strategies.for_user(graph, by, str(user_id), k, rules)
        elif ranker != "graph":
            from holley_graph.export import single

            answer = single.answer(graph, context.settings, ranker, k, user_id=user_id, vehicle=vehicle)
        elif user_id is not None:
            answer = answers.for_user(graph, user_id, k, rules)
        else:
            answer = answers.for_vehicle(graph, str(vehicle), k, rules)
        if not by:
            answer = answers.with_reasons(graph, answer, user_id, rules)
    if as_json:
        print_json(asdict(answer))
        return
    whom = f"For user {user_id}" if user_id else "For this vehicle"
    title = f"{whom}, fitting {answer.vehicle_id.replace('|', ' ')}" if answer.vehicle_id else whom
    if answer.rows:
        parts(title, answer.rows, *(() if by else ("answered_by",)), "reason")
    if answer.note:
        say(answer.note)
    if answer.rows:
        sku = shlex.quote(answer.rows[0]["sku"])
        then(f"explain --user {shlex.quote(user_id)} --sku {sku}" if user_id else f"similar --sku {sku}")


@click.command()
@click.option("--sku", required=True, help="The part.")
@k_option
@json_option
@click.pass_obj
def similar(context: Context, sku: str, k: int, as_json: bool) -> None:
    """What could take the place of a part: the same part type, for a vehicle that it fits."""
    from holley_graph.recommend import answers

    with context.graph() as graph:
        rows = answers.similar(graph, sku, k, context.settings.recommend)
    if as_json:
        print_json({"sku": sku, "rows": rows})
    else:
        parts(f"In place of {sku}", rows, "reason")
        then(f"next --sku {shlex.quote(sku)}")


@click.command()
@click.option("--sku", required=True, help="The part.")
@k_option
@json_option
@click.pass_obj
def next(context: Context, sku: str, k: int, as_json: bool) -> None:
    """What is bought next after a part: in that direction, and only what fits a vehicle that the part fits too."""
    from holley_graph.recommend import strategies

    with context.graph() as graph:
        rows = strategies.bought_next(graph, sku, k, context.settings.recommend)
    if as_json:
        print_json({"sku": sku, "rows": rows})
        return
    parts(f"Bought next after {sku}", rows, "buyers_back", "reason")


@click.command()
@user_option
@email_option
@click.option("--sku", required=True, help="The part.")
@html_option
@json_option
@click.pass_obj
def explain(
    context: Context, user_id: str | None, email: str | None, sku: str, html: Path | None, as_json: bool
) -> None:
    """Why a part is recommended to a user, or what rules it out."""
    from holley_graph import spelling
    from holley_graph.recommend import drawing, page
    from holley_graph.recommend.explain import explain as explain_pair

    one_of(user_id, email)
    sku = spelling.upper(sku)
    with context.graph() as graph:
        user_id = known_id(graph, context.settings, user_id, email)
        explanation = explain_pair(graph, user_id, sku, context.settings.recommend)
        if html:
            drawn = page.explained(explanation, drawing.edges(graph, user_id, sku), user_id, sku)
            html.write_text(drawn, encoding="utf-8")
    if as_json:
        print_json(asdict(explanation))
        return
    say(explanation.path or f"no fitment path from user {user_id} to {sku}")
    if explanation.reason:
        say(f"An email says: {explanation.reason}")
    for title, reasons in (
        ("Reasons for it", explanation.speaks_for),
        ("Reasons against it", explanation.rules_out),
    ):
        heading(title)
        for line in reasons or ["none"]:
            say(f"- {line}")
    if explanation.path and not html:
        then(f"explain --user {shlex.quote(user_id)} --sku {shlex.quote(sku)} --html explain.html")


@click.command()
@user_option
@email_option
@click.option("--sku", required=True, help="SKU of the part.")
@html_option
@json_option
@click.pass_obj
def path(
    context: Context, user_id: str | None, email: str | None, sku: str, html: Path | None, as_json: bool
) -> None:
    """The fitment path from a user over the vehicle to a part, edge by edge."""
    from holley_graph import spelling
    from holley_graph.errors import NotFound
    from holley_graph.recommend import drawing, page

    one_of(user_id, email)
    sku = spelling.upper(sku)
    with context.graph() as graph:
        user_id = known_id(graph, context.settings, user_id, email)
        edges = drawing.path(drawing.edges(graph, user_id, sku))
    if not edges:
        raise NotFound(f"no fitment path from user {user_id} to {sku}", "holley-graph explain says more")
    if html:
        html.write_text(page.fitment(edges, user_id, sku), encoding="utf-8")
    if as_json:
        print_json({"edges": edges})
    else:
        table(f"From {user_id} to {sku}", ("from", "", "to"), [[e["start"], e["type"], e["end"]] for e in edges])
