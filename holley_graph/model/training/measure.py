"""What a run is measured by: purchases that it did not see, beside popularity among what fits."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from holley_graph.baselines import popularity
from holley_graph.embeddings import table
from holley_graph.evaluation import metrics, scoring
from holley_graph.evaluation.calibration import Calibration, calibrate, reliability
from holley_graph.evaluation.targets import RankingTask, future_choices
from holley_graph.model.training.held_back import WINDOW_DAYS
from holley_graph.snapshot.snapshot import Snapshot


def held_out(
    tables: table.Tables, full: Snapshot, past: Snapshot, calibrated: dict[str, float] | None
) -> dict[str, Any] | None:
    """Measure a run on what was bought after its cut; none where the snapshot knows nothing of that.

    Args:
        tables: of the run.
        full: knows the days after the cut.
        past: what the run learned from.
        calibrated: see `compare`.
    """
    if past.as_of >= full.as_of:
        return None
    return compare(tables, past, future_choices(full, past.as_of, WINDOW_DAYS), calibrated)


def calibration(tables: table.Tables, early: Snapshot, task: RankingTask) -> dict[str, float] | None:
    """Fit what makes a score the probability that somebody who buys within the window buys this part.

    Args:
        tables: of a run that knows nothing of the window.
        early: what was known before it.
        task: of the window.

    Returns:
        A `Calibration` as a manifest keeps it; none where scores say nothing of purchases.
    """
    fitted = calibrate(scoring.scores(tables, early, task), task.is_target)
    return None if fitted is None else asdict(fitted)


def compare(
    tables: table.Tables,
    past: Snapshot,
    task: RankingTask,
    calibrated: dict[str, float] | None = None,
) -> dict[str, Any] | None:
    """Measure a run against popularity among what fits, on the same users.

    Args:
        tables: of the run.
        past: what was known before the window of the task.
        task: who is asked about.
        calibrated: fitted on other time; none: nothing is said of probabilities.
    """
    if not len(task.user):
        return None
    model_scores, popular_scores = scoring.scores(tables, past, task), popularity.scores(task, past)
    ranked = [metrics.ranks(task, values) for values in (model_scores, popular_scores)]
    mrr = [metrics.per_user(task, position, 4)["MRR@4"] for position in ranked]
    return {
        "users": len(task.user),
        "warm_users": int(task.warm.sum()),
        "days": WINDOW_DAYS,
        "run": metrics.summary(task, model_scores),
        "popularity": metrics.summary(task, popular_scores),
        "MRR@4 over popularity": metrics.lift(task, mrr[0], mrr[1]),
        "calibration": calibrated and _reliable(Calibration(**calibrated).probability(model_scores), task),
    }


def _reliable(predicted: Any, task: RankingTask) -> dict[str, float]:
    return {
        "said": round(float(predicted.mean()), 5),
        "happened": round(float(task.is_target.mean()), 5),
        "error": round(reliability(predicted, task.is_target).error, 5),
    }
