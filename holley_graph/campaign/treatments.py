"""What was sent and clicked, read back from the optional sixth raw table, and held against orders."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import reduce
from pathlib import Path
from typing import Any

import pyarrow as pa

from holley_graph.errors import SourceError
from holley_graph.gate import sheet
from holley_graph.loaders import identity, shapes, value_rules
from holley_graph.loaders.contracts import RawTable
from holley_graph.loaders.engine.engine import Engine, Relation, Rows
from holley_graph.settings import Settings
from holley_graph.times import DAY

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
SECOND = 1_000_000  # microseconds
SENT = ("email_lower", "arm", "generated_at", "rec_part_1", "rec_part_2", "rec_part_3", "rec_part_4")
"""What is read of a campaign's export file."""


def outcome(
    engine: Engine,
    clean: Mapping[str, Rows],
    exported: Sequence[Path],
    folder: Path,
    settings: Settings,
) -> tuple[int, list[dict[str, Any]]]:
    """Count, per arm of a campaign, whom it reached, who clicked and who ordered.

    Args:
        engine: that counts.
        clean: the clean tables as `clean_NAME`.
        exported: the campaign's export files, with their arms: what was sent, and the hold-out.
        folder: holds `treatments.parquet` or a folder of its parts.
        settings: `campaign` is read, and how ids that may be addresses are hashed.

    Returns:
        Epoch seconds from which on things count, and a row per arm (`sql/campaign/outcome.sql`).

    Raises:
        SourceError: a file is missing or not as described.
    """
    treatments, _ = shapes.read(engine, folder, TABLE)
    sheets = [sheet.read(engine, path, SENT) for path in exported]
    sheet_rows = engine.store(reduce(Relation.union, sheets))
    slots = engine.keep("campaign/sent_slots", {"sheet": sheet_rows})
    start = slots.aggregate("epoch(min(generated_at))").fetchall()[0][0]
    if start is None:
        raise SourceError(f"{exported[0]} has no time in generated_at", "name a file that export wrote")
    tables = {**clean, "treatments": treatments, "sent_slots": slots}
    rows = engine.run("campaign/outcome", tables, **_values(settings, int(start)))
    return int(start), rows.to_pylist()


def _values(settings: Settings, start: int) -> dict[str, Any]:
    campaign = settings.campaign
    return {
        "from_us": start * SECOND,
        "until_us": (start + campaign.days * DAY) * SECOND,
        "scanner_us": campaign.scanner_seconds * SECOND,
        "scanner_links": campaign.scanner_links,
        **value_rules.values(settings, start),
        **identity.pads(identity.email_key(settings)),
    }
