"""Make a world and write it down: five raw tables, what was planted in them, and the truth."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

from holley_graph.errors import SettingsError
from holley_graph.progress import Progress, silent
from holley_graph.simulator import (
    names,
    parcel,
    raw_catalog,
    raw_events,
    raw_orders,
    raw_users,
    sessions,
    shopping,
    taste,
)
from holley_graph.simulator.config import Strengths, WorldConfig
from holley_graph.simulator.presets import PRESETS
from holley_graph.simulator.raw import Traps
from holley_graph.simulator.scene import Scene
from holley_graph.simulator.schemas import SCHEMAS
from holley_graph.simulator.world import World
from holley_graph.times import DAY, moment, seconds

VERSION = 1  # raised whenever the same seed gives another world
AS_OF = seconds("2026-01-01")
FEWEST_USERS = 20
TABLES = tuple(SCHEMAS)


def generate(
    folder: Path,
    *,
    users: int = 5_000,
    seed: int = 20260101,
    as_of: int = AS_OF,
    products: int | None = None,
    preset: str = "usual",
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
        preset: which shop of the family, one of `PRESETS`.
        strengths: of the signals, to try others than the preset's.
        progress: told where the work is.

    Raises:
        SettingsError: too few users, no such preset, or `as_of` before there is any event.
    """
    if users < FEWEST_USERS:
        raise SettingsError(f"a world needs at least {FEWEST_USERS} users, not {users}", f"--users {FEWEST_USERS}")
    if as_of < taste.BOUNDARY.timestamp() + 2 * DAY:
        raise SettingsError(
            f"as_of {moment(as_of):%Y-%m-%d} leaves no time for events", f"they begin on {taste.BOUNDARY:%Y-%m-%d}"
        )
    if preset not in PRESETS:
        raise SettingsError(f"there is no preset {preset!r}", f"one of: {', '.join(PRESETS)}")
    shop = PRESETS[preset]
    config = WorldConfig(shop.sizes(users, products), strengths or shop.strengths, seed, as_of)
    parcel.clear(folder)
    scene, traps = Scene.of(config), Traps()
    people, chooser = scene.population, scene.chooser
    ordered = shopping.orders(scene, chooser, progress)
    visited = sessions.visits(scene, chooser, ordered, progress)
    ids, of_person = names.user_ids(config, people)
    email, rows = names.emails(people), {}
    rows["user_attributes"] = raw_users.build(folder, scene, ids, email, traps)
    progress("demo: raw tables", 1, len(TABLES))
    rows["fitment"] = raw_catalog.fitment(folder, scene, traps)
    rows["items"] = raw_catalog.items(folder, scene, traps)
    progress("demo: raw tables", 3, len(TABLES))
    later = visited.purchases.of(visited.purchases.person < people.own)
    rows["orders"] = raw_orders.build(folder, scene, email, ordered, later, traps)
    progress("demo: raw tables", 4, len(TABLES))
    rows["events"] = raw_events.build(folder, scene, of_person, visited, traps)
    progress("demo: raw tables", len(TABLES), len(TABLES))
    bought = shopping.ActionLog.joined(ordered, visited.purchases)
    return parcel.keep(folder, scene, ids, bought, visited.views, _meta(scene, preset, ordered, rows, traps))


def _meta(
    scene: Scene, preset: str, ordered: shopping.ActionLog, rows: dict[str, int], traps: Traps
) -> dict[str, Any]:
    """Say what was made."""
    config = scene.config
    made = {
        "skus": scene.catalogue.size,
        "fitments": scene.fits.sku.size,
        "persons": scene.population.persons,
        "order_lines": ordered.at.size,
    }
    return {
        "generator_version": VERSION,
        "seed": config.seed,
        "preset": preset,
        "as_of": moment(config.as_of).isoformat(),
        "boundary": taste.BOUNDARY.isoformat(),
        "sizes": asdict(config.sizes) | made,
        "rows": rows,
        "traps": dict(sorted(traps.items())),
        "strengths": asdict(config.strengths),
    }
