"""What people of a generated world do: orders, visits and events, each as often as the configuration says."""

from __future__ import annotations

from collections import Counter, defaultdict

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from holley_graph.progress import silent
from holley_graph.simulator import sessions, shopping, timeline
from holley_graph.simulator.config import Sizes, Strengths, WorldConfig
from holley_graph.simulator.raw import Traps
from holley_graph.simulator.scene import Scene
from holley_graph.simulator.sessions import CART, MORE_VIEWS, MOST_SESSIONS, NEXT_LINE, Visits
from holley_graph.simulator.shopping import MOST_LINES, NEW_ORDER, ActionLog
from holley_graph.simulator.taste import BEGIN, BOUNDARY
from holley_graph.simulator.timeline import CART as CART_EVENT
from holley_graph.simulator.timeline import ORDERED, OTHER, PLACED, VIEW, WEBSITE, Timeline
from holley_graph.times import seconds

CONFIG = WorldConfig(Sizes.of(4_000), Strengths(), 9, seconds("2026-01-01"))
SCENE = Scene.of(CONFIG)
SIZES, PEOPLE, PARTS = CONFIG.sizes, SCENE.population, SCENE.catalogue
ORDERS = shopping.orders(SCENE, SCENE.chooser, silent)
VISITS = sessions.visits(SCENE, SCENE.chooser, ORDERS, silent)
FIRST, LAST = int(BEGIN.timestamp()), int(BOUNDARY.timestamp())
UNLIKELY = 1e-4


def is_share(count: int, of: int, share: float) -> bool:
    return bool(binomtest(int(count), int(of), share).pvalue > UNLIKELY)


NOT_DEALERS = ~np.isin(ORDERS.person, PEOPLE.dealers)


def test_every_buyer_has_lines_and_nobody_else() -> None:
    assert set(ORDERS.person.tolist()) <= {*PEOPLE.buyers.tolist(), *PEOPLE.dealers.tolist()}
    missing = set(PEOPLE.buyers.tolist()) - set(ORDERS.person.tolist())
    assert len(missing) < 0.02 * len(PEOPLE.buyers)  # whose vehicle nothing fits


def test_lines_of_a_buyer_are_geometric_with_the_mean_that_was_wanted() -> None:
    counts = np.bincount(ORDERS.person[NOT_DEALERS])
    counts = counts[counts > 0]
    assert counts.max() <= MOST_LINES
    error = counts.std() / np.sqrt(len(counts))
    assert counts.mean() == pytest.approx(SIZES.lines_per_buyer, abs=4 * error + 0.05)
    for lines in (1, 2):
        goes_on = (counts > lines).sum()
        assert is_share(goes_on, (counts >= lines).sum(), 1 - 1 / SIZES.lines_per_buyer)


def test_orders_lie_in_the_two_years_and_those_of_a_buyer_follow_each_other() -> None:
    assert ORDERS.at.min() >= FIRST and ORDERS.at.max() < LAST
    log = ORDERS.of(NOT_DEALERS)
    order = np.lexsort((log.group, log.person))
    person, at, group = log.person[order], log.at[order], log.group[order]
    same = np.diff(person) == 0
    assert (np.diff(at)[same] >= 0).all()
    one_order = same & (np.diff(group) == 0)
    assert (np.diff(at)[one_order] == 0).all()
    assert is_share((same & ~one_order).sum(), same.sum(), NEW_ORDER)


def test_an_order_is_of_one_person() -> None:
    assert len(np.unique(ORDERS.group)) == len({*zip(ORDERS.group.tolist(), ORDERS.person.tolist(), strict=True)})


def test_the_shop_grows_over_the_two_years() -> None:
    halves = np.bincount((ORDERS.at[NOT_DEALERS] - FIRST) * 2 // (LAST - FIRST))
    assert halves[1] > 1.1 * halves[0]


def test_a_share_of_the_choices_is_for_a_vehicle_of_somebody_else() -> None:
    rng, person = np.random.default_rng(0), np.tile(PEOPLE.buyers, 5)
    vehicle = shopping.driven(rng, SCENE, person)
    own = PEOPLE.vehicle[person]
    known = own < SCENE.vehicles.with_fitment
    assert (vehicle[~known] < SCENE.vehicles.with_fitment).all()
    weight = SCENE.vehicles.weight[own[known]]
    foreign = (vehicle[known] != own[known]).sum()
    assert is_share(foreign, known.sum(), SIZES.foreign_share * (1 - weight.mean()))


def test_dealers_buy_much_and_for_any_vehicle() -> None:
    lines = np.bincount(ORDERS.person, minlength=PEOPLE.persons)[PEOPLE.dealers]
    assert lines.min() >= 40
    assert lines.sum() == pytest.approx(SIZES.users * SIZES.dealer_lines_per_user, rel=0.2)


def test_a_log_is_sorted_by_person_and_time_and_joined_end_to_end() -> None:
    one = ActionLog(*(np.array(column) for column in ([2, 1, 1], [7, 8, 9], [5, 6, 4], [0, 1, 2])))
    assert one.sorted().sku.tolist() == [9, 8, 7]
    assert ActionLog.joined(one, one.of(np.array([False, True, False]))).sku.tolist() == [7, 8, 9, 8]


def by_group(log: ActionLog) -> dict[int, list[int]]:
    groups = defaultdict(list)
    for group, sku in zip(log.group.tolist(), log.sku.tolist(), strict=True):
        groups[group].append(sku)
    return groups


VIEWS, CARTS, BOUGHT = (by_group(log) for log in (VISITS.views, VISITS.carts, VISITS.purchases))


def test_visits_lie_between_the_boundary_and_the_end() -> None:
    for log in (VISITS.views, VISITS.carts, VISITS.purchases):
        assert log.at.min() >= LAST and log.at.max() < CONFIG.as_of
        assert set(log.person.tolist()) <= set(PEOPLE.active.tolist())


def test_every_session_looks_and_what_is_bought_was_in_the_cart() -> None:
    assert set(CARTS) | set(BOUGHT) <= set(VIEWS)
    for group, skus in BOUGHT.items():
        assert sorted(skus) == sorted(CARTS[group])


def test_sessions_order_and_fill_carts_in_their_shares() -> None:
    assert is_share(len(BOUGHT), len(VIEWS), SIZES.order_share)
    without = len(VIEWS) - len(BOUGHT)
    assert is_share(len(set(CARTS) - set(BOUGHT)), without, CART)
    more = sum(map(len, VIEWS.values())) - len(VIEWS)
    assert more / len(VIEWS) == pytest.approx(MORE_VIEWS, abs=5 * np.sqrt(MORE_VIEWS / len(VIEWS)))
    lines = Counter(min(len(skus), 4) for skus in BOUGHT.values())
    assert is_share(len(BOUGHT) - lines[1], len(BOUGHT), NEXT_LINE)


def test_owners_come_back_more_often_than_visitors() -> None:
    groups = dict(zip(VISITS.views.group.tolist(), VISITS.views.person.tolist(), strict=True))
    counts = Counter(groups.values())
    owners = [n for person, n in counts.items() if person < PEOPLE.own]
    visitors = [n for person, n in counts.items() if person >= PEOPLE.own]
    assert np.mean(owners) == pytest.approx(SIZES.sessions_per_user, rel=0.25)
    assert np.mean(visitors) == pytest.approx(SIZES.sessions_per_visitor, rel=0.25)
    assert max(counts.values()) <= MOST_SESSIONS


def test_a_session_keeps_mostly_to_one_part_type() -> None:
    """Of two views of one session, against two views of different sessions."""
    types = {group: PARTS.part_type[skus] for group, skus in VIEWS.items() if len(skus) > 1}
    within = np.mean([kinds[0] == kinds[1] for kinds in types.values()])
    heads = np.array([kinds[0] for kinds in types.values()])
    assert within > 3 * np.mean(heads[1:] == heads[:-1])


def test_each_crawler_looks_once_at_every_part_on_show() -> None:
    crawled = sessions.crawl(SCENE)
    for crawler in PEOPLE.crawlers:
        own = np.sort(crawled.sku[crawled.person == crawler])
        np.testing.assert_array_equal(own, np.flatnonzero(~PARTS.unseen))
    assert crawled.at.min() >= LAST and crawled.at.max() < CONFIG.as_of


LINE = timeline.build(VISITS, sessions.crawl(SCENE), np.random.default_rng(0))


def events_of(line: Timeline) -> list[tuple[int, int, int, tuple[int, ...]]]:
    """User, kind, time and SKUs of each event."""
    parts = [tuple(part.tolist()) for part in np.split(line.sku, line.offset[1:-1])]
    return list(zip(line.user.tolist(), line.kind.tolist(), line.at.tolist(), parts, strict=True))


EVENTS = events_of(LINE)


def test_every_view_is_an_event_and_every_cart_one_event_with_its_parts() -> None:
    views = [event for event in EVENTS if event[1] == VIEW]
    assert len(views) == len(VISITS.views.at) + len(PEOPLE.crawlers) * (~PARTS.unseen).sum()
    assert all(len(skus) == 1 for *_, skus in views)
    carts = Counter(tuple(sorted(skus)) for _, kind, _, skus in EVENTS if kind == CART_EVENT)
    assert sum(len(skus) * n for skus, n in carts.items()) == len(VISITS.carts.sku)


def test_every_purchase_is_in_one_event_of_an_order() -> None:
    ordered = Counter(
        (user, sku) for user, kind, _, skus in EVENTS if kind in (ORDERED, PLACED, WEBSITE) for sku in skus
    )
    log = VISITS.purchases
    assert ordered == Counter(zip(log.person.tolist(), log.sku.tolist(), strict=True))
    assert all(len(skus) == 1 for _, kind, _, skus in EVENTS if kind == ORDERED)
    kinds = Counter(kind for _, kind, _, _ in EVENTS)
    assert is_share(kinds[PLACED], kinds[PLACED] + kinds[WEBSITE], 0.55 / 0.70)


def test_an_event_arrives_within_a_quarter_of_an_hour() -> None:
    lag = LINE.inserted - LINE.at
    assert (lag >= 1).all() and (lag < 900).all()


@given(st.lists(st.integers(0, len(EVENTS) - 1), max_size=30))
def test_some_events_in_any_order_are_those_events(rows: list[int]) -> None:
    some = LINE.take(np.array(rows, np.int64))
    assert (events_of(some) if rows else []) == [EVENTS[row] for row in rows]


def test_traps_are_added_and_change_no_sound_event() -> None:
    traps = Traps()
    whole = timeline.with_traps(
        LINE, CONFIG.as_of, np.array([90_001]), np.array([90_002, 90_003]), np.random.default_rng(1), traps
    )
    assert events_of(whole)[: len(EVENTS)] == EVENTS
    added = events_of(whole)[len(EVENTS) :]
    assert len(added) == sum(traps.values())
    counts = {
        "event.no_user": sum(user < 0 for user, *_ in added),
        "event.no_time": sum(at < 0 for _, _, at, _ in added),
        "event.unknown_sku": sum(sku in (90_002, 90_003) for *_, skus in added for sku in skus),
        "event.service_sku": sum(skus == (90_001,) for *_, skus in added),
        "event.no_sku": sum(sku < 0 for *_, skus in added for sku in skus),
        "event.other_name": sum(kind == OTHER for _, kind, _, _ in added),
        "event.before_boundary": sum(0 <= at < LAST for _, _, at, _ in added),
        "event.at_or_after_as_of": sum(at >= CONFIG.as_of for _, _, at, _ in added),
    }
    assert counts == {name: traps[name] for name in counts}
    assert traps["event.delivered_twice"] == len(added) - sum(counts.values())


def test_a_log_without_purchases_makes_no_order() -> None:
    nothing = ActionLog(*(np.empty(0, np.int64) for _ in range(4)))
    line = timeline.build(Visits(VISITS.views, nothing, nothing), nothing, np.random.default_rng(0))
    assert {kind for _, kind, _, _ in events_of(line)} == {VIEW}
    assert len(line.at) == len(VISITS.views.at)
