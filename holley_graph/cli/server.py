"""The commands `up`, `down`, `status`, `doctor` and `browser`."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import rich_click as click

from holley_graph.amounts import size
from holley_graph.cli import Context
from holley_graph.cli.console import facts, json_option, print_json, say, then
from holley_graph.cli.progress import progress, waiting

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
    then("status")


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
        then("up")


@click.command()
@json_option
@click.pass_obj
def status(context: Context, as_json: bool) -> None:
    """Show the server, what the graph holds, the last sync and the releases."""
    from holley_graph.server.status import status as describe

    with waiting("Neo4j to answer"):
        state = describe(context.settings)
    if as_json:
        print_json(state)
        return
    show(state, context.settings.server.uri)


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
        for check in checks:
            say(f"{'ok' if check.ok else 'FAILS':<5}  {check.name}: {check.found}")
            if not check.ok:
                say(f"       to do: {check.todo}")
    if not all(check.ok for check in checks):
        sys.exit(1)


@click.command()
@click.option("--query", metavar="NAME", help="A query of cypher/browse/, filled in and ready to run.")
@click.option(
    "--set",
    "parameters",
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
    context: Context,
    query: str | None,
    parameters: tuple[str, ...],
    files: Path | None,
    open_it: bool,
    as_json: bool,
) -> None:
    """Print the address of Neo4j Browser, with server and user filled in, and that of a guide through the queries.

    Queries begin with keys of the graph at hand: a typical owner, the part most bought, the vehicle most owned.
    `--files` writes them as `queries.csv` and `queries.zip`, and the style sheet `style.grass`.
    """
    import webbrowser

    from holley_graph.server import pages

    if parameters and query is None:
        raise click.UsageError("--set needs --query")
    if not all("=" in pair for pair in parameters):
        raise click.UsageError("--set is written PARAMETER=VALUE")
    if files and context.settings.server.uri:  # files are for any server; links and guide for the embedded one
        addresses = dict.fromkeys(("url", "guide", "user", "password_file"))
    else:
        addresses = pages.addresses(
            _embedded(context, "browser"), query, dict(pair.split("=", 1) for pair in parameters)
        )
    written = pages.write_files(context.settings, files) if files else []
    if as_json:
        print_json({**addresses, "files": written})
    else:
        if addresses["url"]:
            say(addresses["url"])
        if addresses["guide"] and query is None:
            say(f"guide: {addresses['guide']}")
        for path in written:
            say(f"wrote {path}")
    if open_it and addresses["url"]:
        webbrowser.open(addresses["url"])


def _embedded(context: Context, command: str) -> Settings:
    """Return the settings of a command that knows only the embedded server."""
    from holley_graph.errors import SettingsError

    uri = context.settings.server.uri
    if uri is not None:
        hint = "leave out --uri, or use `status` and `doctor`, which work on any server"
        raise SettingsError(f"`{command}` manages only the embedded server, not {uri}", hint)
    return context.settings


def show(state: dict[str, Any], uri: str | None) -> None:
    """Print the status of the embedded server, or of the one at `uri`, for a person."""
    if not state["running"] and uri:
        say(f"no Neo4j answers at {uri}")
        then("doctor")
        return
    if not state["running"]:
        hangs = state["pid"] and f"process {state['pid']} does not answer: it is starting, or it hangs"
        say(hangs or "the server is down")
        then("doctor" if hangs else "up")
        return
    facts("Server", [(name, value) for name, value in _server(state) if value is not None])
    facts("Graph", [*_labels(state["labels"]), ("relationships", state["relationships"])])
    facts("Last sync and releases", list(_state(state)))
    waits = [f"{index['name']} is {index['state']}" for index in state["indexes"] if index["state"] != "ONLINE"]
    for line in waits:
        say(f"index {line}")
    if not state["last_sync"]:
        then("sync --source files:DIR")
    else:
        then("find vehicles" if state["live_release"] else "train")


def _labels(counts: dict[str, int]) -> Iterator[tuple[str, int]]:
    from holley_graph.graph.schema import NODES

    yield from ((node.label, counts[node.label]) for node in NODES)


def _server(state: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    yield "Neo4j", f"{state['version']} {state['edition']}"
    yield "Graph Data Science", state["gds_version"]
    yield "Bolt", state["bolt_uri"]
    yield "Browser", state["http_uri"]
    yield "user", state["user"]
    yield "password in", state["password_file"]
    yield "process", state["pid"] and str(state["pid"])
    yield "memory", state["rss_bytes"] and size(state["rss_bytes"])
    yield "on disk", state["store_bytes"] and size(state["store_bytes"])


def _state(state: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    if sync := state["last_sync"]:
        yield "last sync", f"{sync['run_id']}, finished {_minute(sync['finished_at'])}"
        yield "source", sync["source"]
        yield "data before", _minute(sync["as_of"])
    else:
        yield "last sync", "none yet"
    yield "live release", state["live_release"] or "none yet"
    yield "kept beside it", state["previous_release"] or "none"


def _minute(moment: str) -> str:
    return f"{moment[:10]} {moment[11:16]} UTC"
