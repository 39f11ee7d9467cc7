"""RetailRocket's products without a past: which are bought or viewed with which, and which way round.

Its items have nothing but who touched them, so that of a product without any event nobody can say anything. A fifth
of the products in any pair is drawn and taken out of what is learned from; half of the users give what they did
with them back when questions are asked, which are the pairs that the other half alone made (`benchmarks/links.py`).

A visitor with a large basket makes a pair of everything in it. So intervals (mean, from, to) are over those who
made the pairs, and beside the mean over pairs stands one in which they count alike.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from benchmarks import links, owners
from holley_graph.baselines import als, collaborative
from holley_graph.baselines.filters import FilterOptions, graph_filter
from holley_graph.model.architectures import catalogue
from holley_graph.model.architectures.catalogue import CatalogueConfig
from holley_graph.model.architectures.models import MODELS
from holley_graph.snapshot.snapshot import Ints, Snapshot

Floats = npt.NDArray[np.float64]
Says = Callable[[Ints], Floats]
"""[2, pairs] product rows, to [pairs] scores."""
RELATIONS: dict[str, links.Relation] = {"bought": "co_purchased", "viewed": "co_viewed"}
SHARE, GIVE = 0.2, 0.5
BLOCK = 500


def rows(full: Snapshot, seed: int) -> dict[str, Callable[[], dict[str, Any]]]:
    """Model to what measures it, on the same questions.

    Args:
        full: RetailRocket as a snapshot.
        seed: of the parting and of every training.
    """
    rng = np.random.default_rng(seed)
    split = links.split_products(full, SHARE, rng, tuple(RELATIONS.values()), GIVE)
    tasks = {name: links.questions(full, split, relation, rng) for name, relation in RELATIONS.items()}
    models: dict[str, Callable[[], Says]] = {
        "popularity": lambda: popularity(split.given),
        "ItemKNN": lambda: item_knn(split.given),
        "GF-CF": lambda: gf_cf(split.given),
        "ALS": lambda: users_factorised(split, seed),
        "catalogue": lambda: visits_factorised(split, seed),
    }

    def population(model: str) -> Says:
        tables = owners.encoded(model, split, seed)
        return lambda pair: links.dot(tables, full, pair)

    models |= {model: lambda model=model: population(model) for model in MODELS}
    return {name: lambda says=says: quality(tasks, says()) for name, says in models.items()}


def quality(tasks: dict[str, links.LinkTask], says: Says) -> dict[str, Any]:
    """Area and precision over pairs, area over makers, and the direction of what was bought one way."""
    figures: dict[str, Any] = {}
    for name, task in tasks.items():
        yes, foil, stranger = says(task.pair), says(task.foil), says(task.stranger)
        placed = links.outscored(yes, stranger)
        alike = links.over_makers(placed, task.maker, alike=True)
        rank_figures = {
            "AUC": links.over_makers(placed, task.maker),
            "AP": links.average_precision(yes, stranger),
            "AUC, makers alike": alike,
            "AUC, same ends": links.auc(yes, foil),
            "AP, same ends": links.average_precision(yes, foil),
        }
        if name == "bought":
            right, one_way = links.rightly_directed(yes, says(task.pair[::-1])), task.lean > 0
            rank_figures["direction"] = links.over_makers(right[one_way], task.maker[one_way])
        figures[name] = {key: np.round(value, 3).tolist() for key, value in rank_figures.items()} | {
            "pairs": len(yes),
            "makers": len(np.unique(task.maker)),
            "makers, as if of equal baskets": round(float(len(yes) ** 2 / (np.bincount(task.maker) ** 2).sum()), 1),
        }
    return figures


def popularity(snapshot: Snapshot) -> Says:
    """How often the second was touched."""
    count = np.bincount(snapshot.event("product"), minlength=snapshot.products.num_rows).astype(float)
    return lambda pair: count[pair[1]]


def item_knn(snapshot: Snapshot) -> Says:
    """Shrunk cosine over users, as the ranker of that name."""
    similar = collaborative.cosine(collaborative.interactions(snapshot))
    return lambda pair: np.asarray(similar[pair[0], pair[1]], float).ravel()


def gf_cf(snapshot: Snapshot) -> Says:
    """The second's place in the signal of somebody who touched the first alone; computed anew on what is given."""
    filtered = graph_filter(collaborative.interactions(snapshot), FilterOptions())
    one = sp.identity(snapshot.products.num_rows, format="csr")

    def says(pair: Ints) -> Floats:
        first, row = np.unique(pair[0], return_inverse=True)
        order, score = np.argsort(row, kind="stable"), np.zeros(pair.shape[1])
        for start in range(0, len(first), BLOCK):
            cells = order[slice(*np.searchsorted(row[order], [start, start + BLOCK]))]
            score[cells] = filtered(one[first[start : start + BLOCK]])[row[cells] - start, pair[1][cells]]
        return score

    return says


def users_factorised(split: links.LinkSplit, seed: int) -> Says:
    """Implicit ALS over users."""
    past, rest = (collaborative.interactions(snapshot) for snapshot in (split.past, split.given))
    anchor, target = _folded(past, rest, split.drawn, als.Options(), seed)
    return lambda pair: np.einsum("ij,ij->i", anchor[pair[0]], target[pair[1]])


def visits_factorised(split: links.LinkSplit, seed: int) -> Says:
    """The model of graphs without vehicles, its factors at one length."""
    config = CatalogueConfig()
    past, rest = (catalogue.visits(snapshot, config.visit_gap_s) for snapshot in (split.past, split.given))
    options = als.Options(config.dim, config.alpha, config.l2, config.sweeps)
    anchor, target = _folded(past, rest, split.drawn, options, seed)
    target /= np.maximum(np.linalg.norm(target, axis=1, keepdims=True), 1e-6)
    count = np.bincount(split.given.event("product"), minlength=len(target))
    return lambda pair: (
        np.einsum("ij,ij->i", anchor[pair[0]], target[pair[1]])
        + catalogue.TIE_BREAK_WEIGHT * np.log1p(count[pair[1]])
    )


def _folded(
    past: sp.csr_matrix, rest: sp.csr_matrix, drawn: Ints, options: als.Options, seed: int
) -> tuple[Floats, Floats]:
    """[products, dim] anchor and target: factors of the past, and drawn products folded in by what is given."""
    factors = als.factorise(past, options, seed)
    known = np.ones(len(factors))
    known[drawn] = 0
    holders = als.fold_in(rest @ sp.diags(known), factors, options)
    factors[drawn] = als.fold_in(rest.T.tocsr()[drawn], holders, options)
    anchor = als.fold_in(sp.identity(len(factors), np.float32, format="csr"), factors, options)
    return anchor.astype(float), factors.astype(float)
