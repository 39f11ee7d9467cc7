"""The command `rules`."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import rich_click as click

from holley_graph.cli import Context
from holley_graph.cli.console import json_option, print_json, say, table
from holley_graph.cli.progress import progress
from holley_graph.cli.sync import Moment

if TYPE_CHECKING:
    from holley_graph.export.effect import RulesReport


@click.command()
@click.argument("what", type=click.Choice(["check"]))
@click.option("--on", "day", type=Moment(), help="Day on which the rules are looked at (default: today).")
@json_option
@click.pass_obj
def rules(context: Context, what: str, day: datetime | None, as_json: bool) -> None:
    """Say how many rows each of marketing's rules changes, and what it is expected to cost.

    The file is `recommend.rules_file`. Everybody is ranked without rules, with each rule alone and with all
    of them. Nothing is written.
    """
    from holley_graph.errors import SettingsError
    from holley_graph.export import effect

    if context.settings.recommend.rules_file is None:
        raise SettingsError("there is no file of rules", "set recommend.rules_file; docs/marketing.md describes it")
    with context.graph() as graph, progress() as report:
        done = effect.check(graph, context.settings, day or datetime.now(UTC), report)
    if as_json:
        print_json(done.as_dict())
    else:
        show(done)


def show(done: RulesReport) -> None:
    """Print what rules change for a person."""
    rows = [
        (effect.name, effect.do, effect.parts, effect.rows, effect.slots, f"{effect.purchases:+.1%}")
        for effect in done.effects
    ]
    columns = ("rule", "does", "parts", "rows changed", "slots", "predicted purchases")
    table(f"Rules, on an export of {done.rows:,} rows", columns, rows)
    say("predicted purchases: by the live release, against an export without rules")
