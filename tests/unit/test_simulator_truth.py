"""What a world that was opened again answers of its truth, beside the truth's own arrays in plain Python."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest

from holley_graph.errors import ParcelError
from holley_graph.simulator import World, generate
from holley_graph.simulator.choice import Chooser
from holley_graph.simulator.config import Sizes, Strengths, WorldConfig
from holley_graph.simulator.presets import PRESETS
from holley_graph.simulator.scene import Scene
from holley_graph.simulator.taste import BIN, BOUNDARY, TASTES
from holley_graph.simulator.vehicles import MAKE_WEIGHT, _popularity
from holley_graph.times import DAY, seconds

NOW = seconds("2025-12-01")


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return generate(tmp_path_factory.mktemp("truth"), users=800, seed=4)


def fitting(world: World, vehicle: int) -> np.ndarray:
    offset = world.arrays["truth_fit_offset"]
    skus: np.ndarray = world.arrays["truth_fit_sku"][offset[vehicle] : offset[vehicle + 1]]
    return skus


def vehicles_with(world: World, least: int) -> np.ndarray:
    return np.flatnonzero(np.diff(world.arrays["truth_fit_offset"]) >= least)


def test_of_a_vehicle_alone_the_truth_is_its_taste_and_the_time(world: World) -> None:
    arrays, number = world.arrays, int(vehicles_with(world, 6)[3])
    choices = world.choice_probabilities(at=NOW, vehicles=[str(world.vehicle_ids[number])])
    skus = fitting(world, number)
    start = int(arrays["truth_fit_offset"][number])
    month = (NOW - int(arrays["truth_begin"])) // BIN
    weights = [
        math.exp(float(arrays["truth_static"][start + place]) + float(arrays["truth_drift"][month, sku]))
        for place, sku in enumerate(skus)
    ]
    assert choices.skus.tolist() == skus.tolist()
    np.testing.assert_allclose(choices.probabilities, np.array(weights) / sum(weights), rtol=1e-4)


def without_history(world: World) -> np.ndarray:
    """Users who own something that parts fit, and did nothing."""
    acted = np.union1d(world.arrays["purchase_person"], world.arrays["view_person"])
    vehicle = world.arrays["user_vehicle"]
    able = np.isin(vehicle, vehicles_with(world, 4))
    return np.flatnonzero(able & ~np.isin(world.arrays["user_person"], acted))


def test_the_hidden_taste_of_a_person_is_all_that_a_silent_owner_adds(world: World) -> None:
    user = int(without_history(world)[0])
    vehicle = [str(world.vehicle_ids[world.arrays["user_vehicle"][user]])]
    ids = world.user_ids[[user]]
    seen, hidden = (world.choice_probabilities(at=NOW, users=ids, hidden=value) for value in (False, True))
    usual = world.choice_probabilities(at=NOW, vehicles=vehicle)
    np.testing.assert_allclose(seen.probabilities, usual.probabilities, rtol=1e-4)
    arrays, person = world.arrays, int(world.arrays["user_person"][user])
    bonus = arrays["truth_taste"][usual.skus].astype(float) @ arrays["taste"][person].astype(float)
    bonus += world.meta["strengths"]["project"] * np.isin(
        arrays["truth_part_type"][usual.skus], arrays["project"][person]
    )
    wanted = usual.probabilities * np.exp(bonus)
    np.testing.assert_allclose(hidden.probabilities, wanted / wanted.sum(), rtol=1e-3)


def test_the_truth_of_a_moment_knows_what_was_done_strictly_before_it(world: World) -> None:
    person, sku, at = world.purchases()
    owned = {int(p): user for user, p in enumerate(world.arrays["user_person"].tolist()) if p == user}
    for row in np.argsort(-at).tolist():
        vehicle = int(world.arrays["user_vehicle"][owned[int(person[row])]])
        if vehicle >= 0 and sku[row] in fitting(world, vehicle) and len(fitting(world, vehicle)) > 3:
            break
    ids, when = world.user_ids[[owned[int(person[row])]]], int(at[row])
    family = world.arrays["truth_family"]
    shares = []
    for moment in (when, when + 1):
        choices = world.choice_probabilities(at=moment, users=ids)
        shares.append(choices.probabilities[family[choices.skus] == family[sku[row]]].sum())
    assert shares[1] < 0.5 * shares[0]  # what was just bought is hardly bought again


def test_ids_of_one_person_share_what_they_did(world: World) -> None:
    person, vehicle = world.arrays["user_person"], world.arrays["user_vehicle"]
    own = len(world.arrays["taste"])
    pairs = [(first, later) for later in range(own, len(person)) for first in [int(person[later])]]
    same = [(a, b) for a, b in pairs if vehicle[a] == vehicle[b] >= 0]
    assert same
    one, two = (world.choice_probabilities(at=NOW, users=world.user_ids[[user]]) for user in same[0])
    np.testing.assert_array_equal(one.skus, two.skus)
    np.testing.assert_allclose(one.probabilities, two.probabilities, rtol=1e-5)


def test_a_user_without_a_sound_vehicle_has_nothing_to_choose_from(world: World) -> None:
    unknown = np.flatnonzero(world.arrays["user_vehicle"] < 0)
    assert len(unknown)
    choices = world.choice_probabilities(at=NOW, users=world.user_ids[unknown])
    assert choices.offsets.tolist() == [0] * (len(unknown) + 1)


def test_logs_are_of_users_alone_and_in_order(world: World) -> None:
    own = len(world.arrays["taste"])
    for name in ("purchase", "view"):
        person, at = world.arrays[f"{name}_person"], world.arrays[f"{name}_at"]
        assert person.max() < own
        order = np.lexsort((at, person))
        np.testing.assert_array_equal(order, np.arange(len(order)))
    assert world.arrays["view_at"].min() >= BOUNDARY.timestamp()


def test_the_sidecar_says_what_was_made(world: World) -> None:
    meta = json.loads((world.folder / "world.json").read_text())
    assert (meta["seed"], meta["preset"], meta["as_of"]) == (4, "usual", "2026-01-01T00:00:00+00:00")
    assert meta["sizes"]["users"] == len(world.user_ids) == 800
    assert meta["sizes"]["skus"] == len(world.skus)
    assert meta["sizes"]["fitments"] == len(world.arrays["truth_fit_sku"])
    assert meta["strengths"] == Strengths().__dict__
    assert world.traps == meta["traps"] and world.as_of == seconds("2026-01-01")


@pytest.mark.parametrize("missing", ["world.json", "truth.npz"])
def test_a_folder_without_the_truth_is_no_world(missing: str, world: World, tmp_path: Path) -> None:
    for name in {"world.json", "truth.npz"} - {missing}:
        (tmp_path / name).write_bytes((world.folder / name).read_bytes())
    with pytest.raises(ParcelError, match="no generated world"):
        World.open(tmp_path)


# ---- how strong each signal is --------------------------------------------------------------------------------


def scene(**strengths: float) -> Scene:
    still = dict.fromkeys(("quality", "variant", "part_type", "brand", "interaction"), 0.0)
    still |= dict.fromkeys(("make_type", "model_type", "window_type", "sibling_type"), 0.0)
    return Scene.of(WorldConfig(Sizes.of(3_000), Strengths(**still | strengths), 5, seconds("2026-01-01")))


VEHICLE = {"make_type": "make", "model_type": "model", "window_type": "window", "sibling_type": "sibling"}


@pytest.mark.parametrize("strength", VEHICLE)
def test_a_taste_by_part_type_is_shared_by_its_group_and_as_strong_as_it_says(strength: str) -> None:
    drawn = scene(**{strength: 0.7})
    truth, group = drawn.truth, drawn.vehicles.groups()[VEHICLE[strength]]
    vehicle = np.repeat(np.arange(len(truth.fit_offset) - 1), np.diff(truth.fit_offset))
    plain = drawn.catalogue.suffix[truth.fit_sku] == 0  # a variant is half a unit below, whatever the strengths
    key = group[vehicle] * 1_000 + truth.part_type[truth.fit_sku]
    cells, first = np.unique(key[plain], return_index=True)
    value = truth.static[plain][first]
    np.testing.assert_allclose(truth.static[plain], value[np.searchsorted(cells, key[plain])], atol=1e-5)
    assert value.std() == pytest.approx(0.7, rel=0.15)
    assert abs(value.mean()) < 4 * 0.7 / np.sqrt(len(np.unique(group)) + len(cells) / 40)


@pytest.mark.parametrize(("strength", "column"), [("brand", "brand"), ("part_type", "part_type")])
def test_an_appeal_is_the_same_for_everybody(strength: str, column: str) -> None:
    drawn = scene(**{strength: 0.7})
    truth = drawn.truth
    plain = drawn.catalogue.suffix[truth.fit_sku] == 0
    key = getattr(drawn.catalogue, column)[truth.fit_sku][plain]
    for value in np.unique(key):
        np.testing.assert_allclose(np.ptp(truth.static[plain][key == value]), 0, atol=1e-5)
    assert len(np.unique(np.round(truth.static[plain], 4))) == len(np.unique(key))


def test_a_few_best_sellers_stand_far_above_the_rest() -> None:
    drawn = scene(quality=1.0)
    plain = drawn.catalogue.suffix[drawn.truth.fit_sku] == 0
    value = np.unique(drawn.truth.static[plain])
    spread = (value - value.mean()) / value.std()
    assert value.std() == pytest.approx(np.hypot(0.7, 0.7), rel=0.1)
    assert (spread**3).mean() > 0.3  # the tail is on the side of what is wanted


def test_a_person_s_taste_has_the_spread_that_it_says() -> None:
    drawn = scene(personal=0.5)
    assert drawn.population.people.taste.std() == pytest.approx(0.5, rel=0.02)
    assert drawn.population.people.taste.shape == (drawn.population.persons, TASTES)
    length = np.linalg.norm(drawn.truth.taste, axis=1)
    assert np.square(length).mean() == pytest.approx(0.65**2 + 0.45**2 + 0.6**2, rel=0.25)


def test_a_preset_s_signals_are_those_that_its_worlds_are_drawn_with(tmp_path: Path) -> None:
    for name, preset in PRESETS.items():
        sizes = preset.sizes(5_000)
        assert (sizes.event_share, sizes.order_share) == (preset.event_share, preset.order_share)
        assert sizes.visitors == round(preset.visitors_per_user * 5_000), name
        assert (sizes.users, sizes.skus, sizes.vehicles) == (5_000, 1_500, 600)
    slow = generate(tmp_path, users=100, seed=1, preset="slow-trend")
    assert slow.meta["strengths"] == PRESETS["slow-trend"].strengths.__dict__
    other = generate(tmp_path, users=100, seed=1, preset="slow-trend", strengths=Strengths(quality=3.0))
    assert other.meta["strengths"]["quality"] == 3.0


def test_classics_and_large_makes_have_more_owners() -> None:
    year, make = np.array([1969, 2010, 1930, 2020]), np.array(["FORD"] * 4)
    model = np.array(["GALAXIE"] * 4)
    weight = _popularity(year, make, model)
    assert weight[0] > weight[1] > weight[2] == weight[3]
    named = _popularity(np.array([1969] * 3), np.array(["FORD", "CADILLAC", "SAAB"]), np.array(["X"] * 3))
    assert named[0] / named[1] == pytest.approx(MAKE_WEIGHT["FORD"] / MAKE_WEIGHT["CADILLAC"])
    assert named[1] > named[2]
    favourite = _popularity(np.array([1969] * 2), np.array(["FORD"] * 2), np.array(["MUSTANG", "X"]))
    assert favourite[0] == 12 * favourite[1]


def test_vehicles_share_tastes_by_make_model_five_years_and_both() -> None:
    vehicles = scene().vehicles
    model = [f"{make}|{name}" for make, name in zip(vehicles.make, vehicles.model, strict=True)]
    years = (vehicles.year // 5).tolist()
    wanted = {
        "make": vehicles.make.tolist(),
        "model": model,
        "window": years,
        "sibling": list(zip(model, years, strict=True)),
    }
    for name, group in vehicles.groups().items():
        pairs = set(zip(group.tolist(), wanted[name], strict=True))
        assert len(pairs) == len(set(group.tolist())) == len(set(wanted[name])), name


def test_a_chooser_of_a_world_is_that_of_its_scene(world: World) -> None:
    """Opened from the folder, the arrays are those that the world was played with."""
    config = WorldConfig(PRESETS["usual"].sizes(800), Strengths(), 4, world.as_of)
    drawn = Scene.of(config)
    opened: Chooser = world._chooser(hidden=True)
    np.testing.assert_array_equal(opened.truth.static, drawn.truth.static)
    np.testing.assert_array_equal(opened.truth.drift, drawn.truth.drift)
    np.testing.assert_array_equal(opened.people.taste, drawn.population.people.taste[: drawn.population.own])
    assert world.as_of + 30 * DAY < int(drawn.truth.begin) + len(drawn.truth.drift) * BIN
