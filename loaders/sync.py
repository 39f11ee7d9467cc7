"""One sync: extract, transform, compare with what the graph holds, load, sweep.

The graph's own marker says what it last took. While a change of several transactions is under way the marker says
so; killed then, the next sync reads the graph itself and mends the difference. A change that is small enough is one
transaction with the marker in it.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa

from holley_graph.graph import load, migrations
from holley_graph.graph.alone import Turn, in_graph, in_home
from holley_graph.graph.client import Graph, Row, Step
from holley_graph.graph.tables import read_tables
from holley_graph.loaders import (
    ageing,
    change,
    deadletter,
    earlier,
    feeds,
    identity,
    report,
    sync_tables,
    tombstones,
    transform,
)
from holley_graph.loaders.accounts import FeedAccount, stop_if_too_many_rejected
from holley_graph.loaders.change import Difference
from holley_graph.loaders.report import SyncReport
from holley_graph.loaders.source import Cost, Earlier, Source
from holley_graph.loaders.sync_tables import SyncTables
from holley_graph.progress import Progress, silent, step
from holley_graph.settings import Settings
from holley_graph.times import last_midnight, moment

BulkLoad = Callable[[Mapping[str, pa.Table], Callable[[], None]], None]
"""Fills an empty store offline, and calls when the server answers again. When either fails, the store is empty."""


def sync(
    source: Source,
    graph: Graph,
    settings: Settings,
    *,
    as_of: int | None = None,
    bulk: BulkLoad | None = None,
    since_last: bool = False,
    dry_run: bool = False,
    tables_only: bool = False,
    progress: Progress = silent,
) -> SyncReport:
    """Make the graph hold what the source says as of a time.

    Args:
        source: where the raw tables are.
        graph: where they go.
        settings: rules, limits and the home that keeps what the graph took.
        as_of: epoch seconds, exclusive; without it the last midnight.
        bulk: how to fill an empty store at once, if the server is ours.
        since_last: read events only from `sync.late_days` days before the last sync on, and keep what that one took
            of the days before. What was deleted there, or arrived later than that, is seen by a full sync only.
        dry_run: say what would change, write nothing.
        tables_only: keep the tables for somebody else to write (docs/scale.md), write nothing.
        progress: told about every stage.

    Raises:
        SourceError, RejectedTooMuch: nothing was written.
        GraphStateError: somebody else writes into this home or this graph.
    """
    reads_only = dry_run or tables_only
    with in_home(settings.home, "sync"), nullcontext() if reads_only else in_graph(graph, "sync") as turn:
        plan = _Sync(source, graph, settings, last_midnight() if as_of is None else as_of, bulk, progress)
        return plan.run(since_last, dry_run, tables_only, turn)


def costs(
    source: Source, graph: Graph, settings: Settings, *, as_of: int | None = None, since_last: bool = False
) -> tuple[Cost, ...]:
    """Say what a sync with the same arguments would read and what that costs, without reading or writing anything.

    Raises:
        SourceError, TooExpensive: a sync would stop before it read a row.
    """
    plan = _Sync(source, graph, settings, last_midnight() if as_of is None else as_of, None, silent)
    before = plan.left_by(plan.marker())
    reusable = plan.earlier(before, source.digests()) if since_last else None
    return feeds.costs(source, settings, plan.as_of, earlier=reusable, before=before.rows if before else None)


class _Sync:
    def __init__(
        self,
        source: Source,
        graph: Graph,
        settings: Settings,
        as_of: int,
        bulk: BulkLoad | None,
        progress: Progress,
    ) -> None:
        self.source, self.graph, self.settings = source, graph, source.settled(settings)
        self.as_of, self.bulk, self.progress = as_of, bulk, progress
        self.run_id = f"{datetime.now(UTC):%Y%m%dT%H%M%S}-sync-{secrets.token_hex(2)}"
        self.stages: dict[str, float] = {}
        self.cost: list[dict[str, Any]] = []
        self.notes: list[str] = []
        self.started = time.monotonic()

    def run(self, since_last: bool, dry_run: bool, tables_only: bool, turn: Turn | None) -> SyncReport:
        key, digests = identity.email_key(self.settings), self.source.digests()
        fingerprint = sync_tables.fingerprint(digests, self.settings, self.as_of, key)
        marker = self.marker()
        before = self.left_by(marker)
        tombstones.stop_if_some_are_lost(self.settings.home, before.manifest.get("forgotten", 0) if before else 0)
        if (
            before
            and before.manifest["fingerprint"] == fingerprint
            and (since_last or before.manifest["events"] == "all")
            and marker
            and marker["weights_version"] == self._weights_version()
        ):
            return self._report("unchanged", before.accounts.values(), {})

        reusable = self.earlier(before, digests) if since_last else None
        rows, run_id = before.rows if before else None, self.run_id
        extracted = feeds.extract(
            self.source, self.settings, self.as_of, self.progress, run_id=run_id, earlier=reusable, before=rows
        )
        self.cost = [asdict(cost) for cost in extracted.costs]
        self.notes += [*self.source.notes, *report.unknown_columns(extracted)]
        self.notes += report.shared_emails(extracted, self.settings.sync.max_ids)
        try:
            if not dry_run:
                deadletter.write(self.settings.home / "rejects" / self.run_id, extracted, key, self.source.name)
                deadletter.forget(self.settings.home, self.settings.sync.keep_rejects_days, datetime.now(UTC))
            stop_if_too_many_rejected(extracted.accounts, self.settings)
            self._lap("extract")
            old = self._held(before, marker)
            first = not any(table.num_rows for table in old.values())
            held = self._reusable(before, old, extracted, key)
            behind = transform.members(extracted, key, held)
            tables = transform.graph_tables(extracted, behind, self.settings, self.as_of, key, held)
            self.notes += report.few_eligible(tables["product"], self.settings.eligibility)
            self._lap("transform")
            of_people = dict.fromkeys(held.partly, held.people) if held else None
            difference = change.compare(extracted.engine, old, tables, of_people)
            self._lap("compare")
            lost = change.shrinking(difference, old, self.settings.sync)
            if dry_run:
                self.notes += [f"a sync would stop: it would remove {lost}"] if lost else []
                return self._report("dry-run", extracted.accounts, difference)
            change.stop_if_the_graph_shrinks(lost, self.settings.sync)
            manifest = {
                "fingerprint": fingerprint,
                "as_of": moment(self.as_of).isoformat(),
                "lineage": self.source.lineage,
                "extract_hash": sync_tables.extract_hash(self.settings, self.as_of, key),
                "transform_hash": sync_tables.transform_hash(self.settings, key),
                "digests": digests,
                "forgotten": len(tombstones.known(self.settings.home)),
                "events": f"since {reusable.since.isoformat()}" if reusable else "all",
                "accounts": [asdict(account) for account in extracted.accounts],
                "rows": {name: table.rows for name, table in extracted.found.items()},
                "marker": self._marker() | {"weights_version": self._weights_version()},
            }
            there = {n: before.file(n) for n, table in tables.items() if table is old[n]} if before else None
            if there and held and held.nobody_new:
                there["members"] = held.members
            with ThreadPoolExecutor(1) as pool:
                home, in_bulk = self.settings.home, first and self.bulk is not None
                inputs = extracted, tables, behind, manifest, there
                parcel = pool.submit(sync_tables.write, home, self.run_id, *inputs)
                if tables_only or in_bulk or not self._at_once(difference):
                    parcel.result()
                self._lap("keep")
                if tables_only:
                    return self._report("tables", extracted.accounts, difference)
                if in_bulk:
                    self._load_in_bulk(tables, turn)
                else:
                    self._load_changes(difference, parcel.result)
                self._lap("load")
        finally:
            extracted.close()
        sync_tables.forget_others(self.settings.home, self.run_id)
        return self._report("bulk" if in_bulk else "changes", extracted.accounts, difference)

    def marker(self) -> Row | None:
        """What the graph says of its last sync; its `as_of` is the cursor, committed with the data."""
        return next(iter(self.graph.read("load/marker")), None)

    def earlier(self, before: SyncTables | None, digests: Mapping[str, str]) -> Earlier | None:
        """What need not be read again; none, with a note why, if all has to be."""
        key = identity.email_key(self.settings)
        extract_hash = sync_tables.extract_hash(self.settings, self.as_of, key)
        wanted = {"lineage": self.source.lineage, "extract_hash": extract_hash}
        if before is None:
            self.notes.append("everything is read: the tables of the last sync are not in this home")
        elif {name: before.manifest[name] for name in wanted} != wanted:
            self.notes.append("everything is read: the source or the rules are not those of the last sync")
        else:
            reusable = earlier.find(before, digests, self.settings, self.as_of)
            self.notes.append(f"events are read from {reusable.since:%Y-%m-%d} on")
            if reusable.unread:
                self.notes.append(f"unchanged and not read: {', '.join(sorted(reusable.unread))}")
            return reusable
        return None

    def left_by(self, marker: Row | None) -> SyncTables | None:
        """What the marker's sync left here; nothing if that sync was not finished or ran elsewhere."""
        if marker is None or marker["state"] != "complete":
            return None
        left, damage = sync_tables.open_whole(self.settings.home, marker["run_id"])
        if damage:
            self.notes.append(f"the graph itself is read because tables of the last sync are damaged: {damage}")
        return left

    def _held(self, before: SyncTables | None, marker: Row | None) -> dict[str, pa.Table]:
        """Graph tables as the graph holds them: from the parcel, or read back when in doubt."""
        if before:
            return before.tables()
        empty = marker is None and not self.graph.read("load/holds_data")[0]["holds_data"]
        return change.empty_tables() if empty else read_tables(self.graph, progress=self.progress)

    def _reusable(
        self, before: SyncTables | None, old: Mapping[str, pa.Table], extracted: feeds.Extract, key: bytes
    ) -> transform.EarlierTables | None:
        """What need not be made again, if anything was taken as it was and the rules are the same."""
        reusable, transform_hash = extracted.earlier, sync_tables.transform_hash(self.settings, key)
        if before is None or reusable is None or before.manifest["transform_hash"] != transform_hash:
            return None
        same_weights = before.manifest["marker"]["weights_version"] == self._weights_version()
        return transform.EarlierTables(
            old, before.file("members"), reusable.same, extracted.people() if same_weights else None
        )

    def _load_in_bulk(self, tables: Mapping[str, pa.Table], turn: Turn | None) -> None:
        assert self.bulk is not None  # noqa: S101  the caller asked
        assert turn is not None  # noqa: S101  who writes has it
        self.progress("importing", 0, 1)
        turn.give()  # the server stops meanwhile
        self.bulk(tables, lambda: self._finish_bulk(turn))

    def _finish_bulk(self, turn: Turn) -> None:
        turn.take()
        self.progress("importing", 1, 1)
        with step(self.progress, "building constraints and indexes"):
            migrations.apply(self.graph)
        self.graph.write("load/empty_times")
        self.graph.transaction([self._commit(), self._weights_step()])

    def _at_once(self, difference: Mapping[str, Difference]) -> bool:
        """Whether this is one transaction: what the graph took may then be written down while it takes it."""
        return sum(part.change.rows for part in difference.values()) <= self.settings.sync.atomic_rows

    def _load_changes(self, difference: Mapping[str, Difference], sealed: Callable[[], object]) -> None:
        migrations.apply(self.graph)
        changes = {name: part.change for name, part in difference.items()}
        size = self.settings.sync.batch_rows
        if self._at_once(difference):
            load.write_at_once(self.graph, changes, size, [self._commit()], sealed)
        else:
            self.graph.write("load/begin", run_id=self.run_id)
            load.write(self.graph, changes, size, self.progress)
            self.graph.transaction([self._commit()])
        ageing.refresh(self.graph, self.as_of, self.settings.weights, self.progress)

    def _commit(self) -> Step:
        return "load/commit", self._marker()

    def _marker(self) -> dict[str, Any]:
        return {
            "run_id": self.run_id,
            "as_of": self.as_of,
            "boundary": int(self.settings.sync.boundary.timestamp()),
            "source": self.source.name,
        }

    def _weights_step(self) -> Step:
        return "load/weights_version", {"weights_version": self._weights_version()}

    def _weights_version(self) -> str:
        return ageing.weights_version(self.as_of, self.settings.weights)

    def _report(self, mode: str, accounts: Iterable[FeedAccount], changes: Mapping[str, Difference]) -> SyncReport:
        rows = report.with_changes(accounts, changes)
        seconds = round(time.monotonic() - self.started, 2)
        return SyncReport(self.run_id, self.as_of, mode, rows, seconds, self.stages, self.cost, self.notes)

    def _lap(self, stage: str) -> None:
        self.stages[stage] = round(time.monotonic() - self.started - sum(self.stages.values()), 2)
