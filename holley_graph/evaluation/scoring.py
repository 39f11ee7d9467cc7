"""Scores of a release for a ranking task: inner product, lift and paths, as Cypher adds them up, in numpy."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from holley_graph.embeddings.table import Tables
from holley_graph.evaluation import trails
from holley_graph.evaluation.targets import RankingTask
from holley_graph.snapshot.snapshot import Snapshot

Floats = npt.NDArray[np.float64]
BLOCK = 200_000


class Scorer:
    """A release as of a moment, ready to score many tasks.

    Args:
        tables: of a run that knows nothing of the tasks' windows.
        past: what was known when the tasks are asked; their rows are rows of it.
    """

    def __init__(self, tables: Tables, past: Snapshot) -> None:
        self._tables, self._past = tables, past
        self._product = tables["product"].find(past.product_ids.keys)
        lift = tables.lift.values(past.vehicle_ids.keys, past.product_ids.keys, *past.fits.T)
        self._lift = np.append(lift, 0.0)
        self._reached = trails.reached(past, past.as_of, tables.paths.half_life_days)

    def __call__(self, task: RankingTask) -> Floats:
        """Score every candidate of every user by the user's vector, else by the vehicle's.

        Returns:
            [candidates]; products without a vector score −inf.
        """
        row, owner = self._product[task.candidate], task.owner
        query, products = queries(self._tables, self._past, task), self._tables["product"].vectors
        result = np.full(len(row), -np.inf)
        for start in range(0, len(row), BLOCK):
            cut = slice(start, start + BLOCK)
            result[cut] = np.einsum("ij,ij->i", query[owner[cut]], products[row[cut]].astype(float))
        lift = self._lift[self._past.fitment(task.vehicle[owner], task.candidate)]
        own = self._tables.paths.score(self._reached, task.user[owner], task.candidate)
        return np.where(row >= 0, result + lift + own, -np.inf)


def scores(tables: Tables, past: Snapshot, task: RankingTask) -> Floats:
    """Score one task: [candidates], as `Scorer` does."""
    return Scorer(tables, past)(task)


def queries(tables: Tables, past: Snapshot, task: RankingTask) -> Floats:
    """[users, dim] each test user's vector, else the vehicle's; a negative row is somebody without a history."""
    user = np.where(task.user >= 0, tables["user"].find(past.user_ids.keys[task.user]), -1)
    vehicle = tables["vehicle"].find(past.vehicle_ids.keys[task.vehicle])
    query = np.where((vehicle >= 0)[:, None], tables["vehicle"].vectors[vehicle], 0.0)
    return np.where((user >= 0)[:, None], _take(tables, user), query).astype(float)


def _take(tables: Tables, rows: npt.NDArray[np.int64]) -> npt.NDArray[np.float32]:
    vectors = tables["user"].vectors
    return vectors[rows] if len(vectors) else np.zeros((len(rows), tables["vehicle"].vectors.shape[1]), np.float32)
