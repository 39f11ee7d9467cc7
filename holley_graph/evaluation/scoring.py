"""Scores of a release for a ranking task: inner product, lift and paths, as Cypher adds them up, in numpy."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from holley_graph.embeddings.table import Tables
from holley_graph.evaluation import trails
from holley_graph.evaluation.targets import RankingTask
from holley_graph.snapshot.snapshot import Snapshot

BLOCK = 200_000


def scores(tables: Tables, past: Snapshot, task: RankingTask) -> npt.NDArray[np.float64]:
    """Score every candidate of every test user by the user's vector, else by the vehicle's.

    Args:
        tables: of a run that knows nothing of the task's window.
        past: what was known when the task is asked; the task's rows are rows of it.
        task: users and candidates.

    Returns:
        [candidates]; products without a vector score −inf.
    """
    query = queries(tables, past, task)
    row = tables["product"].find(past.product_ids.keys)[task.candidate]
    owner = task.owner
    result = np.full(len(row), -np.inf)
    for start in range(0, len(row), BLOCK):
        cut = slice(start, start + BLOCK)
        products = tables["product"].vectors[row[cut]].astype(float)
        result[cut] = np.einsum("ij,ij->i", query[owner[cut]], products)
    keys = past.vehicle_ids.keys, past.product_ids.keys
    lift = tables.lift.values(*keys, task.vehicle[owner], task.candidate)
    reached = trails.reached(past, past.as_of, tables.paths.half_life_days)
    own = tables.paths.score(reached, task.user[owner], task.candidate)
    return np.where(row >= 0, result + lift + own, -np.inf)


def queries(tables: Tables, past: Snapshot, task: RankingTask) -> npt.NDArray[np.float64]:
    """[users, dim] each test user's vector, else the vehicle's; a negative row is somebody without a history."""
    user = np.where(task.user >= 0, tables["user"].find(past.user_ids.keys[task.user]), -1)
    vehicle = tables["vehicle"].find(past.vehicle_ids.keys[task.vehicle])
    query = np.where((vehicle >= 0)[:, None], tables["vehicle"].vectors[vehicle], 0.0)
    return np.where((user >= 0)[:, None], _take(tables, user), query).astype(float)


def _take(tables: Tables, rows: npt.NDArray[np.int64]) -> npt.NDArray[np.float32]:
    vectors = tables["user"].vectors
    return vectors[rows] if len(vectors) else np.zeros((len(rows), tables["vehicle"].vectors.shape[1]), np.float32)
