"""Closed-form rankers that know a user by what they touched, and by nothing else: ItemKNN, two graph
filters and implicit ALS.

Somebody of whom nothing is known scores 0 everywhere; there, and in other ties, popularity decides.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from holley_graph.baselines import als, chebyshev, filters, popularity
from holley_graph.evaluation.targets import RankingTask
from holley_graph.snapshot.snapshot import Ints, Snapshot

Floats = npt.NDArray[np.float64]
Scorer = Callable[[Ints], Any]
"""[users] rows to their scores over all products, [users, products], dense or sparse."""
BLOCK = 500
"""Test users whose scores over all products are held in memory together."""
SHRINK = 10.0
"""Co-occurrences that a cosine is doubted by."""
LARGEST_GRAM = 1_000
"""Users with more products (dealers, crawlers) teach no neighbours: their row alone would fill the gram matrix."""


def item_knn(task: RankingTask, past: Snapshot) -> Floats:
    """ItemKNN: shrunk cosine between products over users, summed over what the user touched."""
    history = interactions(past)
    similar = cosine(history)
    return _ranked(task, past, lambda users: history[users] @ similar)


def cosine(history: sp.csr_matrix) -> sp.csr_matrix:
    """[products, products] shrunk cosine over users, from [users, products]."""
    usual = history[np.diff(history.indptr) <= LARGEST_GRAM]
    gram = (usual.T @ usual).tocoo()
    norm = np.sqrt(np.asarray(usual.sum(0)).ravel())
    cosine = gram.data / (norm[gram.row] * norm[gram.col] + SHRINK)
    return sp.csr_matrix((cosine, (gram.row, gram.col)), shape=gram.shape)


def gf_cf(task: RankingTask, past: Snapshot) -> Floats:
    """GF-CF, a linear low-pass filter on the normalised graph (`filters`)."""
    history = interactions(past)
    filtered = filters.graph_filter(history, filters.FilterOptions())
    return _ranked(task, past, lambda users: filtered(history[users]))


def cheby_cf(task: RankingTask, past: Snapshot) -> Floats:
    """ChebyCF, a filter of all frequencies by a polynomial (`chebyshev`)."""
    history = interactions(past)
    filtered = chebyshev.chebyshev_filter(history, chebyshev.ChebyshevOptions())
    return _ranked(task, past, lambda users: filtered(history[users]))


def implicit_als(task: RankingTask, past: Snapshot) -> Floats:
    """Implicit ALS over users and products; a user's vector is folded in from what they touched."""
    history = interactions(past)
    options = als.Options()
    products = als.factorise(history, options)
    users = als.fold_in(history[task.user], products, options).astype(float)
    values = np.einsum("ij,ij->i", users[task.owner], products[task.candidate].astype(float))
    return _popularity_decides_ties(task, past, values)


def interactions(past: Snapshot) -> sp.csr_matrix:
    """[users, products] 1 for what a user viewed, carted or ordered before the cut."""
    history = sp.csr_matrix(
        (np.ones(past.events.num_rows), (past.event("user"), past.event("product"))),
        shape=(past.users.num_rows, past.products.num_rows),
    )
    history.data[:] = 1
    return history


def _ranked(task: RankingTask, past: Snapshot, of: Scorer) -> Floats:
    values = np.zeros(len(task.candidate))
    for start in range(0, len(task.user), BLOCK):
        stop = min(start + BLOCK, len(task.user))
        cells = slice(task.offsets[start], task.offsets[stop])
        scored = of(task.user[start:stop])
        dense = scored.toarray() if sp.issparse(scored) else scored
        values[cells] = dense[task.owner[cells] - start, task.candidate[cells]]
    return _popularity_decides_ties(task, past, values)


def _popularity_decides_ties(task: RankingTask, past: Snapshot, values: Floats) -> Floats:
    """Order by value, then by popularity, as one number per candidate."""
    rounded = np.round(values, 9)
    order = np.lexsort((popularity.scores(task, past), rounded))
    changes = np.ones(len(order), bool)
    count = popularity.scores(task, past)[order]
    changes[1:] = (np.diff(rounded[order]) != 0) | (np.diff(count) != 0)
    place = np.empty(len(order))
    place[order] = np.cumsum(changes)
    return place
