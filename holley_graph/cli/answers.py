"""`recommend`, `similar`, `explain`."""

from __future__ import annotations

from dataclasses import asdict

import rich_click as click

from holley_graph.cli import Context
from holley_graph.cli.console import json_option, print_json, say, table
from holley_graph.cli.export import ranker_option

k_option = click.option("-k", type=click.IntRange(1, 100), default=4, show_default=True, help="How many.")


@click.command()
@click.option("--user", "user_id", help="Answer for a user.")
@click.option("--vehicle", help='Answer for a vehicle, as "1969 CHEVROLET CAMARO".')
@k_option
@ranker_option
@json_option
@click.pass_obj
def recommend(
    context: Context, user_id: str | None, vehicle: str | None, k: int, ranker: str, as_json: bool
) -> None:
    """Parts that fit, best first, and who answered: user, vehicle, segment, make or global."""
    from holley_graph.export import single
    from holley_graph.recommend import answers

    if (user_id is None) == (vehicle is None):
        raise click.UsageError("give either --user or --vehicle")
    rules = context.settings.recommend
    with context.graph() as graph:
        if ranker != "graph":
            answer = single.answer(graph, context.settings, ranker, k, user_id=user_id, vehicle=vehicle)
        elif user_id is not None:
            answer = answers.for_user(graph, user_id, k, rules)
        else:
            answer = answers.for_vehicle(graph, str(vehicle), k, rules)
    if as_json:
        print_json(asdict(answer))
        return
    columns = ("sku", "title", "part_type", "price", "score", "answered_by")
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
        rows = answers.similar(graph, sku, k)
    if as_json:
        print_json({"sku": sku, "rows": rows})
    else:
        table(f"Like {sku}", tuple(rows[0]), [list(row.values()) for row in rows])


@click.command()
@click.option("--user", "user_id", required=True, help="For whom.")
@click.option("--sku", required=True, help="The part.")
@json_option
@click.pass_obj
def explain(context: Context, user_id: str, sku: str, as_json: bool) -> None:
    """Why a part is recommended to a user, or what rules it out."""
    from holley_graph.recommend.explain import explain as explain_pair

    with context.graph() as graph:
        found = explain_pair(graph, user_id, sku, context.settings.recommend)
    if as_json:
        print_json(asdict(found))
        return
    say(found.path or f"no fitment path from user {user_id} to {sku}")
    if found.speaks_for:
        table("Speaks for it", ("why",), [[line] for line in found.speaks_for])
    table("Rules it out", ("why",), [[line] for line in found.rules_out or ["nothing"]])
