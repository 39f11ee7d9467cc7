"""Which files were exported: they hold addresses, and somebody may ask to be forgotten."""

from __future__ import annotations

import json
from pathlib import Path


def remember(home: Path, path: Path) -> None:
    """Note a file before it is written: one that was begun may hold addresses, too."""
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (home / "exports.jsonl").open("a", encoding="utf-8") as file:
        file.write(json.dumps(str(path.absolute())) + "\n")


def exports(home: Path) -> list[Path]:
    """List every file that an export of this home wrote, oldest first."""
    file = home / "exports.jsonl"
    lines = file.read_text(encoding="utf-8").splitlines() if file.is_file() else []
    return list(dict.fromkeys(Path(json.loads(line)) for line in lines))
