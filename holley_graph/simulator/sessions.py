"""Months of visits: views of similar products, carts, orders; each visit knows the ones before it."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from holley_graph.progress import Progress
from holley_graph.simulator.choice import Chooser, Shoppers
from holley_graph.simulator.memory import Memory
from holley_graph.simulator.population import Population
from holley_graph.simulator.scene import Scene
from holley_graph.simulator.shopping import ActionLog, driven
from holley_graph.simulator.taste import BOUNDARY

Ints = npt.NDArray[np.int64]
MOST_SESSIONS = 25
MORE_VIEWS = 2.5  # views after the first one of a session, mean
CART = 0.3  # sessions without an order that still fill a cart
SECOND_IN_CART = 0.4
NEXT_LINE = 0.22  # chance of one more line in the same order, at most three more
CRAWL_SECONDS = 7


@dataclass(frozen=True)
class Visits:
    """What happened from the boundary on; groups are session numbers, the same in all three."""

    views: ActionLog
    carts: ActionLog
    purchases: ActionLog


@dataclass(frozen=True)
class Visitors:
    """Who begins a session: row of what they remember, person, vehicle, time and number of the session."""

    row: Ints
    person: Ints
    vehicle: Ints
    at: Ints
    group: Ints

    def of(self, rows: npt.NDArray[Any]) -> Visitors:
        """Return some of them."""
        return Visitors(*(getattr(self, field.name)[rows] for field in fields(self)))

    def bought(self, sku: Ints) -> ActionLog:
        """Say that each chose a product when they came."""
        return ActionLog(self.person, sku, self.at, self.group)

    def shoppers(self, memory: Memory, focus: Ints | None = None) -> Shoppers:
        """Let them choose, knowing what they remember."""
        return Shoppers(self.person, self.vehicle, self.at, memory.rows(self.row), focus)


def visits(scene: Scene, chooser: Chooser, ordered: ActionLog, progress: Progress) -> Visits:
    """Play all sessions before the end, first sessions first."""
    rng, population, sizes = scene.config.stream("visits"), scene.population, scene.config.sizes
    active = population.active
    # People turn up through the whole time; who comes late has no past to learn from and fewer visits.
    arrival = rng.random(active.size)
    mean = np.where(active < population.own, sizes.sessions_per_user, sizes.sessions_per_visitor)
    count = np.minimum(rng.geometric(1 / np.maximum(mean * (1.6 - 1.2 * arrival), 1)), MOST_SESSIONS)
    row = np.repeat(np.arange(active.size), count)
    nth = np.arange(row.size) - np.repeat(np.cumsum(count) - count, count)
    begin, end = int(BOUNDARY.timestamp()), scene.config.as_of
    share = arrival[row] + rng.random(row.size) * (1 - arrival[row])
    drawn = begin + (share * (end - begin - 7200)).astype(np.int64)
    at = drawn[np.lexsort((drawn, row))]
    everybody = Visitors(row, active[row], driven(rng, scene, active[row]), at, np.arange(row.size))
    play = _Play(chooser, rng, _remembered(population, ordered), sizes.order_share)
    played: list[Visits] = []
    done = 0
    for part in np.split(np.argsort(nth, kind="stable"), np.cumsum(np.bincount(nth))[:-1]):
        played.append(play.session(everybody.of(part)))
        done += part.size
        progress("demo: visits", done, row.size)
    views, carts, purchases = (
        ActionLog.joined(*(getattr(p, name) for p in played)) for name in ("views", "carts", "purchases")
    )
    return Visits(views, carts, purchases)


def crawl(scene: Scene) -> ActionLog:
    """Crawlers look at every product that is on show, one after the other."""
    rng, population = scene.config.stream("crawl"), scene.population
    seen = np.flatnonzero(~scene.catalogue.unseen)
    begin, end = int(BOUNDARY.timestamp()), scene.config.as_of
    person = np.repeat(population.crawlers, seen.size)
    sku = np.concatenate([rng.permutation(seen) for _ in population.crawlers])
    latest = max(end - begin - CRAWL_SECONDS * seen.size, 1)
    start = begin + rng.integers(0, latest, population.crawlers.size)
    at = np.repeat(start, seen.size) + CRAWL_SECONDS * np.tile(np.arange(seen.size), population.crawlers.size)
    return ActionLog(person, sku, np.minimum(at, end - 1), np.full(person.size, -1))


def _remembered(population: Population, ordered: ActionLog) -> Memory:
    """What the active persons bought before the boundary."""
    row = np.full(population.persons, -1)
    row[population.active] = np.arange(population.active.size)
    log = ordered.sorted()
    in_memory = row[log.person] >= 0
    memory = Memory.empty(population.active.size)
    memory.buy(row[log.person[in_memory]], log.sku[in_memory], log.at[in_memory])
    return memory


class _Play:
    """One round of sessions: the chooser, the luck and what everybody remembers."""

    def __init__(self, chooser: Chooser, rng: np.random.Generator, memory: Memory, order_share: float) -> None:
        self.chooser, self.rng, self.memory, self.order_share = chooser, rng, memory, order_share

    def session(self, visitors: Visitors) -> Visits:
        """One session of many persons: look around one part type, perhaps fill a cart, perhaps buy."""
        wanted = self.chooser.draw(visitors.shoppers(self.memory), self.rng)
        visitors, wanted = visitors.of(wanted >= 0), wanted[wanted >= 0]
        more = self.rng.poisson(MORE_VIEWS, wanted.size)
        views = self._look(visitors, wanted, more)
        leaving = replace(visitors, at=visitors.at + 60 * more + 300)
        purchases = self._buy(leaving.of(self.rng.random(wanted.size) < self.order_share))
        return Visits(views, self._carts(views, wanted, purchases, leaving), purchases)

    def _look(self, visitors: Visitors, wanted: Ints, more: Ints) -> ActionLog:
        """The wanted product first, then `more` products around its part type."""
        visitor = np.repeat(np.arange(wanted.size), more)
        focus = self.chooser.truth.part_type[wanted][visitor]
        looking = visitors.of(visitor).shoppers(self.memory, focus)
        who = np.concatenate([np.arange(wanted.size), visitor])
        sku = np.concatenate([wanted, self.chooser.draw(looking, self.rng)])
        nth = np.arange(visitor.size) - (np.cumsum(more) - more)[visitor] + 1
        step = np.concatenate([np.zeros(wanted.size, dtype=np.int64), nth])
        when = visitors.at[who] + step * 45 + self.rng.integers(0, 40, who.size) * (step > 0)
        order = np.lexsort((when, who))
        sku, seen = sku[order], replace(visitors.of(who[order]), at=when[order])
        self.memory.see(seen.row, sku, seen.at)
        return seen.bought(sku)

    def _buy(self, visitors: Visitors) -> ActionLog:
        """An order of one to four lines; each line knows the one before."""
        lines = []
        for _ in range(4):
            sku = self.chooser.draw(visitors.shoppers(self.memory), self.rng)
            self.memory.buy(visitors.row, sku, visitors.at)
            lines.append(visitors.bought(sku))
            visitors = visitors.of(self.rng.random(visitors.row.size) < NEXT_LINE)
        return ActionLog.joined(*lines)

    def _carts(self, views: ActionLog, wanted: Ints, purchases: ActionLog, leaving: Visitors) -> ActionLog:
        """What is bought was in the cart; others fill one and leave it."""
        before = ActionLog(purchases.person, purchases.sku, purchases.at - 90, purchases.group)
        left = (self.rng.random(wanted.size) < CART) & ~np.isin(leaving.group, purchases.group)
        one = leaving.of(left).bought(wanted[left])
        last = np.append(views.group[1:] != views.group[:-1], True)
        second = left & (self.rng.random(wanted.size) < SECOND_IN_CART)
        two = leaving.of(second).bought(views.sku[last][second])
        return ActionLog.joined(before, one, two)
