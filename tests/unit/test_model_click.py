"""Links predicted, not remembered, and a score that leads to a probability."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
import torch
from scipy.special import expit

from holley_graph.counting.utility import count
from holley_graph.embeddings import table
from holley_graph.evaluation import metrics, scoring
from holley_graph.evaluation.calibration import Calibration, reliability
from holley_graph.evaluation.targets import future_choices
from holley_graph.model.architectures.click import Click, ClickConfig
from holley_graph.model.architectures.data import hetero_data, product_levels, vehicle_levels
from holley_graph.model.architectures.layers import find
from holley_graph.model.architectures.likelihood import training_set
from holley_graph.model.architectures.recipe import Recipe
from holley_graph.model.training import curve
from holley_graph.model.training import train as training
from holley_graph.model.training.plan import Plan
from tests.support import planted

SMALL = planted.world(users=60, makes=2, models=2, years=3).snapshot
COUNTED = count(SMALL)
DATA = hetero_data(SMALL, COUNTED.popularity)
CUT = planted.AS_OF - 30 * planted.DAY


def build(config: ClickConfig) -> Click:
    torch.manual_seed(0)
    return Click(DATA, vehicle_levels(SMALL), product_levels(SMALL), config)


def test_no_edge_that_is_foretold_is_among_the_messages_and_all_are_foretold_in_turn() -> None:
    model, events = build(ClickConfig()), training_set(SMALL, COUNTED)
    chosen = events.weight > 0
    edge = find(model.known, events.vehicle * SMALL.products.num_rows + events.product)
    turns = []
    for turn in range(model.options.folds):
        near, held = getattr(model, f"to_product_{turn}").to_dense(), model.folds.counts(edge, turn)
        assert not near[events.product[chosen & (held > 0)], events.vehicle[chosen & (held > 0)]].any()
        turns.append(held)
    assert (torch.stack(turns).mean(0) == 1).all()


def test_what_a_run_says_of_purchases_happens_as_often_where_half_of_what_fits_cannot_be_bought(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An event may be about any part that fits, a purchase that is asked about is one of the other half: twice as
    likely, which only days before the cut can tell."""
    monkeypatch.setattr(training, "STEPS", 30)
    monkeypatch.setattr(curve, "draw", lambda _, path: path.touch())
    world = planted.world(users=12_000)  # 939 purchases to ask about; of 3,000 users' 261 a twelfth is chance
    products, utility = world.snapshot.products, world.utility
    can = np.arange(products.num_rows) % 2 == 0
    at = products.schema.get_field_index("eligible")
    half = replace(world.snapshot, products=products.set_column(at, "eligible", pa.array(can)))
    run = training.train(half, tmp_path, Plan(Recipe("click", ClickConfig(dim=16)), as_of=CUT))
    task = future_choices(half, CUT, 30)
    score = scoring.scores(table.load(run.path), half.before(CUT), task)
    message = Calibration(**run.manifest.calibration).probability(score)
    truth = np.exp(utility[task.vehicle[task.owner], task.candidate])
    truth /= np.bincount(task.owner, truth)[task.owner]
    assert abs(message.mean() / task.is_target.mean() - 1) < 0.1
    assert reliability(expit(score), task.is_target).error > 3 * reliability(message, task.is_target).error
    # a buyer buys a little more than one part
    assert np.abs(message - truth).mean() < 0.8 * np.abs(expit(score) - truth).mean()
    assert (metrics.ranks(task, message) == metrics.ranks(task, score)).all()
    assert run.manifest.metrics["held_out"]["calibration"]["said"] == pytest.approx(message.mean(), abs=1e-4)
