"""Real views, carts and buys through the whole loop, beside implicit ALS fitted in the same run.

The data has no vehicles: its users own nothing, and the graph is legal all the same. Full ranking over
all items, training items masked, one held-out purchase per user.

That split is by person: many a held-out purchase was in one basket with others that are known. So a split by time
stands beside it: what is known is all until 30 days before the end, and asked is the first purchase of each known
person after that, of an item that they had not touched.
"""

from __future__ import annotations

import argparse
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import scipy.sparse as sp
from implicit.als import AlternatingLeastSquares

from benchmarks.record import record
from holley_graph.embeddings import table, writeback
from holley_graph.embeddings.table import Tables
from holley_graph.loaders import contracts, sync
from holley_graph.loaders.files import FilesSource
from holley_graph.model.architectures import catalogue as catalogue_model
from holley_graph.model.architectures import lightgcn_users
from holley_graph.model.architectures.catalogue import CatalogueConfig
from holley_graph.model.architectures.lightgcn_users import LightGCNUsersConfig
from holley_graph.model.training.plan import Plan
from holley_graph.model.training.train import train
from holley_graph.recommend import answers
from holley_graph.server import lifecycle
from holley_graph.settings import Settings, load
from holley_graph.snapshot import extract
from holley_graph.snapshot.snapshot import DeriveOptions, Snapshot
from holley_graph.times import DAY
from holley_graph.workflows.connection import connect
from holley_graph.workflows.sync import offline_import

ITEMS, DAYS = 30_113, 30
NAMES = {"view": "VIEWED PRODUCT", "addtocart": "CART UPDATE", "transaction": "ORDERED PRODUCT"}
PROPERTY = {"view": "ProductId", "addtocart": "Items_0.ProductId", "transaction": "ProductId"}


def main() -> None:
    """Convert, run the loop, measure, and write the figures down."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    train_rows = pd.read_csv(arguments.data / "retail_rocket_train.csv.gz")
    test_rows = pd.read_csv(arguments.data / "retail_rocket_test.csv.gz")
    figures: dict[str, Any] = {
        "seed": arguments.seed,
        "interactions": len(train_rows),
        "test_users": len(test_rows),
    }
    with TemporaryDirectory() as folder:
        settings = shop_settings(Path(folder), train_rows)
        write_raw(train_rows, Path(folder) / "raw")
        product, loop = _loop(settings, Path(folder) / "raw", train_rows, arguments.seed)
    figures["loop"] = loop
    figures["catalogue"] = quality(product, train_rows, test_rows)
    started = time.perf_counter()
    rival = als(train_rows, arguments.seed)
    figures["als_64"] = {**quality(rival, train_rows, test_rows), "fit_s": round(time.perf_counter() - started, 1)}
    figures["by_time"] = by_time(train_rows, arguments.seed)
    record("retail_rocket", figures)


def by_time(rows: pd.DataFrame, seed: int) -> dict[str, Any]:
    """Measure both on the first purchases of the last 30 days."""
    past, task = later_purchases(rows)
    scorers = {"catalogue": catalogue, "als_64": als}
    return {"test_users": len(task)} | {
        name: quality(scorer(past, seed), past, task) for name, scorer in scorers.items()
    }


def later_purchases(rows: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Part rows 30 days before their end: what is known, and the first new purchase of each who is known."""
    late = rows["unix_seconds"] > rows["unix_seconds"].max() - DAYS * DAY
    past, bought = rows[~late], rows[late & (rows["event"] == "transaction")]
    bought = bought[bought["user"].isin(past["user"])].sort_values("unix_seconds")
    new = bought.merge(past[["user", "item"]].drop_duplicates(), on=["user", "item"], how="left", indicator=True)
    return past, new[new["_merge"] == "left_only"].drop_duplicates("user")[["user", "item"]]


def write_raw(rows: pd.DataFrame, folder: Path) -> None:
    """Write the contract's five tables: items and events, the others empty."""
    folder.mkdir()
    props = [
        [{"property_name": PROPERTY[event], "string_value": sku(item), "long_value": None, "double_value": None}]
        for event, item in zip(rows["event"], rows["item"], strict=True)
    ]
    at = pd.to_datetime(rows["unix_seconds"], unit="s", utc=True)
    filled = {
        "items": {"PartNumber": [sku(item) for item in range(ITEMS)]},
        "events": {
            "user_id": [user(number) for number in rows["user"]],
            "event_name": [NAMES[event] for event in rows["event"]],
            "client_event_timestamp": at,
            "auxia_insertion_timestamp": at,
            "event_properties": props,
        },
    }
    for raw in contracts.RAW:
        schema = pa.schema(list(raw.columns.items()))
        columns = filled.get(raw.name, {})
        count = len(next(iter(columns.values()), []))
        arrays = [pa.array(columns.get(field.name, [None] * count), field.type) for field in schema]
        pq.write_table(pa.Table.from_arrays(arrays, schema=schema), folder / f"{raw.name}.parquet")


def sku(item: int) -> str:
    """Name an item so that text order is number order."""
    return f"I{item:05d}"


def user(number: int) -> str:
    """Name a user so that text order is number order."""
    return f"U{number:05d}"


def quality(scores: npt.NDArray[np.floating], seen: pd.DataFrame, held_out: pd.DataFrame) -> dict[str, float]:
    """HR@10 and NDCG@10 over all items; what a user touched in training is masked, ties count against us."""
    scores = scores.copy()
    scores[seen["user"], seen["item"]] = -np.inf
    rows = scores[held_out["user"]]
    target = rows[np.arange(len(held_out)), held_out["item"]]
    rank = (rows >= target[:, None]).sum(1)
    gain = np.where(rank <= 10, 1 / np.log2(rank + 1), 0.0)
    return {"HR@10": round(float((rank <= 10).mean()), 4), "NDCG@10": round(float(gain.mean()), 4)}


def shop_settings(folder: Path, rows: pd.DataFrame) -> Settings:
    """Settings of a home below a folder, for a shop without vehicles, images and part types."""
    begin = datetime.fromtimestamp(int(rows["unix_seconds"].min()), UTC) - timedelta(days=1)
    return load(
        home=folder / "home",
        sync={"boundary": begin, "allow_empty": ("user_attributes", "fitment", "orders")},
        weights={"view": 1.0, "cart": 1.0, "order": 1.0, "half_life_days": None},
        eligibility={"require_image": False, "unknown_type_min_price": 0.0},
        recommend={"per_part_type": 10},
    )


def _loop(
    settings: Settings, raw: Path, rows: pd.DataFrame, seed: int
) -> tuple[npt.NDArray[np.floating], dict[str, Any]]:
    as_of = int(rows["unix_seconds"].max()) + 1
    laps: dict[str, Any] = {}
    started = time.perf_counter()

    def lap(name: str) -> None:
        laps[f"{name}_s"] = round(time.perf_counter() - started - sum(laps.values()), 1)

    lifecycle.up(settings)
    try:
        with connect(settings) as graph:
            lap("up")
            sync.sync(FilesSource(raw), graph, settings, as_of=as_of, bulk=offline_import(settings))
            lap("sync")
            run = train(
                extract.take(graph, extract.options(settings.sync)), settings.home / "runs", Plan(seed=seed)
            )
            lap("train")
            writeback.write_back(graph, run.path)
            lap("writeback")
            answer = answers.for_user(graph, user(int(rows["user"].iloc[0])), 4, settings.recommend)
            laps["recommend_s"] = round(time.perf_counter() - started - sum(laps.values()), 2)
    finally:
        lifecycle.down(settings)
    return scored(table.load(run.path)), {
        **laps,
        "recommended": [row["sku"] for row in answer.rows],
        "run": run.manifest.counts,
    }


def snapshot(rows: pd.DataFrame, items: int = ITEMS) -> Snapshot:
    """Build what the loop exports from its graph, without one."""
    kind = rows["event"].map({name: number for number, name in enumerate(NAMES)})
    order = np.lexsort((rows["item"], kind, rows["unix_seconds"], rows["user"]))
    columns = {"user": rows["user"], "product": rows["item"], "kind": kind, "at": rows["unix_seconds"]}
    events = pa.table({name: column.to_numpy()[order] for name, column in columns.items()})
    names = [sku(item) for item in range(items)]
    unknown = pa.nulls(items, pa.string())
    return Snapshot(
        as_of=int(rows["unix_seconds"].max()) + 1,
        products=pa.table(
            {
                **dict.fromkeys(("sku", "base_sku", "display_key"), names),
                **dict.fromkeys(("part_type", "brand"), unknown),
                "price": pa.nulls(items, pa.float64()),
                "eligible": np.ones(items, bool),
            }
        ),
        vehicles=pa.table({name: pa.array([], pa.string()) for name in ("vehicle_id", "year", "make", "model")}),
        users=pa.table(
            {
                "user_id": [user(number) for number in range(rows["user"].max() + 1)],
                "vehicle": pa.nulls(rows["user"].max() + 1, pa.int64()),
            }
        ),
        fits=np.empty((0, 2), np.int64),
        events=events,
        bought=pa.table({name: pa.array([], pa.int64()) for name in ("user", "product", "last_at")}),
        options=DeriveOptions(co_purchase_max_skus=100, session_gap_minutes=30, session_max_skus=50),
    )


def catalogue(rows: pd.DataFrame, seed: int) -> npt.NDArray[np.floating]:
    """[users, items] scores of the model for graphs without vehicles."""
    tables, _ = catalogue_model.fit(snapshot(rows), CatalogueConfig(), seed=seed)
    return scored(tables)


def lightgcn(rows: pd.DataFrame, seed: int) -> npt.NDArray[np.floating]:
    """[users, items] scores of LightGCN with a vector per user."""
    return scored(lightgcn_users.fit(snapshot(rows), LightGCNUsersConfig(), seed=seed)[0])


def scored(tables: Tables) -> npt.NDArray[np.floating]:
    """[users, items] scores; an item without a vector is no candidate."""
    scores = np.full((len(tables["user"].keys), ITEMS), -np.inf, np.float32)
    place = [int(key[1:]) for key in tables["product"].keys]
    scores[:, place] = tables["user"].vectors @ tables["product"].vectors.T
    return scores


def als(rows: pd.DataFrame, seed: int) -> npt.NDArray[np.floating]:
    """[users, items] scores of implicit ALS, the rival."""
    ones = np.ones(len(rows), np.float32)
    touched = sp.coo_matrix((ones, (rows["user"], rows["item"])), shape=(rows["user"].max() + 1, ITEMS)).tocsr()
    # alpha 10 as chosen on validation items (docs/experiments.md): its default of 1 would halve the rival
    model = AlternatingLeastSquares(factors=64, alpha=10.0, random_state=seed, use_gpu=False)
    model.fit(touched, show_progress=False)
    scores: npt.NDArray[np.floating] = model.user_factors @ model.item_factors.T
    return scores


if __name__ == "__main__":
    main()
