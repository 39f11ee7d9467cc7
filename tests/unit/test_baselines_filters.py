"""Linear filters beside the same mathematics written out with dense matrices."""

import numpy as np
import pytest
import scipy.sparse as sp

from holley_graph.baselines.filters import FilterOptions, graph_filter

TOUCHED = sp.csr_matrix((np.random.default_rng(0).random((14, 9)) < 0.4).astype(float))


def written_out(options: FilterOptions) -> np.ndarray:
    held = TOUCHED.toarray()
    user, item = np.maximum(held.sum(1), 1), np.maximum(held.sum(0), 1)
    normal = held / np.sqrt(user)[:, None] / np.sqrt(item)
    smooth = np.linalg.svd(normal)[2][: options.frequencies].T
    wide = held / np.sqrt(item) @ smooth @ (smooth.T * np.sqrt(item))
    passed = held @ normal.T @ normal + options.low_pass * wide
    return np.asarray(passed - options.sharpen * passed @ normal.T @ normal)


@pytest.mark.parametrize("low_pass", [0.0, 0.3, 1.0])
def test_without_sharpening_it_is_gf_cf(low_pass: float) -> None:
    options = FilterOptions(frequencies=4, low_pass=low_pass)
    np.testing.assert_allclose(graph_filter(TOUCHED, options)(TOUCHED), written_out(options), atol=1e-10)


def test_sharpening_takes_another_blurring_away() -> None:
    options = FilterOptions(frequencies=8, sharpen=0.8)
    error = graph_filter(TOUCHED, options)(TOUCHED) - written_out(options)
    assert np.abs(error).max() < 1e-2 * np.abs(written_out(options)).max()


def test_a_graph_with_fewer_users_than_frequencies_knows_neighbours_alone() -> None:
    few = FilterOptions(frequencies=9, sharpen=0.5)
    np.testing.assert_allclose(graph_filter(TOUCHED, few)(TOUCHED), written_out(FilterOptions(0, 0.0)), atol=1e-10)
