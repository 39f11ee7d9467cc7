"""What is chosen before everything is trained on: what an event counts, and how far the network is trusted."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

from scipy.optimize import minimize_scalar

from holley_graph.counting import weights
from holley_graph.counting.hidden import HiddenChoices, hide
from holley_graph.counting.weights import KindWeights
from holley_graph.model.architectures.likelihood import scores_of
from holley_graph.model.inference import vectors
from holley_graph.model.inference.trained import TrainedModel, rescaled
from holley_graph.model.training import measure
from holley_graph.model.training.checkpoint import Checkpoint
from holley_graph.model.training.fit import Stage, fit
from holley_graph.model.training.held_back import FEWEST_TEST_USERS, LEAST_TRUST, hold_back, trust
from holley_graph.model.training.plan import Plan
from holley_graph.progress import Progress, step
from holley_graph.snapshot.snapshot import Snapshot


@dataclass(frozen=True)
class Choice:
    """What a training chose before it learns from everything.

    Attributes:
        weights: how much a view, a cart and an order count as a choice, as a manifest keeps it;
            none: nothing was counted.
        scale: what vectors of vehicles are multiplied by.
        trust: the scale with what it rests on, as a manifest keeps it; none of a graph without vehicles.
        validation: how a run does on the time that was held back; none: too few people bought anything.
        calibration: what makes its scores probabilities; none likewise.
    """

    weights: dict[str, Any] | None = None
    scale: float = 1.0
    trust: dict[str, Any] | None = None
    validation: dict[str, Any] | None = None
    calibration: dict[str, float] | None = None

    @property
    def of_kinds(self) -> tuple[float, float, float]:
        """How much a view, a cart and an order count."""
        return KindWeights(**(self.weights or {})).of_kinds


def choose(past: Snapshot, plan: Plan, steps: int, checkpoint: Checkpoint, progress: Progress) -> Choice:
    """Train without what is held back, and see how far that helps to know it.

    What hidden people chose says how far the network is trusted. Where they chose too little, a window of time says
    so. The window also says how good the run is, and what makes its scores probabilities.

    Args:
        past: what may be learned from.
        plan: see there.
        steps: full-batch steps at most.
        checkpoint: keeps what was chosen.
        progress: told after each step.
    """
    if checkpoint.choice:
        progress(f"going on with vectors scaled by {checkpoint.choice['scale']:.2f}, as chosen before", 1, 1)
        return Choice(**checkpoint.choice)
    with step(progress, "estimating what a view, a cart and an order count"):
        counts = weights.estimate(past)
    with step(progress, "holding people and time back"):
        hidden, held = hide(past), hold_back(past)
    chosen = None
    if hidden.enough:
        half = max(1, steps // 2)  # enough for one number (docs/experiments.md)
        stage = Stage("choosing how far to trust the network", half, counts.of_kinds, history=False)
        others = fit(hidden.rest, plan, stage, checkpoint=checkpoint, progress=progress)
        with step(progress, "how far to trust the network"):
            chosen = plan.execution.processes.broadcast(partial(_trust, hidden, others))
    stage = Stage("measuring on time that is held back", steps, counts.of_kinds)
    trained = fit(held.early, plan, stage, checkpoint=checkpoint, progress=progress)

    def measured() -> dict[str, Any]:
        scale = trust(held, trained) if chosen is None else chosen
        basis = {
            "choices": len(hidden.chosen) if hidden.enough else 0,
            "held_back_from": held.early.as_of,
            "purchases": held.purchases,
            "enough": held.enough,
        }
        tables = vectors.tables(held.early, rescaled(trained, scale), plan.recipe.config)
        known = (tables, held.early, held.task)
        measurable = len(held.task.user) >= FEWEST_TEST_USERS
        return asdict(
            Choice(
                weights=asdict(counts),
                scale=scale,
                trust={"scale": scale, **basis},
                validation=measure.compare(*known) if measurable else None,
                calibration=measure.calibration(*known) if measurable else None,
            )
        )

    with step(progress, "comparing and calibrating"):
        checkpoint.record(plan.execution.processes.broadcast(measured))
    return Choice(**checkpoint.choice)


def _trust(hidden: HiddenChoices, trained: TrainedModel) -> float:
    """Find the scale of a model's vectors by which what hidden people chose is most likely.

    Between `LEAST_TRUST`, where counting alone ranks, and 1.
    """
    assert trained.counted is not None  # noqa: S101  it was trained just now
    counted = trained.counted.at(hidden.fitment, hidden.candidate_bin)
    scored = scores_of(hidden.offsets, hidden.rest.fits[hidden.fitment, 1], trained.z)
    learned = scored(trained.q[hidden.rest.fits[hidden.chosen, 0]]).double().numpy()

    def loss(scale: float) -> float:
        return -hidden.nats(counted + scale * learned)

    return float(minimize_scalar(loss, bounds=(LEAST_TRUST, 1.0), method="bounded").x)
