"""Each preset is what its name says, beside the usual shop of the same seed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from scipy.stats import binomtest

from holley_graph.errors import SettingsError
from holley_graph.simulator import PRESETS, World, generate
from holley_graph.simulator.sessions import MORE_VIEWS, NEXT_LINE
from holley_graph.simulator.taste import BOUNDARY
from holley_graph.times import DAY

USERS = 2_000
CRAWLED = 500
"""Events from which on a user is a crawler."""


@pytest.fixture(scope="module")
def worlds(tmp_path_factory: pytest.TempPathFactory) -> dict[str, World]:
    folder = tmp_path_factory.mktemp("presets")
    return {name: generate(folder / name, users=USERS, seed=5, preset=name) for name in PRESETS}


def last_month(world: World) -> int:
    """Purchases by owners in the last 30 days."""
    return int((world.purchases()[2] >= world.as_of - 30 * DAY).sum())


def by_visitors(world: World) -> float:
    """Share of the events of people whose user id has no attributes, crawlers apart."""
    events = pq.read_table(world.folder / "events.parquet", columns=["user_id"])["user_id"].to_pandas()
    counts = events[events.str.strip() != ""].value_counts()
    people = counts[counts < CRAWLED]
    return float(people[~people.index.isin(world.user_ids)].sum() / people.sum())


def monthly_step(world: World) -> float:
    """Spread, over parts, of how far popularity moves in a month."""
    return float(np.diff(world.arrays["truth_drift"], axis=0).std())


def goes_on(world: World) -> float:
    """Correlation of what a part gains in three months with what it gains in the next three."""
    drift = world.arrays["truth_drift"]
    gained = drift[3:] - drift[:-3]
    return float(np.corrcoef(gained[:-3].ravel(), gained[3:].ravel())[0, 1])


def test_a_month_is_thin_or_full(worlds: dict[str, World]) -> None:
    purchases = {name: last_month(world) for name, world in worlds.items()}
    assert 2 * purchases["thin-month"] < purchases["usual"] < purchases["full-month"] / 2


def test_visitors_are_few_or_many(worlds: dict[str, World]) -> None:
    shares = {name: by_visitors(world) for name, world in worlds.items()}
    assert shares["few-visitors"] < 0.15 < 0.3 < shares["usual"] < 0.6 < shares["many-visitors"]


def test_a_trend_is_slow_or_fast_or_turns(worlds: dict[str, World]) -> None:
    steps = {name: monthly_step(world) for name, world in worlds.items()}
    assert 2 * steps["slow-trend"] < steps["usual"] < steps["fast-trend"] / 2
    assert goes_on(worlds["turning-trend"]) < goes_on(worlds["usual"]) - 0.1


@pytest.mark.parametrize("name", PRESETS)
def test_as_many_owners_act_as_a_preset_says(name: str, worlds: dict[str, World]) -> None:
    world = worlds[name]
    own = len(world.arrays["taste"])
    acted = len(np.unique(world.arrays["view_person"]))
    assert binomtest(acted, own, PRESETS[name].event_share).pvalue > 1e-4
    assert world.meta["sizes"]["visitors"] == round(PRESETS[name].visitors_per_user * USERS)


@pytest.mark.parametrize("name", PRESETS)
def test_as_many_visits_end_in_an_order_as_a_preset_says(name: str, worlds: dict[str, World]) -> None:
    """A visit has a view and some more; an order has a line, and with a chance a second, a third and a fourth."""
    world = worlds[name]
    views, lines = 1 + MORE_VIEWS, sum(NEXT_LINE**n for n in range(4))
    bought = (world.purchases()[2] >= BOUNDARY.timestamp()).sum()
    share = bought / lines / (len(world.arrays["view_at"]) / views)
    assert share == pytest.approx(PRESETS[name].order_share, rel=0.25)


@pytest.mark.parametrize("name", [name for name in PRESETS if name.endswith("trend")])
def test_popularity_moves_in_a_month_as_far_as_the_strengths_of_a_preset_say(
    name: str, worlds: dict[str, World]
) -> None:
    """The variances of a season, two walks and the families that rise or fall add up."""
    strengths, drift = PRESETS[name].strengths, worlds[name].arrays["truth_drift"]
    season = 2 * (strengths.season * np.sin(np.pi * 30 / 30.44 / 12)) ** 2
    bins = len(drift)
    moving = min(strengths.trend_months, bins / 2) * (1 + strengths.turn) / (bins - 4)
    trend = 2 * strengths.trend_share * moving * (strengths.trend / strengths.trend_months) ** 2
    wanted = np.sqrt(season + strengths.type_walk**2 + strengths.product_walk**2 + trend)
    assert monthly_step(worlds[name]) == pytest.approx(wanted, rel=0.1)


def test_a_preset_changes_nothing_but_what_its_name_says(worlds: dict[str, World]) -> None:
    usual = worlds["usual"]
    for name, world in worlds.items():
        assert world.meta["rows"]["fitment"] == usual.meta["rows"]["fitment"]
        assert world.meta["preset"] == name
        if not name.endswith("trend"):
            assert world.meta["strengths"] == usual.meta["strengths"]
            np.testing.assert_array_equal(world.arrays["truth_drift"], usual.arrays["truth_drift"])


def test_a_preset_that_is_not_there_is_refused_with_those_that_are(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="no preset 'brisk'") as refused:
        generate(tmp_path, users=300, preset="brisk")
    assert all(name in str(refused.value.hint) for name in PRESETS)
