"""Lists of a shop in a folder, and what a sync reads of them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from holley_graph.loaders import feeds
from holley_graph.loaders.flat.source import CsvSource
from holley_graph.progress import silent
from holley_graph.settings import load
from holley_graph.times import seconds

AS_OF = seconds("2026-01-01")


def write(folder: Path, files: Mapping[str, str | bytes]) -> Path:
    """Write files by name; text is UTF-8."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(content.encode() if isinstance(content, str) else content)
    return folder


class Read:
    """Clean tables, dead letters, counts and notes of some lists."""

    def __init__(self, source: CsvSource, extracted: feeds.Extract) -> None:
        self.clean = {feed.clean.name: extracted.clean(feed.clean.name).to_pylist() for feed in feeds.FEEDS}
        self.letters = {
            feed.clean.name: sorted(
                extracted.tables[f"rejected_{feed.clean.name}"].project("reason, value, source_row").fetchall()
            )
            for feed in feeds.FEEDS
        }
        self.accounts = {account.name: account for account in extracted.accounts}
        self.notes = source.notes


def read(folder: Path, home: Path, as_of: int = AS_OF, **sections: Any) -> Read:
    """Extract some lists as a sync would."""
    settings = load(home=home, **sections)
    source = CsvSource(folder, settings)
    extracted = feeds.extract(source, settings, as_of, silent)
    try:
        return Read(source, extracted)
    finally:
        extracted.close()
