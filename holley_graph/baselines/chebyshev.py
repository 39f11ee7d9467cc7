"""A graph filter of a chosen shape, without eigenvectors: ChebyCF.

After Kim, Sung, Han & Lee, "Graph Spectral Filtering with Chebyshev Interpolation for Recommendation" (SIGIR 2025).
As in `filters`, what a user touched is a signal on products, R̃ = U^-½ R D^-½ the normalised interactions. Here the
filter is a function h of the Laplacian I − R̃ᵀR̃, whose eigenvalues λ lie between 0 (smooth) and 1:

    f(r) = r D^-degree [h(2L − I) + low_pass · V Vᵀ] D^degree
    h(x) = ½ (1 − sign(x) |x|^flatness),   x = 2λ − 1     flat in the middle, 1 at the smoothest, 0 at the roughest

A polynomial Σ c_k T_k(2L − I) of order `order` takes the place of h. At the Chebyshev nodes it has the values of h
at the extrema of T_order, which lie a little further out; so does the authors' code. Each term costs one pass over
the interactions, T_k+1 = 2 (2L − I) T_k − T_k−1. So all frequencies have their say, and none is computed.
V are the smoothest eigenvectors, which pass once more.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp
from scipy.sparse.linalg import svds

from holley_graph.baselines.filters import Filter, Floats


@dataclass(frozen=True)
class ChebyshevOptions:
    """What can be tuned."""

    order: int = 8
    """Of the polynomial: passes over the interactions."""
    flatness: float = 2.0
    """Exponent of h: the higher, the longer all frequencies in the middle count the same."""
    frequencies: int = 512
    """How many of the smoothest signals pass once more; none where there are no more users or products."""
    low_pass: float = 0.2
    """Their weight."""
    degree: float = 0.3
    """Power of a product's degree that its signal is divided by before, and multiplied by after."""


def chebyshev_filter(history: sp.csr_matrix, options: ChebyshevOptions) -> Filter:
    """Build the filter of a graph.

    Args:
        history: [users, products] 1 for what a user touched; all is computed in its precision.
        options: see there.
    """
    user, item = (np.maximum(np.asarray(history.sum(axis)).ravel(), 1) for axis in (1, 0))
    kind = history.dtype
    normal = (sp.diags(user**-0.5) @ history @ sp.diags(item**-0.5)).tocsr().astype(kind)
    back = normal.T.tocsr()
    smooth = np.zeros((normal.shape[1], 0), kind)
    if min(normal.shape) > options.frequencies:
        start = np.ones(min(normal.shape), kind)  # makes ARPACK repeat itself
        smooth = svds(normal, options.frequencies, v0=start)[2].T
    weights = coefficients(options).astype(kind)
    degree = (item**options.degree).astype(kind)[:, None]

    def shifted(signal: Floats) -> Any:
        """(2L − I) · signal, [products, users]."""
        return signal - 2 * (back @ (normal @ signal))

    def filtered(own: Any) -> Floats:
        signal = np.ascontiguousarray(own.toarray().T, kind) / degree
        before, now = signal, shifted(signal)
        passed = weights[0] * before + weights[1] * now
        for weight in weights[2:]:
            before, now = now, 2 * shifted(now) - before
            passed += weight * now
        passed += options.low_pass * (smooth @ (smooth.T @ signal))
        return np.asarray((passed * degree).T)

    return filtered


def coefficients(options: ChebyshevOptions) -> npt.NDArray[np.float64]:
    """[order + 1] c of the polynomial that has h of the extrema of T_order at the Chebyshev nodes, as published."""
    count = options.order + 1
    angle = (2 * np.arange(count) + 1) * np.pi / (2 * count)
    extremum = np.cos(np.arange(count) * np.pi / options.order)
    wanted = (1 - np.sign(extremum) * np.abs(extremum) ** options.flatness) / 2
    weights = 2 / count * np.cos(np.outer(np.arange(count), angle)) @ wanted
    weights[0] /= 2
    return np.asarray(weights)
