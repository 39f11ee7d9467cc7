"""Closed-form rankers that know a user by what they touched, and by nothing else: ItemKNN, GF-CF and implicit ALS.

Somebody of whom nothing is known scores 0 everywhere; there, and in other ties, popularity decides.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp
from scipy.sparse.linalg import svds

from holley_graph.evaluation import als, popularity
from holley_graph.evaluation.targets import RankingTask
from holley_graph.snapshot.snapshot import Ints, Snapshot

Floats = npt.NDArray[np.float64]
Filter = Callable[[Ints], Any]
"""[users] rows to their scores over all products, [users, products], dense or sparse."""
BLOCK = 500
"""Test users whose scores over all products are held in memory together."""
SHRINK = 10.0
"""Co-occurrences that a cosine is doubted by."""
FREQUENCIES, LOW_PASS = 64, 0.3
"""Of GF-CF: how many of the smoothest signals pass, and their weight."""
LARGEST_GRAM = 1_000
"""Users with more products (dealers, crawlers) teach no neighbours: their row alone would fill the gram matrix."""


def item_knn(task: RankingTask, past: Snapshot) -> Floats:
    """ItemKNN: shrunk cosine between products over users, summed over what the user touched."""
    touched = interactions(past)
    taught = touched[np.diff(touched.indptr) <= LARGEST_GRAM]
    gram = (taught.T @ taught).tocoo()
    norm = np.sqrt(np.asarray(taught.sum(0)).ravel())
    cosine = gram.data / (norm[gram.row] * norm[gram.col] + SHRINK)
    similar = sp.csr_matrix((cosine, (gram.row, gram.col)), shape=gram.shape)
    return _ranked(task, past, lambda users: touched[users] @ similar)


def graph_filter(task: RankingTask, past: Snapshot) -> Floats:
    """GF-CF, a linear low-pass filter on the normalised graph (Shen et al., CIKM 2021).

    score = r (R̃ᵀR̃ + 0.3 D^-½ V Vᵀ D^½), R̃ the degree-normalised interactions, V their top right singular vectors.
    """
    touched = interactions(past)
    user, item = (np.maximum(np.asarray(touched.sum(axis)).ravel(), 1) for axis in (1, 0))
    normal = sp.diags(user**-0.5) @ touched @ sp.diags(item**-0.5)
    smooth = np.zeros((normal.shape[1], 0))
    if min(normal.shape) > FREQUENCIES:
        start = np.ones(min(normal.shape))  # makes ARPACK repeat itself
        smooth = svds(normal, FREQUENCIES, v0=start)[2].T

    def filtered(users: Ints) -> Floats:
        own = touched[users]
        near = (own @ normal.T) @ normal
        wide = ((own @ sp.diags(item**-0.5)) @ smooth) @ (smooth * item[:, None] ** 0.5).T
        return np.asarray(near.toarray() + LOW_PASS * wide)

    return _ranked(task, past, filtered)


def implicit_als(task: RankingTask, past: Snapshot) -> Floats:
    """Implicit ALS over users and products; a user's vector is folded in from what they touched."""
    touched = interactions(past)
    options = als.Options()
    products = als.factorise(touched, options)
    users = als.fold_in(touched[task.user], products, options).astype(float)
    values = np.einsum("ij,ij->i", users[task.owner], products[task.candidate].astype(float))
    return _popularity_decides_ties(task, past, values)


def interactions(past: Snapshot) -> sp.csr_matrix:
    """[users, products] 1 for what a user viewed, carted or ordered before the cut."""
    held = sp.csr_matrix(
        (np.ones(past.events.num_rows), (past.event("user"), past.event("product"))),
        shape=(past.users.num_rows, past.products.num_rows),
    )
    held.data[:] = 1
    return held


def _ranked(task: RankingTask, past: Snapshot, of: Filter) -> Floats:
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
