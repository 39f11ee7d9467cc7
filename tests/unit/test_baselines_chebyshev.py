"""The Chebyshev filter beside the same function of the Laplacian's eigenvalues."""

import numpy as np
import pytest
import scipy.sparse as sp

from holley_graph.baselines.chebyshev import ChebyshevOptions, chebyshev_filter, coefficients

TOUCHED = sp.csr_matrix((np.random.default_rng(0).random((14, 9)) < 0.4).astype(float))


def written_out(options: ChebyshevOptions) -> np.ndarray:
    """By all eigenvalues, with the function itself instead of its polynomial."""
    held = TOUCHED.toarray()
    user, item = np.maximum(held.sum(1), 1), np.maximum(held.sum(0), 1)
    normal = held / np.sqrt(user)[:, None] / np.sqrt(item)
    values, vectors = np.linalg.eigh(np.eye(9) - normal.T @ normal)
    x = 2 * values - 1
    passed = (1 - np.sign(x) * np.abs(x) ** options.flatness) / 2
    passed[: options.frequencies] += options.low_pass  # the smoothest come first
    whole = vectors * passed @ vectors.T
    return np.asarray(held / item**options.degree @ whole * item**options.degree)


@pytest.mark.parametrize(("degree", "low_pass"), [(0.0, 0.0), (0.5, 0.0), (0.3, 0.4)])
def test_a_polynomial_of_high_order_is_the_filter_itself(degree: float, low_pass: float) -> None:
    options = ChebyshevOptions(1_000, 3.0, frequencies=4, low_pass=low_pass, degree=degree)
    np.testing.assert_allclose(chebyshev_filter(TOUCHED, options)(TOUCHED), written_out(options), atol=2e-3)


def test_the_polynomial_has_at_the_nodes_what_the_shape_has_at_the_extrema() -> None:
    options = ChebyshevOptions(order=8, flatness=10.0)
    node = np.cos((2 * np.arange(9) + 1) * np.pi / 18)
    extremum = np.cos(np.arange(9) * np.pi / 8)
    wanted = (1 - np.sign(extremum) * np.abs(extremum) ** 10) / 2
    np.testing.assert_allclose(np.polynomial.chebyshev.chebval(node, coefficients(options)), wanted, atol=1e-12)


def test_a_graph_with_fewer_users_than_frequencies_has_the_polynomial_alone() -> None:
    few, none = (ChebyshevOptions(frequencies=9, low_pass=weight) for weight in (0.5, 0.0))
    np.testing.assert_allclose(chebyshev_filter(TOUCHED, few)(TOUCHED), chebyshev_filter(TOUCHED, none)(TOUCHED))
