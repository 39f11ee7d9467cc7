"""What the graph last took: the parcel that the next sync compares with, and that exports read addresses from.

One folder per sync under `home/taken`, owner-only, named by the run that the graph's marker names; nothing guesses
the newest.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from holley_graph import files, sealed
from holley_graph.errors import ParcelError
from holley_graph.graph.schema import NODES, RELATIONSHIPS
from holley_graph.graph.tables import arrow_schema
from holley_graph.loaders import tombstones, value_rules
from holley_graph.loaders.accounts import FeedAccount
from holley_graph.loaders.contracts import FEEDS
from holley_graph.loaders.engine import statements
from holley_graph.loaders.feeds import Extract
from holley_graph.settings import Settings
from holley_graph.times import moment, seconds

_GRAPH_TABLES = tuple(declared.table for declared in (*NODES, *RELATIONSHIPS))
LAYOUT = sealed.fingerprint(
    [
        7,  # raised when something else than the columns of a table changes
        {declared.table: str(arrow_schema(declared)) for declared in (*NODES, *RELATIONSHIPS)},
        {feed.clean.name: str(feed.clean.schema) for feed in FEEDS},
    ]
)
"""Which tables there are, with which columns; what another layout left is read back from the graph instead."""


@dataclass(frozen=True)
class SyncTables:
    """One sync's tables."""

    path: Path
    manifest: dict[str, Any]
    checked: set[str] = field(default_factory=set, compare=False)
    """Files that are as they were sealed; each is looked at once, when it is first asked for."""

    def check(self, names: Iterable[str] | None = None) -> None:
        """Refuse files that are missing or were changed; none named: all.

        Raises:
            ParcelError: naming the first.
        """
        digests = self.manifest["files"]
        wanted = {
            name: digests[name] for name in digests if name in (names or digests) and name not in self.checked
        }
        sealed.check(self.path, wanted, "holley-graph sync reads it anew")
        self.checked.update(wanted)

    @property
    def as_of(self) -> int:
        """Everything in here is strictly before it."""
        return seconds(self.manifest["as_of"])

    @property
    def source(self) -> str:
        """Where the raw tables were: a folder, or what BigQuery's are called."""
        return str(self.manifest["marker"]["source"])

    @property
    def accounts(self) -> dict[str, FeedAccount]:
        """What became of the rows of each raw table."""
        return {account["name"]: FeedAccount(**account) for account in self.manifest["accounts"]}

    @property
    def rows(self) -> dict[str, int]:
        """Rows of the raw tables then, of those that knew."""
        return {name: rows for name, rows in self.manifest["rows"].items() if rows is not None}

    @property
    def events(self) -> tuple[Path, ...]:
        """Interactions by day, those that wait for the catalogue included."""
        return self.clean("events"), self.file("waiting_events")

    def tables(self) -> dict[str, pa.Table]:
        """Read the graph tables."""
        self.check([f"{name}.parquet" for name in _GRAPH_TABLES])
        with ThreadPoolExecutor() as pool:
            return dict(zip(_GRAPH_TABLES, pool.map(self.table, _GRAPH_TABLES), strict=True))

    def table(self, name: str, columns: list[str] | None = None) -> pa.Table:
        """Read one graph table, or some of its columns."""
        return sealed.table(self.file(name), columns)

    def file(self, name: str) -> Path:
        """Return the file of a graph table."""
        self.check([f"{name}.parquet"])
        return self.path / f"{name}.parquet"

    def clean(self, name: str) -> Path:
        """Return the file of a clean table; it may hold addresses."""
        return self.file(f"clean_{name}")

    def clean_files(self) -> dict[str, Path]:
        """Name the file of every clean table, as `clean_NAME`: an engine reads what it needs of it."""
        return {f"clean_{feed.clean.name}": self.clean(feed.clean.name) for feed in FEEDS}


def open_tables(home: Path, run_id: str) -> SyncTables | None:
    """Open what a sync left, or nothing if it is not complete here or of a version that kept other tables.

    Raises:
        ParcelError: it is damaged.
    """
    path = home / "taken" / run_id
    if not (path / "manifest.json").exists():
        return None
    manifest = sealed.read(path / "manifest.json", "holley-graph sync reads the source anew")
    return SyncTables(path, manifest) if manifest.get("layout") == LAYOUT else None


def open_whole(home: Path, run_id: str) -> tuple[SyncTables | None, str]:
    """Open what a sync left with every file checked; or nothing, and what is damaged."""
    try:
        sync_tables = open_tables(home, run_id)
        if sync_tables is not None:
            sync_tables.check()
    except ParcelError as error:
        return None, str(error)
    return sync_tables, ""


def write(
    home: Path,
    run_id: str,
    extracted: Extract,
    tables: Mapping[str, pa.Table],
    members: pa.Table,
    manifest: dict[str, Any],
    there: Mapping[str, Path] | None = None,
) -> SyncTables:
    """Seal one sync's tables under its run id, with who stands behind an address; what is `there` is linked."""
    with files.folder(home / "taken" / run_id) as folder:
        _write_tables(folder, extracted, {**tables, "members": members}, _linked(home, extracted, there or {}))
        names = (path.name for path in folder.iterdir())
        manifest = manifest | {"layout": LAYOUT, "files": sealed.digests(folder, names)}
        sealed.write(folder / "manifest.json", manifest)
    return SyncTables(home / "taken" / run_id, manifest)


def _linked(home: Path, extracted: Extract, there: Mapping[str, Path]) -> dict[str, Path]:
    """Name the files of tables that are as an earlier sync left them."""
    forgotten = tombstones.known(home)
    unread = {f"clean_{feed.clean.name}": extracted.unread.get(feed.raw) for feed in FEEDS if not forgotten}
    return {**there, **{name: feed.clean for name, feed in unread.items() if feed}}


def _write_tables(
    folder: Path, extracted: Extract, tables: Mapping[str, pa.Table], linked: Mapping[str, Path]
) -> None:
    """Link the files that are there, and write the other tables, several at once."""
    with ThreadPoolExecutor() as pool:

        def write_table(name: str, table: pa.Table) -> Future[None]:
            return pool.submit(pq.write_table, table, folder / f"{name}.parquet", compression="zstd")

        pending = [write_table(name, table) for name, table in tables.items() if name not in linked]
        for name, path in linked.items():
            (folder / f"{name}.parquet").hardlink_to(path)
        for feed in FEEDS:
            if (name := f"clean_{feed.clean.name}") not in linked:
                pending.append(write_table(name, extracted.clean(feed.clean.name)))
        pending.append(write_table("waiting_events", extracted.waiting()))
    for future in pending:
        future.result()


def forget_others(home: Path, run_id: str) -> None:
    """Remove every sync's tables but those of `run_id`, unfinished ones included."""
    for path in (home / "taken").iterdir():
        if path.name != run_id:
            shutil.rmtree(path, ignore_errors=True)


def extract_hash(settings: Settings, as_of: int, key: bytes) -> str:
    """Condense what decides how a row is read; what was read by other rules is not kept.

    The turn of a year lets another model year in: that concerns the feeds with years in them (`earlier`) alone.
    """
    texts: list[Any] = [
        value_rules.values(settings, as_of) | {"last_year": settings.sync.last_year},
        settings.sync.boundary.isoformat(),
        hashlib.sha256(key).hexdigest(),
    ]
    texts += [statements.text(feed.clean.name) for feed in FEEDS]
    return hashlib.sha256(json.dumps(texts).encode()).hexdigest()


def transform_hash(settings: Settings, key: bytes) -> str:
    """Condense what decides, beside the clean tables and `as_of`, what graph tables are."""
    decisive = {
        "settings": settings.model_dump(mode="json", include={"sync", "weights", "eligibility"}),
        "key": hashlib.sha256(key).hexdigest(),
        "forgotten": tombstones.known(settings.home),
        "statements": [
            statements.text(name)
            for name in statements.names()
            if not name.startswith(("baselines/", "gate/", "campaign/", "export/", "diff/"))
        ],
    }
    return sealed.fingerprint(decisive)


def fingerprint(digests: Mapping[str, str], settings: Settings, as_of: int, key: bytes) -> str:
    """Condense everything that decides what a sync gives; equal fingerprints give equal graphs."""
    decisive = {
        "source": digests,
        "as_of": moment(as_of).isoformat(),
        "transform_hash": transform_hash(settings, key),
    }
    return sealed.fingerprint(decisive)
