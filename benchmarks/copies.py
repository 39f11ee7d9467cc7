"""A large world out of a smaller one: several times as many people and parts, on the same vehicles.

The generator draws every choice by its true probabilities over all parts that fit, so that ten times as many orders
of ten times as many parts take a hundred times as long. A copy has its own people and parts, and orders no other's.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import duckdb

from holley_graph.loaders import parquet

SQL = Path(__file__).parent / "sql" / "copies"
TABLES = ("user_attributes", "events", "orders", "items", "fitment")
MEMORY = "4GB"


def copy(world: Path, folder: Path, copies: int) -> None:
    """Write the raw tables of a world so many times into a folder, under other ids, addresses and SKUs each.

    Args:
        world: raw tables, one file or one folder of files each.
        folder: new.
        copies: 1 or more; the first one is the world itself.
    """
    folder.mkdir(parents=True)
    shutil.copy(world / "world.json", folder)
    settings = {"memory_limit": MEMORY, "temp_directory": str(folder / "spill"), "preserve_insertion_order": False}
    for name in TABLES:
        (folder / name).mkdir()
        with duckdb.connect(config=settings) as engine:
            engine.read_parquet([str(path) for path in parquet.files(world, name)]).create_view("raw")
            rows = engine.sql((SQL / f"{name}.sql").read_text(), params={"copies": copies})
            rows.write_parquet(str(folder / name / "part-000.parquet"), compression="zstd")
    shutil.rmtree(folder / "spill", ignore_errors=True)
