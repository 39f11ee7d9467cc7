"""What was sent and clicked, read back from the optional sixth raw table, and held against orders."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from holley_graph.errors import SourceError
from loaders import shapes, sheet, sqltext
from loaders.contracts import RawTable

NAME = "treatments"
_TIME = pa.timestamp("us", "UTC")
TABLE = RawTable(
    NAME,
    {
        "user_id": pa.string(), "treatment_id": pa.string(), "sent_at": _TIME, "clicked_at": _TIME,
        "skus": pa.list_(pa.string()), "mode": pa.string(),
    },
    {},
)  # fmt: skip
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
        folder: holds `treatments.parquet` or a folder of its parts.
        days: how long after the file was made things count.
        scanner: `scanner_us` and `scanner_links`, which clicks are a link scanner's.

    Returns:
        Epoch seconds from which on things count, and a row per arm (`loaders/sql/campaign/outcome.sql`).

    Raises:
        SourceError: a file is missing or not as described.
    """
    table, _ = shapes.read(connection, folder, TABLE)
    table.create_view(NAME)
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
