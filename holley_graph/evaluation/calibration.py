"""Does what was said to happen one time in ten happen one time in ten?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Reliability:
    """What was said beside what happened, from the least likely to the likeliest.

    Attributes:
        said: [bins] mean probability.
        happened: [bins] share of cases in which it did happen.
        cases: [bins] how many.
    """

    said: Floats
    happened: Floats
    cases: npt.NDArray[np.int64]

    @property
    def error(self) -> float:
        """Expected calibration error: how far the two are apart, on average over cases."""
        return float(np.average(np.abs(self.said - self.happened), weights=self.cases))


def reliability(probability: npt.ArrayLike, happened: npt.ArrayLike, bins: int = 10) -> Reliability:
    """Sort cases by probability into bins of one size.

    Args:
        probability: [cases] what was said.
        happened: [cases] whether it did.
        bins: at most; there are no empty ones.
    """
    said, did = np.asarray(probability, float), np.asarray(happened, float)
    parts = [part for part in np.array_split(np.argsort(said, kind="stable"), bins) if len(part)]
    return Reliability(
        np.array([said[part].mean() for part in parts]),
        np.array([did[part].mean() for part in parts]),
        np.array([len(part) for part in parts]),
    )
