"""Who lives in a world: users, guests, visitors and crawlers, what they drive and what they like."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from holley_graph.simulator.choice import People
from holley_graph.simulator.config import Strengths, WorldConfig
from holley_graph.simulator.taste import TASTES
from holley_graph.simulator.vehicles import Vehicles

Ints = npt.NDArray[np.int64]
CRAWLERS = 2
SOUND, BAD_YEAR, EMPTIED, LACKING = range(4)  # what a user's attributes say about the vehicle in the end


@dataclass(frozen=True)
class Population:
    """Persons are who chooses; user ids are names for them.

    Persons stand in this order: users' own, guests, visitors, crawlers. The first `own` user ids are the
    persons of the same number; each later one shares the email, taste and history of another person.
    """

    own: int
    guests: int
    visitors: int
    person: Ints  # [users] person of a user id
    user_vehicle: Ints  # [users] as the raw tables tell it; −1: they do not
    reported_vehicle: Ints  # [users] as the rows name it, sound or not
    state: Ints  # [users] SOUND …
    vehicle: Ints  # [persons] what is bought for
    buyers: Ints  # persons with order lines
    dealers: Ints  # some of them
    active: Ints  # persons with events, crawlers apart
    people: People

    @property
    def persons(self) -> int:
        """Everybody, crawlers included."""
        return int(self.vehicle.size)

    @property
    def crawlers(self) -> Ints:
        """Persons that look at everything."""
        return np.arange(self.persons - CRAWLERS, self.persons)


def settle(config: WorldConfig, vehicles: Vehicles, types: int) -> Population:
    """Draw everybody."""
    rng, sizes = config.stream("population"), config.sizes
    shared = max(round(sizes.users * sizes.shared_emails), 1)
    own = sizes.users - shared
    persons = own + sizes.guests + sizes.visitors + CRAWLERS
    vehicle = rng.choice(vehicles.weight.size, persons, p=vehicles.weight)
    odd = np.flatnonzero(rng.random(own) < sizes.no_fitment_share)
    vehicle[odd] = rng.integers(vehicles.with_fitment, vehicles.weight.size, odd.size)
    person = np.concatenate([np.arange(own), np.sort(rng.choice(own, shared, replace=False))])
    another = rng.choice(vehicles.weight.size, shared, p=vehicles.weight)
    second = np.where(rng.random(shared) < 0.5, vehicle[person[own:]], another)
    stated = np.concatenate([vehicle[:own], second])
    state = rng.choice(4, sizes.users, p=[0.986, 0.004, 0.004, 0.006])
    guests = np.arange(own, own + sizes.guests)
    half = sizes.dealers // 2
    dealers = np.concatenate(
        [rng.choice(own, half, replace=False), rng.choice(guests, sizes.dealers - half, replace=False)]
    )
    active = np.flatnonzero(rng.random(own) < sizes.event_share)
    return Population(
        own=own,
        guests=sizes.guests,
        visitors=sizes.visitors,
        person=person,
        user_vehicle=np.where(state == SOUND, stated, -1),
        reported_vehicle=stated,
        state=state,
        vehicle=vehicle,
        buyers=np.concatenate([np.flatnonzero(rng.random(own) < sizes.buyer_share), guests]),
        dealers=dealers,
        active=np.concatenate([active, np.arange(own + sizes.guests, persons - CRAWLERS)]),
        people=_people(rng, persons, types, config.strengths),
    )


def _people(rng: np.random.Generator, persons: int, types: int, strengths: Strengths) -> People:
    taste = strengths.personal * rng.standard_normal((persons, TASTES), dtype=np.float32)
    return People(taste, rng.integers(0, types, (persons, 2)))
