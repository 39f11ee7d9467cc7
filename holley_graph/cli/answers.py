"""The commands `recommend`, `similar`, `next`, `explain` and `path`."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import rich_click as click

from holley_graph.cli import Context
from holley_graph.cli.console import json_option, print_json, say, table
from holley_graph.cli.export import ranker_option

k_option = click.option("-k", type=click.IntRange(1, 100), default=4, show_default=True, help="How many.")

by_option = click.option(
    "--by", type=click.Choice(["intent", "owners", "discovery"]), help="Another way to parts, with reasons."
)
html_option = click.option(
    "--html", type=click.Path(dir_okay=False, path_type=Path), help="Draw it into this file, for any web browser."
)


@click.command()
@click.option("--user", "user_id", help="Answer for a user.")
@click.option("--vehicle", help='Answer for a vehicle, for example "1969 CHEVROLET CAMARO".')
@k_option
@ranker_option
@by_option
@json_option
@click.pass_obj
def recommend(
    context: Context, user_id: str | None, vehicle: str | None, k: int, ranker: str, by: str | None, as_json: bool
) -> None:
    """Parts that fit, best first, and who answered: user, vehicle, segment, make or global.

    With `--by`, other ways to them, each part with its reason: `intent` leads on from what the user looked at,
    `owners` from what owners like this one bought, `discovery` from what owners of vehicles like this one buy.
    """
    from holley_graph.export import single
    from holley_graph.recommend import answers, leads
    from loaders import identity

    if (user_id is None) == (vehicle is None):
        raise click.UsageError("give either --user or --vehicle")
    if by and (user_id is None or ranker != "graph"):
        raise click.UsageError("--by needs --user and the graph as ranker")
    rules = context.settings.recommend
    user_id = user_id and identity.as_kept(context.settings, user_id)
    with context.graph() as graph:
        if by:
            answer = leads.for_user(graph, by, str(user_id), k, rules)
        elif ranker != "graph":
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
    columns = ("sku", "title", "part_type", "price", "score", *(() if by else ("answered_by",)), "reason")
    whom = f"user {user_id}" if user_id else "this vehicle"
    title = f"For {whom}, fitting {answer.vehicle_id}" if answer.vehicle_id else f"For {whom}"
    if answer.rows:
        table(title, columns, [[row[column] for column in columns] for row in answer.rows])
    if answer.note:
        say(answer.note)


@click.command()
@click.option("--sku", required=True, help="The part.")
@k_option
@json_option
@click.pass_obj
def similar(context: Context, sku: str, k: int, as_json: bool) -> None:
    """Parts like a part, by what was learned from who chooses them."""
    from holley_graph.recommend import answers

    with context.graph() as graph:
        rows = answers.similar(graph, sku, k, context.settings.recommend)
    if as_json:
        print_json({"sku": sku, "rows": rows})
    else:
        table(f"Like {sku}", tuple(rows[0]), [list(row.values()) for row in rows])


@click.command()
@click.option("--sku", required=True, help="The part.")
@k_option
@json_option
@click.pass_obj
def next(context: Context, sku: str, k: int, as_json: bool) -> None:
    """What is bought next after a part: in that direction, and only what fits a vehicle that the part fits too."""
    from holley_graph.recommend import leads

    with context.graph() as graph:
        rows = leads.bought_next(graph, sku, k, context.settings.recommend)
    if as_json:
        print_json({"sku": sku, "rows": rows})
        return
    columns = ("sku", "title", "part_type", "price", "score", "buyers_back", "reason")
    table(f"Bought next after {sku}", columns, [[row[column] for column in columns] for row in rows])


@click.command()
@click.option("--user", "user_id", required=True, help="For whom.")
@click.option("--sku", required=True, help="The part.")
@html_option
@json_option
@click.pass_obj
def explain(context: Context, user_id: str, sku: str, html: Path | None, as_json: bool) -> None:
    """Why a part is recommended to a user, or what rules it out."""
    from holley_graph.recommend import picture
    from holley_graph.recommend.explain import explain as explain_pair
    from loaders import identity

    user_id = identity.as_kept(context.settings, user_id)
    with context.graph() as graph:
        found = explain_pair(graph, user_id, sku, context.settings.recommend)
        if html:
            picture.draw(picture.edges(graph, user_id, sku), sku, html)
    if as_json:
        print_json(asdict(found))
        return
    say(found.path or f"no fitment path from user {user_id} to {sku}")
    if found.reason:
        say(f"An email says: {found.reason}")
    if found.speaks_for:
        table("Reasons for it", ("why",), [[line] for line in found.speaks_for])
    table("Reasons against it", ("why",), [[line] for line in found.rules_out or ["nothing"]])


@click.command()
@click.option("--user", "user_id", required=True, help="From whom.")
@click.option("--sku", required=True, help="SKU of the part.")
@html_option
@json_option
@click.pass_obj
def path(context: Context, user_id: str, sku: str, html: Path | None, as_json: bool) -> None:
    """The fitment path from a user over the vehicle to a part, edge by edge."""
    from holley_graph.errors import NotFound
    from holley_graph.recommend import picture
    from loaders import identity

    user_id = identity.as_kept(context.settings, user_id)
    with context.graph() as graph:
        found = picture.path(picture.edges(graph, user_id, sku))
    if not found:
        raise NotFound(f"no fitment path from user {user_id} to {sku}", "holley-graph explain says more")
    if html:
        picture.draw(found, sku, html)
    if as_json:
        print_json({"edges": found})
    else:
        table(f"From {user_id} to {sku}", ("from", "", "to"), [[e["start"], e["type"], e["end"]] for e in found])
