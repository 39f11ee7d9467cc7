"""An export file, put where it goes in one step."""

from __future__ import annotations

import shutil
from pathlib import Path

from holley_graph import files
from holley_graph.errors import SettingsError
from holley_graph.export import known
from holley_graph.loaders.bigquery import target
from holley_graph.settings import Settings

SUFFIXES = (".csv", ".parquet", ".ndjson")
TABLE = "bigquery:"


def checked(to: str) -> str:
    """Refuse a place that could not be written in the end; a path becomes an absolute one.

    Raises:
        SettingsError: it is neither a file of a known format nor a table, or its folder does not exist.
    """
    if to.startswith(TABLE):
        return to
    path = Path(to).expanduser().absolute()
    if path.suffix not in SUFFIXES:
        raise SettingsError(
            f"--to {to} is neither a {', '.join(SUFFIXES)} file nor {TABLE}DATASET.TABLE", "--to FILE.parquet"
        )
    if not path.parent.is_dir():
        raise SettingsError(f"{path.parent} is no folder", "make it first")
    return str(path)


def suffix(to: str) -> str:
    """Return the suffix of the file that goes to a place."""
    return ".parquet" if to.startswith(TABLE) else Path(to).suffix


def deliver(settings: Settings, file: Path, to: str, run_id: str) -> None:
    """Put a file in its place. Whoever reads there meets the old one or the new one.

    Args:
        settings: of BigQuery, and the home, which remembers where addresses are.
        file: the export.
        to: as `checked` returned it; the rows of a table are replaced.
        run_id: names the jobs of BigQuery.
    """
    if to.startswith(TABLE):
        target.load(settings, file, to.removeprefix(TABLE), run_id, replace=True)
        return
    known.remember(settings.home, Path(to))
    with files.replacing(Path(to), durable=True) as out, file.open("rb") as made:
        shutil.copyfileobj(made, out)
