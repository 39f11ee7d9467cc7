"""The baseline as it served, and the two rankers that use vectors beside popularity, as scorers."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from holley_graph.embeddings.blend import hybrid as blend
from holley_graph.embeddings.blend import unit, widest
from holley_graph.embeddings.table import Tables
from holley_graph.evaluation import scoring
from holley_graph.evaluation.targets import RankingTask
from holley_graph.keys import find_text
from holley_graph.snapshot.snapshot import Ints, Snapshot

Floats = npt.NDArray[np.float64]


def champion(published: pa.Table, task: RankingTask, full: Snapshot) -> Floats:
    """Score every candidate as baseline v5.18 does.

    Args:
        published: what `v5_18.scores` gives as of the task's time.
        task: users and candidates.
        full: the snapshot that the task's rows belong to.

    Returns:
        [candidates]; −inf where the baseline knows no order.
    """
    row = _rows(published, full, task)
    return np.where(row >= 0, np.append(published["score"].to_numpy(), 0.0)[row], -np.inf)


def hybrid(published: pa.Table, tables: Tables, task: RankingTask, full: Snapshot) -> Floats:
    """Score every candidate as `--ranker hybrid` does: what owners bought first, else taste."""
    row = _rows(published, full, task)
    score = np.append(published["score"].to_numpy(), 0.0)[row]
    by_owners = pc.is_in(published["tier"], pa.array(["segment", "make"])).to_numpy(zero_copy_only=False)
    spoken = np.append(by_owners, False)[row]
    return blend(score, spoken, _likeness(scoring.queries(tables, full, task)[task.owner], tables, full, task))


def universal(tables: Tables, share: float, task: RankingTask, full: Snapshot) -> Floats:
    """Score every candidate as `--ranker universal` does; −inf what does not fit enough vehicles."""
    vehicle = tables["vehicle"].find(full.vehicle_ids.keys[task.vehicle])
    query = np.where((vehicle >= 0)[:, None], tables["vehicle"].vectors[vehicle], np.nan)[task.owner]
    eligible = np.asarray(full.products.column("eligible"), bool)
    fitting = np.bincount(full.fits[:, 1], minlength=full.products.num_rows)
    likeness = _likeness(query, tables, full, task)
    wide = widest(fitting, eligible, share)[task.candidate]
    return np.where(wide & ~np.isnan(likeness), likeness, -np.inf)


def _likeness(query: Floats, tables: Tables, full: Snapshot, task: RankingTask) -> Floats:
    """[candidates] cosine of taste; NaN for products without a vector."""
    row = tables["product"].find(full.product_ids.keys)[task.candidate]
    cosine = np.einsum("ij,ij->i", unit(query), unit(tables["product"].vectors)[row])
    return np.where(row >= 0, cosine, np.nan)


def _rows(published: pa.Table, full: Snapshot, task: RankingTask) -> Ints:
    """[candidates] the row of `published` that speaks of each, −1 where none does."""
    candidates = pa.table(
        {
            "vehicle_id": full.vehicle_ids.keys[task.vehicle[task.owner]],
            "sku": full.product_ids.keys[task.candidate],
        }
    )
    pairs = (
        pc.binary_join_element_wise(table["vehicle_id"], table["sku"], "\t") for table in (candidates, published)
    )
    wanted, known = pairs
    return find_text(known, wanted)
