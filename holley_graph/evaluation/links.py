"""Inductive link prediction: which product leads to which, asked about products that training never saw in use.

Nodes are parted before edges are cut: of the products that stand in any pair, a share is drawn, and everything that
users did with them is taken out of what is learned from. A pair of which one end was drawn is a question. It is
told from pairs that never were: strangers, both ends drawn at random, as is usual; and foils, in which each end
stands as often as in the questions, so that whoever knows only how popular an end is has an AUC of one half.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from holley_graph.embeddings.table import Tables
from holley_graph.snapshot.snapshot import Ints, Snapshot, latest_purchases

Floats = npt.NDArray[np.float64]
REDRAWS = 20
"""Times that foils which are pairs after all are shuffled anew."""


@dataclass(frozen=True)
class LinkTask:
    """Questions about products without a past.

    Attributes:
        past: the snapshot without what was done with the drawn products.
        pair: [2, pairs] product rows, from and to, of which at least one was drawn.
        foil: [2, foils] pairs that never were, of the same ends.
        stranger: [2, strangers] pairs that never were, at random, one end drawn.
        lean: [pairs] users who bought this way less those who bought the other way.
    """

    past: Snapshot
    pair: Ints
    foil: Ints
    stranger: Ints
    lean: Ints


def inductive(full: Snapshot, share: float, seed: int) -> LinkTask:
    """Draw products, take their past away, and ask about their co-purchases.

    Args:
        full: its co-purchases are the truth.
        share: of the products in any pair that are drawn.
        seed: of the draw and the foils.
    """
    rng = np.random.default_rng(seed)
    pair = np.stack([np.asarray(full.co_purchased.column(name), np.int64) for name in ("sku", "other_sku")])
    count = np.asarray(full.co_purchased.column("count"), np.int64)
    known, size = np.unique(pair), full.products.num_rows
    drawn = np.sort(rng.choice(known, int(len(known) * share), replace=False))
    new = np.isin(np.arange(size), drawn)
    question = new[pair].any(0)
    asked, real = pair[:, question], pair[0] * size + pair[1]
    return LinkTask(
        past=_without(full, new),
        pair=asked,
        foil=_foils(real, asked, size, rng),
        stranger=_strangers(real, known, drawn, asked.shape[1], size, rng),
        lean=count[question] - _counts(asked[::-1], pair, count, size),
    )


def dot(tables: Tables, snapshot: Snapshot, pair: Ints) -> Floats:
    """[pairs] what a run says: the source vector of the first on the vector of the second."""
    keys = snapshot.product_ids.keys
    source, target = (tables[name].vectors[tables[name].find(keys)] for name in ("product_source", "product"))
    score: Floats = np.einsum("ij,ij->i", source[pair[0]].astype(float), target[pair[1]].astype(float))
    return score


def auc(yes: Floats, no: Floats) -> float:
    """Chance that a pair scores higher than a foil; ties count half (Mann & Whitney 1947)."""
    rank = _ranks(np.concatenate([yes, no]), "average")[: len(yes)]
    return float((rank.sum() - len(yes) * (len(yes) + 1) / 2) / (len(yes) * len(no)))


def average_precision(yes: Floats, no: Floats) -> float:
    """Mean over pairs of the share of pairs among everything that scores at least as high."""
    score = np.concatenate([yes, no])
    at_least = len(score) - _ranks(score, "min")[: len(yes)] + 1
    hits = len(yes) - _ranks(yes, "min") + 1
    return float((hits / at_least).mean())


def direction_auc(there: Floats, back: Floats, lean: Ints) -> float:
    """Of the pairs that were bought oftener one way: how often that way scores higher than its reverse."""
    one_way = lean > 0
    right = np.sign(there[one_way] - back[one_way])
    return float((right + 1).mean() / 2)


def _ranks(values: Floats, ties: Literal["average", "min"]) -> Floats:
    return np.asarray(pd.Series(values).rank(method=ties), float)


def _without(full: Snapshot, drawn: npt.NDArray[np.bool_]) -> Snapshot:
    events = full.events.filter(pa.array(~drawn[full.event("product")]))
    known = full.bought.filter(pa.array(~drawn[np.asarray(full.bought.column("product"), np.int64)]))
    return replace(full, events=events, bought=latest_purchases(events, known))


def _foils(real: Ints, asked: Ints, size: int, rng: np.random.Generator) -> Ints:
    """Shuffle the second ends of the questions until next to none is a pair; what still is one is left out."""
    first, second = asked[0], rng.permutation(asked[1])
    for _ in range(REDRAWS):
        wrong = np.flatnonzero(~_never(real, first, second, size))
        mixed = np.union1d(wrong, rng.integers(0, len(second), len(wrong)))
        second[mixed] = rng.permutation(second[mixed])
    fine = _never(real, first, second, size)
    return np.stack([first[fine], second[fine]])


def _strangers(real: Ints, known: Ints, drawn: Ints, count: int, size: int, rng: np.random.Generator) -> Ints:
    """Pair drawn products with any, half of them as the first end."""
    one, other = rng.choice(drawn, count), rng.choice(known, count)
    turned = rng.random(count) < 0.5
    first, second = np.where(turned, other, one), np.where(turned, one, other)
    fine = _never(real, first, second, size)
    return np.stack([first[fine], second[fine]])


def _never(real: Ints, first: Ints, second: Ints, size: int) -> npt.NDArray[np.bool_]:
    return np.asarray(~np.isin(first * size + second, real) & (first != second))


def _counts(wanted: Ints, pair: Ints, count: Ints, size: int) -> Ints:
    """[n] how many users made each wanted pair, 0 where none did."""
    keys = pair[0] * size + pair[1]
    order = np.argsort(keys)
    asked = wanted[0] * size + wanted[1]
    at = np.minimum(np.searchsorted(keys[order], asked), max(len(keys) - 1, 0))
    return np.where(keys[order][at] == asked, count[order][at], 0) if len(keys) else np.zeros(0, np.int64)
