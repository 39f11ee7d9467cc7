"""A generated world is the same for the same seed, stands on real vehicles, and its truth can be asked."""

from __future__ import annotations

import csv
import hashlib
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from holley_graph.errors import NotFound, ParcelError, SettingsError
from holley_graph.simulator import Choices, Strengths, World, generate
from holley_graph.simulator.vehicles import EVERYBODYS_DREAM, VEHICLE_FILE
from holley_graph.times import DAY, seconds

CUT = seconds("2025-12-02")
Floats = npt.NDArray[np.float64]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return generate(tmp_path_factory.mktemp("world"), users=20_000, seed=11)


def digests(folder: Path) -> dict[str, str]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def test_same_seed_gives_the_same_bytes_and_another_seed_does_not(tmp_path: Path) -> None:
    generate(tmp_path / "a", users=300, seed=1)
    generate(tmp_path / "b", users=300, seed=1)
    generate(tmp_path / "c", users=300, seed=2)
    assert digests(tmp_path / "a") == digests(tmp_path / "b")
    assert digests(tmp_path / "a").keys() == digests(tmp_path / "c").keys()
    assert not set(digests(tmp_path / "a").values()) & set(digests(tmp_path / "c").values())


def test_more_users_make_a_larger_world(tmp_path: Path) -> None:
    small = generate(tmp_path / "small", users=300, seed=1).meta
    large = generate(tmp_path / "large", users=3_000, seed=1).meta
    for name in ("skus", "vehicles", "fitments", "order_lines", "persons"):
        assert large["sizes"][name] > 1.5 * small["sizes"][name], name
    for name in ("user_attributes", "events", "orders"):
        assert large["rows"][name] > 5 * small["rows"][name], name


def test_products_set_the_size_of_the_catalogue(tmp_path: Path) -> None:
    assert generate(tmp_path, users=300, products=777, seed=1).skus.size == 777


def test_making_a_world_again_replaces_the_old_one_and_spares_strangers(tmp_path: Path) -> None:
    generate(tmp_path, users=300, seed=1)
    generate(tmp_path, users=100, seed=3)
    assert World.open(tmp_path).meta["sizes"]["users"] == 100
    (tmp_path / "world.json").unlink()
    with pytest.raises(SettingsError, match="not from this generator"):
        generate(tmp_path, users=100)


def test_too_small_or_too_early_worlds_are_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="at least 20 users"):
        generate(tmp_path, users=3)
    with pytest.raises(SettingsError, match="no time for events"):
        generate(tmp_path, as_of=seconds("2025-09-01"))
    with pytest.raises(ParcelError, match="no generated world"):
        World.open(tmp_path)


def test_all_vehicles_are_real_and_the_favourites_are_there(world: World) -> None:
    with VEHICLE_FILE.open(encoding="utf-8", newline="") as lines:
        real = {f"{row['year']}|{row['make']}|{row['model']}" for row in csv.DictReader(lines)}
    assert set(world.vehicle_ids) == real
    owned = world.arrays["user_vehicle"]
    owners = dict(zip(world.vehicle_ids, np.bincount(owned[owned >= 0], minlength=len(real)).tolist(), strict=True))
    assert owners[EVERYBODYS_DREAM] > 50
    assert sum(n for vehicle, n in owners.items() if vehicle.endswith("|FORD|MUSTANG")) > 500
    assert sum(owners.values()) > 0.97 * world.user_ids.size


def test_most_users_have_no_event_and_many_have_orders(world: World) -> None:
    users = world.user_ids.size
    person, _, at = world.purchases()
    boundary = datetime(2025, 9, 1, tzinfo=UTC).timestamp()
    assert 0.4 < np.unique(person[at < boundary]).size / users < 0.6
    assert 0.02 < np.unique(world.arrays["view_person"]).size / users < 0.05
    assert at.max() < world.as_of


def test_candidates_are_what_fits_and_probabilities_sum_to_one(world: World) -> None:
    choices = world.choice_probabilities(at=CUT, users=world.user_ids[:500])
    vehicle = world.arrays["user_vehicle"][:500]
    offset, fitting = world.arrays["truth_fit_offset"], world.arrays["truth_fit_sku"]
    expected = [fitting[offset[v] : offset[v + 1]] if v >= 0 else [] for v in vehicle]
    answered = np.split(choices.skus, choices.offsets[1:-1])
    assert all(np.array_equal(a, b) for a, b in zip(answered, expected, strict=True))
    filled = np.flatnonzero(np.diff(choices.offsets))
    sums = np.add.reduceat(choices.probabilities.astype(float), choices.offsets[filled])
    np.testing.assert_allclose(sums, 1, atol=1e-4)
    assert choices.probabilities.min() > 0


def test_answer_of_a_user_does_not_depend_on_who_else_is_asked(world: World) -> None:
    ids = world.user_ids[[40, 7, 7, 19_990]]
    together = world.choice_probabilities(at=CUT, users=ids)
    alone = world.choice_probabilities(at=CUT, users=ids[1:2])
    for row in (1, 2):
        part = slice(together.offsets[row], together.offsets[row + 1])
        np.testing.assert_array_equal(together.skus[part], alone.skus)
        np.testing.assert_allclose(together.probabilities[part], alone.probabilities, rtol=1e-5)


def test_a_world_opened_again_answers_the_same(world: World) -> None:
    first = world.choice_probabilities(at=CUT, vehicles=[EVERYBODYS_DREAM])
    again = World.open(world.folder).choice_probabilities(at=CUT, vehicles=[EVERYBODYS_DREAM])
    np.testing.assert_array_equal(first.probabilities, again.probabilities)


def test_popularity_moves_over_time(world: World) -> None:
    early = world.choice_probabilities(at=seconds("2024-02-01"), vehicles=[EVERYBODYS_DREAM])
    late = world.choice_probabilities(at=CUT, vehicles=[EVERYBODYS_DREAM])
    assert np.abs(early.probabilities - late.probabilities).sum() > 0.1


def test_truth_knows_nothing_from_its_time_on(world: World) -> None:
    person, _, at = world.purchases()
    buyer = person[np.argmax(at)]
    before_all = seconds("2023-09-01")
    known = world.choice_probabilities(at=before_all, users=world.user_ids[[buyer]], hidden=False)
    vehicle = world.vehicle_ids[world.arrays["user_vehicle"][buyer]]
    stranger = world.choice_probabilities(at=before_all, vehicles=[vehicle])
    np.testing.assert_allclose(known.probabilities, stranger.probabilities, rtol=1e-5)


def test_unknown_ids_and_unclear_questions_are_refused(world: World) -> None:
    with pytest.raises(NotFound, match="nobody"):
        world.choice_probabilities(at=CUT, users=["nobody"])
    with pytest.raises(NotFound, match="1897"):
        world.choice_probabilities(at=CUT, vehicles=["1897|HORSE|CART"])
    with pytest.raises(ValueError, match="one of the two"):
        world.choice_probabilities(at=CUT)


def test_siblings_share_tastes_and_strangers_do_not(world: World) -> None:
    """Two model years of one model agree on what fits both better than two makes do."""
    arrays = world.arrays
    group = np.array([name.split("|", 1)[1] for name in world.vehicle_ids])
    make = np.array([name.split("|")[1] for name in world.vehicle_ids])
    vehicle = np.repeat(np.arange(group.size), np.diff(arrays["truth_fit_offset"]))
    by_sku = np.argsort(arrays["truth_fit_sku"], kind="stable")
    sku, vehicle, static = arrays["truth_fit_sku"][by_sku], vehicle[by_sku], arrays["truth_static"][by_sku]
    pair = sku[1:] == sku[:-1]
    gap = np.abs(static[1:] - static[:-1])[pair]
    one, two = vehicle[1:][pair], vehicle[:-1][pair]
    assert gap[group[one] == group[two]].mean() < 0.8 * gap[make[one] != make[two]].mean()


def test_co_purchase_has_a_direction(world: World) -> None:
    """What belongs to a part is bought right after it far more often than right before it."""
    person, sku, at = world.purchases()
    family, partner = world.arrays["truth_family"][sku], world.arrays["truth_partner"]
    soon = (person[1:] == person[:-1]) & (at[1:] - at[:-1] < 14 * 86_400)
    first, then = family[:-1][soon], family[1:][soon]
    after = (partner[first] == then[:, None]).any(axis=1).sum()
    before = (partner[then] == first[:, None]).any(axis=1).sum()
    assert after > 3 * before


def test_without_strengths_all_that_fits_is_as_likely(tmp_path: Path) -> None:
    flat = Strengths(
        **dict.fromkeys(Strengths.__dataclass_fields__, 0.0)
        | {"follows_days": 1.0, "viewed_days": 1.0, "trend_months": 1.0}
    )
    world = generate(tmp_path, users=300, seed=1, strengths=flat)
    choices = world.choice_probabilities(at=CUT, vehicles=[EVERYBODYS_DREAM])
    # half a unit separates colours and kits from the plain part, whatever the strengths
    assert len(set(np.round(choices.probabilities, 6))) <= 2


def mrr_at_4(
    choices: Choices, score: Floats, row: npt.NDArray[np.int64], target: npt.NDArray[np.int64], skus: int
) -> float:
    """Mean of 1 / rank of the first four among what fits, 0 below; ties at random."""
    rows = np.repeat(np.arange(choices.offsets.size - 1), np.diff(choices.offsets))
    order = np.lexsort((np.random.default_rng(0).random(score.size), -score, rows))
    rank = np.empty(score.size, dtype=np.int64)
    rank[order] = np.arange(score.size) - choices.offsets[rows]
    key, wanted = rows * skus + choices.skus, row * skus + target
    place = np.minimum(np.searchsorted(key, wanted), key.size - 1)
    ranks = rank[place[key[place] == wanted]]
    return float(np.where(ranks < 4, 1 / (ranks + 1), 0).mean())


def test_truth_ranks_the_last_month_far_above_popularity_and_popularity_above_chance(world: World) -> None:
    cut = world.as_of - 30 * DAY
    person, sku, at = world.purchases()
    later = at >= cut
    users = np.unique(person[later])
    users = users[world.arrays["user_vehicle"][users] >= 0]
    question = later & np.isin(person, users)
    row = np.searchsorted(users, person[question])
    choices = world.choice_probabilities(at=cut, users=world.user_ids[users])
    popular = np.bincount(sku[~later], minlength=world.skus.size)[choices.skus]
    scores = {
        "chance": np.zeros(choices.skus.size),
        "popularity": popular.astype(float),
        "truth": choices.probabilities.astype(float),
    }
    mrr = {name: mrr_at_4(choices, score, row, sku[question], world.skus.size) for name, score in scores.items()}
    assert mrr["popularity"] > 1.5 * mrr["chance"]
    assert mrr["truth"] > 1.5 * mrr["popularity"]
