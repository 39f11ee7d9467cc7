"""What an analyst would write instead of an answer: a few lines of counting, under the same rules."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd

from holley_graph.graph.client import Graph
from holley_graph.settings import Recommend
from holley_graph.snapshot.snapshot import KINDS, Snapshot
from holley_graph.times import DAY

Lists = dict[str, list[str]]
"""Whoever or whatever is asked about, to SKUs, best first."""
SQL = Path(__file__).parent / "sql"
K = 10


@dataclass(frozen=True)
class Past:
    """What is known when questions are asked.

    Attributes:
        graph: the live graph of that time.
        rules: of its answers.
        snapshot: the same for SQL.
    """

    graph: Graph
    rules: Recommend
    snapshot: Snapshot


def counted(statement: str, past: Past, questions: pd.DataFrame) -> pd.DataFrame:
    """Run what an analyst would write, on the tables that a warehouse would have; columns asked, sku, score."""
    known, database = past.snapshot, duckdb.connect()
    user, product = known.user_ids.keys, known.product_ids.keys
    vehicle = known.vehicles.column("vehicle_id").to_numpy(zero_copy_only=False)
    owned = known.user_vehicle
    tables = {
        "asked": questions,
        "did": pd.DataFrame(
            {
                "user_id": user[known.event("user")],
                "sku": product[known.event("product")],
                "kind": np.array(KINDS)[known.event("kind")],
                "at": known.event("at"),
            }
        ),
        "fits": pd.DataFrame({"vehicle_id": vehicle[known.fits[:, 0]], "sku": product[known.fits[:, 1]]}),
        "owns": pd.DataFrame({"user_id": user[owned >= 0], "vehicle_id": vehicle[owned[owned >= 0]]}),
        "vehicle": known.vehicles.select(["vehicle_id", "make", "model"]),
        "product": known.products.select(["sku", "part_type"]),
    }
    for name, table in tables.items():
        database.register(name, table)
    return database.execute((SQL / f"{statement}.sql").read_text()).df()


def shaped(past: Past, scored: pd.DataFrame, per_part_type: int) -> Lists:
    """Hold a counted ranking to the rules of the answers: nothing bought lately, one of a family, few of a type."""
    columns = ["sku", "base_sku", "display_key", "part_type", "eligible"]
    products = past.snapshot.products.select(columns).to_pandas()
    rows = scored.merge(products[products.eligible], on="sku").merge(
        products[["sku", "base_sku", "display_key"]].rename(columns={"sku": "asked"}),
        on="asked", how="left", suffixes=("", "_asked"),
    )  # fmt: skip
    rows = rows[(rows.base_sku != rows.base_sku_asked) & (rows.display_key != rows.display_key_asked)]
    bought = past.snapshot.bought.to_pandas()
    late = bought[bought.last_at >= past.snapshot.as_of - past.rules.exclude_days * DAY]
    base = past.snapshot.products.column("base_sku").to_numpy(zero_copy_only=False)
    out = set(zip(past.snapshot.user_ids.keys[late.user], base[late["product"]], strict=True))
    allowed = [pair not in out for pair in zip(rows.asked, rows.base_sku, strict=True)]
    rows = rows[np.array(allowed, bool)].sort_values(["asked", "score", "sku"], ascending=[True, False, True])
    rows = rows.drop_duplicates(["asked", "display_key"])
    rows = rows[rows.groupby(["asked", "part_type"]).cumcount() < per_part_type]
    lists: Lists = rows.groupby("asked").head(K).groupby("asked").sku.agg(list).to_dict()
    return lists
