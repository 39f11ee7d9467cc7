"""A key has the row where it stands, and −1 where it stands nowhere."""

import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from holley_graph.keys import find, find_text, looked_up

texts = st.lists(st.text(max_size=4), unique=True, max_size=20)


@given(texts, st.lists(st.text(max_size=4), max_size=20))
def test_a_text_is_found_where_it_stands_in_any_order(keys: list[str], wanted: list[str]) -> None:
    expected = [keys.index(text) if text in keys else -1 for text in wanted]
    assert find_text(pa.array(keys, pa.string()), pa.array(wanted, pa.string())).tolist() == expected
    chunks = pa.chunked_array([keys[:1], keys[1:]], pa.string())
    assert find_text(chunks, np.array(wanted, object)).tolist() == expected


@given(texts.map(sorted), st.lists(st.text(max_size=4), max_size=20))
def test_among_ascending_keys_it_is_the_same(keys: list[str], wanted: list[str]) -> None:
    expected = [keys.index(text) if text in keys else -1 for text in wanted]
    assert find(np.array(keys, object), np.array(wanted, object)).tolist() == expected


@given(st.lists(st.integers(-9, 9), unique=True).map(sorted), st.lists(st.integers(-12, 12)))
def test_numbers_are_found_as_texts_are(keys: list[int], wanted: list[int]) -> None:
    expected = [keys.index(number) if number in keys else -1 for number in wanted]
    assert find(np.array(keys, np.int64), np.array(wanted, np.int64)).tolist() == expected


def test_a_row_that_is_nowhere_has_the_other_value():
    rows = np.array([1, -1, 0])
    assert looked_up(np.array([5, 7]), rows, 9).tolist() == [7, 9, 5]
    assert looked_up(np.empty(0), np.array([-1]), 0.5).tolist() == [0.5]
