"""Two years of orders: every buyer's purchases one after the other, all buyers at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from holley_graph.progress import Progress
from holley_graph.simulator.choice import Chooser, Shoppers
from holley_graph.simulator.memory import Memory
from holley_graph.simulator.scene import Scene
from holley_graph.simulator.taste import BEGIN, BOUNDARY

Ints = npt.NDArray[np.int64]
MOST_LINES = 30  # of a buyer who is no dealer
NEW_ORDER = 0.65  # chance that the next line opens a new order


@dataclass(frozen=True)
class ActionLog:
    """What was chosen: person, SKU, epoch seconds and the number of the order or session."""

    person: Ints
    sku: Ints
    at: Ints
    group: Ints

    def sorted(self) -> ActionLog:
        """By person, then time, then as it happened."""
        order = np.lexsort((self.at, self.person))
        return ActionLog(self.person[order], self.sku[order], self.at[order], self.group[order])

    def of(self, keep: npt.NDArray[np.bool_]) -> ActionLog:
        """Some of it."""
        return ActionLog(self.person[keep], self.sku[keep], self.at[keep], self.group[keep])

    @classmethod
    def joined(cls, *logs: ActionLog) -> ActionLog:
        """One after the other."""
        columns = [[getattr(log, name) for log in logs] for name in ("person", "sku", "at", "group")]
        return cls(*(np.concatenate(parts).astype(np.int64) for parts in columns))


def driven(rng: np.random.Generator, scene: Scene, person: Ints) -> Ints:
    """The vehicle that each choice is for: mostly the person's own, if anything fits it."""
    vehicles, own = scene.vehicles, scene.population.vehicle[person]
    other = rng.choice(vehicles.weight.size, person.size, p=vehicles.weight)
    return np.where(
        (rng.random(person.size) < scene.config.sizes.foreign_share) | (own >= vehicles.with_fitment), other, own
    )


def orders(scene: Scene, chooser: Chooser, progress: Progress) -> ActionLog:
    """All order lines before the boundary."""
    rng, population, sizes = scene.config.stream("orders"), scene.population, scene.config.sizes
    count = np.minimum(rng.geometric(1 / sizes.lines_per_buyer, population.buyers.size), MOST_LINES)
    person = np.repeat(population.buyers, count)
    nth = np.arange(person.size) - np.repeat(np.cumsum(count) - count, count)
    group = np.cumsum((nth == 0) | (rng.random(person.size) < NEW_ORDER)) - 1
    at = _times(rng, person, group)
    vehicle = driven(rng, scene, person)
    sku = np.full(person.size, -1)
    memory = Memory.empty(population.persons)
    by_round = np.argsort(nth, kind="stable")
    begin, done = 0, 0
    for size in np.bincount(nth).tolist():
        now = by_round[begin : begin + size]
        sku[now] = chooser.draw(Shoppers(person[now], vehicle[now], at[now], memory.rows(person[now])), rng)
        buyers = now[sku[now] >= 0]
        memory.buy(person[buyers], sku[buyers], at[buyers])
        begin, done = begin + size, done + size
        progress("demo: order lines", done, person.size)
    has_part = sku >= 0
    lines = ActionLog(person[has_part], sku[has_part], at[has_part], group[has_part])
    return ActionLog.joined(lines, _dealers(rng, scene, chooser, int(group.max()) + 1))


def _times(rng: np.random.Generator, person: Ints, group: Ints) -> Ints:
    """A time for each line: a buyer's orders ascend, and the shop grows over the two years."""
    begin, end = int(BEGIN.timestamp()), int(BOUNDARY.timestamp())
    first = np.unique(group, return_index=True)[1]
    chance = rng.random(first.size) ** 0.8
    drawn = np.asarray(begin + chance * (end - begin - 1), dtype=np.int64)
    return np.asarray(drawn[np.lexsort((drawn, person[first]))][group])


def _dealers(rng: np.random.Generator, scene: Scene, chooser: Chooser, group: int) -> ActionLog:
    """Lines of workshops: many, for any vehicle, by nobody's personal history."""
    population, vehicles, sizes = scene.population, scene.vehicles, scene.config.sizes
    share = rng.lognormal(0.0, 0.8, population.dealers.size)
    count = np.maximum((share / share.sum() * sizes.users * sizes.dealer_lines_per_user).astype(np.int64), 40)
    person = np.repeat(population.dealers, count)
    vehicle = rng.choice(vehicles.weight.size, person.size, p=vehicles.weight)
    begin, end = int(BEGIN.timestamp()), int(BOUNDARY.timestamp())
    at = np.sort(rng.integers(begin, end, person.size))
    at = at[np.argsort(rng.random(person.size), kind="stable")]
    sku = chooser.draw(Shoppers(person, vehicle, at, Memory.empty(person.size)), rng)
    has_part = sku >= 0
    return ActionLog(person[has_part], sku[has_part], at[has_part], group + np.arange(person.size)[has_part])
