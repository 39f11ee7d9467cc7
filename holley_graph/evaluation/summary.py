"""All figures of a study as one document of plain values; the report and the verdict read nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from holley_graph.baselines.v5_18 import VERSION as CHAMPION
from holley_graph.evaluation import list_metrics, paired
from holley_graph.evaluation.segments import segments
from holley_graph.evaluation.study import WINDOW_DAYS, Answers, Cut, answers
from holley_graph.evaluation.verdict import METRIC
from holley_graph.times import iso

SAMPLES = 12
COUNTING = "counting"
"""The ranker that every model for vehicles starts from."""
Mask = npt.NDArray[np.bool_]


def measure(cuts: list[Cut], about: Mapping[str, Any]) -> dict[str, Any]:
    """Measure every ranker of a study on identical users.

    Args:
        cuts: all asked with the same rankers.
        about: what else the document should say: data, configurations.

    Returns:
        Plain values; the keys are described in `docs/json_shapes.toml`.
    """
    names = list(cuts[0].scores)
    champion = CHAMPION if CHAMPION in names else "popularity"
    results = {name: answers(cuts, name) for name in names}
    who = np.concatenate([cut.task.user for cut in cuts])
    everybody = np.ones(len(who), bool)
    return {
        **about,
        "champion": champion,
        "metric": METRIC,
        "target": cuts[0].target,
        "days": WINDOW_DAYS,
        "users": len(who),
        "distinct_users": len(np.unique(who)),
        "cuts": [_cut(cut, names) for cut in cuts],
        "rankers": {name: _means(result, everybody) for name, result in results.items()},
        "over_champion": _lifts(results, champion, who, everybody),
        "over_counting": _over_counting(results, list(about.get("configs", ())), who),
        "segments": {
            kind: {
                name: {
                    "users": int(mask.sum()),
                    "rankers": {ranker: _means(result, mask) for ranker, result in results.items()},
                    "over_champion": _lifts(results, champion, who, mask),
                }
                for name, mask in parts.items()
            }
            for kind, parts in segments(cuts).items()
        },
        "lists": {
            name: list_metrics.describe(cuts, result.lists, results[champion].lists)
            for name, result in results.items()
        },
        "samples": _samples(cuts[-1], results, len(who)),
    }


def _means(results: Answers, mask: Mask) -> dict[str, float]:
    return {metric: float(values[mask].mean()) for metric, values in results.values.items()}


def _lifts(results: Mapping[str, Answers], champion: str, who: npt.NDArray[np.int64], mask: Mask) -> dict[str, Any]:
    champion_values = results[champion].values[METRIC][mask]
    return {
        name: paired.compare(result.values[METRIC][mask], champion_values, who[mask])
        for name, result in results.items()
        if name != champion
    }


def _over_counting(results: Mapping[str, Answers], runs: list[str], who: npt.NDArray[np.int64]) -> dict[str, Any]:
    """Say what each run adds to counting, where counting was asked."""
    if COUNTING not in results:
        return {}
    counted = results[COUNTING].values[METRIC]
    return {run: paired.compare(results[run].values[METRIC], counted, who) for run in runs}


def _cut(cut: Cut, names: list[str]) -> dict[str, Any]:
    task = cut.task
    return {
        "as_of": iso(cut.at),
        "users": len(task.user),
        "warm_users": int(task.warm.sum()),
        "candidates": len(task.candidate),
        "targets": int(task.is_target.sum()),
        "events_known": cut.past.events.num_rows,
        METRIC: {name: float(answers([cut], name).values[METRIC].mean()) for name in names},
    }


def _samples(cut: Cut, results: Mapping[str, Answers], total: int) -> list[dict[str, Any]]:
    """A few users of the newest cut, spread evenly: what each ranker put first, and what they bought."""
    task, past = cut.task, cut.past
    sku, part_type = (past.products.column(c).to_pylist() for c in ("sku", "part_type"))
    picked = np.unique(np.linspace(0, len(task.user) - 1, min(SAMPLES, len(task.user))).astype(int))
    first = total - len(task.user)
    return [
        {
            "user_id": str(past.user_ids.keys[task.user[i]]),
            "vehicle_id": str(past.vehicle_ids.keys[task.vehicle[i]]),
            "warm": bool(task.warm[i]),
            "bought": [sku[p] for p in task.candidate[(task.owner == i) & task.is_target]],
            "lists": {
                name: [f"{sku[p]} {part_type[p]}" for p in result.lists[first + i] if p >= 0]
                for name, result in results.items()
            },
        }
        for i in picked
    ]
