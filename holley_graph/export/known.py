"""Which files were exported: they hold addresses, and somebody may ask to be forgotten."""

from __future__ import annotations

import json
from pathlib import Path

from holley_graph.errors import ParcelError


def remember(home: Path, path: Path) -> None:
    """Note a file before it is written: one that was begun may hold addresses, too."""
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (home / "exports.jsonl").open("a", encoding="utf-8") as file:
        file.write(json.dumps(str(path.absolute())) + "\n")


def exports(home: Path) -> list[Path]:
    """List every file that an export of this home wrote, oldest first.

    Raises:
        ParcelError: the list is damaged.
    """
    file = home / "exports.jsonl"
    try:
        lines = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
        return list(dict.fromkeys(Path(json.loads(line)) for line in lines))
    except (OSError, ValueError, TypeError) as error:
        raise ParcelError(f"{file} is not the list of exports", "each of its lines is a path in quotes") from error
