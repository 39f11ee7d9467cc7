"""Linear filters of the graph of who touched what: closed form, nothing is trained.

GF-CF (Shen et al., "How Powerful is Graph Convolution for Recommendation?", CIKM 2021) takes what users touched for
a signal on products, and lets its smooth part pass. R̃ = U^-½ R D^-½ are the interactions, normalised by the
degrees U of users and D of products; V, σ are its top right singular vectors and values.

    f(r) = r R̃ᵀR̃ + low_pass · r D^-½ V Vᵀ D^½

Sharpening (Choi et al., "Blurring-Sharpening Process Models for Collaborative Filtering", SIGIR 2023) then takes
away some of what one more blurring would leave, f ← f − sharpen · f R̃ᵀR̃: what is the same for everybody goes
first. R̃ᵀR̃ is next to nothing outside the smooth part once it is squared, so that within it is enough, and costs
no second pass:

    f R̃ᵀR̃ ≈ (r V σ⁴ + low_pass · r D^-½ V (Vᵀ D^½ V) σ²) Vᵀ
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp
from scipy.sparse.linalg import svds

Floats = npt.NDArray[np.floating]
Filter = Callable[[Any], Floats]
"""What users touched, [users, products] sparse, to their scores over all products."""


@dataclass(frozen=True)
class FilterOptions:
    """What can be tuned; by default GF-CF as published, with fewer frequencies."""

    frequencies: int = 64
    """How many of the smoothest signals pass; none where there are no more users or products than that."""
    low_pass: float = 0.3
    """Their weight beside neighbours."""
    sharpen: float = 0.0
    """How much of one more blurring is taken away."""


def graph_filter(history: sp.csr_matrix, options: FilterOptions) -> Filter:
    """Build the filter of a graph.

    Args:
        history: [users, products] 1 for what a user touched.
        options: see there.
    """
    user, item = (np.maximum(np.asarray(history.sum(axis)).ravel(), 1) for axis in (1, 0))
    normal = (sp.diags(user**-0.5) @ history @ sp.diags(item**-0.5)).tocsr()
    back = normal.T.tocsr()
    root, values, smooth = item[:, None] ** 0.5, np.zeros(0), np.zeros((normal.shape[1], 0))
    if min(normal.shape) > options.frequencies:
        start = np.ones(min(normal.shape))  # makes ARPACK repeat itself
        _, values, vectors = svds(normal, options.frequencies, v0=start)
        smooth = vectors.T
    wide = options.low_pass * smooth / root
    passed = smooth * root
    # what the smooth part of the sum becomes when it is blurred once more
    again = smooth * values**4 + wide @ (smooth.T @ passed) * values**2

    def filtered(own: Any) -> Floats:
        near = ((own @ back) @ normal).toarray()
        near += (own @ wide) @ passed.T
        if options.sharpen:
            near -= options.sharpen * (own @ again) @ smooth.T
        return np.asarray(near)

    return filtered
