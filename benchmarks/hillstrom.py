"""The arithmetic of `campaign` on a published email experiment: effects, and how often its intervals cover.

    python -m benchmarks.hillstrom --data DIR

64,000 people in three arms (MineThatData E-Mail Analytics Challenge). Two questions, 500 times each. Does the
interval of a random half of the people cover the effect in all of them? Does the interval between two random halves
of the arm without email cover zero, as it should in 95 % of cases?
"""

from __future__ import annotations

import argparse
import csv
import gzip
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.record import record
from holley_graph.campaign.intervals import newcombe

DRAWS, NOBODY = 500, "No E-Mail"
Marks = dict[str, np.ndarray]


def main() -> None:
    """Measure and write down."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    arm, marks = _read(parser.parse_args().data / "hillstrom.csv.gz")
    effects = {
        f"{name}, {what}": _effect(arm, hit, name, np.ones(len(arm), bool))
        for name in np.unique(arm).tolist()
        if name != NOBODY
        for what, hit in marks.items()
    }
    rng = np.random.default_rng(0)
    covered = dict.fromkeys(effects, 0)
    same = dict.fromkeys(marks, 0)
    for _ in range(DRAWS):
        half = rng.permutation(len(arm)) < len(arm) // 2
        for key, effect in effects.items():
            name, what = key.split(", ")
            half_effect = _effect(arm, marks[what], name, half)
            covered[key] += half_effect["low"] <= effect["difference"] <= half_effect["high"]
        for what, hit in marks.items():
            one, other = (hit[(arm == NOBODY) & side] for side in (half, ~half))
            low, high = newcombe(int(one.sum()), len(one), int(other.sum()), len(other))
            same[what] += low <= 0 <= high
    record(
        "hillstrom",
        {
            "people": len(arm),
            "effects": effects,
            "halves": DRAWS,
            "effect covered by the interval of a half": {key: n / DRAWS for key, n in covered.items()},
            "zero covered between two halves without email": {key: n / DRAWS for key, n in same.items()},
        },
    )


def _read(file: Path) -> tuple[np.ndarray, Marks]:
    with gzip.open(file, "rt", encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines))
    marks = {name: np.array([row[name] == "1" for row in rows]) for name in ("visit", "conversion")}
    return np.array([row["treatment"] for row in rows]), marks


def _effect(arm: np.ndarray, hit: np.ndarray, name: str, some: np.ndarray) -> dict[str, Any]:
    one, other = (hit[(arm == group) & some] for group in (name, NOBODY))
    low, high = newcombe(int(one.sum()), len(one), int(other.sum()), len(other))
    return {"difference": float(one.mean() - other.mean()), "low": low, "high": high}


if __name__ == "__main__":
    main()
