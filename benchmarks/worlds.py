"""Generated worlds on a server of their own: synced once, kept with their snapshot, asked ever after."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from holley_graph.loaders import sync, sync_tables
from holley_graph.loaders.files import FilesSource
from holley_graph.server import lifecycle
from holley_graph.settings import Settings, load
from holley_graph.simulator import World, generate
from holley_graph.snapshot import extract, parcel
from holley_graph.snapshot.snapshot import Snapshot
from holley_graph.workflows.connection import connect
from holley_graph.workflows.sync import offline_import


@dataclass(frozen=True)
class Known:
    """A world whose truth can be asked, and all that the loop made of it."""

    settings: Settings
    world: World
    snapshot: Snapshot
    clean: sync_tables.SyncTables


def open_world(home: Path, users: int, seed: int, preset: str = "usual") -> Known:
    """Generate and sync a world below `home`, or open what an earlier call left there."""
    name = f"world-{users}-{seed}" + ("" if preset == "usual" else f"-{preset}")
    settings = load(home=(home / name).absolute())
    raw = settings.home / "raw"
    is_there = (raw / "world.json").exists()
    world = World.open(raw) if is_there else generate(raw, users=users, seed=seed, preset=preset)
    snapshot = synced(settings, raw, world.as_of)
    clean = sync_tables.open_tables(settings.home, next((settings.home / "taken").iterdir()).name)
    assert clean is not None
    return Known(settings, world, snapshot, clean)


def synced(settings: Settings, raw: Path, as_of: int) -> Snapshot:
    """Sync raw tables and keep the snapshot, or open the one that an earlier call kept."""
    snapshots = settings.home / "snapshots"
    if not any(snapshots.glob("*/manifest.json")):
        lifecycle.up(settings)
        try:
            with connect(settings) as graph:
                sync.sync(FilesSource(raw), graph, settings, as_of=as_of, bulk=offline_import(settings))
                parcel.keep(extract.take(graph, extract.options(settings.sync)), snapshots)
        finally:
            lifecycle.down(settings)
    return parcel.open_parcel(next(snapshots.glob("*/manifest.json")).parent)
