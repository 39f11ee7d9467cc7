"""The id map is strict: every key is one row, every row one key, and nothing else has a row."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from holley_graph.errors import NotFound, ParcelError
from holley_graph.snapshot.ids import IdMap

keys = st.lists(st.text(max_size=6), unique=True, max_size=30).map(sorted)


@given(keys)
def test_rows_of_the_keys_are_their_positions(known: list[str]) -> None:
    ids = IdMap("SKU", known)
    assert len(ids) == len(known)
    assert ids.rows(known).tolist() == list(range(len(known)))
    assert [ids.row(key) for key in known] == list(range(len(known)))


@given(keys, st.data())
def test_rows_and_keys_are_inverse_in_any_order_and_repeated(known: list[str], data: st.DataObject) -> None:
    ids = IdMap("SKU", known)
    question = data.draw(st.lists(st.sampled_from(known), max_size=50)) if known else []
    assert ids.keys[ids.rows(question)].tolist() == question


@given(keys, st.text(max_size=6))
def test_a_key_outside_the_map_has_no_row(known: list[str], other: str) -> None:
    ids = IdMap("SKU", [key for key in known if key != other])
    with pytest.raises(NotFound, match="no SKU"):
        ids.rows([*ids.keys, other])


@given(keys.filter(lambda known: len(known) > 1), st.data())
def test_repeated_or_unsorted_keys_are_refused(known: list[str], data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(known) - 1))
    for wrong in ([*known[: place + 1], *known[place:]], known[::-1]):
        with pytest.raises(ParcelError, match="unique and ascending"):
            IdMap("SKU", wrong)


def test_no_keys_are_a_map_too() -> None:
    assert IdMap("SKU", []).rows(np.array([], object)).tolist() == []
    with pytest.raises(NotFound):
        IdMap("SKU", []).row("A")
