"""A small world for kills: its commands, the state that each begins from, and what two states are compared by."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from holley_graph.embeddings import slots
from holley_graph.embeddings.writeback import write_back
from holley_graph.export.everybody import export
from holley_graph.graph.client import Graph
from holley_graph.loaders import sync, tombstones
from holley_graph.loaders.files import FilesSource
from holley_graph.model.architectures.recipe import Recipe
from holley_graph.model.training import train as training
from holley_graph.model.training.plan import Plan
from holley_graph.server import lifecycle
from holley_graph.server.status import connect
from holley_graph.settings import Settings
from holley_graph.simulator.generate import generate
from holley_graph.snapshot import extract
from holley_graph.times import DAY, iso, moment, seconds
from holley_graph.workflows.live import follow
from holley_graph.workflows.sync import offline_import
from tests.support.held import held
from tests.support.server import small, wipe
from tests.support.sources import Rows, edited

AS_OF = seconds("2026-01-01")
USERS = 60
EPOCHS = 3
NEW_PART = "QX70010"

State = dict[str, Any]


@dataclass
class World:
    """Raw sources, a home with an embedded server, and trained runs.

    Attributes:
        folder: holds everything below.
        settings: of the home.
        graph: a connection to its server.
        first: the source that trials begin with.
        changed: the same a day later: some rows came, some went, some are others.
        grown: the same a day later, with a new part.
        runs: two, trained on the first.
        user: somebody who owns a vehicle and has ordered.
    """

    folder: Path
    settings: Settings
    graph: Graph
    first: Path
    changed: Path
    grown: Path
    runs: list[str]
    user: str

    @property
    def commands(self) -> dict[str, tuple[Callable[[], None], list[str]]]:
        """Name to what prepares a trial, and the command line."""
        later = self._sync(self.changed, AS_OF + DAY)
        out = ["--out", str(self.folder / "out.parquet"), "--generated-at", moment(AS_OF).isoformat()]
        return {
            "sync in batches": (self._first_taken, later),
            "sync at once": (self._first_taken, later),
            "sync --since-last": (self._first_taken, [*later, "--since-last"]),
            "first sync": (self._nothing_taken, self._sync(self.first, AS_OF)),
            "writeback": (self._one_live, ["writeback", self.runs[1]]),
            "rollback": (self._two_kept, ["rollback"]),
            "embed": (self._new_part_taken, ["embed", "--new"]),
            "export": (self._exported_before, ["export", *out]),
            "forget": (self._nobody_forgotten, ["forget", "--user", self.user, "--yes"]),
        }

    def arguments(self, command: str) -> list[str]:
        """Return a command line."""
        config = "batches" if command == "sync in batches" else "one"
        options = ["--home", str(self.settings.home), "--config", str(self.folder / f"{config}.toml")]
        return [*options, *self.commands[command][1]]

    def prepare(self, command: str) -> State:
        """Bring about the state that a trial begins from."""
        self.commands[command][0]()
        return self.state()

    def close(self) -> None:
        """Stop the server."""
        self.graph.close()
        lifecycle.down(self.settings)

    # ---- how it stands

    def state(self) -> State:
        """Say what graph, home and registry hold, without names and times of a single sync."""
        home, marker = self.settings.home, (self.graph.read("load/marker") or [{}])[0]
        releases = [row for row in slots.releases(self.graph) if row["slot"]]
        registry = home / "runs" / "registry.json"
        return {
            **{f"graph: {name}": _digest(sorted((key, sorted(_plain(row).items())) for key, row in rows.items()))
               for name, rows in held(self.graph).items()},
            "marker": [marker.get(key) for key in ("as_of", "state", "weights_version")],
            "releases": {row["run_id"]: row["state"] for row in releases},
            "vectors": {row["run_id"]: self._vectors(row["slot"]) for row in releases},
            "indexes": [row["state"] for row in self.graph.read("server/indexes")],
            "champion": json.loads(registry.read_text())["champion"] if registry.exists() else None,
            "runs": {str(path.relative_to(home)): _file(path) for path in (home / "runs").rglob("*")
                     if path.is_file() and path != registry and not path.name.startswith(".")},
            "taken": [path.name == marker.get("run_id") for path in (home / "taken").glob("*")],
            "tables": {path.name: pq.read_metadata(path).num_rows
                       for path in (home / "taken" / str(marker.get("run_id"))).glob("*.parquet")},
            "tombstones": _file(tombstones.path(home)),
            "export": _file(self.folder / "out.parquet"),
        }  # fmt: skip

    def _vectors(self, slot: str) -> str:
        text = f"MATCH (n) WHERE n.embedding_{slot} IS NOT NULL OR n.embedding_anchor_{slot} IS NOT NULL " \
               "RETURN coalesce(n.sku, n.vehicle_id, n.model_id, n.user_id, n.name) AS key, " \
               f"n.embedding_{slot}, n.embedding_anchor_{slot} ORDER BY key"  # fmt: skip
        lifts = f"MATCH (v)<-[f:FITS]-(p) WHERE f.lift_{slot} IS NOT NULL " \
                f"RETURN v.vehicle_id AS vehicle, p.sku AS sku, f.lift_{slot} ORDER BY vehicle, sku"  # fmt: skip
        with self.graph.driver.session() as session:
            return _digest([session.run(statement).values() for statement in (text, lifts)])  # type: ignore[arg-type]

    # ---- what trials begin from

    def _take(self, source: Path, as_of: int) -> None:
        bulk = offline_import(self.settings)
        sync.sync(FilesSource(source), self.graph, self.settings, as_of=as_of, bulk=bulk)

    def _live(self, *names: str) -> None:
        for name in names:
            write_back(self.graph, self.settings.home / "runs" / name)
        follow(self.settings, self.graph)

    def _none_live(self) -> None:
        with self.graph.driver.session() as session:
            text = "MATCH (s:Sync) REMOVE s.live_slot WITH s MATCH (r:Release) SET r.state = 'retired'"
            session.run(text).consume()

    def _first_taken(self) -> None:
        self._take(self.first, AS_OF)

    def _nothing_taken(self) -> None:
        wipe(self.graph)
        shutil.rmtree(self.settings.home / "taken", ignore_errors=True)
        follow(self.settings, self.graph)

    def _one_live(self) -> None:
        self._first_taken()
        self._none_live()
        self._live(self.runs[0])

    def _two_kept(self) -> None:
        self._first_taken()
        self._live(self.runs[0], self.runs[1])

    def _new_part_taken(self) -> None:
        for name in ("inductive.parquet", "inductive_lift.parquet"):
            (self.settings.home / "runs" / self.runs[0] / name).unlink(missing_ok=True)
        self._take(self.grown, AS_OF + DAY)
        self._none_live()
        self._live(self.runs[0])

    def _exported_before(self) -> None:
        self._first_taken()
        self._live(self.runs[0])
        shutil.copy(self.first / "items.parquet", self.folder / "out.parquet")

    def _nobody_forgotten(self) -> None:
        home = self.settings.home
        for name in ("taken", "runs", "rejects", "snapshots"):
            shutil.rmtree(home / name, ignore_errors=True)
        tombstones.path(home).unlink(missing_ok=True)
        shutil.copytree(self.folder / "runs", home / "runs")
        self._one_live()
        export(self.graph, self.settings, self.folder / "out.parquet", moment(AS_OF))

    def _sync(self, source: Path, as_of: int) -> list[str]:
        return ["sync", "--source", f"files:{source}", "--as-of", iso(as_of)]


def made(folder: Path) -> World:
    """Generate a world, start its server and train two runs on it."""
    settings = small(folder / "home")
    lifecycle.up(settings)
    first = generate(folder / "first", users=USERS, as_of=AS_OF).folder
    _configure(folder, settings)
    graph = connect(settings)
    sync.sync(FilesSource(first), graph, settings, as_of=AS_OF, bulk=offline_import(settings))
    runs = _trained(graph, settings)
    shutil.copytree(settings.home / "runs", folder / "runs")
    with graph.driver.session() as session:
        user = session.run("MATCH (u:User)-[:OWNS]->() WHERE EXISTS { (u)-[:ORDERED]->() } "
                           "RETURN u.user_id ORDER BY u.user_id LIMIT 1").value()[0]  # fmt: skip
    grown = edited(first, folder / "grown", items=_with_new_part, fitment=_fitting_new_part)
    changed = edited(
        first,
        folder / "changed",
        user_attributes=lambda rows: rows[len(rows) // 20 :],
        orders=lambda rows: rows[: -len(rows) // 20],
        items=lambda rows: _with_new_part(rows)[5:],
        fitment=lambda rows: _fitting_new_part(rows[:-5]),
    )
    return World(folder, settings, graph, first, changed, grown, runs, user)


def _configure(folder: Path, settings: Settings) -> None:
    """Write two files of settings: for a change in one transaction, and for one in batches."""
    server = settings.server
    ports = f"[server]\nbolt_port = {server.bolt_port}\nhttp_port = {server.http_port}\n"
    text = f"{ports}heap_mb = {server.heap_mb}\npage_cache_mb = {server.page_cache_mb}\n"
    text += f"jvm_options = {list(server.jvm_options)}\n"
    (folder / "one.toml").write_text(text)
    (folder / "batches.toml").write_text(f"{text}[sync]\nbatch_rows = 200\natomic_rows = 0\n")


def _trained(graph: Graph, settings: Settings) -> list[str]:
    snapshot = extract.take(graph, extract.options(settings.sync))
    config = replace(Recipe.default("sage").config, dim=8)
    training.STEPS = EPOCHS
    runs = settings.home / "runs"
    return [training.train(snapshot, runs, Plan(Recipe("sage", config), seed)).path.name for seed in range(2)]


def _with_new_part(rows: Rows) -> Rows:
    return [*rows, rows[0] | {"PartNumber": NEW_PART}]


def _fitting_new_part(rows: Rows) -> Rows:
    vehicle = next(row for row in rows if (row["v1_year"] or "").isdigit() and row["products"])
    return [*rows, vehicle | {"products": [*vehicle["products"], {"product_number": NEW_PART}]}]


def _digest(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, default=str).encode()).hexdigest()[:12]


def _file(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:12] if path.exists() else "none"


def _plain(row: dict[str, Any]) -> dict[str, Any]:
    """Round floats to nine digits; a weight is often a power of a half, whose tenth may be a 5 and nothing more."""
    return {
        name: f"{value * (1 + 1e-11):.9g}" if isinstance(value, float) else value for name, value in row.items()
    }
