"""Lists in two arrays are the lists that Python would hold."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from holley_graph.ragged import Ragged

ROWS = 6
pairs = st.lists(st.tuples(st.integers(-1, ROWS - 1), st.integers(-1, 9)), max_size=30)


def arrays(given_pairs):
    columns = zip(*given_pairs, strict=True) if given_pairs else ([], [])
    return (np.array(column, np.int64) for column in columns)


def lists(ragged):
    return [ragged[row].tolist() for row in range(len(ragged))]


@given(pairs)
def test_lists_keep_the_order_of_what_was_grouped(some):
    ragged = Ragged.of(*arrays(some), ROWS)
    assert lists(ragged) == [[value for row, value in some if row == place] for place in range(ROWS)]


@given(pairs)
def test_ascending_lists_leave_out_what_is_unknown(some):
    ragged = Ragged.ascending(*arrays(some), ROWS)
    wanted = [sorted(value for row, value in some if row == place and value >= 0) for place in range(ROWS)]
    assert lists(ragged) == wanted
    assert ragged.row.tolist() == [place for place, values in enumerate(wanted) for _ in values]


@given(pairs, st.lists(st.integers(0, ROWS - 1), max_size=8))
def test_lists_of_many_rows_come_end_to_end(some, wanted):
    ragged = Ragged.ascending(*arrays(some), ROWS)
    rows = np.array(wanted, np.int64)
    position, cell = ragged.flat(rows)
    every = [(place, value) for place, row in enumerate(wanted) for value in ragged[row].tolist()]
    assert list(zip(position.tolist(), ragged.values[cell].tolist(), strict=True)) == every
    assert lists(ragged.of_rows(rows)) == [ragged[row].tolist() for row in wanted]
