"""Vectors for products and vehicles that came after a run, by the run's own encoder and without training.

The model is laid over the graph as it is now, every row of its tables with whom it belongs to, and encodes all of
it; whom the run knows keeps the vector that is served. A newcomer of known hierarchy is the sum of its levels, and
what messages reach it by what it fits. `Encoder` says what stands for a make or part type that nobody has seen.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch

from holley_graph.embeddings import table
from holley_graph.embeddings.manifest import RunManifest
from holley_graph.embeddings.paths import Paths
from holley_graph.embeddings.table import Table, Tables
from holley_graph.model.architectures.history import History
from holley_graph.model.architectures.models import architecture
from holley_graph.model.architectures.recipe import Recipe
from holley_graph.model.inference import encoder, vectors
from holley_graph.model.inference.encoder import ROTATION, SCALE, TOP, Encoder
from holley_graph.model.inference.trained import Curve, TrainedModel, rotated, served
from holley_graph.snapshot.snapshot import Snapshot


@dataclass(frozen=True)
class ColdStart:
    """What came after a run.

    Attributes:
        tables: their vectors and lifts, as they are served.
        unknown: level to its keys that the run never saw, of levels that nothing stands above.
    """

    tables: Tables
    unknown: dict[str, list[str]]


def encode(run: Path, snapshot: Snapshot) -> ColdStart:
    """Give vectors to what a snapshot has and a run folder lacks.

    Args:
        run: the run folder, inductive vectors included.
        snapshot: of the graph as it is now.

    Raises:
        ParcelError: the run keeps no encoder, or its tables cannot be read.
    """
    manifest = RunManifest.load(run)
    known, run_encoder = table.load_with_inductive(run, table.NODES), encoder.load(run)
    recipe = Recipe(manifest.model, architecture(manifest.model).configuration(**manifest.config))
    trained, unknown = everybody(snapshot, recipe, run_encoder, manifest.seed)
    tables = vectors.tables(snapshot, trained, recipe.config)
    cold: dict[str, Table] = {}
    for name in table.NODES:
        new = known[name].find(tables[name].keys) < 0
        cold[name] = Table(tables[name].keys[new], tables[name].vectors[new])
    pairs = tables.lift.vehicle, tables.lift.product
    new_pairs = np.flatnonzero(known.lift.rows(tables.lift.vehicles, tables.lift.products, *pairs) < 0)
    length = float(np.linalg.norm(known["product"].vectors[0].astype(float)))
    cold["product"] = replace(cold["product"], vectors=table.pad_to(length, cold["product"].vectors))
    return ColdStart(Tables(cold, tables.lift.take(new_pairs)), unknown)


def everybody(
    snapshot: Snapshot, recipe: Recipe, run_encoder: Encoder, seed: int
) -> tuple[TrainedModel, dict[str, list[str]]]:
    """Encode all of a graph by what a run kept, without training; say what it has never seen, by level."""
    assert run_encoder.counted is not None  # noqa: S101  `encoder.load` has refused a run of a graph without vehicles
    popularity, lift = run_encoder.counted.apply(snapshot)
    model, levels = recipe.build(snapshot, run_encoder.edges, seed, popularity)
    run_encoder.fill(model, levels)
    q, z = served(model)
    q *= run_encoder.state[SCALE]
    with torch.no_grad():
        anchor, popular = model.anchor(), model.popularity()
    history = History(recipe.config.dim)
    history.load_state_dict({"weights": run_encoder.state["history.weights"]})
    lifts = torch.from_numpy(lift.astype(np.float32))
    history = history.requires_grad_(False)
    trained = TrainedModel(q, z, popular, lifts, history, Paths(), anchor, run_encoder, float("nan"), Curve())
    rotation = run_encoder.state.get(ROTATION)
    unknown = {name: sorted(set(levels[name].keys) - set(run_encoder.keys[name])) for name in TOP}
    return trained if rotation is None else rotated(trained, rotation), unknown
