"""The command `campaign`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import rich_click as click

from holley_graph.amounts import counted
from holley_graph.cli import Context
from holley_graph.cli.console import json_option, print_json, say, table, then

if TYPE_CHECKING:
    from holley_graph.campaign.outcome import CampaignReport


@click.command()
@click.argument("path", metavar="FILE", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option(
    "--treatments", required=True, metavar="files:DIR", help="Folder with the table of what was sent and clicked."
)
@click.option(
    "--html", "page_path", type=click.Path(path_type=Path), help="Also write the outcome as an HTML page."
)
@json_option
@click.pass_obj
def campaign(context: Context, path: Path, treatments: str, page_path: Path | None, as_json: bool) -> None:
    """Count clicks and orders per arm of an export, as the last sync knows them."""
    from holley_graph.campaign.page import page
    from holley_graph.errors import SettingsError
    from holley_graph.workflows.campaign import read_back

    kind, _, where = treatments.partition(":")
    if kind != "files" or not where:
        raise SettingsError(f"--treatments {treatments!r} is not files:DIR", "--treatments files:DIR")
    done = read_back(context.settings, path, Path(where))
    if page_path is not None:
        page_path.write_text(page(done), encoding="utf-8")
    if as_json:
        print_json(done.as_dict())
    else:
        show(done)


def show(done: CampaignReport) -> None:
    """Print the outcome for a person."""
    from holley_graph.campaign.page import NAMES, cautions, verdict

    columns = ("arm", "people", "sent", "not_live", "scanned", "clicked", "ordered", "ordered_sent")
    named = [name.replace("_", " ") for name in columns]
    title = f"{done.path.name}, {counted(done.days, 'day')}"
    table(title, named, [[row[name] for name in columns] for row in done.arms])
    if done.is_known:
        rates = ("clicked_rate", "ordered_rate", "ordered_sent_rate")
        rows = [(row["arm"], *(_spoken(row[name]) for name in rates)) for row in done.arms]
        heads = ("arm", "of sent clicked", "of people ordered", "ordered what was sent")
        table("Shares, 95 % intervals", heads, rows)
    pairs = [
        (f"{pair['arm']} less {pair['other']}", NAMES[pair["rate"]], _over(pair), pair["needed"])
        for pair in done.pairs
    ]
    if pairs and done.is_known:
        heads = ("groups", "of people", "points, 95 % interval", "people in each to show it")
        table("Arm against arm", heads, pairs)
    say(verdict(done)[0])
    for line in cautions(done):
        say(f"careful: {line}")
    then("sync --source files:DIR --since-last")


def _spoken(rate: dict[str, Any]) -> str:
    if rate["share"] is None:
        return "–"
    return f"{rate['share']:.2%} ({rate['low']:.2%} … {rate['high']:.2%})"


def _over(rate: dict[str, float]) -> str:
    return f"{100 * rate['difference']:+.2f} ({100 * rate['low']:+.2f} … {100 * rate['high']:+.2f})"
