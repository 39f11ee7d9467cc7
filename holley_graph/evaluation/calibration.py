"""Does what was said to happen one time in ten happen one time in ten? And what makes a score say so.

Platt, "Probabilistic Outputs for Support Vector Machines" (1999): P(happens | score) = σ(slope · score + offset),
both fitted by maximum likelihood on cases that the scores did not learn from. A positive slope changes no order.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize
from scipy.special import expit

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


@dataclass(frozen=True)
class Calibration:
    """What turns a score into a probability.

    Attributes:
        slope: of the log-odds, positive.
        offset: log-odds of a score of 0.
    """

    slope: float
    offset: float

    def probability(self, score: npt.ArrayLike) -> Floats:
        """[cases] probability that each happens."""
        return np.asarray(expit(self.slope * np.asarray(score, float) + self.offset))


def calibrate(score: npt.ArrayLike, happened: npt.ArrayLike) -> Calibration | None:
    """Fit slope and offset; none where scores say nothing of what happened, or the wrong way round.

    Args:
        score: [cases] of a model that did not learn from them; one that is not finite is left out.
        happened: [cases] whether it did.
    """
    said, did = np.asarray(score, float), np.asarray(happened, float)
    said, did = said[np.isfinite(said)], did[np.isfinite(said)]
    yes, no = did.sum(), len(did) - did.sum()
    if not yes or not no:
        return None
    # Platt's targets: nothing is certain, however well a score parts the cases
    wanted = np.where(did > 0, (yes + 1) / (yes + 2), 1 / (no + 2))

    def loss(at: Floats) -> tuple[float, Floats]:
        logit = at[0] * said + at[1]
        off = expit(logit) - wanted
        return float((np.logaddexp(0, logit) - wanted * logit).mean()), np.array([(off * said).mean(), off.mean()])

    slope, offset = minimize(loss, np.array([1.0, 0.0]), jac=True).x
    return Calibration(float(slope), float(offset)) if slope > 0 else None


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
