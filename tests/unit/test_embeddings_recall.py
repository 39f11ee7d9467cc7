"""What the index must find: the nearest products, and of those that only chance tells apart, any."""

import numpy as np
import pytest

from holley_graph.embeddings.writeback import _hits

CLEAR = np.array([10.0, 8, 6, 4, 2, 0])
KIN = np.array([10.0, 8, 0.02, 0.01, 0.0, -0.01])  # two of a kind, the rest is noise


@pytest.mark.parametrize(
    ("scores", "found", "share"),
    [
        (CLEAR, [0, 1, 2], 1),
        (CLEAR, [0, 1, 3], 2 / 3),
        (CLEAR, [3, 4, 5], 0),
        (CLEAR, [0, 1, 2, 3, 4, 5], 1),
        (KIN, [0, 1, 5], 1),
        (KIN, [0, 4, 5], 2 / 3),  # noise stands for noise, not for the partner
        (CLEAR, [1, 2, 3], 2 / 3),
        (KIN, [0, 5], 2 / 3),
    ],
)
def test_the_share_of_the_nearest_that_were_found(scores: np.ndarray, found: list[int], share: float) -> None:
    hit = np.isin(np.arange(len(scores)), found)
    assert _hits(scores, hit, 3) == pytest.approx(share)
