"""Each preset is what its name says, beside the usual shop of the same seed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from holley_graph.errors import SettingsError
from holley_graph.simulator import PRESETS, World, generate
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
