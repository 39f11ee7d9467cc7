"""Baseline v5.18 once more, in plain Python and row by row: what the SQL is held against."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from tests.support import oracle

Row = dict[str, Any]
FROM = 1_704_067_200  # 2024-01-01


def scores(
    clean: Mapping[str, Sequence[Row]], eligible: set[str], as_of: int, min_make: int = 20
) -> dict[tuple[str, str], Row]:
    """Score every pair of vehicle and SKU with the published numbers."""
    owners = {
        u["user_id"]: u for u in clean["users"] if all(u[x] is not None for x in ("email", "year", "make", "model"))
    }
    segment: Counter[tuple[str, str, str]] = Counter()
    overall: Counter[str] = Counter()
    for line in clean["orders"]:
        of_email = [u for u in owners.values() if u["email"] == line["email"]]
        for at in line["at"]:
            if not FROM <= at < as_of:
                continue
            for user in of_email:
                segment[user["make"], user["model"], oracle.base_sku(line["sku"])] += 1
            if of_email:
                overall[oracle.base_sku(line["sku"])] += 1
    for event in clean["events"]:
        user = owners.get(event["user_id"])
        if event["kind"] != "ORDERED" or user is None:
            continue
        for at in event["at"]:
            if at < as_of:
                segment[user["make"], user["model"], oracle.base_sku(event["sku"])] += 1
                overall[event["sku"]] += 1
    segment = Counter({key: n for key, n in segment.items() if n >= 2})
    make: Counter[tuple[str, str]] = Counter()
    segment_total: Counter[tuple[str, str]] = Counter()
    make_total: Counter[str] = Counter()
    for (a, o, sku), n in segment.items():
        make[a, sku] += n
        segment_total[a, o] += n
        make_total[a] += n
    fitting: dict[tuple[int, str, str], set[str]] = defaultdict(set)
    for f in clean["fitment"]:
        if f["sku"] in eligible:
            fitting[f["year"], f["make"], f["model"]].add(f["sku"])
    rows = {}
    for (year, a, o), skus in fitting.items():
        for sku in skus if len(skus) >= 4 else ():
            by_segment, by_make, by_all = segment[a, o, sku], make[a, sku], overall[sku]
            if by_segment and segment_total[a, o] >= 5:
                row = (10, by_segment, "segment")
            elif by_make and make_total[a] >= min_make:
                row = (8, by_make, "make")
            elif by_all:
                row = (2, by_all, "global")
            elif by_segment or by_make:
                row = (0, 0, "none")
            else:
                continue
            weight, n, tier = row
            rows[f"{year}|{a}|{o}", sku] = {
                "score": cents(weight * math.log(1 + n)),
                "tier": tier,
                "orders": n,
            }
    return rows


def cents(value: float) -> float:
    """Round to two decimals, halves away from zero."""
    return float(Decimal(value).quantize(Decimal("0.01"), ROUND_HALF_UP))
