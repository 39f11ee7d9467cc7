"""What was rejected, kept for people: one Parquet file per feed, with reasons, and without addresses."""

from __future__ import annotations

from pathlib import Path

import pyarrow.parquet as pq

from loaders import identity, sqltext
from loaders.feeds import FEEDS, Extract


def write(folder: Path, extracted: Extract, key: bytes) -> list[Path]:
    """Write `FEED.parquet` for every feed that rejected something.

    Columns: `reason`, the offending `value`, the `source` row or item as JSON, and `email_hash`, the HMAC-SHA-256
    of the row's address where it has one (under the key that hashes users, so that the two can be joined).

    Args:
        folder: made if need be, for its owner only.
        extracted: the extract whose rejects are written.
        key: HMAC key of `identity.email_key`.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    statement = sqltext.load("rejects")
    written = []
    for feed, account in zip(FEEDS, extracted.accounts, strict=True):
        if not account.rejected:
            continue
        text = sqltext.duckdb(statement.name, {"rejected": f"rejected_{feed.clean.name}"})
        rows = extracted.connection.sql(text, params=statement.values(identity.pads(key)))
        path = folder / f"{feed.raw}.parquet"
        pq.write_table(rows.to_arrow_table(), path)
        written.append(path)
    return written
