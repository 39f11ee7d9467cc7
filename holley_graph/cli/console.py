"""How commands speak: tables and progress for people, one JSON document for programs."""

from __future__ import annotations

import json
import sys
import threading
import unicodedata
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path
from typing import Any

import rich_click as click

from holley_graph.progress import Progress, silent

_UNSEEN = {"Cc", "Cf", "Cs", "Zl", "Zp"}
"""Unicode categories that are shown as escapes."""

json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON document instead.")


def print_json(document: Any) -> None:
    """Print one JSON document; times become ISO 8601, paths become text."""
    print(json.dumps(document, indent=2, default=_plain))


def say(line: str) -> None:
    """Print one line for a person."""
    print(plain(line))


def plain(text: str) -> str:
    """Show what a terminal would obey or hide, as `\\x1b`: control, format and line characters, lone surrogates."""
    if text.isprintable():
        return text
    return "".join(
        char.encode("unicode_escape").decode() if unicodedata.category(char) in _UNSEEN else char for char in text
    )


def table(title: str, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """Print a table; columns of numbers stand right."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    drawn = Table(header_style="bold")
    for index, name in enumerate(columns):
        numeric = bool(rows) and all(isinstance(row[index], int | float | None) for row in rows)
        drawn.add_column(name, justify="right" if numeric else "left", overflow="fold")
    for row in rows:
        drawn.add_row(*(Text(plain(_cell(value))) for value in row))  # plain text may hold what looks like markup
    console = Console()
    console.print()
    console.print(Text(plain(title), style="bold"))  # as a title of the table it would wrap at the table's width
    console.print(drawn)


@contextmanager
def progress(told: bool = True) -> Iterator[Progress]:
    """Bars on a terminal, one log line per finished step otherwise, or nothing; always on standard error."""
    if not told:
        yield silent
        return
    if not sys.stderr.isatty():
        yield _log_line
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TaskID, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bars

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Bars(*columns, console=Console(stderr=True)) as bars:
        tasks: dict[str, TaskID] = {}

        def report(what: str, done: int, of: int) -> None:
            if what not in tasks:
                tasks[what] = bars.add_task(what, total=of)
            bars.update(tasks[what], completed=done, total=of)

        yield report


@contextmanager
def waiting(what: str) -> Iterator[None]:
    """Say on standard error what is waited for, if it takes longer than usual."""
    timer = threading.Timer(2, print, (f"waiting for {what} …",), {"file": sys.stderr})
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _log_line(what: str, done: int, of: int) -> None:
    if done >= of:
        counted = f": {done:,} of {of:,}" if of > 1 else ""
        print(f"{datetime.now():%H:%M:%S} {what}{counted}", file=sys.stderr)


def _cell(value: Any) -> str:
    if value is None:
        return "–"
    if isinstance(value, float):
        return f"{value:,.4g}"
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    return str(value)


def _plain(value: Any) -> Any:
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, Path):
        return str(value)
    if hasattr(value, "item"):
        return value.item()
    if hasattr(value, "iso_format"):  # the driver's own temporal types
        return value.iso_format()
    raise TypeError(f"{type(value).__name__} has no JSON form")
