"""The command `templates`."""

from __future__ import annotations

from pathlib import Path

import rich_click as click

from holley_graph.cli.console import json_option, print_json, say


@click.command()
@click.argument("folder", metavar="DIR", type=click.Path(file_okay=False, path_type=Path))
@json_option
def templates(folder: Path, as_json: bool) -> None:
    """Write an example of each list of a shop, for `sync --source csv:DIR`: a small shop that works as it is."""
    from holley_graph.loaders.flat import examples

    written = examples.write(folder)
    if as_json:
        print_json({"files": [str(path) for path in written]})
        return
    for path in written:
        say(str(path))
    say(f"put your own rows there, then: holley-graph sync --source csv:{folder}")
