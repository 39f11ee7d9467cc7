"""95 % intervals of shares and of their differences."""

from __future__ import annotations

import math

Z = 1.959963984540054
"""The normal distribution's 97.5 % point."""
POWER = 0.8416212335729143
"""Its 80 % point: how surely a difference is to be seen."""
LEAST_DIFFERENCE = 0.00005
"""Two shares that are nearer are written alike."""


def wilson(hits: int, of: int) -> tuple[float, float]:
    """Give the score interval of a share (Wilson, JASA 1927); 0 … 1 when nobody was asked."""
    if not of:
        return 0.0, 1.0
    share, z2 = hits / of, Z * Z
    middle = (share + z2 / (2 * of)) / (1 + z2 / of)
    half = Z * math.sqrt(share * (1 - share) / of + z2 / (4 * of * of)) / (1 + z2 / of)
    return middle - half if hits else 0.0, middle + half if hits < of else 1.0


def newcombe(hits: int, of: int, other_hits: int, other_of: int) -> tuple[float, float]:
    """Give the interval of a share less another one, of different people (Newcombe, Stat. Med. 1998, method 10)."""
    if not of or not other_of:
        return -1.0, 1.0
    a, b = hits / of, other_hits / other_of
    (low_a, high_a), (low_b, high_b) = wilson(hits, of), wilson(other_hits, other_of)
    low = a - b - math.sqrt((a - low_a) ** 2 + (high_b - b) ** 2)
    high = a - b + math.sqrt((high_a - a) ** 2 + (b - low_b) ** 2)
    return low, high


def needed(share: float, other: float) -> int | None:
    """Count the people in each of two arms that show this difference in four of five campaigns.

    There is no such number if there is no difference, to a hundredth of a point. The test is two-sided at 5 %
    (Fleiss, Statistical Methods for Rates and Proportions, without correction).
    """
    if abs(share - other) < LEAST_DIFFERENCE:
        return None
    spread = share * (1 - share) + other * (1 - other)
    return math.ceil((Z + POWER) ** 2 * spread / (share - other) ** 2)
