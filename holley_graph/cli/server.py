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
        found = describe(context.settings)
    if as_json:
        print_json(found)
        return
    show(found, context.settings.server.uri)


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

    Queries begin with keys of the graph at hand: a typical owner, the part most bought, the vehicle most owned.
    `--files` writes them as `queries.csv` and `queries.zip`, and the style sheet `style.grass`.
    """
    import webbrowser

    from holley_graph.server import pages

    if given and query is None:
        raise click.UsageError("--set needs --query")
    if not all("=" in each for each in given):
        raise click.UsageError("--set is written PARAMETER=VALUE")
    if files and context.settings.server.uri:  # files are for any server; links and guide for the embedded one
        told = dict.fromkeys(("url", "guide", "user", "password_file"))
    else:
        told = pages.addresses(_embedded(context, "browser"), query, dict(each.split("=", 1) for each in given))
    written = pages.write_files(context.settings, files) if files else []
    if as_json:
        print_json({**told, "files": written})
    else:
        if told["url"]:
            say(told["url"])
        if told["guide"] and query is None:
            say(f"guide: {told['guide']}")
        for path in written:
            say(f"wrote {path}")
    if open_it and told["url"]:
        webbrowser.open(told["url"])


def _embedded(context: Context, command: str) -> Settings:
    """Return the settings of a command that knows only the embedded server."""
    from holley_graph.errors import SettingsError

    uri = context.settings.server.uri
    if uri is not None:
        hint = "leave out --uri, or use `status` and `doctor`, which work on any server"
        raise SettingsError(f"`{command}` manages only the embedded server, not {uri}", hint)
    return context.settings


def show(found: dict[str, Any], uri: str | None) -> None:
    """Print the status of the embedded server, or of the one at `uri`, for a person."""
    if not found["running"] and uri:
        say(f"no Neo4j answers at {uri}")
        then("doctor")
        return
    if not found["running"]:
        hangs = found["pid"] and f"process {found['pid']} does not answer: it is starting, or it hangs"
        say(hangs or "the server is down")
        then("doctor" if hangs else "up")
        return
    facts("Server", [(name, value) for name, value in _server(found) if value is not None])
    facts("Graph", [*_labels(found["labels"]), ("relationships", found["relationships"])])
    facts("Last sync and releases", list(_state(found)))
    waits = [f"{index['name']} is {index['state']}" for index in found["indexes"] if index["state"] != "ONLINE"]
    for line in waits:
        say(f"index {line}")
    if not found["last_sync"]:
        then("sync --source files:DIR")
    elif not found["live_release"]:
        then("train")


def _labels(counts: dict[str, int]) -> Iterator[tuple[str, int]]:
    from holley_graph.graph.schema import NODES

    yield from ((node.label, counts[node.label]) for node in NODES)


def _server(found: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    yield "Neo4j", f"{found['version']} {found['edition']}"
    yield "Graph Data Science", found["gds_version"]
    yield "Bolt", found["bolt_uri"]
    yield "Browser", found["http_uri"]
    yield "user", found["user"]
    yield "password in", found["password_file"]
    yield "process", found["pid"] and str(found["pid"])
    yield "memory", found["rss_bytes"] and size(found["rss_bytes"])
    yield "on disk", found["store_bytes"] and size(found["store_bytes"])


def _state(found: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    if sync := found["last_sync"]:
        yield "last sync", f"{sync['run_id']}, finished {_minute(sync['finished_at'])}"
        yield "source", sync["source"]
        yield "data before", _minute(sync["as_of"])
    else:
        yield "last sync", "none yet"
    yield "live release", found["live_release"] or "none yet"
    yield "kept beside it", found["previous_release"] or "none"


def _minute(moment: str) -> str:
    return f"{moment[:10]} {moment[11:16]} UTC"
