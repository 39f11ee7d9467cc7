"""The whole loop on a generated world."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from holley_graph.errors import GraphStateError, SettingsError
from holley_graph.graph import browser
from holley_graph.graph.client import Graph
from holley_graph.model.training.execution import Execution, device
from holley_graph.model.training.plan import Plan
from holley_graph.progress import Progress, silent
from holley_graph.recommend import answers
from holley_graph.server import lifecycle
from holley_graph.server.layout import Layout
from holley_graph.settings import Settings
from holley_graph.simulator import generate
from holley_graph.snapshot import parcel
from holley_graph.times import DAY
from holley_graph.workflows.connection import connect
from holley_graph.workflows.release import write_back
from holley_graph.workflows.snapshots import take_snapshot
from holley_graph.workflows.sync import sync
from holley_graph.workflows.training import train

HELD_OUT_DAYS = 30


def demo(
    settings: Settings, users: int, seed: int, preset: str = "full-month", progress: Progress = silent
) -> dict[str, Any]:
    """Start the server, generate a world, sync, train, write back and ask.

    Args:
        settings: of an embedded server, whose home holds no other data.
        users: owners of a vehicle.
        seed: the same seed gives the same world.
        preset: kind of shop, one of `PRESETS`.
        progress: told after each step.

    Raises:
        SettingsError: a server of one's own is named.
        GraphStateError: the graph holds other data.
    """
    if settings.server.uri is not None:
        raise SettingsError("the demo fills the embedded server only", "leave out --uri")
    record = lifecycle.up(settings, progress)
    raw = settings.home / "demo" / f"world-{preset}-{users}-{seed}"
    with connect(settings, progress) as graph:
        _refuse_other_data(graph, settings)
    world = generate(raw, users=users, seed=seed, preset=preset, progress=progress)
    synced = sync(settings, f"files:{raw}", world.as_of, progress=progress)
    folder = take_snapshot(settings, progress)
    plan = Plan(execution=Execution(device()))
    cut = parcel.open_parcel(folder).as_of - HELD_OUT_DAYS * DAY
    measured = train(settings, replace(plan, as_of=cut), folder, progress)
    live = train(settings, plan, folder, progress)
    released = write_back(settings, live.path.name, force=True, progress=progress)
    with connect(settings, progress) as graph:
        shown = _answers(graph, settings)
    query, who = browser.find("fitment_path"), {"user_id": shown[0]["user_id"]}
    return {
        "sync": synced.as_dict(),
        "held_out": measured.manifest.metrics["held_out"],
        "run_id": released.run_id,
        "answers": shown,
        "browser": browser.link(record.browser_url("neo4j"), query, who),
        "password_file": Layout.of(settings).password_file,
    }


def _refuse_other_data(graph: Graph, settings: Settings) -> None:
    sources = [row["source"] for row in graph.read("load/marker")]
    folder = str(settings.home / "demo")
    if any(not (source or "").startswith(folder) for source in sources):
        raise GraphStateError(
            f"{settings.home} holds a graph of {sources[0]}", "give the demo a home of its own: --home DIR"
        )


def _answers(graph: Graph, settings: Settings) -> list[dict[str, Any]]:
    """Answer for a typical user of each kind."""
    users = graph.read("recommend/typical_users")
    answered = [(user, answers.for_user(graph, user["user_id"], 4, settings.recommend)) for user in users]
    return [{**user, "rows": answer.rows, "note": answer.note} for user, answer in answered]
