"""A snapshot straight from graph tables, without a database: what `snapshot.extract` gives, made another way."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa

from holley_graph.loaders import feeds, transform
from holley_graph.loaders.files import FilesSource
from holley_graph.settings import Settings
from holley_graph.snapshot.extract import options
from holley_graph.snapshot.snapshot import KINDS, Snapshot


def graph_tables(folder: Path, settings: Settings, as_of: int, key: bytes = b"0" * 32) -> dict[str, pa.Table]:
    """Extract and transform a folder of raw tables."""
    extracted = feeds.extract(FilesSource(folder), settings, as_of, lambda *_: None)
    try:
        return tables_of(extracted, settings, as_of, key)
    finally:
        extracted.close()


def snapshot(tables: Mapping[str, pa.Table], settings: Settings, as_of: int) -> Snapshot:
    """Assemble a snapshot with pandas joins."""
    frames = {name: table.to_pandas() for name, table in tables.items()}
    products = frames["product"].sort_values("sku").reset_index(drop=True)
    vehicles = frames["vehicle"].sort_values("vehicle_id").reset_index(drop=True)
    row_of = {"sku": _rows(products["sku"]), "vehicle_id": _rows(vehicles["vehicle_id"])}
    done = [frames[kind.lower()] for kind in KINDS]
    ids = np.unique(np.concatenate([frame["user_id"].to_numpy(object) for frame in done]))
    row_of["user_id"] = _rows(pd.Series(ids))
    owned = frames["owns"].set_index("user_id")["vehicle_id"].map(row_of["vehicle_id"]).reindex(ids)
    hashes = frames["user"].set_index("user_id")["email_hash"].reindex(ids)
    person = hashes.where(hashes.notna(), ids)
    fits = np.column_stack(
        [frames["fits"]["vehicle_id"].map(row_of["vehicle_id"]), frames["fits"]["sku"].map(row_of["sku"])]
    )
    events = pd.concat(
        [
            frame[["user_id", "sku", "at"]].explode("at").dropna().assign(kind=kind)
            for kind, frame in enumerate(done)
        ]
    )
    events = pd.DataFrame(
        {
            "user": events["user_id"].map(row_of["user_id"]).astype("int64"),
            "product": events["sku"].map(row_of["sku"]).astype("int64"),
            "kind": events["kind"].astype("int8"),
            "at": events["at"].astype("int64"),
        }
    ).sort_values(["user", "at", "kind", "product"])
    ordered = frames["ordered"]
    bought = pd.DataFrame(
        {
            "user": ordered["user_id"].map(row_of["user_id"]).astype("int64"),
            "product": ordered["sku"].map(row_of["sku"]).astype("int64"),
            "last_at": ordered["last_at"].astype("int64"),
        }
    ).sort_values(["user", "product"])
    owners = frames["owns"].groupby("vehicle_id").size().reindex(vehicles["vehicle_id"]).fillna(0)
    return Snapshot(
        as_of=as_of,
        products=_arrow(
            products[["sku", "base_sku", "display_key", "part_type", "price", "brand", "title", "eligible"]]
        ),
        vehicles=_arrow(vehicles[["vehicle_id", "year", "make", "model"]].assign(owners=owners.to_numpy("int64"))),
        users=pa.table(
            {
                "user_id": pa.array(ids, pa.string()),
                "vehicle": pa.array(owned, pa.int64(), from_pandas=True),
                "person": pa.array(pd.factorize(person)[0], pa.int64()),
            }
        ),
        fits=fits[np.lexsort((fits[:, 1], fits[:, 0]))].astype("int64"),
        events=_arrow(events),
        bought=_arrow(bought),
        options=options(settings.sync),
    )


def _rows(keys: pd.Series) -> dict[str, int]:
    return {key: row for row, key in enumerate(keys)}


def _arrow(frame: pd.DataFrame) -> pa.Table:
    table = pa.Table.from_pandas(frame, preserve_index=False).replace_schema_metadata(None)
    plain = [f.with_type(pa.string()) if pa.types.is_large_string(f.type) else f for f in table.schema]
    return table.cast(pa.schema(plain))


def tables_of(extracted: feeds.Extract, settings: Settings, as_of: int, key: bytes) -> dict[str, pa.Table]:
    """Transform clean tables."""
    behind = transform.members(extracted, key)
    return transform.graph_tables(extracted, behind, settings, as_of, key)
