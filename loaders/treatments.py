"""What was sent and clicked, read back from the optional sixth raw table, and held against orders."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from holley_graph.errors import SourceError
from loaders import sheet, sqltext

NAME = "treatments"
COLUMNS = {
    "user_id": "VARCHAR", "treatment_id": "VARCHAR", "sent_at": "TIMESTAMPTZ", "clicked_at": "TIMESTAMPTZ",
    "skus": "VARCHAR[]", "mode": "VARCHAR",
}  # fmt: skip
"""A column without any value (nobody clicked) has no type of its own in a file."""
SECOND, DAY = 1_000_000, 86_400  # in microseconds; in seconds
SENT = ("email_lower", "arm", "generated_at", "rec_part_1", "rec_part_2", "rec_part_3", "rec_part_4")
"""What is read of a campaign's export file."""


def outcome(
    connection: duckdb.DuckDBPyConnection,
    exported: Path,
    folder: Path,
    days: int,
    scanner: Mapping[str, int],
) -> tuple[int, list[dict[str, Any]]]:
    """Count, per arm of a campaign, whom it reached, who clicked and who ordered.

    Args:
        connection: holds the clean tables as `clean_NAME`.
        exported: the campaign's export file, with its arms.
        folder: holds `treatments.parquet` or `treatments/*.parquet`.
        days: how long after the file was made things count.
        scanner: `scanner_us` and `scanner_links`, which clicks are a link scanner's.

    Returns:
        Epoch seconds from which on things count, and a row per arm (`loaders/sql/campaign/outcome.sql`).

    Raises:
        SourceError: a file is missing or not as described.
    """
    _open(connection, folder)
    sheet.read(connection, exported, SENT).create("sheet")
    connection.sql(sqltext.duckdb("campaign/sent_slots")).create("sent_slots")
    start = connection.table("sent_slots").aggregate("epoch(min(generated_at))").fetchall()[0][0]
    if start is None:
        raise SourceError(f"{exported} says nowhere when it was generated")
    values = {"from_us": int(start) * SECOND, "until_us": (int(start) + days * DAY) * SECOND, **scanner}
    statement = sqltext.load("campaign/outcome")
    rows: pa.Table = connection.sql(
        sqltext.duckdb(statement.name), params=statement.values(values)
    ).to_arrow_table()
    return int(start), rows.to_pylist()


def _open(connection: duckdb.DuckDBPyConnection, folder: Path) -> None:
    single, parts = folder / f"{NAME}.parquet", sorted((folder / NAME).glob("*.parquet"))
    files = [single] if single.is_file() else parts
    if not files:
        raise SourceError(f"table {NAME}: expected {single} or {single.with_suffix('')}/*.parquet, found neither")
    try:
        found = pq.read_schema(files[0]).names
    except (OSError, pa.ArrowException) as error:
        raise SourceError(f"table {NAME}: {files[0]} is not a readable Parquet file") from error
    missing = [name for name in COLUMNS if name not in found]
    if missing:
        raise SourceError(f"table {NAME}: {files[0]} lacks the columns {', '.join(missing)}")
    typed = ", ".join(f"CAST({name} AS {type_}) AS {name}" for name, type_ in COLUMNS.items())
    connection.read_parquet([str(file) for file in files]).project(typed).create_view(NAME)
