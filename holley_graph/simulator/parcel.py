"""The folder of a world: what is cleared before, and what is kept beside the raw tables."""

from __future__ import annotations

import json
import shutil
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from holley_graph.errors import SettingsError
from holley_graph.simulator.scene import Scene
from holley_graph.simulator.schemas import SCHEMAS
from holley_graph.simulator.shopping import ActionLog
from holley_graph.simulator.world import SIDECAR, TRUTH, World


def clear(folder: Path) -> None:
    """Remove an earlier world, so that no part of it is read with the new one; strangers' tables stay."""
    folder.mkdir(parents=True, exist_ok=True)
    there = [path for name in SCHEMAS for path in (folder / name, folder / f"{name}.parquet") if path.exists()]
    if there and not (folder / SIDECAR).is_file():
        raise SettingsError(f"{there[0]} is there and not from this generator", "choose an empty folder")
    for path in there:
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()


def keep(
    folder: Path, scene: Scene, ids: pa.Array, bought: ActionLog, views: ActionLog, meta: dict[str, Any]
) -> World:
    """Write the sidecar and the truth, of users only, and open what was written."""
    truth, people = scene.truth, scene.population
    arrays: dict[str, Any] = {f"truth_{field.name}": getattr(truth, field.name) for field in fields(truth)}
    for name, log in (("purchase", bought), ("view", views)):
        own = log.of(log.person < people.own).sorted()
        arrays |= {f"{name}_person": own.person, f"{name}_sku": own.sku, f"{name}_at": own.at}
    texts = {
        "skus": np.array(scene.catalogue.sku.to_pylist()),
        "user_ids": np.array(ids.to_pylist()),
        "vehicle_ids": scene.vehicles.ids,
    }
    arrays |= {name: np.char.encode(text, "utf-8") for name, text in texts.items()}
    arrays |= {"user_person": people.person, "user_vehicle": people.user_vehicle}
    arrays |= {"taste": people.people.taste[: people.own], "project": people.people.project[: people.own]}
    np.savez(folder / TRUTH, **arrays)
    (folder / SIDECAR).write_text(json.dumps(meta, indent=2) + "\n")
    return World.open(folder)
