"""What came of a campaign, per arm, with how sure one can be."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import duckdb

from holley_graph.campaign.intervals import newcombe, wilson
from holley_graph.campaign.split import HOLD_OUT, held_out_file
from holley_graph.settings import Settings
from loaders import treatments

RATES = {"clicked": "sent", "ordered": "people", "ordered_sent": "people"}
"""What is counted, of whom: clicks of those who were sent something, orders of everybody in the arm."""


@dataclass(frozen=True)
class Report:
    """A campaign's outcome; `as_dict` is the documented JSON shape.

    Attributes:
        from_s: epoch seconds from which on things count: when the file was made.
        arms: per arm counts (`people`, `sent`, `not_live`, `scanned`, `clicked`, `ordered`, `ordered_sent`), and
            for each of `RATES` its share with a 95 % interval, with a hold-out the difference to it.
    """

    path: Path
    from_s: int
    days: int
    arms: list[dict[str, Any]]

    def as_dict(self) -> dict[str, Any]:
        """Return the report as plain values."""
        return asdict(self)


def read_back(connection: duckdb.DuckDBPyConnection, exported: Path, folder: Path, settings: Settings) -> Report:
    """Read a campaign's outcome.

    Args:
        connection: the clean tables of a sync after the campaign.
        exported: the file that was sent, with its arms. The hold-out is in the file beside it, if there is one.
        folder: where the treatments are.
        settings: `campaign` is read, and how ids that may be addresses are hashed.

    Raises:
        SourceError: a file is missing or not as described.
    """
    files = [exported, *(path for path in [held_out_file(exported)] if path.exists())]
    start, rows = treatments.outcome(connection, files, folder, settings)
    held_out = next((row for row in rows if row["arm"] == HOLD_OUT), None)
    return Report(exported, start, settings.campaign.days, [row | rates(row, held_out) for row in rows])


def rates(row: dict[str, Any], held_out: dict[str, Any] | None) -> dict[str, Any]:
    """Give the shares of one arm."""
    made = {}
    for hit, of in RATES.items():
        low, high = wilson(row[hit], row[of])
        share = row[hit] / row[of] if row[of] else None
        against = None
        if held_out is not None and held_out is not row and of == "people" and row[of] and held_out[of]:
            least, most = newcombe(row[hit], row[of], held_out[hit], held_out[of])
            difference = row[hit] / row[of] - held_out[hit] / held_out[of]
            against = {"difference": difference, "low": least, "high": most}
        made[f"{hit}_rate"] = {"share": share, "low": low, "high": high, "over_hold_out": against}
    return made
