"""`writeback`, `rollback`."""

from __future__ import annotations

from dataclasses import asdict

import rich_click as click

from holley_graph.cli import Context
from holley_graph.cli.console import json_option, print_json, progress, say


@click.command()
@click.argument("run")
@click.option("--force", is_flag=True, help="Put a run live although its recipe was judged no-go.")
@click.option("--reindex", is_flag=True, help="Rebuild the vector indexes for vectors of another length.")
@json_option
@click.pass_obj
def writeback(context: Context, run: str, force: bool, reindex: bool, as_json: bool) -> None:
    """Put the embeddings of RUN live: staged, checked, then flipped in one transaction."""
    from holley_graph import sealed
    from holley_graph.embeddings.writeback import write_back
    from holley_graph.errors import NotFound
    from holley_graph.evaluation import registry

    folder = context.settings.home / "runs" / run
    if not (folder / "manifest.json").is_file():
        raise NotFound(f"no run {run!r} in {folder.parent}", "holley-graph runs")
    if not force:
        registry.refuse_no_go(folder.parent, sealed.read(folder / "manifest.json"))
    with context.graph() as graph, progress() as report:
        done = write_back(graph, folder, reindex=reindex, progress=report)
    registry.crown(folder.parent, done.run_id)
    if as_json:
        print_json(asdict(done))
        return
    staged = ", ".join(f"{count:,} {name}" for name, count in done.staged.items())
    say(f"{done.run_id} is live: {staged}")
    say(f"index recall {done.recall:.1%}; seconds: {', '.join(f'{k} {v:.1f}' for k, v in done.seconds.items())}")


@click.command()
@json_option
@click.pass_obj
def rollback(context: Context, as_json: bool) -> None:
    """Put the previous embeddings live again; twice is back where it began."""
    from holley_graph.embeddings.writeback import roll_back
    from holley_graph.evaluation import registry

    with context.graph() as graph:
        live, previous = roll_back(graph)
    registry.crown(context.settings.home / "runs", live)
    if as_json:
        print_json({"live": live, "previous": previous})
    else:
        say(f"{live} is live again; {previous} is kept as the previous release")
