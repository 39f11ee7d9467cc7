"""How commands speak: tables and facts for people, one JSON document for programs."""

from __future__ import annotations

import json
import shlex
import unicodedata
from collections.abc import Iterator, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any

import rich_click as click
from click.core import ParameterSource

from holley_graph.amounts import money

_UNSEEN = {"Cc", "Cf", "Cs", "Zl", "Zp"}
"""Unicode categories that are shown as escapes."""

MONEY = {"price"}
"""Columns that hold US dollars."""
WHOLE = {"sku", "run", "user", "vehicle", "from", "to", "95 % interval"}
"""Columns whose cells are never broken, not even between words."""
GAP = 2
"""Blanks between two columns."""

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
    """Print a table whose words stay whole; what is too wide even then is printed row by row."""
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    texts = [spoken(name, [row[index] for row in rows]) for index, name in enumerate(columns)]
    console = Console()
    heading(title)
    widths = _widths(columns, texts, console.width - GAP * (len(columns) - 1))
    if widths is None:
        for row in zip(*texts, strict=True):
            facts("", list(zip(columns, row, strict=True)))
        return
    drawn = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 1, 0, 0), header_style="bold")
    for index, (name, width) in enumerate(zip(columns, widths, strict=True)):
        numeric = bool(rows) and all(isinstance(row[index], int | float | None) for row in rows)
        drawn.add_column(Text(name), justify="right" if numeric else "left", width=width)
    for row in zip(*texts, strict=True):
        drawn.add_row(*map(Text, row))  # plain text may hold what looks like markup
    console.print(drawn)


def heading(text: str) -> None:
    """Print a title; not the table's own, which would wrap at the table's width."""
    from rich.console import Console
    from rich.text import Text

    console = Console()
    console.print()
    console.print(Text(plain(text), style="bold"))


def facts(title: str, rows: Sequence[tuple[str, Any]]) -> None:
    """Print names beside their values, one a line; a value is never broken. No values, no title."""
    if not rows:
        return
    if title:
        heading(title)
    else:
        print()
    width = max(len(name) for name, _ in rows)
    for name, value in rows:
        print(f"{plain(name):<{width}}  {spoken(name, [value])[0]}")


def then(command: str) -> None:
    """Print the command to type next, with the global options that stood before this one."""
    print(f"next: holley-graph {''.join(_typed())}{plain(command)}")


def spoken(name: str, values: Sequence[Any]) -> list[str]:
    """Write the values of a column as a person reads them; numbers of one column have the same decimals."""
    floats = [abs(value) for value in values if isinstance(value, float)]
    decimals = _decimals(max(floats, default=0.0))
    return [plain(_cell(name, value, decimals)) for value in values]


def _cell(name: str, value: Any, decimals: int) -> str:
    if value is None:
        return "–"
    if name in MONEY:
        return money(value) if isinstance(value, int | float) else str(value)
    if isinstance(value, float):
        return f"{value:,.{decimals}f}"
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    return str(value)


def _decimals(largest: float) -> int:
    """Digits behind the point that show a column's largest number with about four digits."""
    return next((digits for least, digits in ((1000, 0), (100, 1), (10, 2), (0.1, 3)) if largest >= least), 4)


def _widths(columns: Sequence[str], texts: Sequence[Sequence[str]], room: int) -> list[int] | None:
    """Give columns their widths within some room, without breaking a word; none: there is too little room."""
    from rich.cells import cell_len

    least, width = [], []
    for name, cells in zip(columns, texts, strict=True):
        words = [word for text in cells for word in ([text] if name in WHOLE else text.split())]
        least.append(max(map(cell_len, [*words, *name.split()]), default=1))
        width.append(max(least[-1], _in_two_lines(name), *map(cell_len, cells), 1))
    while sum(width) > room:
        wide = [index for index in range(len(width)) if width[index] > least[index]]
        if not wide:
            return None
        width[max(wide, key=width.__getitem__)] -= 1
    return width


def _in_two_lines(name: str) -> int:
    """Return how wide the name of a column is on two lines."""
    words = name.split()
    halves = ((" ".join(words[:place]), " ".join(words[place:])) for place in range(1, len(words) + 1))
    return min((max(map(len, half)) for half in halves), default=0)


def _typed() -> Iterator[str]:
    """Give the global options that were typed; those of the environment hold for the next command by themselves."""
    context = click.get_current_context(silent=True)
    if context is None:
        return
    root = context.find_root()
    for option in root.command.params:
        name = str(option.name)
        typed = root.get_parameter_source(name) is ParameterSource.COMMANDLINE
        if typed and name in root.params and not getattr(option, "is_flag", False):
            yield f"{option.opts[0]} {shlex.quote(str(root.params[name]))} "


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
