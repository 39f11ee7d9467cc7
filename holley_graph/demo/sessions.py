"""Months of visits: views of similar products, carts, orders; each visit knows the ones before it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import numpy as np
import numpy.typing as npt

from holley_graph.demo.choice import Chooser, Shoppers
from holley_graph.demo.config import Sizes, stream
from holley_graph.demo.memory import Memory
from holley_graph.demo.population import Population
from holley_graph.demo.shopping import Log, driven
from holley_graph.demo.taste import BOUNDARY
from holley_graph.demo.vehicles import Vehicles
from holley_graph.progress import Progress

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

    views: Log
    carts: Log
    purchases: Log


def visits(
    sizes: Sizes,
    population: Population,
    vehicles: Vehicles,
    chooser: Chooser,
    ordered: Log,
    as_of: datetime,
    seed: int,
    progress: Progress,
) -> Visits:
    """Play all sessions before `as_of`, first sessions first."""
    rng = stream(seed, "visits")
    active = population.active
    # People turn up through the whole time; who comes late has no past to learn from and fewer visits.
    arrival = rng.random(active.size)
    mean = np.where(active < population.own, sizes.sessions_per_user, sizes.sessions_per_visitor)
    count = np.minimum(rng.geometric(1 / np.maximum(mean * (1.6 - 1.2 * arrival), 1)), MOST_SESSIONS)
    row = np.repeat(np.arange(active.size), count)
    nth = np.arange(row.size) - np.repeat(np.cumsum(count) - count, count)
    begin, end = int(BOUNDARY.timestamp()), int(as_of.timestamp())
    share = arrival[row] + rng.random(row.size) * (1 - arrival[row])
    drawn = begin + (share * (end - begin - 7200)).astype(np.int64)
    at = drawn[np.lexsort((drawn, row))]
    vehicle = driven(rng, sizes, population, vehicles, active[row])
    play = _Play(chooser, rng, _remembered(population, ordered), sizes.order_share)
    played: list[Visits] = []
    done = 0
    for part in np.split(np.argsort(nth, kind="stable"), np.cumsum(np.bincount(nth))[:-1]):
        played.append(play.session(row[part], active[row[part]], vehicle[part], at[part], part))
        done += part.size
        progress("demo: visits", done, row.size)
    views, carts, purchases = (
        Log.joined(*(getattr(p, name) for p in played)) for name in ("views", "carts", "purchases")
    )
    return Visits(views, carts, purchases)


def crawl(population: Population, seen: Ints, as_of: datetime, seed: int) -> Log:
    """Crawlers look at every product that is on show, one after the other."""
    rng = stream(seed, "crawl")
    begin, end = int(BOUNDARY.timestamp()), int(as_of.timestamp())
    person = np.repeat(population.crawlers, seen.size)
    sku = np.concatenate([rng.permutation(seen) for _ in population.crawlers])
    latest = max(end - begin - CRAWL_SECONDS * seen.size, 1)
    start = begin + rng.integers(0, latest, population.crawlers.size)
    at = np.repeat(start, seen.size) + CRAWL_SECONDS * np.tile(np.arange(seen.size), population.crawlers.size)
    return Log(person, sku, np.minimum(at, end - 1), np.full(person.size, -1))


def _remembered(population: Population, ordered: Log) -> Memory:
    """What the active persons bought before the boundary."""
    row = np.full(population.persons, -1)
    row[population.active] = np.arange(population.active.size)
    log = ordered.sorted()
    mine = row[log.person] >= 0
    memory = Memory.empty(population.active.size)
    memory.buy(row[log.person[mine]], log.sku[mine], log.at[mine])
    return memory


class _Play:
    """One round of sessions: the chooser, the luck and what everybody remembers."""

    def __init__(self, chooser: Chooser, rng: np.random.Generator, memory: Memory, order_share: float) -> None:
        self.chooser, self.rng, self.memory, self.order_share = chooser, rng, memory, order_share

    def session(self, row: Ints, person: Ints, vehicle: Ints, at: Ints, group: Ints) -> Visits:
        """One session of many persons: look around one part type, perhaps fill a cart, perhaps buy."""
        wanted = self.chooser.draw(Shoppers(person, vehicle, at, self.memory.rows(row)), self.rng)
        some = wanted >= 0
        row, person, vehicle, at, group, wanted = (
            column[some] for column in (row, person, vehicle, at, group, wanted)
        )
        more = self.rng.poisson(MORE_VIEWS, row.size)
        views = self._look(row, person, vehicle, at, group, wanted, more)
        close = at + 60 * more + 300
        buys = self.rng.random(row.size) < self.order_share
        purchases = self._buy(*(column[buys] for column in (row, person, vehicle, close, group)))
        return Visits(views, self._carts(views, wanted, purchases, person, close, group), purchases)

    def _look(self, row: Ints, person: Ints, vehicle: Ints, at: Ints, group: Ints, wanted: Ints, more: Ints) -> Log:
        """The wanted product first, then `more` products around its part type."""
        each = np.repeat(np.arange(row.size), more)
        focus = self.chooser.truth.part_type[wanted][each]
        looking = Shoppers(person[each], vehicle[each], at[each], self.memory.rows(row[each]), focus)
        who = np.concatenate([np.arange(row.size), each])
        sku = np.concatenate([wanted, self.chooser.draw(looking, self.rng)])
        nth = np.arange(each.size) - (np.cumsum(more) - more)[each] + 1
        step = np.concatenate([np.zeros(row.size, dtype=np.int64), nth])
        when = at[who] + step * 45 + self.rng.integers(0, 40, who.size) * (step > 0)
        order = np.lexsort((when, who))
        who, sku, when = who[order], sku[order], when[order]
        self.memory.see(row[who], sku, when)
        return Log(person[who], sku, when, group[who])

    def _buy(self, row: Ints, person: Ints, vehicle: Ints, at: Ints, group: Ints) -> Log:
        """An order of one to four lines; each line knows the one before."""
        lines = []
        for _ in range(4):
            sku = self.chooser.draw(Shoppers(person, vehicle, at, self.memory.rows(row)), self.rng)
            self.memory.buy(row, sku, at)
            lines.append(Log(person, sku, at, group))
            again = self.rng.random(row.size) < NEXT_LINE
            row, person, vehicle, at, group = (column[again] for column in (row, person, vehicle, at, group))
        return Log.joined(*lines)

    def _carts(self, views: Log, wanted: Ints, purchases: Log, person: Ints, close: Ints, group: Ints) -> Log:
        """What is bought was in the cart; others fill one and leave it."""
        before = Log(purchases.person, purchases.sku, purchases.at - 90, purchases.group)
        left = (self.rng.random(person.size) < CART) & ~np.isin(group, purchases.group)
        one = Log(person[left], wanted[left], close[left], group[left])
        last = np.append(views.group[1:] != views.group[:-1], True)
        second = left & (self.rng.random(person.size) < SECOND_IN_CART)
        two = Log(person[second], views.sku[last][second], close[second], group[second])
        return Log.joined(before, one, two)
