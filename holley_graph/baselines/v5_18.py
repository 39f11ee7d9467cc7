"""Baseline v5.18, the recommender to beat: orders of a vehicle's segment, else of its make, else of everybody.

Its score of a product depends on the vehicle alone, so one table holds everything it knows. What a user bought, how
many of one kind and who answers for an address is the export's business (`docs/contract.md`, §5).
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pyarrow as pa

    from holley_graph.settings import Baseline, Settings

VERSION = "v5.18"


def scores(clean: Mapping[str, pa.Table | Path], as_of: int, settings: Settings) -> pa.Table:
    """Score every eligible product that fits a vehicle and was ever ordered, by what was known at a time.

    Orders at or after `as_of` do not count, so any time up to that of the clean tables can be asked for. Which
    products are eligible and who owns what is as the tables have it: their prices and images carry no times.

    Args:
        clean: the five clean tables as `clean_NAME`, or their files (`SyncTables.clean_files`).
        as_of: epoch seconds, exclusive.
        settings: `baseline` and `eligibility` are read; memory and the home that the engine spills to.

    Returns:
        vehicle_id, sku, score (two decimals), tier (`segment`, `make`, `global` or `none`), orders (those that
        the score counts); sorted by vehicle and SKU.
    """
    from holley_graph.loaders.engine.engine import (
        Engine,  # not above: the run registry reads no more than the version
    )

    values = {"as_of_s": as_of} | _numbers(settings.baseline) | settings.eligibility.model_dump()
    with Engine(settings) as engine:
        product = engine.run("graph/product", clean, **values)
        return engine.run("baselines/scores", {**clean, "product": product}, **values)


def _numbers(rules: Baseline) -> dict[str, Any]:
    return {
        "orders_from_s": int(rules.orders_from.timestamp()),
        "min_pair": rules.min_pair,
        "min_segment": rules.min_segment,
        "min_make": rules.min_make,
        "min_products": rules.min_products,
        "segment_weight": rules.segment_weight,
        "make_weight": rules.make_weight,
        "global_weight": rules.global_weight,
    }
