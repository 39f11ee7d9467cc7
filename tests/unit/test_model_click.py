"""Links foretold, not remembered, and a score whose sigmoid is a probability."""

from dataclasses import replace

import numpy as np
import torch

from holley_graph.evaluation.calibration import reliability
from holley_graph.evaluation.targets import future_purchases
from holley_graph.model.architectures import MODELS
from holley_graph.model.click import COUNTED, Click, ClickConfig, counted
from holley_graph.model.data import hetero_data, product_levels, vehicle_levels
from holley_graph.model.execution import Execution
from holley_graph.model.fit import fit
from holley_graph.model.likelihood import KIND_WEIGHTS, choices
from tests.support import planted

SMALL = planted.world(users=60, makes=2, models=2, years=3).snapshot
DATA = hetero_data(SMALL)
CUT = planted.AS_OF - 30 * planted.DAY


def build(config: ClickConfig) -> Click:
    torch.manual_seed(0)
    return Click(DATA, vehicle_levels(SMALL), product_levels(SMALL), config)


def test_a_product_is_counted_before_a_bin_and_not_in_it() -> None:
    config = ClickConfig(bins=3, bin_days=45, half_life_bins=1e9)
    age = (SMALL.as_of - 1 - SMALL.event("at")) // (45 * planted.DAY)
    worth = np.array(KIND_WEIGHTS)[SMALL.event("kind")]
    logs = [
        np.log1p(np.bincount(SMALL.event("product"), worth * (np.minimum(age, 2) >= b), SMALL.products.num_rows))
        for b in range(4)
    ]
    found = counted(DATA, product_levels(SMALL), config)[:, :, COUNTED.index("product")].numpy()
    np.testing.assert_allclose(found, (np.array(logs) - logs[0].mean()) / logs[0].std(ddof=1), rtol=1e-4, atol=1e-5)
    assert np.ptp(found[3]) == 0


def test_no_edge_that_is_foretold_is_among_the_messages_and_all_are_foretold_in_turn() -> None:
    model, events = build(ClickConfig(bins=1)), choices(SMALL, 1, 45)
    chosen = torch.zeros(len(events.fit_vehicle)).index_add(0, events.fit, events.weight) > 0
    turns = []
    for turn in range(model.options.folds):
        model.folds.turn.fill_(turn)
        near, held = getattr(model, f"to_product_{turn}").to_dense(), model._held(events)
        assert not near[events.fit_product[chosen & (held > 0)], events.fit_vehicle[chosen & (held > 0)]].any()
        turns.append(held)
    assert (torch.stack(turns).mean(0) == 1).all()


def test_links_are_not_moved_by_the_ranker_that_reads_them() -> None:
    model, events = build(ClickConfig(bins=1)), choices(SMALL, 1, 45)
    slopes = []
    for feature in (0.0, 2.0):
        model.folds.turn.zero_()
        model.feature.data[:] = feature
        model.zero_grad()
        model.loss(events).backward()
        slopes.append(model.vehicle.tables["vehicle"].grad.clone())
    torch.testing.assert_close(*slopes)


def test_the_sigmoid_of_a_score_is_how_often_the_next_event_is_about_that_part() -> None:
    world = planted.world(users=3_000).snapshot
    chosen = replace(MODELS["click"], config=ClickConfig(dim=16))
    fitted, _ = fit(world.before(CUT), chosen, 30, seed=0, execution=Execution())
    task = future_purchases(world, CUT, 30)
    vehicle = task.vehicle[task.owner]
    score = (fitted.q[vehicle] * fitted.z[task.candidate]).sum(1) + fitted.popularity[task.candidate]
    table = reliability(torch.sigmoid(score).numpy(), task.is_target, bins=5)
    assert len(table.said) == 5 and table.said[-1] > 3 * table.said[0]
    # a buyer buys a little more than one part
    assert table.error < 0.02
    assert abs(table.happened[-1] / table.said[-1] - 1) < 0.3
