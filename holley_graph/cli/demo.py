"""`demo`: the whole loop on a generated world, then what one would ask of it."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import rich_click as click

from holley_graph.cli import Context
from holley_graph.cli.console import json_option, print_json, say, then
from holley_graph.cli.progress import progress
from holley_graph.progress import step
from holley_graph.times import DAY

if TYPE_CHECKING:
    from holley_graph.graph.client import Graph
    from holley_graph.settings import Settings

HELD_OUT_DAYS = 30
WHO = {
    "cold": "An owner with a vehicle and no history",
    "buyer": "An owner with past orders",
    "visitor": "An owner who viewed parts",
}


@click.command()
@click.option(
    "--users", type=click.IntRange(200), default=5_000, show_default=True, help="Number of owners in the world."
)
@click.option("--seed", type=int, default=20260101, show_default=True, help="The same seed gives the same world.")
@json_option
@click.pass_obj
def demo(context: Context, users: int, seed: int, as_json: bool) -> None:
    """Generate a world, sync, train, write back, and show answers, a comparison and Neo4j Browser.

    The server stays up. A home that holds other data is refused.
    """
    started = time.monotonic()
    settings = context.settings
    with progress() as report:
        told = _loop(settings, users, seed, report)
    told["seconds"] = round(time.monotonic() - started, 1)
    if as_json:
        print_json(told)
    else:
        _show(told)


def _loop(settings: Settings, users: int, seed: int, report: Any) -> dict[str, Any]:
    with step(report, "loading PyTorch"):
        from holley_graph.cli.connection import connect, follow
        from holley_graph.cli.sync import offline_import
        from holley_graph.demo import generate
        from holley_graph.embeddings.writeback import write_back
        from holley_graph.errors import SettingsError
        from holley_graph.graph import browser
        from holley_graph.model.training.execution import Execution, device
        from holley_graph.model.training.plan import Plan
        from holley_graph.model.training.train import train
        from holley_graph.server import lifecycle
        from holley_graph.server.layout import Layout
        from holley_graph.snapshot import exporter, parcel
        from loaders import sync
        from loaders.files import FilesSource

    if settings.server.uri is not None:
        raise SettingsError("the demo fills the embedded server only", "leave out --uri")
    record = lifecycle.up(settings, report)
    raw = settings.home / "demo" / f"world-{users}-{seed}"
    with connect(settings) as graph:
        _refuse_other_data(graph, settings)
        world = generate(raw, users=users, seed=seed, progress=report)
        synced = sync.sync(
            FilesSource(raw),
            graph,
            settings,
            as_of=world.as_of,
            bulk=offline_import(settings, report),
            progress=report,
        )
        snapshot = exporter.take(graph, exporter.options(settings.sync), report)
        kept = parcel.keep(snapshot, settings.home / "snapshots").name
        runs, plan = settings.home / "runs", Plan(execution=Execution(device()), snapshot=kept)
        backtest = train(snapshot, runs, replace(plan, as_of=snapshot.as_of - HELD_OUT_DAYS * DAY), report)
        live = train(snapshot, runs, plan, report)
        released = write_back(graph, live.path, progress=report)
        follow(settings, graph)
        answers = _answers(graph, settings)
    return {
        "sync": synced.as_dict(),
        "held_out": backtest.manifest.metrics["held_out"],
        "run_id": released.run_id,
        "answers": answers,
        "browser": browser.link(
            record.browser_url("neo4j"), browser.find("fitment_path"), {"user_id": answers[0]["user_id"]}
        ),
        "password_file": Layout.of(settings).password_file,
    }


def _refuse_other_data(graph: Graph, settings: Settings) -> None:
    from holley_graph.errors import GraphStateError

    sources = [row["source"] for row in graph.read("load/marker")]
    ours = str(settings.home / "demo")
    if any(not (source or "").startswith(ours) for source in sources):
        raise GraphStateError(
            f"{settings.home} holds a graph of {sources[0]}", "give the demo a home of its own: --home DIR"
        )


def _answers(graph: Graph, settings: Settings) -> list[dict[str, Any]]:
    from holley_graph.recommend import answers

    typical = graph.read("recommend/typical_users")
    found = [(user, answers.for_user(graph, user["user_id"], 4, settings.recommend)) for user in typical]
    return [{**user, "rows": answer.rows, "note": answer.note} for user, answer in found]


def _show(told: dict[str, Any]) -> None:
    from holley_graph.cli.answers import parts
    from holley_graph.cli.train import show_comparison

    for answer in told["answers"]:
        title = f"{WHO[answer['kind']]}: {answer['vehicle_id'].replace('|', ' ')} ({answer['user_id']})"
        if answer["rows"]:
            parts(title, answer["rows"], "answered_by")
        if answer["note"]:
            say(answer["note"])
    if told["held_out"]:
        show_comparison("Trained without the last month", told["held_out"])
    say(f"done in {told['seconds']:.0f} s; the server stays up, stop it with: holley-graph down")
    say(f"Neo4j Browser, fitment path ready (password in {told['password_file']}):")
    say(told["browser"])
    then("status")
