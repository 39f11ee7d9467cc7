"""What the lists are like beside being right: coverage, novelty, diversity, popularity bias, overlap."""

from __future__ import annotations

import numpy as np

from holley_graph.evaluation.study import SERVED, Cut
from holley_graph.snapshot.snapshot import ORDERED, Ints


def describe(cuts: list[Cut], lists: Ints, champions: Ints) -> dict[str, float]:
    """Describe the lists of one ranker.

    Args:
        cuts: whose users the lists are for.
        lists: [users, SERVED] product rows, −1 for an empty place.
        champions: [users, SERVED] the same of the champion.

    Returns:
        `coverage`: share of all candidates that stand in some list; `novelty`: mean −log2 of a listed part's share
        of all orders before the cut, bits; `diversity`: share of pairs in a list that differ in part type;
        `popularity_bias`: mean place of listed parts among their user's candidates by orders (0 the least ordered,
        1 the most, .5 no bias); `overlap`: share of the champion's list that is listed too.
    """
    candidates = np.concatenate([np.unique(cut.task.candidate) for cut in cuts])
    novelty, bias = _popularity(cuts, lists)
    types = cuts[0].past.products.column("part_type").combine_chunks().dictionary_encode().indices
    kind = np.asarray(types.to_numpy(zero_copy_only=False))[np.maximum(lists, 0)]
    filled = lists >= 0
    pairs = [(i, j) for i in range(SERVED) for j in range(i)]
    both = np.stack([filled[:, i] & filled[:, j] for i, j in pairs], 1)
    differ = np.stack([kind[:, i] != kind[:, j] for i, j in pairs], 1)
    shared = (lists[:, :, None] == champions[:, None, :]) & (champions[:, None, :] >= 0)
    return {
        "coverage": len(np.unique(lists[filled])) / max(len(np.unique(candidates)), 1),
        "novelty": novelty,
        "diversity": float(differ[both].mean()) if both.any() else float("nan"),
        "popularity_bias": bias,
        "overlap": float(shared.any(1).sum() / max((champions >= 0).sum(), 1)),
    }


def _popularity(cuts: list[Cut], lists: Ints) -> tuple[float, float]:
    information, place, start = [], [], 0
    for cut in cuts:
        task, past = cut.task, cut.past
        count = np.bincount(past.event("product")[past.event("kind") == ORDERED], minlength=past.products.num_rows)
        share = (count + 0.5) / (count.sum() + 0.5 * len(count))
        shown = lists[start : start + len(task.user)]
        start += len(task.user)
        listed = shown[shown >= 0]
        owner = np.repeat(np.arange(len(shown)), (shown >= 0).sum(1))
        information.append(-np.log2(share[listed]))
        place.append(_quantile(task.owner, count[task.candidate], owner, count[listed]))
    return float(np.concatenate(information).mean()), float(np.concatenate(place).mean())


def _quantile(owner: Ints, count: Ints, of: Ints, value: Ints) -> Ints:
    """Place of each value among the counts of its owner: share below, ties counted half."""
    width = int(count.max(initial=0)) + 1
    keys = np.sort(owner * width + count)
    base, end = np.searchsorted(keys, of * width), np.searchsorted(keys, (of + 1) * width)
    low, high = np.searchsorted(keys, of * width + value), np.searchsorted(keys, of * width + value, "right")
    place: Ints = ((low + high) / 2 - base) / np.maximum(end - base, 1)
    return place
