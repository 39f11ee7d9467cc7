"""Graphs without vehicles: nothing fits or does not, so every product competes with every other.

A user is the aggregate of what they touched (GraphSAGE's aggregator over one neighbourhood), a product has a source
vector for what touching it says and a target vector for being chosen. Trained as a denoising autoencoder with the
exact softmax over the whole catalogue (Liang et al., "Variational Autoencoders for Collaborative Filtering", WWW
2018, the deterministic Mult-DAE): part of a user's products is hidden from the aggregate, all are predicted.

    u = Σ_j w_j s_{p_j} / (1 + Σ_j w_j)^½        score(u, p) = u · z_p + b_p
"""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp
import torch
from torch import Tensor, nn
from torch.nn import functional

from holley_graph.embeddings import table
from holley_graph.embeddings.table import EXTRA, Table
from holley_graph.model.data import product_levels
from holley_graph.model.sage import Levels, SageConfig, Sums
from holley_graph.progress import Progress, silent
from holley_graph.snapshot.snapshot import Snapshot

EPOCHS = 20
BATCH = 256
LEARNING_RATE = 0.01
HIDDEN_SHARE = 0.5
L2 = 3e-7


class Catalogue(nn.Module):
    """Source and target vectors of products, and their popularity."""

    def __init__(self, levels: Levels, config: SageConfig, counts: Tensor) -> None:
        super().__init__()
        self.source = Sums(levels, config.dim, config.init_std)
        self.target = Sums(levels, config.dim, config.init_std)
        self.bias = nn.Parameter((counts + 0.1).log() / 2)

    def users(self, touched: sp.csr_matrix) -> Tensor:
        """Aggregate [users, products] weights into [users, dim]."""
        weight = torch.from_numpy(touched.data.astype(np.float32))
        rows = torch.from_numpy(touched.indices.astype(np.int64))
        starts = torch.from_numpy(touched.indptr[:-1].astype(np.int64))
        summed = functional.embedding_bag(rows, self.source(), starts, mode="sum", per_sample_weights=weight)
        total = torch.from_numpy(np.asarray(touched.sum(1), np.float32))
        return summed / (1 + total).sqrt()


def fit(
    snapshot: Snapshot, config: SageConfig, *, seed: int, progress: Progress = silent
) -> tuple[dict[str, Table], dict[str, Tensor], list[float]]:
    """Train on a snapshot without vehicles, on the CPU.

    Returns:
        The embedding tables (of vehicles, models and makes empty), the parameters, and the loss per epoch.
    """
    torch.manual_seed(seed)
    generator = np.random.default_rng(seed)
    touched = sp.csr_matrix(
        (np.ones(snapshot.events.num_rows, np.float32), (snapshot.event("user"), snapshot.event("product"))),
        shape=(snapshot.users.num_rows, snapshot.products.num_rows),
    )
    model = Catalogue(product_levels(snapshot), config, torch.from_numpy(np.asarray(touched.sum(0)).ravel()))
    optimiser = torch.optim.Adam(model.parameters(), lr=LEARNING_RATE)
    losses = []
    for epoch in range(1, EPOCHS + 1):
        summed = 0.0
        for rows in np.array_split(generator.permutation(touched.shape[0]), -(-touched.shape[0] // BATCH)):
            summed += _step(model, optimiser, touched[rows], generator)
        losses.append(summed / float(touched.sum()))
        progress("training", epoch, EPOCHS)
    return _tables(snapshot, model, touched, config), dict(model.state_dict()), losses


def _step(
    model: Catalogue, optimiser: torch.optim.Optimizer, batch: sp.csr_matrix, generator: np.random.Generator
) -> float:
    seen = batch.copy()
    seen.data = seen.data * (generator.random(seen.nnz) >= HIDDEN_SHARE)
    target = batch.tocoo()
    scores = model.users(seen) @ model.target().T + model.bias
    log_p = scores.log_softmax(1)[
        torch.from_numpy(target.row.astype(np.int64)), torch.from_numpy(target.col.astype(np.int64))
    ]
    loss = -(torch.from_numpy(target.data) * log_p).sum()
    penalty = L2 * sum(t.square().sum() for s in (model.source, model.target) for t in s.tables.values())
    optimiser.zero_grad()
    (loss / float(batch.sum()) + penalty).backward()
    optimiser.step()
    return float(loss.item())


def _tables(snapshot: Snapshot, model: Catalogue, touched: sp.csr_matrix, config: SageConfig) -> dict[str, Table]:
    with torch.no_grad():
        users = model.users(touched).numpy()
        source, target = model.source().numpy(), model.target().numpy()
        bias = model.bias.numpy()
    none = Table(np.empty(0, object), np.empty((0, config.dim + EXTRA), np.float32))
    return {
        "product": Table(snapshot.product_ids.keys, table.products(target, bias)),
        "product_source": Table(snapshot.product_ids.keys, table.queries(source / np.float32(np.sqrt(2)))),
        "vehicle": none,
        "vehicle_model": none,
        "make": none,
        "user": Table(snapshot.user_ids.keys, table.queries(users)),
    }
