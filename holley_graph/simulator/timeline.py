"""All events of a world in columns, sound ones first and then the traps, before they become a raw table."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from holley_graph.simulator.raw import Traps, planted
from holley_graph.simulator.sessions import Visits
from holley_graph.simulator.shopping import ActionLog
from holley_graph.simulator.taste import BOUNDARY
from holley_graph.times import DAY

Ints = npt.NDArray[np.int64]
VIEW, CART, ORDERED, PLACED, WEBSITE, OTHER = range(6)
NOBODY, BLANK = -1, -2  # user: null, blank
NEVER = -1  # time: null
NO_SKU, BLANK_SKU = -1, -2


@dataclass(frozen=True)
class Timeline:
    """Events `[events]` and what is in them: `sku[offset[e]:offset[e + 1]]`."""

    user: Ints  # person, or NOBODY, BLANK
    kind: Ints  # VIEW …
    at: Ints  # epoch seconds, or NEVER
    inserted: Ints  # epoch seconds
    offset: Ints  # [events + 1]
    sku: Ints  # code, or NO_SKU, BLANK_SKU

    def take(self, event: Ints) -> Timeline:
        """Some events, in that order."""
        count = np.diff(self.offset)[event]
        offset = np.append(0, np.cumsum(count))
        item = np.repeat(self.offset[event] - offset[:-1], count) + np.arange(int(offset[-1]))
        return Timeline(
            self.user[event], self.kind[event], self.at[event], self.inserted[event], offset, self.sku[item]
        )


def build(visits: Visits, crawled: ActionLog, rng: np.random.Generator) -> Timeline:
    """Views are events of one product; carts and most orders carry several."""
    bought = visits.purchases.sorted()
    kind_of = rng.choice([PLACED, ORDERED, WEBSITE], int(bought.group.max(initial=0)) + 1, p=[0.55, 0.3, 0.15])
    kind = kind_of[bought.group]
    # "Ordered Product" is sent once per line, the other order events once per order
    single = kind == ORDERED
    views = ActionLog.joined(visits.views, crawled)
    parts = [
        _events(views, np.arange(views.at.size), VIEW),
        _events(visits.carts.sorted(), None, CART),
        _events(bought.of(single), np.arange(int(single.sum())), ORDERED),
        _events(bought.of(kind == PLACED), None, PLACED),
        _events(bought.of(kind == WEBSITE), None, WEBSITE),
    ]
    whole = joined(parts)
    lag = rng.integers(1, 900, whole.at.size)
    return Timeline(whole.user, whole.kind, whole.at, whole.at + lag, whole.offset, whole.sku)


def with_traps(
    line: Timeline, as_of: int, services: Ints, unknown: Ints, rng: np.random.Generator, traps: Traps
) -> Timeline:
    """Add copies of single views with one thing wrong each, and deliveries that come twice."""
    views = np.flatnonzero(line.kind == VIEW)
    total, boundary = line.at.size, int(BOUNDARY.timestamp())

    def copies(name: str, share: float) -> dict[str, Ints]:
        count = planted(total, share)
        traps[name] += count
        copy = line.take(rng.choice(views, count))
        return {field: getattr(copy, field) for field in Timeline.__dataclass_fields__}

    def of(name: str, share: float, column: str, values: Ints) -> Timeline:
        columns = copies(name, share)
        columns[column] = np.resize(values, columns[column].size)
        return Timeline(**columns)

    again = line.take(rng.choice(total, planted(total, 0.01)))
    traps["event.delivered_twice"] += again.at.size
    twice = Timeline(
        again.user,
        again.kind,
        again.at,
        again.inserted + rng.integers(5, 3600, again.at.size),
        again.offset,
        again.sku,
    )
    return joined(
        [
            line,
            twice,
            of("event.no_user", 0.002, "user", np.array([NOBODY, BLANK])),
            of("event.no_time", 0.001, "at", np.array([NEVER])),
            of("event.no_sku", 0.002, "sku", np.array([NO_SKU, BLANK_SKU])),
            of("event.unknown_sku", 0.003, "sku", unknown),
            of("event.service_sku", 0.001, "sku", services),
            of("event.other_name", 0.01, "kind", np.array([OTHER])),
            of("event.before_boundary", 0.003, "at", boundary - 1 - DAY * np.arange(40)),
            of("event.at_or_after_as_of", 0.001, "at", as_of + 3600 * np.arange(30)),
        ]
    )


def joined(parts: list[Timeline]) -> Timeline:
    """One after the other."""
    count = np.concatenate([np.diff(part.offset) for part in parts])
    user, kind, at, inserted, sku = (
        np.concatenate([getattr(part, name) for part in parts])
        for name in ("user", "kind", "at", "inserted", "sku")
    )
    return Timeline(user, kind, at, inserted, np.append(0, np.cumsum(count)), sku)


def _events(log: ActionLog, event: Ints | None, kind: int) -> Timeline:
    """Lines of a log as events; `event` none: one event per session, its lines standing together."""
    if event is None:
        event = np.cumsum(np.append(0, log.group[1:] != log.group[:-1])) if log.group.size else log.group
    first = np.unique(event, return_index=True)[1]
    offset = np.append(first, log.sku.size)
    return Timeline(log.person[first], np.full(first.size, kind), log.at[first], log.at[first], offset, log.sku)
