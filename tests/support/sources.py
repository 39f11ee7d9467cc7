"""Raw tables in a folder: read, changed by hand, and what the graph must hold of them."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from holley_graph.loaders import identity
from holley_graph.loaders.contracts import RAW
from holley_graph.settings import Settings, load
from tests.support import held, oracle

Rows = list[dict[str, Any]]


def home(folder: Path, **sections: object) -> Settings:
    """Settings of a home without a server of its own."""
    return load(home=folder, **sections)


def rows(folder: Path, table: str) -> Rows:
    """Read one raw table."""
    rows: Rows = pq.read_table(folder / f"{table}.parquet").to_pylist()
    return rows


def edited(folder: Path, to: Path, **edits: Callable[[Rows], Rows]) -> Path:
    """Copy a source with some tables changed."""
    shutil.copytree(folder, to)
    for table, edit in edits.items():
        schema = pq.read_schema(folder / f"{table}.parquet")
        pq.write_table(pa.Table.from_pylist(edit(rows(folder, table)), schema), to / f"{table}.parquet")
    return to


def expected(folder: Path, settings: Settings, as_of: int) -> held.Held:
    """Say what the graph must hold of a source, by the row-by-row rules of `oracle`."""
    raw = {table.name: rows(folder, table.name) for table in RAW}
    key = identity.email_key(settings)
    world = oracle.World(raw, settings.sync.boundary, as_of, key)
    weights = settings.weights
    base = {"viewed": weights.view, "carted": weights.cart, "ordered": weights.order}
    made = world.graph(key, weights.half_life_days, base)
    return {name: held.keyed(contents, name) for name, contents in made.items()}
