"""What is there before anybody shops: sizes, shares and distributions are those of the configuration."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import binomtest, chisquare, kstest

from holley_graph.simulator import catalogue as catalogue_room
from holley_graph.simulator import fits as fits_room
from holley_graph.simulator import taste as taste_room
from holley_graph.simulator import vehicles as vehicles_room
from holley_graph.simulator.catalogue import SERVICE, SUFFIXES
from holley_graph.simulator.config import Sizes, Strengths, WorldConfig
from holley_graph.simulator.fits import expand
from holley_graph.simulator.names import emails, user_ids
from holley_graph.simulator.population import BAD_YEAR, CRAWLERS, EMPTIED, LACKING, SOUND
from holley_graph.simulator.scene import Scene
from holley_graph.simulator.taste import BEGIN, BIN, BOUNDARY
from holley_graph.simulator.vehicles import EVERYBODYS_DREAM
from holley_graph.times import DAY, seconds

CONFIG = WorldConfig(Sizes.of(6_000), Strengths(), 7, seconds("2026-01-01"))
SIZES = CONFIG.sizes
SCENE = Scene.of(CONFIG)
VEHICLES, PARTS, FITS, TRUTH, PEOPLE = SCENE.vehicles, SCENE.catalogue, SCENE.fits, SCENE.truth, SCENE.population
UNLIKELY = 1e-4
"""A sample that a true share gives less often than this is of another share."""


def is_share(count: int, of: int, share: float) -> bool:
    return bool(binomtest(int(count), int(of), share).pvalue > UNLIKELY)


def test_a_world_has_as_many_of_everything_as_its_sizes_say() -> None:
    assert PARTS.size == SIZES.skus
    assert VEHICLES.with_fitment == SIZES.vehicles
    assert len(FITS.sku) <= 1.04 * SIZES.fitments
    assert len(PEOPLE.person) == SIZES.users
    assert PEOPLE.persons == PEOPLE.own + SIZES.guests + SIZES.visitors + CRAWLERS
    assert len(PEOPLE.dealers) == SIZES.dealers


@pytest.mark.parametrize(("users", "skus"), [(5_000, 1_500), (475_000, 25_000)])
def test_a_catalogue_grows_slower_than_its_users(users: int, skus: int) -> None:
    assert Sizes.of(users).skus == pytest.approx(skus, rel=0.01)
    assert Sizes.of(users, products=99).skus == 99


def test_owners_choose_vehicles_as_often_as_these_are_popular() -> None:
    own = PEOPLE.vehicle[: PEOPLE.own]
    own = own[own < VEHICLES.with_fitment]
    expected = VEHICLES.weight[: VEHICLES.with_fitment] * len(own)
    large = expected >= 5
    counts = np.bincount(own, minlength=VEHICLES.with_fitment)
    observed = np.append(counts[large], counts[~large].sum())
    wanted = np.append(expected[large], expected[~large].sum())
    assert chisquare(observed, wanted * observed.sum() / wanted.sum()).pvalue > UNLIKELY
    assert VEHICLES.weight.sum() == pytest.approx(1.0)
    assert VEHICLES.ids[VEHICLES.weight.argmax()] == EVERYBODYS_DREAM


@pytest.mark.parametrize("state", [SOUND, BAD_YEAR, EMPTIED, LACKING])
def test_a_share_of_the_users_says_nothing_sound_about_a_vehicle(state: int) -> None:
    share = {SOUND: 0.986, BAD_YEAR: 0.004, EMPTIED: 0.004, LACKING: 0.006}[state]
    assert is_share((PEOPLE.state == state).sum(), SIZES.users, share)
    assert ((PEOPLE.user_vehicle >= 0) == (PEOPLE.state == SOUND)).all()


def test_buyers_visitors_and_shared_addresses_come_in_their_shares() -> None:
    of_own = PEOPLE.buyers[PEOPLE.buyers < PEOPLE.own]
    assert is_share(len(of_own), PEOPLE.own, SIZES.buyer_share)
    assert set(range(PEOPLE.own, PEOPLE.own + SIZES.guests)) <= set(PEOPLE.buyers.tolist())
    assert is_share((PEOPLE.active < PEOPLE.own).sum(), PEOPLE.own, SIZES.event_share)
    assert (PEOPLE.active >= PEOPLE.own).sum() == SIZES.visitors
    assert not set(PEOPLE.crawlers.tolist()) & set(PEOPLE.active.tolist())
    shared = SIZES.users - PEOPLE.own
    assert shared == round(SIZES.users * SIZES.shared_emails)
    assert len(np.unique(PEOPLE.person)) == PEOPLE.own  # each later id is an earlier person again
    without = (PEOPLE.vehicle[: PEOPLE.own] >= VEHICLES.with_fitment).sum()
    assert is_share(without, PEOPLE.own, SIZES.no_fitment_share)


def test_ids_are_distinct_and_an_address_belongs_to_one_person() -> None:
    ids, of_person = user_ids(CONFIG, PEOPLE)
    assert len(set(ids.to_pylist())) == SIZES.users
    named = [name for name in of_person.to_pylist() if name is not None]
    assert len(set(named)) == len(named) == PEOPLE.persons - SIZES.guests
    assert ids.to_pylist()[: PEOPLE.own] == of_person.to_pylist()[: PEOPLE.own]
    assert is_share(sum(name.isdigit() for name in named), len(named), 0.1)
    addresses = emails(PEOPLE).to_pylist()
    assert len(set(addresses)) == PEOPLE.persons
    assert all(
        address.split("@")[1].removeprefix("mail.").removeprefix("shop.") in ("example.org", "example.com")
        for address in addresses
    )


def test_part_types_come_in_their_shares_and_each_at_least_once() -> None:
    first = np.unique(PARTS.family, return_index=True)[1]
    part_type = PARTS.part_type[first]
    types = len(PARTS.types)
    assert set(part_type.tolist()) == set(range(types))
    share = PARTS.types["share"].to_numpy()
    drawn = np.bincount(part_type[types:], minlength=types)  # the first of each type is set, the others are drawn
    expected = share / share.sum() * drawn.sum()
    large = expected >= 5
    observed = np.append(drawn[large], drawn[~large].sum())
    wanted = np.append(expected[large], expected[~large].sum())
    assert chisquare(observed, wanted).pvalue > UNLIKELY


def test_prices_are_lognormal_around_that_of_their_part_type() -> None:
    usual = PARTS.types["price"].to_numpy()[PARTS.part_type]
    first = np.unique(PARTS.family, return_index=True)[1]
    cheap = PARTS.price <= 4.0
    spread = np.log(PARTS.price / usual)[first][~cheap[first]]
    assert kstest(spread, "norm", args=(0.0, np.hypot(0.35, 0.06))).pvalue > UNLIKELY
    assert (PARTS.price >= 4.0).all()
    np.testing.assert_array_equal(np.round(PARTS.price, 2), PARTS.price)


def test_numbers_are_distinct_and_variants_are_their_family_with_a_suffix() -> None:
    sku = PARTS.sku.to_pylist()
    assert len(set(sku)) == len(sku)
    assert not set(sku) & set(SERVICE)
    plain = {int(f): name for name, f, s in zip(sku, PARTS.family, PARTS.suffix, strict=True) if s == 0}
    for name, family, suffix in zip(sku, PARTS.family.tolist(), PARTS.suffix.tolist(), strict=True):
        assert name == plain[family] + SUFFIXES[suffix]
    for column in (PARTS.part_type, PARTS.brand):
        assert len({*zip(PARTS.family.tolist(), column.tolist(), strict=True)}) == PARTS.families


@pytest.mark.parametrize(
    ("start", "share"), [("https://", 0.82), ("//", 0.08), ("http://", 0.06), ("ftp://", 0.02), ("broken:", 0.02)]
)
def test_images_have_every_kind_of_address_in_its_share(start: str, share: float) -> None:
    assert is_share(sum(image.startswith(start) for image in PARTS.image.to_pylist()), PARTS.size, share)


def test_some_parts_are_refurbished_unseen_or_listed_in_one_table_alone() -> None:
    assert is_share(PARTS.refurbished.sum(), PARTS.size, 0.03)
    assert is_share(PARTS.unseen.sum(), PARTS.size, 0.12)
    fitting = set(FITS.sku.tolist())
    assert set(np.flatnonzero(~PARTS.items_only).tolist()) == fitting
    assert set(np.flatnonzero(PARTS.fitment_only).tolist()) <= fitting


def test_all_variants_of_a_family_fit_the_same_vehicles_and_only_those_of_the_list() -> None:
    vehicle = np.repeat(np.arange(len(FITS.offset) - 1), np.diff(FITS.offset))
    assert vehicle.max() < VEHICLES.with_fitment
    variants = np.bincount(PARTS.family, minlength=PARTS.families)
    pairs, count = np.unique(vehicle * PARTS.families + PARTS.family[FITS.sku], return_counts=True)
    np.testing.assert_array_equal(count, variants[pairs % PARTS.families])
    for v in range(0, VEHICLES.with_fitment, 37):
        skus = FITS.sku[FITS.offset[v] : FITS.offset[v + 1]]
        assert (np.diff(skus) > 0).all()


def test_a_family_fits_all_years_of_its_ranges_and_no_other() -> None:
    """One range after the other, until the world has its fitments."""
    groups, known = VEHICLES.groups(), VEHICLES.with_fitment
    model, make = groups["model"][:known], groups["make"][:known]
    ranges = fits_room._ranges(CONFIG.stream("fits"), SIZES, VEHICLES, model, make, PARTS)
    variants = np.bincount(PARTS.family, minlength=PARTS.families)
    keys = model * 10_000 + VEHICLES.year[:known]
    wanted, count = set[tuple[int, int]](), 0
    for family, first, last in zip(*(column.tolist() for column in ranges), strict=True):
        inside = np.flatnonzero((first <= keys) & (keys <= last)).tolist()
        count += len(inside) * int(variants[family])
        if count > 1.04 * SIZES.fitments:
            break
        wanted |= {(vehicle, family) for vehicle in inside}
    vehicle = np.repeat(np.arange(len(FITS.offset) - 1), np.diff(FITS.offset))
    assert set(zip(vehicle.tolist(), PARTS.family[FITS.sku].tolist(), strict=True)) == wanted


def test_a_large_world_has_the_fitments_that_its_sizes_say() -> None:
    """In a small one the years of a model run out before."""
    large = replace(CONFIG, sizes=Sizes.of(50_000))
    cars, parts = vehicles_room.choose(large), catalogue_room.build(large)
    assert len(fits_room.build(large, cars, parts).sku) == pytest.approx(large.sizes.fitments, rel=0.05)


@pytest.mark.parametrize("changed", [{"quality": 2.0}, {"trend": 3.0, "turn": 1.0}, {"personal": 0.0}])
def test_what_moves_a_choice_leaves_vehicles_parts_and_fitments_alone(changed: dict[str, float]) -> None:
    other = replace(CONFIG, strengths=Strengths(**changed))
    cars, parts = vehicles_room.choose(other), catalogue_room.build(other)
    np.testing.assert_array_equal(cars.ids, VEHICLES.ids)
    assert parts.sku.equals(PARTS.sku)
    np.testing.assert_array_equal(parts.price, PARTS.price)
    np.testing.assert_array_equal(fits_room.build(other, cars, parts).sku, FITS.sku)


def test_another_seed_gives_another_world() -> None:
    other = replace(CONFIG, seed=8)
    assert not np.array_equal(catalogue_room.build(other).price, PARTS.price)
    first, second = (config.stream("x").random(4) for config in (CONFIG, other))
    assert not np.array_equal(first, second)
    np.testing.assert_array_equal(first, CONFIG.stream("x").random(4))
    assert not np.array_equal(first, CONFIG.stream("y").random(4))


def drift(**strengths: float) -> np.ndarray:
    """[bins, parts] of a world where nothing else moves."""
    still = {"season": 0.0, "type_walk": 0.0, "product_walk": 0.0, "trend": 0.0}
    config = replace(CONFIG, strengths=Strengths(**still | strengths))
    moved: np.ndarray = taste_room.build(config, VEHICLES, PARTS, FITS).drift
    return moved


def test_a_season_peaks_within_a_month_of_that_of_its_part_type() -> None:
    season = drift(season=1.0)
    middle = BEGIN.timestamp() + BIN * (np.arange(12) + 0.5)
    month = middle.astype("datetime64[s]").astype("datetime64[M]").astype(int) % 12 + 1
    for part in range(0, PARTS.size, 41):
        best = int(month[season[:12, part].argmax()])
        peak = PARTS.types["peak_month"][int(PARTS.part_type[part])].as_py()
        assert min((best - peak) % 12, (peak - best) % 12) <= 1
    assert season.max() == pytest.approx(1.0, abs=0.05) and season.min() == pytest.approx(-1.0, abs=0.05)


def test_families_rise_and_fall_as_often_and_as_far_as_a_trend_says() -> None:
    trend = drift(trend=2.0, trend_share=0.1, trend_months=3.0)
    first = np.unique(PARTS.family, return_index=True)[1]
    moved = trend[:, first]
    rising, falling = (moved.max(axis=0) > 0).sum(), (moved.min(axis=0) < 0).sum()
    begun = 1 - 1 / (len(trend) - 4)  # who begins in the last bin has not moved yet
    for count in (rising, falling):
        assert is_share(count, len(first), 0.1 * begun)
    assert (moved.max(), moved.min()) == (pytest.approx(2.0), pytest.approx(-2.0))
    assert (np.abs(np.diff(moved, axis=0)) <= 2.0 / 3 + 1e-6).all()
    assert not drift().any()


def test_a_trend_that_turns_ends_where_it_began() -> None:
    turned = drift(trend=2.0, trend_share=0.3, trend_months=2.0, turn=1.0)
    early = np.abs(turned[:7]).max(axis=0) >= 2.0 - 1e-6
    assert early.any()
    # risen in two months from the fourth bin on, and back after two more
    for bins, height in enumerate((0.0, 1.0, 2.0, 1.0, 0.0), 4):
        np.testing.assert_allclose(np.abs(turned[bins, early]), height, atol=1e-6)


def test_walks_spread_with_the_root_of_time() -> None:
    walk = drift(product_walk=0.2)
    first = np.unique(PARTS.family, return_index=True)[1]
    for bins in (1, 4, 16):
        assert walk[bins - 1, first].std() == pytest.approx(0.2 * np.sqrt(bins), rel=0.1)


def test_popularity_reaches_a_month_beyond_the_end() -> None:
    end = CONFIG.as_of + 30 * DAY
    assert (end - BEGIN.timestamp()) // BIN < len(TRUTH.drift)
    assert BEGIN < BOUNDARY


def test_partners_fit_a_vehicle_that_the_family_fits() -> None:
    vehicle = np.repeat(np.arange(len(FITS.offset) - 1), np.diff(FITS.offset))
    of_family = [set[int]() for _ in range(PARTS.families)]
    for v, family in zip(vehicle.tolist(), PARTS.family[FITS.sku].tolist(), strict=True):
        of_family[family].add(v)
    pairs = [(f, int(p)) for f, row in enumerate(TRUTH.partner) for p in row if p >= 0]
    assert len(pairs) > PARTS.families
    assert all(of_family[one] & of_family[two] for one, two in pairs)
    assert all(one != two for one, two in pairs)


def test_ranges_are_counted_up_end_to_end() -> None:
    assert expand(np.array([5, 2, 9]), np.array([3, 0, 2])).tolist() == [5, 6, 7, 9, 10]
    assert expand(np.array([], np.int64), np.array([], np.int64)).tolist() == []
