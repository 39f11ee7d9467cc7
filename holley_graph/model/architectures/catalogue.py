"""Graphs without vehicles: nothing fits or does not, so every product competes with every other.

What is touched within moments of each other belongs together. Each user's events are split at pauses into visits,
and visits are factorised by implicit alternating least squares (`baselines.als`). A product has two vectors:

    z_p   its factor, at length one                      being chosen
    s_p   the factor of a visit that holds p alone       what touching it says of the rest
    u     = Σ_j s_{p_j} over all that a user touched     score(u, p) = u · z_p + b_p

Short visits matter: over a user's whole history the same factorisation finds less than half as much
(`docs/experiments.md`). Long factors are popular products'. They are cut to one length all the same, at some cost,
because an index that knows only cosine does not find its way among vectors whose lengths differ. b_p is a small
share of popularity: it orders products for somebody of whom nothing is known. A product that nobody touched has no
vector: thousands of vectors of zeros would be one point, and the index loses its way there.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp
import torch
from torch import Tensor

from holley_graph.baselines import als
from holley_graph.embeddings import table
from holley_graph.embeddings.table import EXTRA, Table, Tables, Vectors
from holley_graph.snapshot.snapshot import Snapshot

Floats = npt.NDArray[np.floating]
TIE_BREAK_WEIGHT = 1e-4
"""Score per ln(1 + events) of a product: below everything that is known of a user."""


@dataclass(frozen=True)
class CatalogueConfig:
    """What can be tuned; the defaults were chosen on purchases held out of training data."""

    dim: int = 128
    """Length of every vector before its two extra coordinates."""
    visit_gap_s: int = 120
    """A pause longer than this ends a visit, seconds."""
    alpha: float = 200.0
    """How much surer a touched product is than one that was not."""
    l2: float = 0.01
    """Ridge penalty on the factors."""
    sweeps: int = 8
    """Times that visits and products are solved in turn."""


def fit(snapshot: Snapshot, config: CatalogueConfig, *, seed: int) -> tuple[Tables, dict[str, Tensor]]:
    """Factorise a snapshot without vehicles, on the CPU.

    Returns:
        The embedding tables (of vehicles, models and makes empty), and the parameters.
    """
    options = als.Options(config.dim, config.alpha, config.l2, config.sweeps)
    factors = als.factorise(visits(snapshot, config.visit_gap_s), options, seed)
    anchor = als.fold_in(sp.identity(len(factors), np.float32, format="csr"), factors, options)
    length = np.maximum(np.linalg.norm(factors, axis=1, keepdims=True), 1e-6)
    target = factors / length
    history = interactions(snapshot)
    popularity = TIE_BREAK_WEIGHT * np.log1p(np.asarray(history.sum(0)).ravel())
    parameters = {"target": torch.from_numpy(target), "anchor": torch.from_numpy(anchor)}
    return tables(snapshot, history @ anchor, target, anchor, popularity), parameters


def interactions(snapshot: Snapshot) -> sp.csr_matrix:
    """[users, products] how often each user touched each product."""
    user, product = snapshot.event("user"), snapshot.event("product")
    shape = snapshot.users.num_rows, snapshot.products.num_rows
    return sp.csr_matrix((np.ones(len(user), np.float32), (user, product)), shape=shape)


def tables(snapshot: Snapshot, user: Vectors, product: Vectors, anchor: Vectors, popularity: Floats) -> Tables:
    """Lay vectors of a graph without vehicles out; a product that nobody touched has none.

    Args:
        snapshot: whose users and products they are of.
        user: [users, dim].
        product: [products, dim].
        anchor: [products, dim] what touching each says of the rest.
        popularity: [products] what is added for everybody.
    """
    known = np.bincount(snapshot.event("product"), minlength=snapshot.products.num_rows) > 0
    keys = snapshot.product_ids.keys[known]
    none = Table(np.empty(0, object), np.empty((0, product.shape[1] + EXTRA), np.float32))
    return Tables(
        {
            "product": Table(keys, table.products(product[known], popularity[known])),
            "product_anchor": Table(keys, table.queries(anchor[known])),
            **dict.fromkeys(("vehicle", "vehicle_model", "make"), none),
            "user": Table(snapshot.user_ids.keys, table.queries(user)),
        }
    )


def visits(snapshot: Snapshot, gap_s: int) -> sp.csr_matrix:
    """Split every user's events at pauses.

    Args:
        snapshot: its events are sorted by user and time.
        gap_s: a pause longer than this ends a visit, seconds.

    Returns:
        [visits, products], 1 for what a visit holds.
    """
    user, at, product = (snapshot.event(c) for c in ("user", "at", "product"))
    begins = np.ones(len(user), bool)
    begins[1:] = (np.diff(user) != 0) | (np.diff(at) > gap_s)
    visit = np.cumsum(begins) - 1
    in_visit = sp.csr_matrix(
        (np.ones(len(user), np.float32), (visit, product)),
        shape=(int(begins.sum()), snapshot.products.num_rows),
    )
    in_visit.data[:] = 1  # viewed, carted and bought in one visit is one product of it
    return in_visit
