"""Sources by the name that somebody typed, or that a sync wrote down."""

from __future__ import annotations

from pathlib import Path

from holley_graph.errors import GraphStateError, SettingsError
from holley_graph.loaders.source import Source
from holley_graph.loaders.sync_tables import SyncTables
from holley_graph.settings import Settings
from holley_graph.times import iso


def open_source(text: str, settings: Settings) -> Source:
    """Open the source of a `--source` option.

    Raises:
        SettingsError: it is none of the three.
    """
    kind, _, where = text.partition(":")
    if kind == "csv" and where:
        from holley_graph.loaders.flat.source import CsvSource

        return CsvSource(Path(where), settings)
    if kind == "files" and where:
        from holley_graph.loaders.files import FilesSource

        return FilesSource(Path(where).expanduser())  # no shell does that behind a colon
    if text == "bigquery":
        from holley_graph.loaders.bigquery.source import BigQuerySource

        return BigQuerySource(settings)
    raise SettingsError(f"--source {text!r} is neither bigquery, files:DIR nor csv:DIR", "--source files:DIR")


def source_of(sync_tables: SyncTables, settings: Settings) -> Source:
    """Open the raw tables that a sync read.

    Raises:
        GraphStateError: they are not where they were.
    """
    if sync_tables.source.startswith("bigquery:"):
        source = open_source("bigquery", settings)
        there = source.name == sync_tables.source  # else the settings name other tables by now
    else:
        folder = sync_tables.source.removeprefix("csv:")
        source = open_source(sync_tables.source if folder != sync_tables.source else f"files:{folder}", settings)
        there = Path(folder).is_dir()
    if there:
        return source
    hint = f"holley-graph gate FILE --source files:DIR --as-of {iso(sync_tables.as_of)}"
    raise GraphStateError(f"the last sync read {sync_tables.source}, which is not there any more", hint)
