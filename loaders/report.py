"""What a sync says it did: per feed what was read, what was not taken and why, and what changed in the graph."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from functools import cache
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from holley_graph.graph.schema import PAIRS
from holley_graph.loaders.accounts import FeedAccount
from holley_graph.loaders.change import Difference
from holley_graph.loaders.contracts import FEEDS
from holley_graph.loaders.engine import statements
from holley_graph.loaders.feeds import Extract
from holley_graph.settings import Eligibility
from holley_graph.times import moment

_FEW = 0.1  # of the products


@dataclass(frozen=True)
class SyncReport:
    """What a sync did; `as_dict` is the documented JSON shape."""

    run_id: str
    as_of: int
    mode: str
    """`bulk`, `changes`, `unchanged`, `dry-run` or `tables` (kept for somebody else to write)."""
    feeds: list[dict[str, Any]]
    seconds: float
    stages: dict[str, float]
    cost: list[dict[str, Any]]
    """Per query what it reads and what that costs; empty where reading is free."""
    notes: list[str]
    """What was noticed on the way: how rows came, columns that nobody knows."""

    def as_dict(self) -> dict[str, Any]:
        """Return the report as plain values."""
        return asdict(self) | {"as_of": moment(self.as_of).isoformat()}


def with_changes(accounts: Iterable[FeedAccount], difference: Mapping[str, Difference]) -> list[dict[str, Any]]:
    """Make accounts plain; beside each, how many nodes and relationships its feed added, changed and removed."""
    rows = []
    for account in accounts:
        differences = [part for table, part in difference.items() if feed_of(table) == account.name]
        counts = {
            kind: sum(getattr(part, kind) for part in differences) for kind in ("added", "changed", "removed")
        }
        row = {
            "name": account.name,
            "read": account.read,
            "rejected": account.rejected,
            "ignored": account.ignored,
            "seconds": round(account.seconds, 2),
        }
        rows.append(row | counts)
    return rows


@cache
def feed_of(table: str) -> str:
    """Name the feed under which a graph table's changes are reported: that of what its statement reads first."""
    derived = {pair.table for pair in PAIRS}
    first = statements.load(f"derive/{table}" if table in derived else f"graph/{table}").reads[0]
    return next((feed.raw for feed in FEEDS if first == f"clean_{feed.clean.name}"), None) or feed_of(first)


def unknown_columns(extracted: Extract) -> list[str]:
    """Say which columns of the source nobody knows."""
    return [
        f"table {name}: column {', '.join(table.unknown)} is new and ignored"
        for name, table in extracted.found.items()
        if table.unknown
    ]


def shared_emails(extracted: Extract, max_ids: int) -> list[str]:
    """Say how many users lost an email because too many share it."""
    return [
        f"table {account.name}: {account.ignored['shared_email']:,} users have an email that more than "
        f"{max_ids:,} ids share; the email is ignored (sync.max_ids)"
        for account in extracted.accounts
        if "shared_email" in account.ignored
    ]


def few_eligible(products: pa.Table, rules: Eligibility) -> list[str]:
    """Say which rules leave next to no product to recommend, and by which setting each is changed."""
    total, eligible = products.num_rows, pc.sum(products["eligible"]).as_py() or 0
    if eligible >= total * _FEW:
        return []
    price = pc.fill_null(products["price"], rules.unknown_price)
    nameless = pc.and_(pc.equal(products["part_type"], "UNKNOWN"), pc.less(price, rules.unknown_type_min_price))
    hits = {
        "have no https image (eligibility.require_image)": pc.and_(
            pc.is_null(products["image_url"]), rules.require_image
        ),
        f"cost less than {rules.min_price:,.2f} (eligibility.min_price)": pc.less(price, rules.min_price),
        f"have no part type and cost less than {rules.unknown_type_min_price:,.2f} "
        "(eligibility.unknown_type_min_price)": nameless,
    }
    reasons = [f"{n:,} {rule}" for rule, hit in hits.items() if (n := pc.sum(hit).as_py())]
    return [
        f"{eligible:,} of {total:,} products may be recommended: {', '.join(reasons) or 'see docs/contract.md'}"
    ]
