"""What became of a feed's source rows."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from holley_graph.errors import RejectedTooMuch
from holley_graph.settings import Settings

ITEM_REASONS = frozenset({"fitment.no_sku", "event.unknown_sku"})
"""Reasons that reject one item of a row; the others reject the row."""


@dataclass(frozen=True)
class FeedAccount:
    """One feed's source rows by what became of them."""

    name: str
    read: int
    """Source rows."""
    items: int
    """Items inside the rows that were not rejected or ignored as a whole."""
    rejected: dict[str, int] = field(default_factory=dict)
    ignored: dict[str, int] = field(default_factory=dict)
    seconds: float = 0.0
    partly: bool = False
    """Only the days since the last sync were read."""
    until: int | None = None
    """Epoch microseconds of the first row that was too late to be known: up to there a later `as_of` knows no more.
    None: there is none."""

    def rejected_share(self, least: int = 1) -> float:
        """Rejected rows among rows, or items among items, whichever is more; among at least `least` of each."""
        items = sum(n for reason, n in self.rejected.items() if reason in ITEM_REASONS)
        rows = sum(self.rejected.values()) - items
        return max(rows / max(self.read, least), items / max(self.items, least))


def stop_if_too_many_rejected(accounts: Iterable[FeedAccount], settings: Settings) -> None:
    """Refuse an extract that lost too much; called after the dead letters are written, which say what and why.

    Raises:
        RejectedTooMuch: a feed's rejected share exceeds `sync.max_rejected_share`.
    """
    allowed = settings.sync.max_rejected_share
    for account in accounts:
        least = settings.sync.min_judged if account.partly else 1
        if account.rejected_share(least) > allowed:
            reasons = ", ".join(f"{reason} {n:,}" for reason, n in sorted(account.rejected.items()))
            raise RejectedTooMuch(
                f"feed {account.name}: {account.rejected_share():.1%} of {account.read:,} rows rejected, "
                f"allowed {allowed:.1%}: {reasons}",
                "look at the dead letters, or raise sync.max_rejected_share",
            )
