"""Run folders with vectors drawn at random: what writeback and answers need of a training, without one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from holley_graph.embeddings import table
from holley_graph.embeddings.lift import Lift
from holley_graph.embeddings.manifest import RunManifest
from holley_graph.embeddings.paths import Paths
from holley_graph.embeddings.table import Table, Tables
from tests.support.held import Held

DIM = 6


def draw(held: Held, seed: int, dim: int = DIM) -> Tables:
    """Vectors and lifts for all that the graph holds; users with a history only. Coordinate 0 is the seed."""
    rng = np.random.default_rng(seed)
    active = {key[0] for kind in ("viewed", "carted", "ordered") for key in held[kind]}
    keys = {name: sorted(key for (key,) in held[name]) for name in ("product", "vehicle", "vehicle_model", "make")}
    made = {}
    for name, keys_ in (keys | {"user": sorted(active), "product_anchor": keys["product"]}).items():
        vectors = rng.normal(size=(len(keys_), dim)).astype(np.float32)
        vectors[:, 0] = seed
        popularity = rng.normal(size=len(keys_)).astype(np.float32)
        drawn_table = table.products(vectors, popularity) if name == "product" else table.queries(vectors)
        made[name] = Table(np.array(keys_, object), drawn_table)
    return Tables(made, _lift(held, rng), Paths(0.7, 0.3, -0.5, half_life_days=20.0, gain=6.0))


def _lift(held: Held, rng: np.random.Generator) -> Lift:
    """A number for every fitment."""
    pairs = np.array(sorted((vehicle, sku) for sku, vehicle in held["fits"]), object).reshape(-1, 2)
    vehicles, vehicle = np.unique(pairs[:, 0], return_inverse=True)
    products, product = np.unique(pairs[:, 1], return_inverse=True)
    return Lift(vehicles, products, vehicle, product, rng.normal(size=len(pairs)).astype(np.float32))


def write(tables: Tables, folder: Path) -> Path:
    """Save tables as a run folder."""
    folder.mkdir(parents=True)
    table.save(tables, folder)
    return folder


def manifest(run_id: str, **fields: Any) -> RunManifest:
    """What a run says of itself that nobody trained."""
    plain: dict[str, Any] = {"model": "sage", "as_of": 0, "seed": 0, "config": {}, "epochs": 1, "dim": DIM}
    empty = {"counts": {}, "metrics": {"validation": None, "held_out": None, "drift": None}, "seconds": 1.5}
    return RunManifest(run_id=run_id, **plain | empty | fields)
