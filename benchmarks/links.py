"""Inductive link prediction: which product leads to which, asked about products that training never saw in use.

Nodes are split before edges are cut: of the products that stand in any pair, a share is drawn, and everything that
users did with them is taken out of what is learned from. A pair of which one end was drawn is a question. Where
products have nothing but their past to be known by, a share of the users gives what they did with drawn products
back once training is over; then the questions are the pairs that the others alone made.

Pairs are told from pairs that never were: strangers, both ends drawn at random, as is usual; and foils, in which
each end stands as often as in the questions, so that whoever knows only how popular an end is has an AUC of .5.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import scipy.sparse as sp
from scipy.stats import rankdata

from holley_graph.embeddings.table import Tables
from holley_graph.evaluation.bootstrap import interval, resampled
from holley_graph.keys import find
from holley_graph.snapshot.ids import IdMap
from holley_graph.snapshot.snapshot import ORDERED, VIEWED, Ints, Snapshot, latest_purchases

Floats = npt.NDArray[np.float64]
Relation = Literal["co_purchased", "co_viewed"]
REDRAWS = 20
"""Times that foils which are pairs after all are shuffled anew."""
DRAWS = 1_000


@dataclass(frozen=True)
class LinkSplit:
    """Products split before edges are cut.

    Attributes:
        drawn: [drawn] product rows, ascending.
        past: the snapshot without what was done with them: what is learned from.
        given: with what some users did with them: what is known when questions are asked.
    """

    drawn: Ints
    past: Snapshot
    given: Snapshot


@dataclass(frozen=True)
class LinkTask:
    """Questions about products that were not learned from.

    Attributes:
        past: the snapshot without what was done with the drawn products.
        pair: [2, pairs] product rows, from and to, of which at least one was drawn.
        foil: [2, foils] pairs that never were, of the same ends.
        stranger: [2, strangers] pairs that never were, at random, one end drawn.
        lean: [pairs] users who bought this way less those who bought the other way.
        maker: [pairs] a user who touched both; pairs of one user stand and fall together.
    """

    past: Snapshot
    pair: Ints
    foil: Ints
    stranger: Ints
    lean: Ints
    maker: Ints


def inductive(full: Snapshot, share: float, seed: int) -> LinkTask:
    """Draw products, take their past away, and ask about their co-purchases.

    Args:
        full: its co-purchases are the truth.
        share: of the products in any pair that are drawn.
        seed: of the draw and the foils.
    """
    rng = np.random.default_rng(seed)
    return questions(full, split_products(full, share, rng), "co_purchased", rng)


def split_products(
    full: Snapshot,
    share: float,
    rng: np.random.Generator,
    relations: tuple[Relation, ...] = ("co_purchased",),
    give: float = 0.0,
) -> LinkSplit:
    """Draw products and take their past away.

    Args:
        full: whose products.
        share: of the products in any pair that are drawn.
        rng: of the draw.
        relations: whose pairs.
        give: share of users whose doings with drawn products are known when questions are asked.
    """
    known = np.unique(np.concatenate([_pairs(full, relation)[0].ravel() for relation in relations]))
    drawn = np.sort(rng.choice(known, int(len(known) * share), replace=False))
    past = _without(full, drawn, np.zeros(full.users.num_rows, bool))
    if not give:
        return LinkSplit(drawn, past, past)
    return LinkSplit(drawn, past, _without(full, drawn, rng.random(full.users.num_rows) < give))


def questions(full: Snapshot, split: LinkSplit, relation: Relation, rng: np.random.Generator) -> LinkTask:
    """Ask about the pairs of drawn products that what is given does not show.

    Args:
        full: its pairs are the truth.
        split: of the same snapshot.
        relation: what makes a pair; only co-purchases have a direction.
        rng: of the foils and strangers.
    """
    (pair, count), size = _pairs(full, relation), full.products.num_rows
    known, real = np.unique(pair), pair[0] * size + pair[1]
    shown = _pairs(split.given, relation)[0]
    question = np.isin(pair, split.drawn).any(0) & ~np.isin(real, shown[0] * size + shown[1])
    question_pairs = pair[:, question]
    return LinkTask(
        past=split.past,
        pair=question_pairs,
        foil=_foils(real, question_pairs, size, rng),
        stranger=_strangers(real, known, np.intersect1d(split.drawn, known), question_pairs.shape[1], size, rng),
        lean=count[question] - _counts(question_pairs[::-1], pair, count, size),
        maker=_makers(full, question_pairs, ORDERED if relation == "co_purchased" else VIEWED),
    )


def dot(tables: Tables, snapshot: Snapshot, pair: Ints) -> Floats:
    """[pairs] what a run says: the anchor vector of the first on the vector of the second."""
    keys = snapshot.product_ids.keys
    anchor, target = (
        tables[name].vectors[IdMap("product", tables[name].keys).rows(keys)]
        for name in ("product_anchor", "product")
    )
    score: Floats = np.einsum("ij,ij->i", anchor[pair[0]].astype(float), target[pair[1]].astype(float))
    return score


def auc(yes: Floats, no: Floats) -> float:
    """Chance that a pair scores higher than a foil; ties count half (Mann & Whitney 1947)."""
    rank = rankdata(np.concatenate([yes, no]))[: len(yes)]
    return float((rank.sum() - len(yes) * (len(yes) + 1) / 2) / (len(yes) * len(no)))


def outscored(yes: Floats, no: Floats) -> Floats:
    """[pairs] share of the foils that each pair scores higher than, ties by half; their mean is the AUC."""
    order = np.sort(no)
    return np.asarray((np.searchsorted(order, yes) + np.searchsorted(order, yes, "right")) / (2 * max(len(no), 1)))


def over_makers(values: Floats, maker: Ints, alike: bool = False) -> tuple[float, float, float]:
    """Mean and its 95 % interval by a bootstrap over those who made the pairs: a basket is one observation.

    Args:
        values: [pairs] what is averaged.
        maker: [pairs] who made each.
        alike: whether makers count alike, else pairs do.
    """
    _, row = np.unique(maker, return_inverse=True)
    total, pairs = np.bincount(row, values), np.bincount(row).astype(float)
    if alike:
        total, pairs = total / pairs, np.ones(len(pairs))
    return float(total.sum() / pairs.sum()), *interval(resampled(total, pairs, DRAWS))


def average_precision(yes: Floats, no: Floats) -> float:
    """Mean over pairs of the share of pairs among everything that scores at least as high."""
    score = np.concatenate([yes, no])
    at_least = len(score) - rankdata(score, "min")[: len(yes)] + 1
    hits = len(yes) - rankdata(yes, "min") + 1
    return float((hits / at_least).mean())


def direction_auc(there: Floats, back: Floats, lean: Ints) -> float:
    """Of the pairs that were bought oftener one way: how often that way scores higher than its reverse."""
    return float(rightly_directed(there, back)[lean > 0].mean())


def rightly_directed(there: Floats, back: Floats) -> Floats:
    """[pairs] 1 where this way scores higher than its reverse, a half where both score alike."""
    return np.asarray((np.sign(there - back) + 1) / 2)


def _pairs(snapshot: Snapshot, relation: Relation) -> tuple[Ints, Ints]:
    """[2, pairs] product rows, and [pairs] how many users made each."""
    table: pa.Table = getattr(snapshot, relation)
    pair = np.stack([np.asarray(table.column(name), np.int64) for name in ("sku", "other_sku")])
    return pair, np.asarray(table.column("count"), np.int64)


def _without(full: Snapshot, drawn: Ints, give: npt.NDArray[np.bool_]) -> Snapshot:
    """Take away what users did with drawn products, but for those who give it."""

    def kept(table: pa.Table) -> pa.Table:
        user, product = (np.asarray(table.column(name), np.int64) for name in ("user", "product"))
        return table.filter(pa.array(give[user] | ~np.isin(product, drawn)))

    events = kept(full.events)
    return replace(full, events=events, bought=latest_purchases(events, kept(full.bought)))


def _makers(full: Snapshot, pair: Ints, kind: int) -> Ints:
    """[pairs] the first user who did this with both."""
    did = full.event("kind") == kind
    shape = (full.products.num_rows, full.users.num_rows)
    touched = sp.csr_matrix(
        (np.ones(int(did.sum()), bool), (full.event("product")[did], full.event("user")[did])), shape
    )
    both = touched[pair[0]].multiply(touched[pair[1]]).tocsr()
    both.sort_indices()
    return np.asarray(both.indices[both.indptr[:-1]], np.int64)


def _foils(real: Ints, questions: Ints, size: int, rng: np.random.Generator) -> Ints:
    """Shuffle the second ends of the questions until next to none is a pair; what still is one is left out."""
    first, second = questions[0], rng.permutation(questions[1])
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
    row = find(keys[order], wanted[0] * size + wanted[1])
    return np.append(count[order], 0)[row]
