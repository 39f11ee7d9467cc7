"""What came of a campaign, per arm, with how sure one can be."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from holley_graph.campaign import treatments
from holley_graph.campaign.intervals import needed, newcombe, wilson
from holley_graph.campaign.split import HOLD_OUT, held_out_file
from holley_graph.loaders.engine.engine import Engine, Rows
from holley_graph.settings import Settings
from holley_graph.times import DAY

RATES = {"clicked": "sent", "ordered": "people", "ordered_sent": "people"}
"""What is counted, of whom: clicks of those who were sent something, orders of everybody in the arm."""


@dataclass(frozen=True)
class CampaignReport:
    """A campaign's outcome; `as_dict` is the documented JSON shape.

    Attributes:
        from_s: epoch seconds from which on things count: when the file was made.
        arms: per arm counts (`people`, `sent`, `not_live`, `scanned`, `clicked`, `ordered`, `ordered_sent`), and
            for each of `RATES` its share with a 95 % interval, with a hold-out the difference to it.
        pairs: for each two groups and each rate of orders the difference with its 95 % interval, and the people
            that each group would need to show it (`intervals.needed`).
        until_s: epoch seconds from which on nothing counts: when the campaign's days end.
        known_until_s: epoch seconds up to which the last sync knows orders.
    """

    path: Path
    from_s: int
    days: int
    arms: list[dict[str, Any]]
    pairs: list[dict[str, Any]]
    until_s: int
    known_until_s: int

    @property
    def missing_days(self) -> int:
        """Days of the campaign, begun ones included, of which the last sync knows nothing."""
        return min(self.days, max(0, math.ceil((self.until_s - self.known_until_s) / DAY)))

    @property
    def is_known(self) -> bool:
        """The last sync knows orders of the campaign's days, or of some of them."""
        return self.known_until_s > self.from_s

    def as_dict(self) -> dict[str, Any]:
        """Return the report as plain values."""
        return asdict(self)


def read_back(
    engine: Engine, clean: Mapping[str, Rows], exported: Path, folder: Path, settings: Settings, as_of: int
) -> CampaignReport:
    """Read a campaign's outcome.

    Args:
        engine: that counts.
        clean: the clean tables of a sync after the campaign, as `clean_NAME`.
        exported: the file that was sent, with its arms. The hold-out is in the file beside it, if there is one.
        folder: where the treatments are.
        settings: `campaign` is read, and how ids that may be addresses are hashed.
        as_of: of that sync, epoch seconds.

    Raises:
        SourceError: a file is missing or not as described.
    """
    files = [exported, *(path for path in [held_out_file(exported)] if path.exists())]
    start, rows = treatments.outcome(engine, clean, files, folder, settings)
    held_out = next((row for row in rows if row["arm"] == HOLD_OUT), None)
    days = settings.campaign.days
    arms, until = [row | rates(row, held_out) for row in rows], start + days * DAY
    return CampaignReport(exported, start, days, arms, list(pairs(rows)), until, as_of)


def pairs(rows: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Compare every two groups."""
    for (row, other), rate in itertools.product(itertools.combinations(rows, 2), ("ordered", "ordered_sent")):
        if row["people"] and other["people"]:
            share, others = row[rate] / row["people"], other[rate] / other["people"]
            low, high = newcombe(row[rate], row["people"], other[rate], other["people"])
            estimate = {"difference": share - others, "low": low, "high": high, "needed": needed(share, others)}
            yield {"arm": row["arm"], "other": other["arm"], "rate": rate, **estimate}


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
