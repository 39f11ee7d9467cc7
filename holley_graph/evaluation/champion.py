"""Baseline v5.18 as a ranker, from its table of scores as of the cut."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from holley_graph.evaluation.targets import RankingTask
from holley_graph.snapshot.snapshot import Snapshot

NAME = "v5.18"


def scores(task: RankingTask, past: Snapshot, table: pa.Table) -> npt.NDArray[np.float64]:
    """Score each candidate as the rules do.

    Args:
        task: vehicles and candidates.
        past: whose row numbers the task has.
        table: `loaders.baseline.scores` as of the task's cut; a pair that it lacks is no candidate of the rules.

    Returns:
        [candidates]; −1, below everything, for those that the rules leave out.
    """
    vehicle, product = _rows(past.vehicle_ids.keys, table["vehicle_id"]), _rows(past.product_ids.keys, table["sku"])
    known = (vehicle >= 0) & (product >= 0)
    pairs = vehicle[known] * past.products.num_rows + product[known]
    order = np.argsort(pairs)
    pairs, value = pairs[order], np.asarray(table["score"].to_numpy(), float)[known][order]
    wanted = task.vehicle[task.owner] * past.products.num_rows + task.candidate
    if not len(pairs):
        return np.full(len(wanted), -1.0)
    row = np.minimum(np.searchsorted(pairs, wanted), len(pairs) - 1)
    return np.where(pairs[row] == wanted, value[row], -1.0)


def _rows(keys: npt.NDArray[np.object_], wanted: pa.ChunkedArray) -> npt.NDArray[np.int64]:
    """Row of each key, −1 for one that the snapshot does not have."""
    if not len(keys):
        return np.full(len(wanted), -1)
    names = wanted.to_numpy(zero_copy_only=False).astype(object)
    row = np.minimum(np.searchsorted(keys, names), len(keys) - 1)
    return np.where(keys[row] == names, row, -1).astype(np.int64)
