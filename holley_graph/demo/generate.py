"""Make a world and write it down: five raw tables, what was planted in them, and the truth."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from holley_graph.demo import (
    catalogue,
    choice,
    fits,
    names,
    parcel,
    population,
    raw_catalog,
    raw_orders,
    raw_users,
    sessions,
    shopping,
    taste,
    timeline,
    vehicles,
)
from holley_graph.demo.config import Sizes, Strengths, stream
from holley_graph.demo.raw import Traps
from holley_graph.demo.raw_events import EventWriter
from holley_graph.demo.schemas import SCHEMAS
from holley_graph.demo.world import World
from holley_graph.errors import SettingsError
from holley_graph.progress import Progress, silent

VERSION = 1  # raised whenever the same seed gives another world
AS_OF = datetime(2026, 1, 1, tzinfo=UTC)
FEWEST_USERS = 20
TABLES = tuple(SCHEMAS)


def generate(
    folder: Path,
    *,
    users: int = 5_000,
    seed: int = 20260101,
    as_of: datetime = AS_OF,
    products: int | None = None,
    strengths: Strengths | None = None,
    progress: Progress = silent,
) -> World:
    """Write a world into a folder; the same arguments give the same bytes.

    Args:
        folder: made if missing; a world that is already in it is replaced.
        users: user ids with attributes; everything else scales with them.
        seed: of everything.
        as_of: end of the events, exclusive; at least two days after the boundary of 2025-09-01.
        products: SKUs, instead of what the users call for.
        strengths: of the signals, to try others.
        progress: told where the work is.

    Raises:
        SettingsError: too few users, or `as_of` before there is any event.
    """
    if users < FEWEST_USERS:
        raise SettingsError(f"a world needs at least {FEWEST_USERS} users, not {users}", f"--users {FEWEST_USERS}")
    if (as_of - taste.BOUNDARY).days < 2:
        raise SettingsError(
            f"as_of {as_of:%Y-%m-%d} leaves no time for events", f"they begin on {taste.BOUNDARY:%Y-%m-%d}"
        )
    strengths, sizes = strengths or Strengths(), Sizes.of(users, products)
    parcel.clear(folder)
    cars = vehicles.choose(sizes, seed)
    parts = catalogue.build(sizes, seed)
    fitting = fits.build(sizes, cars, parts, seed)
    parts = parts.listed(fitting.sku)
    truth = taste.build(cars, parts, fitting, strengths, as_of, seed)
    people = population.settle(sizes, cars, len(parts.types), strengths, seed)
    chooser = choice.Chooser(truth, people.people, strengths)
    ordered = shopping.orders(sizes, people, cars, chooser, seed, progress)
    visited = sessions.visits(sizes, people, cars, chooser, ordered, as_of, seed, progress)
    ids, of_person = names.user_ids(people, seed)
    traps, rows = Traps(), {}
    end = int(as_of.timestamp())
    email = names.emails(people)
    rows["user_attributes"] = raw_users.build(folder, people, cars, ids, email, end, seed, traps)
    progress("demo: raw tables", 1, len(TABLES))
    rows["fitment"] = raw_catalog.fitment(folder, cars, parts, fitting, seed, traps)
    rows["items"] = raw_catalog.items(folder, parts, seed, traps)
    progress("demo: raw tables", 3, len(TABLES))
    later = visited.purchases.of(visited.purchases.person < people.own)
    rows["orders"] = raw_orders.build(folder, parts.sku, email, ordered, later, end, seed, traps)
    progress("demo: raw tables", 4, len(TABLES))
    rng = stream(seed, "raw events")
    crawled = sessions.crawl(people, np.flatnonzero(~parts.unseen), as_of, seed)
    extra = parts.size + np.arange(len(catalogue.SERVICE) + len(raw_orders.UNKNOWN_SKUS))
    services, unknown = np.split(extra, [len(catalogue.SERVICE)])
    line = timeline.with_traps(timeline.build(visited, crawled, rng), end, services, unknown, rng, traps)
    EventWriter(parts, of_person, rng, traps).write(folder, line)
    rows["events"] = line.at.size
    progress("demo: raw tables", len(TABLES), len(TABLES))
    made = {
        "skus": parts.size,
        "fitments": fitting.sku.size,
        "persons": people.persons,
        "order_lines": ordered.at.size,
    }
    meta = {
        "generator_version": VERSION,
        "seed": seed,
        "as_of": as_of.isoformat(),
        "boundary": taste.BOUNDARY.isoformat(),
        "sizes": asdict(sizes) | made,
        "rows": rows,
        "traps": dict(sorted(traps.items())),
        "strengths": asdict(strengths),
    }
    bought = shopping.Log.joined(ordered, visited.purchases)
    return parcel.keep(folder, meta, cars, parts, truth, people, ids, bought, visited.views)
