"""Gowalla, the published LightGCN split: every item ranked for every user, Recall@20 and NDCG@20.

`lightgcn` learns a vector per user, as in every graph without vehicles. Models whose loss asks what fits a vehicle
get one for each user (`benchmarks.owners`); check-ins count as orders of one moment.

Test items are looked at once, by what was chosen before on a tenth of each user's training items. This asks those:

    python -m benchmarks.gowalla --set dim=64 steps=60
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow.parquet as pq
import scipy.sparse as sp

from benchmarks import owners, retail_rocket
from holley_graph.baselines import als, collaborative
from holley_graph.baselines.chebyshev import ChebyshevOptions, chebyshev_filter
from holley_graph.baselines.filters import FilterOptions, graph_filter
from holley_graph.embeddings.table import Tables
from holley_graph.model.architectures import lightgcn_users
from holley_graph.model.architectures.lightgcn_users import LightGCNUsersConfig
from holley_graph.model.architectures.models import MODELS
from holley_graph.snapshot.snapshot import Snapshot

Figures = dict[str, float]
Scorer = Callable[[npt.NDArray[np.integer], sp.csr_matrix], Any]
"""Users asked and what they touched, to [users, items]."""

TOP = 20
BLOCK = 1_000
HELD_OUT = 0.1
FILTERS = {"GF-CF": FilterOptions(frequencies=256), "GF-CF sharpened": FilterOptions(frequencies=256, sharpen=1.0)}
"""`sharpen` as chosen on validation items; the rest as published."""
ALS = als.Options(alpha=20.0)
POLYNOMIALS = {"ChebyCF": ChebyshevOptions(flatness=1.5, degree=0.4), "ChebyCF, own choice": ChebyshevOptions()}
"""As published for this split, and as chosen on validation items."""


def main() -> None:
    """Train LightGCN with some options and say how it does on validation items."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--set", nargs="*", default=[], metavar="NAME=VALUE", help="of `LightGCNUsersConfig`")
    parser.add_argument("--users", type=int, default=4_000, help="asked, at random")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    config = LightGCNUsersConfig()
    for name, value in (pair.split("=") for pair in arguments.set):
        config = replace(config, **{name: type(getattr(config, name))(value)})
    seen, held = validation(read(arguments.data)[0])
    users = np.random.default_rng(1).permutation(np.flatnonzero(np.diff(held.indptr)))[: arguments.users]
    started = time.perf_counter()
    scorer = lightgcn(seen, config, arguments.seed)
    print(config, recall_and_ndcg(scorer, seen, held, users), f"{time.perf_counter() - started:.0f} s")


def read(folder: Path) -> tuple[sp.csr_matrix, sp.csr_matrix]:
    """Open what was touched and what is asked, [users, items] each."""
    tables = [pq.read_table(folder / f"gowalla_{part}.parquet") for part in ("train", "test")]
    pairs = [np.stack([table["user"].to_numpy(), table["item"].to_numpy()]) for table in tables]
    shape = tuple(1 + max(int(table[axis].max()) for table in pairs) for axis in (0, 1))
    return tuple(sp.csr_matrix((np.ones(table.shape[1]), table), shape=shape) for table in pairs)


def validation(touched: sp.csr_matrix, seed: int = 7) -> tuple[sp.csr_matrix, sp.csr_matrix]:
    """Part training items: nine tenths of each user's to learn from, a tenth to choose by."""
    user, item = touched.nonzero()
    order = np.lexsort((np.random.default_rng(seed).random(len(user)), user))
    user, item = user[order], item[order]
    size = np.bincount(user, minlength=touched.shape[0])
    place = np.arange(len(user)) - np.searchsorted(user, user)
    held = place < np.round(size * HELD_OUT)[user]
    parts = ((user[mask], item[mask]) for mask in (~held, held))
    return tuple(sp.csr_matrix((np.ones(len(u)), (u, i)), shape=touched.shape) for u, i in parts)


def rows(folder: Path, seed: int) -> dict[str, Callable[[], Figures]]:
    """Say how every model of the table is measured on the test items."""
    seen, held_out = read(folder)

    def counted() -> Figures:
        count = np.asarray(seen.sum(0))
        return recall_and_ndcg(lambda user, own: np.repeat(count, len(user), 0), seen, held_out)

    def filtered(options: FilterOptions) -> Figures:
        scorer = graph_filter(seen, options)
        return recall_and_ndcg(lambda user, own: scorer(own), seen, held_out)

    def polynomial(options: ChebyshevOptions) -> Figures:
        scorer = chebyshev_filter(seen.astype(np.float32), options)
        return recall_and_ndcg(lambda user, own: scorer(own), seen, held_out)

    def neighbours() -> Figures:
        similar = collaborative.cosine(seen)
        return recall_and_ndcg(lambda user, own: (own @ similar).toarray(), seen, held_out)

    def factorised() -> Figures:
        items = als.factorise(seen, ALS, seed)
        users = als.fold_in(seen, items, ALS)
        return recall_and_ndcg(lambda user, own: users[user] @ items.T, seen, held_out)

    def population(model: str) -> Figures:
        return recall_and_ndcg(_inner(owners.trained(model, _graph(seen), seed)), seen, held_out)

    closed = {name: lambda options=options: filtered(options) for name, options in FILTERS.items()}
    others = {model: lambda model=model: population(model) for model in MODELS if model != "lightgcn"}
    return {
        "popularity": counted,
        "ItemKNN": neighbours,
        "ALS": factorised,
        **closed,
        **{name: lambda options=options: polynomial(options) for name, options in POLYNOMIALS.items()},
        "lightgcn": lambda: recall_and_ndcg(lightgcn(seen, LightGCNUsersConfig(), seed), seen, held_out),
        **others,
    }


def lightgcn(seen: sp.csr_matrix, config: LightGCNUsersConfig, seed: int) -> Scorer:
    """Train the product's own LightGCN."""
    return _inner(lightgcn_users.fit(_graph(seen), config, seed=seed)[0])


def _graph(seen: sp.csr_matrix) -> Snapshot:
    user, item = seen.nonzero()
    rows = pd.DataFrame({"user": user, "item": item, "event": "transaction", "unix_seconds": 0})
    return retail_rocket.snapshot(rows, seen.shape[1])


def _inner(tables: Tables) -> Scorer:
    """Score by the inner product of vectors; every item was touched and has one."""
    own, items = (tables[name].vectors.astype(np.float32) for name in ("user", "product"))
    return lambda user, _: own[user] @ items.T


def recall_and_ndcg(
    scorer: Scorer, seen: sp.csr_matrix, held_out: sp.csr_matrix, rows: npt.NDArray[np.integer] | None = None
) -> Figures:
    """Recall and NDCG of the first 20 of all items that a user did not touch, as that split is counted."""
    discount = 1 / np.log2(np.arange(2, TOP + 2))
    recalls, gains = [], []
    rows = np.flatnonzero(np.diff(held_out.indptr)) if rows is None else rows
    for start in range(0, len(rows), BLOCK):
        users = rows[start : start + BLOCK]
        score = np.array(scorer(users, seen[users]), np.float64)
        score[seen[users].nonzero()] = -np.inf
        first = np.argpartition(-score, TOP, axis=1)[:, :TOP]
        order = np.argsort(-np.take_along_axis(score, first, 1), axis=1, kind="stable")
        first = np.take_along_axis(first, order, 1)
        hit = np.asarray(held_out[users][np.arange(len(users))[:, None], first].todense() > 0)
        size = np.diff(held_out[users].indptr)
        best = np.cumsum(discount)[np.minimum(size, TOP) - 1]
        recalls.append(hit.sum(1) / size)
        gains.append((hit * discount).sum(1) / best)
    return {f"Recall@{TOP}": _mean(recalls), f"NDCG@{TOP}": _mean(gains)}


def _mean(parts: list[npt.NDArray[np.floating]]) -> float:
    return round(float(np.concatenate(parts).mean()), 4)


if __name__ == "__main__":
    main()
