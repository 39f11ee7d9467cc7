"""The commands `up`, `down`, `status`, `doctor` and `browser`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import rich_click as click

from holley_graph.cli import Context
from holley_graph.cli.console import json_option, print_json, progress, say, table, waiting

if TYPE_CHECKING:
    from holley_graph.settings import Settings


@click.command()
@json_option
@click.pass_obj
def up(context: Context, as_json: bool) -> None:
    """Start the embedded Neo4j, or find it running.

    The first start downloads the server (158 MB, checked by SHA-256) into a cache that all homes share.
    """
    from holley_graph.server import lifecycle
    from holley_graph.server.layout import Layout
    from holley_graph.server.status import status as describe

    settings = _embedded(context, "up")
    with progress() as report, waiting("Neo4j to answer"):
        record = lifecycle.up(settings, report)
    if as_json:
        print_json(describe(settings))
        return
    say(f"Neo4j is up at {record.bolt_uri} (user neo4j, password in {Layout.of(settings).password_file})")
    say(f"Browser: {record.browser_url('neo4j')}")
    say("stop it with: holley-graph down")


@click.command()
@json_option
@click.pass_obj
def down(context: Context, as_json: bool) -> None:
    """Stop the embedded Neo4j cleanly."""
    from holley_graph.server import lifecycle

    with waiting("Neo4j to finish what it does and to stop"):
        stopped = lifecycle.down(_embedded(context, "down"))
    if as_json:
        print_json({"stopped": stopped})
    else:
        say("stopped" if stopped else "it was not running")


@click.command()
@json_option
@click.pass_obj
def status(context: Context, as_json: bool) -> None:
    """Show the server's address, version and size, its indexes and the live release."""
    from holley_graph.server.status import status as describe

    with waiting("Neo4j to answer"):
        found = describe(context.settings)
    if as_json:
        print_json(found)
        return
    table("Server", ("what", "value"), [(key, str(value)) for key, value in _shown(found)])
    if found["pid"] and not found["running"]:
        say(f"process {found['pid']} does not answer: it is starting, or it hangs")
    if found["indexes"]:
        table("Indexes", ("name", "state"), [(index["name"], index["state"]) for index in found["indexes"]])


@click.command()
@json_option
@click.pass_obj
def doctor(context: Context, as_json: bool) -> None:
    """Check every prerequisite, and say what to do about each that fails (exit code 1)."""
    from dataclasses import asdict

    from holley_graph.server.doctor import examine

    with waiting("Neo4j to answer"):
        checks = examine(context.settings)
    if as_json:
        print_json([asdict(check) for check in checks])
    else:
        rows = [(c.name, "ok" if c.ok else "FAILS", c.found, "" if c.ok else c.todo) for c in checks]
        table("Doctor", ("check", "", "found", "what to do"), rows)
    if not all(check.ok for check in checks):
        sys.exit(1)


@click.command()
@click.option("--query", metavar="NAME", help="A query of cypher/browse/, filled in and ready to run.")
@click.option(
    "--set",
    "given",
    metavar="PARAMETER=VALUE",
    multiple=True,
    help="A parameter of the query; can be given several times.",
)
@click.option(
    "--files", type=click.Path(path_type=Path), help="Write the files that Neo4j Browser imports into this folder."
)
@click.option("--open", "open_it", is_flag=True, help="Open the page in the web browser of this machine.")
@json_option
@click.pass_obj
def browser(
    context: Context, query: str | None, given: tuple[str, ...], files: Path | None, open_it: bool, as_json: bool
) -> None:
    """Print the address of Neo4j Browser, with server and user filled in, and that of a guide through the queries.

    `--files` writes the queries as `queries.csv` and `queries.zip`, and the style sheet `style.grass`.
    """
    import webbrowser

    from holley_graph.server import pages

    if given and query is None:
        raise click.UsageError("--set needs --query")
    if not all("=" in each for each in given):
        raise click.UsageError("--set is written PARAMETER=VALUE")
    told = pages.addresses(_embedded(context, "browser"), query, dict(each.split("=", 1) for each in given))
    written = pages.write_files(files) if files else []
    if as_json:
        print_json({**told, "files": written})
    else:
        say(told["url"])
        if query is None:
            say(f"guide: {told['guide']}")
        for path in written:
            say(f"wrote {path}")
    if open_it:
        webbrowser.open(told["url"])


def _embedded(context: Context, command: str) -> Settings:
    """Return the settings of a command that knows only the embedded server."""
    from holley_graph.errors import SettingsError

    uri = context.settings.server.uri
    if uri is not None:
        hint = "leave out --uri, or use `status` and `doctor`, which work on any server"
        raise SettingsError(f"`{command}` manages only the embedded server, not {uri}", hint)
    return context.settings


def _shown(found: dict[str, Any]) -> list[tuple[str, Any]]:
    return [(key, value) for key, value in found.items() if key != "indexes" and value is not None]
