"""The command line: parse, call one function of `workflows` or of a room, print its report.

Each command lives in the module that `COMMANDS` names. Those modules import only click at their top and the
rooms inside their functions, so that `holley-graph --help` costs next to nothing.
"""

from __future__ import annotations

import atexit
import importlib
import io
import os
import sys
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import rich_click as click
from click.exceptions import Exit

from holley_graph.cli import progress, trouble
from holley_graph.errors import HolleyGraphError, SettingsError

if TYPE_CHECKING:
    from holley_graph.graph.client import Graph
    from holley_graph.settings import Settings

GROUPS = {
    "Start here": {"demo": "demo"},
    "Every night": {"night": "night"},
    "Server": {"up": "server", "down": "server", "status": "server", "doctor": "server", "browser": "server"},
    "Data": {
        "templates": "templates",
        "plan": "sync",
        "sync": "sync",
        "rejects": "rejects",
        "migrate": "schema",
        "forget": "forget",
    },
    "Training": {
        "train": "train",
        "tune": "tune",
        "runs": "train",
        "evaluate": "evaluate",
        "backtest": "evaluate",
    },
    "Release": {"writeback": "release", "embed": "embed", "rollback": "release"},
    "Answers": {
        "find": "find",
        "recommend": "answers",
        "similar": "answers",
        "next": "answers",
        "explain": "answers",
        "path": "answers",
        "serve": "serve",
    },
    "Mailing": {"rules": "rules", "export": "export", "gate": "gate", "campaign": "campaign"},
}
"""Groups of the help page; in each, the name of a command to its module in this package."""

COMMANDS = {name: module for group in GROUPS.values() for name, module in group.items()}
"""Command name to its module."""


@dataclass(frozen=True)
class Context:
    """What every command is handed: the global options, opened only when used."""

    options: dict[str, Any]
    debug: bool

    @cached_property
    def settings(self) -> Settings:
        """The settings of this invocation."""
        from holley_graph import settings, spill

        config = self.options.get("config")
        home = self.options.get("home")
        server = {k: self.options[k] for k in ("uri", "user", "password_file") if self.options.get(k) is not None}
        loaded = settings.load(config, home=home, **({"server": server} if server else {}))
        spill.sweep(loaded.home)
        return loaded

    def graph(self) -> Graph:
        """Connect to the server of the settings: the embedded one or the one at `server.uri`."""
        from holley_graph.cli.progress import waiting
        from holley_graph.workflows.connection import connect

        with waiting("Neo4j to answer"):
            return connect(self.settings)


class LazyGroup(click.RichGroup):
    """A group that imports a command's module only when the command is needed."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Name the commands in the order of the table above."""
        return list(COMMANDS)

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command; an error becomes a line of JSON where the settings ask for such lines."""
        try:
            return super().invoke(ctx)
        except (click.ClickException, Exit, click.Abort):
            raise
        except Exception as error:
            if ctx.obj.debug or not progress.as_json():
                raise
            known = trouble.of(error)
            progress.log("error", error=str(known), hint=known.hint, exit_code=known.exit_code)
            ctx.exit(known.exit_code)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import one command."""
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"holley_graph.cli.{COMMANDS[cmd_name]}")
        command: click.Command = getattr(module, cmd_name)
        return command


@click.group(
    cls=LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"]},
    panels=[click.RichCommandPanel(group, commands=list(names)) for group, names in GROUPS.items()],
)
@click.option(
    "--home",
    type=click.Path(path_type=Path),
    envvar="HOLLEY_GRAPH_HOME",
    help="Folder that holds everything the tool keeps.",
)
@click.option(
    "--config",
    type=click.Path(path_type=Path),
    envvar="HOLLEY_GRAPH_CONFIG",
    help="Settings file (default: holley-graph.toml here).",
)
@click.option("--uri", help="Address of your own Neo4j, instead of the embedded one.")
@click.option("--user", help="Its user.")
@click.option("--password-file", type=click.Path(path_type=Path), help="File with its password.")
@click.option("--debug", is_flag=True, help="Show the traceback of an error.")
@click.version_option(package_name="holley-graph")
@click.pass_context
def cli(ctx: click.RichContext, /, debug: bool, **options: Any) -> None:
    """Vehicle-parts recommendations from a graph: load it, train on it, write back, answer."""
    ctx.obj = Context(options, debug)


def main() -> None:
    """Entry point of the console script: errors become one line, a hint and an exit code."""
    try:
        _run()
    except SystemExit as end:
        _leave(end.code)


def _run() -> None:
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a terminal may lack a character
    try:
        _refuse_broken_text()
        cli.main(standalone_mode=True)
    except Exception as error:
        if "--debug" in sys.argv:
            raise
        _end(trouble.of(error))


def _leave(code: Any) -> NoReturn:
    """End without taking apart what was imported: with PyTorch, the prompt would wait 1.5 s for that."""
    atexit._run_exitfuncs()
    with suppress(BrokenPipeError):  # a reader such as `head` has gone
        sys.stdout.flush()
        sys.stderr.flush()
    os._exit(code if isinstance(code, int) else 0 if code is None else 1)


def _refuse_broken_text() -> None:
    """Refuse what is no UTF-8 before it reaches a database or a file.

    Raises:
        SettingsError: an argument, or a setting of the environment, is none.
    """
    texts = {f"argument {n}": text for n, text in enumerate(sys.argv[1:], 1)}
    texts |= {
        f"environment variable {name}": text for name, text in os.environ.items() if name.startswith("HOLLEY_")
    }
    for what, text in texts.items():
        if any("\ud800" <= char <= "\udfff" for char in text):
            raise SettingsError(f"{what} is not UTF-8: {text!r}", "type it in UTF-8")


def _end(error: HolleyGraphError) -> NoReturn:
    from holley_graph.cli.console import plain

    click.echo(f"error: {plain(str(error))}", err=True)
    if error.hint:
        click.echo(f"hint: {plain(error.hint)}", err=True)
    sys.exit(error.exit_code)
