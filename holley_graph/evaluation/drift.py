"""How far a release has moved from the one before, once both look the same way.

Inner products do not change when all vectors turn together, so two trainings may agree on every score and share no
coordinate. The orthogonal Procrustes rotation (Schönemann, Psychometrika 1966) turns the new vectors onto the old:

    R = argmin_{RᵀR = 1} ‖Z_new R − Z_old‖ = U Vᵀ,   U Σ Vᵀ = svd(Z_newᵀ Z_old)
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from holley_graph.embeddings.table import EXTRA, Table, Tables
from holley_graph.evaluation import metrics, scoring
from holley_graph.evaluation.targets import RankingTask
from holley_graph.snapshot.snapshot import Ints, Snapshot

Floats = npt.NDArray[np.float64]
TOP = 4
MEASURED = ("product", "vehicle", "vehicle_model", "make", "user")
ASKED = 20_000
"""People with a history who are asked at most, drawn at random: their share is within .7 points of that of all."""
BLOCK = 4_000
"""Askers ranked for at once."""


def rotation(new: Table, old: Table) -> Floats:
    """[dim, dim] what turns new products' vectors onto the old ones of the products that both have.

    Args:
        new, old: tables of products, of one length.
    """
    now, before = _shared(new, old)
    left, _, right = np.linalg.svd(now.T @ before)
    turned: Floats = left @ right
    return turned


def measure(new: Tables, old: Tables, snapshot: Snapshot) -> dict[str, Any]:
    """Say how far vectors moved, and for whom that changes anything.

    Args:
        new: tables of the new run, rotated.
        old: tables of the release before.
        snapshot: that the new run was trained on.

    Returns:
        `moved`: per table how many keys both have, the mean cosine of old and new vector without popularity, and
        the mean length of the difference over the mean length. `owners` with fitting parts, and `top_four_changed`:
        the share of them for whom other parts are the best four of what fits, by whichever vector answers them.
        Of more than `ASKED` people with a history, some speak for all.
    """
    moved = {}
    for name in MEASURED:
        now, before = _shared(new[name], old[name])
        lengths = np.linalg.norm(now, axis=1) * np.linalg.norm(before, axis=1)
        pointing = lengths > 0  # who has neither vehicle nor history points nowhere
        cosine = (now * before).sum(1)[pointing] / lengths[pointing]
        apart, long = (float(np.linalg.norm(vectors, axis=1).sum()) for vectors in (now - before, before))
        moved[name] = {
            "both": len(now),
            "cosine": round(float(cosine.mean()), 4) if len(cosine) else None,
            "move": round(apart / long, 4) if long else None,
        }
    owners, changed = _answers_changed(new, old, snapshot)
    return {"moved": moved, "owners": owners, "top_four_changed": round(changed / owners, 4) if owners else None}


def _shared(new: Table, old: Table) -> tuple[Floats, Floats]:
    """[keys that both have, dim] vectors without popularity and padding."""
    row = old.find(new.keys)
    now, before = new.vectors[row >= 0, :-EXTRA], old.vectors[row[row >= 0], :-EXTRA]
    return now.astype(float), before.astype(float)


def _answers_changed(new: Tables, old: Tables, snapshot: Snapshot) -> tuple[int, float]:
    """Count the owners of vehicles that something fits, and those whose best four are others."""
    known = np.flatnonzero(snapshot.user_vehicle >= 0)
    sample = known if len(known) <= ASKED else np.random.default_rng(0).choice(known, ASKED, replace=False)
    silent = np.array(snapshot.vehicles.column("owners").to_numpy(), np.int64)
    silent = silent - np.bincount(snapshot.user_vehicle[known], minlength=len(silent))
    vehicles = np.flatnonzero(silent > 0)
    user = np.concatenate([sample, np.full(len(vehicles), -1)])
    vehicle = np.concatenate([snapshot.user_vehicle[sample], vehicles])
    weight = np.concatenate([np.full(len(sample), len(known) / max(len(sample), 1)), silent[vehicles]])
    scorers = [scoring.Scorer(tables, snapshot) for tables in (new, old)]
    owners = changed = 0.0
    for start in range(0, len(user), BLOCK):
        cut = slice(start, start + BLOCK)
        task = _fitting(snapshot, user[cut], vehicle[cut])
        best = [_best(scorer, task) for scorer in scorers]
        has_answer = (best[0] >= 0).any(1)
        owners += float(weight[cut][has_answer].sum())
        changed += float(weight[cut][has_answer & (best[0] != best[1]).any(1)].sum())
    return round(owners), changed


def _fitting(snapshot: Snapshot, user: Ints, vehicle: Ints) -> RankingTask:
    """Ask for the best of all that fits and is eligible, bought before or not."""
    cells, offsets = snapshot.fitting(vehicle)
    owner, product = np.repeat(np.arange(len(user)), np.diff(offsets)), snapshot.fits[cells, 1]
    able = np.asarray(snapshot.products.column("eligible"), bool)[product]
    starts = np.searchsorted(owner[able], np.arange(len(user) + 1)).astype(np.int64)
    return RankingTask(user, vehicle, starts, product[able], np.zeros(int(able.sum()), bool), user >= 0)


def _best(scorer: scoring.Scorer, task: RankingTask) -> Ints:
    """[askers, TOP] the best, in no order."""
    position = metrics.ranks(task, scorer(task))
    return np.sort(metrics.first(task, position, TOP), axis=1)
