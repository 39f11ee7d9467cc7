"""A synced graph with a live release that lacks some vectors of every kind, as a test reads it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq

from holley_graph.embeddings.table import Table, Tables
from holley_graph.embeddings.writeback import write_back
from holley_graph.export.everybody import export
from holley_graph.graph.client import Graph
from holley_graph.loaders import sync
from holley_graph.loaders.files import FilesSource
from holley_graph.loaders.sync_tables import SyncTables, open_tables
from holley_graph.server.status import connect
from holley_graph.settings import Settings
from holley_graph.simulator.generate import generate
from holley_graph.times import seconds
from tests.support import runs
from tests.support.held import Held, held
from tests.support.server import wipe
from tests.support.sources import home

AS_OF = seconds("2026-01-01")
NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
YEAR_S = 365 * 86_400
Rows = list[dict[str, Any]]


@dataclass(frozen=True)
class Live:
    """A synced graph with a live release that lacks some vectors of every kind."""

    graph: Graph
    settings: Settings
    held: Held
    sync_tables: SyncTables
    tables: Tables

    @cached_property
    def users(self) -> dict[str, dict[str, Any]]:
        return {row["user_id"]: row for row in pq.read_table(self.sync_tables.clean("users")).to_pylist()}

    @cached_property
    def owned(self) -> dict[str, str]:
        return dict(list(self.held["owns"]))

    def key(self, user: str) -> tuple[str, str]:
        return self.users[user]["email"], self.owned[user]

    def bought(self, user: str) -> set[str]:
        """Base SKUs that the person behind a user id bought lately."""
        people = {u for u, row in self.users.items() if row["email"] == self.users[user]["email"]}
        late = AS_OF - YEAR_S
        orders = self.held["ordered"].items()
        return {self.product(s)["base_sku"] for (u, s), row in orders if u in people and row["last_at"] >= late}

    def product(self, sku: str) -> dict[str, Any]:
        return self.held["product"][sku,]

    def fitting(self, user: str) -> list[str]:
        return [sku for sku in self.fits[self.owned[user]] if self.product(sku)["eligible"]]

    @cached_property
    def fits(self) -> dict[str, list[str]]:
        groups = defaultdict(list)
        for sku, vehicle in self.held["fits"]:
            groups[vehicle].append(sku)
        return groups

    def vector(self, table: str, key: str) -> np.ndarray | None:
        """A vector's taste: without popularity and padding."""
        row = self.tables[table].find(np.array([key], object))[0]
        return None if row < 0 else self.tables[table].vectors[row][:-2].astype(float)

    def export(self, path: Path, **how: Any) -> Rows:
        export(self.graph, self.settings, path, NOW, **how)
        return pq.read_table(path).to_pylist()


@contextmanager
def open_live(server: Settings, folder: Path) -> Iterator[Live]:
    """Sync a generated world of 1,000 users, and put a release of it live."""
    source = generate(folder / "world", users=1_000, as_of=AS_OF).folder
    settings = home(folder / "home")
    with connect(server) as graph:
        wipe(graph)
        run_id = sync.sync(FilesSource(source), graph, settings, as_of=AS_OF).run_id
        contents = held(graph)
        tables = gaps(runs.draw(contents, 1))
        write_back(graph, runs.write(tables, settings.home / "runs" / "r1"))
        snapshot = open_tables(settings.home, run_id)
        assert snapshot is not None
        yield Live(graph, settings, contents, snapshot, tables)


def keys(row: dict[str, Any]) -> tuple[str, str]:
    """Whose row: address and vehicle."""
    return row["email_lower"], f"{row['v1_year']}|{row['v1_make']}|{row['v1_model']}"


def slots(row: dict[str, Any], what: str) -> list[Any]:
    """A column of every slot that has a part, `rec{n}_price` for example."""
    names = [what.format(n=n) for n in range(1, 5)]
    return [row[name] for name in names if row[f"rec_part_{names.index(name) + 1}"] is not None]


def gaps(tables: Tables) -> Tables:
    """Leave out vectors and lifts as if their nodes had come after the release."""

    def without(name: str, removed: np.ndarray) -> Table:
        return Table(tables[name].keys[~removed], tables[name].vectors[~removed])

    def each(name: str, every: int) -> np.ndarray:
        return np.arange(len(tables[name].keys)) % every == 0

    make = np.array([key.split("|")[0] for key in tables["vehicle_model"].keys])
    fewer = {"FORD", "PONTIAC"}
    fewer_lifts = tables.lift.take(np.flatnonzero(np.arange(len(tables.lift)) % 7 > 0))
    return Tables(tables, fewer_lifts, tables.paths) | {
        "product": without("product", each("product", 10)),
        "product_anchor": without("product_anchor", each("product_anchor", 10)),
        "user": without("user", each("user", 2)),
        "vehicle": without("vehicle", each("vehicle", 2)),
        "vehicle_model": without("vehicle_model", each("vehicle_model", 2) | np.isin(make, [*fewer])),
        "make": without("make", np.isin(tables["make"].keys, ["PONTIAC"])),
    }
