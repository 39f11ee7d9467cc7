"""Implicit alternating least squares, closed form (Hu, Koren & Volinsky, "Collaborative Filtering for Implicit
Feedback Datasets", ICDM 2008).

    min Σ_{r,p} c_rp (x_r · y_p − [w_rp > 0])² + l2 (Σ |x_r|² + Σ |y_p|²),   c_rp = 1 + alpha · w_rp

Every product that a row does not hold counts as a weak no, so that the loss runs over all of them without sampling.
Rows hold few products, so a row is solved in as many unknowns as it has products (Woodbury), not as many as
dimensions, and rows of equal length are solved together.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

Floats = npt.NDArray[np.float32]
AT_ONCE = 100_000
"""Entries whose vectors are held in memory together."""


@dataclass(frozen=True)
class Options:
    """What can be tuned."""

    dim: int = 64
    """Length of the vectors."""
    alpha: float = 10.0
    """How much surer a yes is than a no."""
    l2: float = 0.01
    """Ridge penalty."""
    sweeps: int = 10
    """Times that both sides are solved."""


def factorise(weights: sp.csr_matrix, options: Options, seed: int = 0) -> Floats:
    """Learn product vectors from what rows (users, sessions) hold.

    Args:
        weights: [rows, products] weights, 0 for what a row does not hold.
        options: see there.
        seed: of the start values.

    Returns:
        [products, dim].
    """
    products = np.random.default_rng(seed).normal(0, 0.1, (weights.shape[1], options.dim)).astype(np.float32)
    holders = weights.T.tocsr()
    for _ in range(options.sweeps):
        rows = fold_in(weights, products, options)
        products = fold_in(holders, rows, options)
    return products


def fold_in(weights: sp.csr_matrix, vectors: Floats, options: Options) -> Floats:
    """Solve one side given the other.

    Args:
        weights: [rows, n] weights.
        vectors: [n, dim] of the other side.
        options: see there.

    Returns:
        [rows, dim]; a row that holds nothing is 0.
    """
    weights = weights.tocsr()
    gram = vectors.T @ vectors + options.l2 * np.eye(vectors.shape[1], dtype=np.float32)
    solved = np.linalg.solve(gram.astype(float), vectors.T.astype(float)).T.astype(np.float32)
    lengths = np.diff(weights.indptr)
    folded = np.zeros((weights.shape[0], vectors.shape[1]), np.float32)
    for length in np.unique(lengths[lengths > 0]):
        rows = np.flatnonzero(lengths == length)
        for block in np.array_split(rows, -(-len(rows) * int(length) // AT_ONCE)):
            if not len(block):
                continue
            cells = weights.indptr[block][:, None] + np.arange(length)
            member, weight = weights.indices[cells], (options.alpha * weights.data[cells]).astype(np.float32)
            if length > vectors.shape[1]:
                folded[block] = _in_dimensions(gram, vectors, member, weight)
            else:
                folded[block] = _in_members(vectors[member], solved[member], weight)
    return folded


def _in_members(own: Floats, solved: Floats, weight: Floats) -> Floats:
    """(A + YᵀWY)⁻¹ Yᵀ(1 + w) = A⁻¹Yᵀ (I + W Y A⁻¹ Yᵀ)⁻¹ (1 + w), for [rows, members, dim]."""
    inner = np.eye(own.shape[1], dtype=np.float32) + weight[:, :, None] * (own @ solved.transpose(0, 2, 1))
    share = np.linalg.solve(inner, (1 + weight)[:, :, None])
    return np.asarray((solved * share).sum(1), np.float32)


def _in_dimensions(gram: Floats, vectors: Floats, member: npt.NDArray[np.int32], weight: Floats) -> Floats:
    """Solve rows that hold more products than there are dimensions one by one."""
    rows = []
    for products, w in zip(member, weight, strict=True):
        own = vectors[products]
        rows.append(np.linalg.solve(gram + (own.T * w) @ own, own.T @ (1 + w)))
    return np.array(rows, np.float32)
