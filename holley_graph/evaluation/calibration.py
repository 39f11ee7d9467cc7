"""Calibration: does what is predicted one time in ten happen one time in ten? And what makes a score predict so.

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
    """What was predicted beside what happened, from the least likely to the likeliest.

    Attributes:
        predicted: [bins] mean probability.
        happened: [bins] share of cases in which it did happen.
        cases: [bins] how many.
    """

    predicted: Floats
    happened: Floats
    cases: npt.NDArray[np.int64]

    @property
    def error(self) -> float:
        """Expected calibration error: how far the two are apart, on average over cases."""
        return float(np.average(np.abs(self.predicted - self.happened), weights=self.cases))


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
    scores, outcome = np.asarray(score, float), np.asarray(happened, float)
    scores, outcome = scores[np.isfinite(scores)], outcome[np.isfinite(scores)]
    yes, no = outcome.sum(), len(outcome) - outcome.sum()
    if not yes or not no:
        return None
    # Platt's targets: nothing is certain, however well a score parts the cases
    wanted = np.where(outcome > 0, (yes + 1) / (yes + 2), 1 / (no + 2))

    def loss(at: Floats) -> tuple[float, Floats]:
        logit = at[0] * scores + at[1]
        off = expit(logit) - wanted
        return float((np.logaddexp(0, logit) - wanted * logit).mean()), np.array(
            [(off * scores).mean(), off.mean()]
        )

    slope, offset = minimize(loss, np.array([1.0, 0.0]), jac=True).x
    return Calibration(float(slope), float(offset)) if slope > 0 else None


def reliability(probability: npt.ArrayLike, happened: npt.ArrayLike, bins: int = 10) -> Reliability:
    """Sort cases by probability into bins of one size.

    Args:
        probability: [cases] what was predicted.
        happened: [cases] whether it did.
        bins: at most; there are no empty ones.
    """
    predicted, outcome = np.asarray(probability, float), np.asarray(happened, float)
    parts = [part for part in np.array_split(np.argsort(predicted, kind="stable"), bins) if len(part)]
    return Reliability(
        np.array([predicted[part].mean() for part in parts]),
        np.array([outcome[part].mean() for part in parts]),
        np.array([len(part) for part in parts]),
    )
