"""Vectors beside popularity instead of in its place: the formulas that exports and evaluations share."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from holley_graph.embeddings.table import EXTRA

Floats = npt.NDArray[np.float64]
TIE = 0.0049
"""Half of what likeness may add to a popularity of two decimals without changing its order."""


def unit(vectors: npt.NDArray[np.floating]) -> Floats:
    """Bring served vectors [n, dim + EXTRA] to length 1, without popularity and padding: taste alone, [n, dim]."""
    taste = vectors[:, :-EXTRA].astype(float)
    length = np.linalg.norm(taste, axis=1, keepdims=True)
    return taste / np.where(length > 0, length, 1.0)


def hybrid(popularity: Floats, spoken: npt.NDArray[np.bool_], likeness: Floats) -> Floats:
    """Keep popularity where owners of the like have spoken, and let taste speak for the rest.

    Args:
        popularity: what the baseline scores, two decimals.
        spoken: the score comes from the vehicle's segment or make.
        likeness: cosine of the person's or vehicle's vector with the part's, −1 … 1; NaN counts as 0.

    Returns:
        Where `spoken`: popularity, ties broken by likeness. Elsewhere, where the baseline knows only what everybody
        buys or nothing at all: likeness as 0 … 1, below every segment's and make's score.
    """
    known = np.where(np.isnan(likeness), 0.0, likeness)
    return np.where(spoken, popularity + TIE * (1 + known), (1 + known) / 2)


def widest(vehicles: npt.NDArray[np.int64], eligible: npt.NDArray[np.bool_], share: float) -> npt.NDArray[np.bool_]:
    """Say which products are universal: the share of the eligible ones that fit the most vehicles.

    Args:
        vehicles: [products] how many vehicles each fits.
        eligible: [products] which count.
        share: of the eligible ones; equals of the last one count as well.
    """
    counts = np.sort(vehicles[eligible])[::-1]
    if not len(counts):
        return eligible
    wide: npt.NDArray[np.bool_] = eligible & (vehicles >= counts[math.ceil(share * len(counts)) - 1])
    return wide
