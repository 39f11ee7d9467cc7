"""Which attribute rows a user has: the one that counts, and rows around it that must not change what counts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from holley_graph.simulator.population import EMPTIED, SOUND, Population
from holley_graph.simulator.raw import Traps, planted
from holley_graph.simulator.vehicles import Vehicles
from holley_graph.times import DAY

Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Rows:
    """One attribute row each: whose, which vehicle it names, when, and what it leaves out."""

    user: Ints
    vehicle: Ints
    updated: Ints
    inserted: Ints
    bare: Flags  # carries loyalty points only
    emptied: Flags  # carries an empty make only

    def at(self, index: Ints | slice) -> Rows:
        """Some rows."""
        return Rows(*(getattr(self, name)[index] for name in self.__dataclass_fields__))


def build(rng: np.random.Generator, population: Population, vehicles: Vehicles, as_of: int, traps: Traps) -> Rows:
    """The row that counts for every user, and rows around it that must not change what counts."""
    users = np.arange(population.person.size)
    sound = np.flatnonzero(population.state == SOUND)
    now = as_of - DAY * rng.integers(30, 700, users.size) - rng.integers(0, DAY, users.size)
    base = Rows(
        users,
        population.reported_vehicle,
        now,
        now + rng.integers(60, 7200, users.size),
        *np.zeros((2, users.size), bool),
    )

    def around(
        name: str,
        who: Ints,
        shift: Ints | int,
        lag: int = 0,
        *,
        other: bool,
        bare: bool = False,
        emptied: bool = False,
    ) -> Rows:
        traps[name] += who.size
        vehicle = rng.choice(vehicles.weight.size, who.size, p=vehicles.weight) if other else base.vehicle[who]
        flags = [np.full(who.size, flag) for flag in (bare, emptied)]
        return Rows(who, vehicle, base.updated[who] + shift, base.inserted[who] + shift + lag, *flags)

    def some(share: float) -> Ints:
        return np.sort(rng.choice(sound, min(planted(sound.size, share), sound.size), replace=False))

    older, tied, again, bare, late = (some(share) for share in (0.2, 0.01, 0.005, 0.1, 0.001))
    without_address = np.flatnonzero(population.state == EMPTIED)
    groups = [
        base,
        around("user.older_row", older, -DAY * rng.integers(1, 300, older.size), other=True),
        around("user.insertion_decides", tied, 0, -30, other=True),
        around("user.duplicate_row", again, 0, other=False),
        around("user.newer_row_lacks_vehicle", bare, DAY * rng.integers(1, 20, bare.size), other=False, bare=True),
        around(
            "user.emptied",
            without_address,
            DAY * rng.integers(1, 20, without_address.size),
            other=False,
            emptied=True,
        ),
        around("user.at_or_after_as_of", late, as_of - base.updated[late] + np.arange(late.size) * 60, other=True),
    ]
    return Rows(*(np.concatenate([getattr(group, name) for group in groups]) for name in Rows.__dataclass_fields__))
