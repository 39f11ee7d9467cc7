"""What is sent of a ranking: one of each family, few of one type, ties by SKU, and nothing that is out."""

from __future__ import annotations

from collections import Counter

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from holley_graph.export.choose import choose

OUT = -np.inf


def one(scores, family=None, kind=None, per_kind=2, k=4):
    parts = len(scores)
    family, kind = (np.arange(parts) if side is None else np.array(side) for side in (family, kind))
    picks = choose(np.array([scores], float), family, kind, per_kind, k)[0]
    return [int(pick) for pick in picks if pick >= 0]


def test_the_best_come_first_and_the_smaller_sku_wins_a_tie():
    assert one([1, 3, 3, 2, 0]) == [1, 2, 3, 0]


def test_what_is_out_is_never_chosen_however_short_the_answer():
    assert one([OUT, 1, OUT, 0]) == [1, 3]
    assert one([OUT, OUT]) == []
    assert one([]) == []


def test_of_a_family_the_best_is_shown_even_where_its_type_is_full():
    """The family's best is put out by the limit of its type; a variant of another type does not step in."""
    assert one([9, 8, 7, 6], family=[0, 1, 2, 2], kind=[5, 5, 5, 6]) == [0, 1]


def test_a_family_whose_best_was_bought_is_shown_by_the_next():
    assert one([OUT, 5, 4], family=[0, 0, 1]) == [1, 2]


def test_at_most_so_many_of_a_type():
    assert one([9, 8, 7, 6], kind=[0, 0, 0, 1]) == [0, 1, 3]
    assert one([9, 8, 7, 6], kind=[0, 0, 0, 1], per_kind=1) == [0, 3]


def plain(scores, family, kind, per_kind, k):
    """The rules, one part at a time."""
    families, kinds, chosen = set(), Counter(), []
    for column in sorted((c for c, score in enumerate(scores) if score > OUT), key=lambda c: (-scores[c], c)):
        if family[column] in families:
            continue
        families.add(family[column])
        kinds[kind[column]] += 1
        if kinds[kind[column]] <= per_kind:
            chosen.append(column)
    return chosen[:k]


@st.composite
def cases(draw):
    parts, people = draw(st.integers(1, 9)), draw(st.integers(1, 4))
    small = st.integers(0, 3)
    score = st.sampled_from([OUT, -1.5, 0.0, 0.5, 0.5, 2.0])
    scores = draw(st.lists(st.lists(score, min_size=parts, max_size=parts), min_size=people, max_size=people))
    family, kind = (draw(st.lists(small, min_size=parts, max_size=parts)) for _ in range(2))
    return scores, family, kind, draw(st.integers(1, 3)), draw(st.integers(1, 5))


@given(cases())
def test_everybody_is_chosen_for_as_if_one_by_one(case):
    scores, family, kind, per_kind, k = case
    picks = choose(np.array(scores), np.array(family), np.array(kind), per_kind, k)
    for row, row_picks in zip(scores, picks, strict=True):
        assert [pick for pick in row_picks.tolist() if pick >= 0] == plain(row, family, kind, per_kind, k)
