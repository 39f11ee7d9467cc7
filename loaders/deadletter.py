"""What was rejected, kept for people: one Parquet file per feed, with reasons, and without addresses.

Nothing has to be sent again: whatever is put right in the source is taken by the next sync, and an event whose
product is listed later waits for it. `replay` says how much of it that would be.
"""

from __future__ import annotations

import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from holley_graph import files, sealed
from holley_graph.errors import NotFound
from holley_graph.loaders import identity
from holley_graph.loaders.contracts import FEEDS, Feed
from holley_graph.loaders.feeds import Extract
from holley_graph.times import moment

_DAMAGED = "the source still has the rows: remove the folder, and sync"


def write(folder: Path, extracted: Extract, key: bytes, source: str = "") -> list[Path]:
    """Write `FEED.parquet` for every feed that rejected something, and `manifest.json` beside them.

    Columns: `reason`, the offending `value`, `source_row`, the row or item as JSON, and `email_hash`, the
    HMAC-SHA-256 of the row's address where it has one. Its key is the one that hashes users.

    Args:
        folder: made for its owner only, and there only when it is whole.
        extracted: the extract whose rejects are written.
        key: HMAC key of `identity.email_key`.
        source: where the rows came from, for whoever reads the manifest.
    """
    folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with files.folder(folder) as partial:
        letters = [
            _write(partial, feed, extracted, key)
            for feed, account in zip(FEEDS, extracted.accounts, strict=True)
            if account.rejected
        ]
        digests = sealed.digests(partial, letters)
        manifest = {"as_of": moment(extracted.as_of).isoformat(), "source": source, "files": digests}
        sealed.write(partial / "manifest.json", manifest)
    return [folder / name for name in letters]


def _write(folder: Path, feed: Feed, extracted: Extract, key: bytes) -> str:
    """Write what one feed rejected, and return the name of the file."""
    path = folder / f"{feed.raw}.parquet"
    unread = extracted.unread.get(feed.raw)
    if unread and unread.letters:
        path.hardlink_to(unread.letters)
        return path.name
    rejected = {"rejected": extracted.tables[f"rejected_{feed.clean.name}"]}
    pq.write_table(extracted.engine.run("rejects", rejected, **identity.pads(key)), path)
    return path.name


def runs(home: Path) -> list[dict[str, Any]]:
    """List every sync that left dead letters, oldest first.

    Returns:
        `run_id`, `as_of`, `source`, and `rejected` with the rows per raw table.
    """
    return [_run(manifest.parent) for manifest in sorted((home / "rejects").glob("*/manifest.json"))]


def _run(folder: Path) -> dict[str, Any]:
    manifest = sealed.read(folder / "manifest.json", _DAMAGED)
    sealed.check(folder, manifest.pop("files", {}), _DAMAGED)
    letters = sorted(folder.glob("*.parquet"))
    counts = {path.stem: sealed.table(path, ["reason"], _DAMAGED).num_rows for path in letters}
    return {"run_id": folder.name, **manifest, "rejected": counts}


def of_run(home: Path, run_id: str) -> dict[str, Any]:
    """Find one of them.

    Raises:
        NotFound: there is none, or not any more.
        ParcelError: they are damaged.
    """
    if not any(run_id == path.parent.name for path in (home / "rejects").glob("*/manifest.json")):
        raise NotFound(f"no dead letters of run {run_id}", "holley-graph rejects list")
    return _run(home / "rejects" / run_id)


def rows(home: Path, run_id: str, feed: str | None = None, limit: int = 20) -> list[dict[str, Any]]:
    """Read a run's dead letters, at most `limit` per feed.

    Returns:
        `feed`, `reason`, `value`, `source_row` (JSON) and `email_hash`.

    Raises:
        NotFound: there is no such feed, or no such run.
    """
    names = [known.raw for known in FEEDS]
    if feed is not None and feed not in names:
        raise NotFound(f"no feed {feed!r}", f"the feeds are {', '.join(names)}")
    result = []
    for name in of_run(home, run_id)["rejected"]:
        if feed in (None, name):
            letters = sealed.table(home / "rejects" / run_id / f"{name}.parquet").slice(0, limit)
            result += [{"feed": name, **row} for row in letters.to_pylist()]
    return result


def replay(home: Path, run_id: str, extracted: Extract) -> list[dict[str, Any]]:
    """Hold a run's dead letters against the source as it is now.

    Args:
        home: that keeps them.
        run_id: whose dead letters.
        extracted: of the same source at the run's `as_of`; rows are told apart by reason, value and source row,
            which another engine may spell differently.

    Returns:
        Per feed and reason how many rows were `rejected`, how many of them `still` are, and how many are `gone`:
        taken, ignored or deleted, or rejected for another reason.
    """
    outcomes = []
    for feed in FEEDS:
        path = home / "rejects" / run_id / f"{feed.raw}.parquet"
        if not path.is_file():
            continue
        tables = {"rejected_then": path, "rejected_now": extracted.tables[f"rejected_{feed.clean.name}"]}
        for row in extracted.engine.run("replayed", tables).to_pylist():
            outcomes.append({"feed": feed.raw, **row, "gone": row["rejected"] - row["still"]})
    return outcomes


def forget(home: Path, days: int, now: datetime) -> list[str]:
    """Remove what is older than `days`, and return whose it was."""
    oldest = f"{now.astimezone(UTC) - timedelta(days=days):%Y%m%dT%H%M%S}"  # run ids begin with their time
    old = [path for path in sorted((home / "rejects").glob("*-sync-*")) if path.name < oldest]
    for path in old:
        shutil.rmtree(path)
    return [path.name for path in old]
