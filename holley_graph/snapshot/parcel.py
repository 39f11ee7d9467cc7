"""A snapshot as a sealed folder: Parquet files and a manifest with their digests."""

from __future__ import annotations

import hashlib
import json
import secrets
import shutil
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from holley_graph import sealed
from holley_graph.errors import ParcelError
from holley_graph.snapshot.snapshot import DeriveOptions, Snapshot

_TABLES = ("products", "vehicles", "users", "events", "bought")
_FITS = pa.schema([("vehicle", pa.int64()), ("product", pa.int64())])


def write(snapshot: Snapshot, folder: Path) -> Path:
    """Write a snapshot; the folder appears under its name only when it is complete.

    Args:
        snapshot: what to write.
        folder: where it goes; what stands there is replaced.

    Returns:
        `folder`.
    """
    partial = folder.with_name(folder.name + ".partial")
    for stale in (partial, folder):
        shutil.rmtree(stale, ignore_errors=True)
    partial.mkdir(parents=True, mode=0o700)
    tables = {name: getattr(snapshot, name) for name in _TABLES}
    tables["fits"] = pa.table([snapshot.fits[:, 0], snapshot.fits[:, 1]], _FITS)
    files = {}
    for name, table in tables.items():
        path = partial / f"{name}.parquet"
        pq.write_table(table, path, compression="zstd")
        files[name] = {"rows": table.num_rows, "sha256": sealed.digest(path)}
    manifest = {"as_of": snapshot.as_of, "options": asdict(snapshot.options), "files": files}
    sealed.write(partial / "manifest.json", manifest)
    return partial.replace(folder)


def keep(snapshot: Snapshot, folder: Path) -> Path:
    """Write a snapshot into a folder of snapshots under its date and content, and forget the older ones.

    Returns:
        Its own folder, `AS_OF-DIGEST`; one that is there already is the same snapshot and is left alone.
    """
    fresh = write(snapshot, folder / f".{secrets.token_hex(4)}")
    files = sealed.read(fresh / "manifest.json")["files"]
    content = hashlib.sha256(json.dumps(files, sort_keys=True).encode()).hexdigest()[:12]
    kept = folder / f"{datetime.fromtimestamp(snapshot.as_of, UTC):%Y%m%dT%H%M%S}-{content}"
    for older in folder.iterdir():
        if older != kept and not older.name.startswith("."):  # a dot: another training's, not finished yet
            shutil.rmtree(older)
    if kept.exists():
        shutil.rmtree(fresh)
        return kept
    return fresh.rename(kept)


def open_parcel(folder: Path) -> Snapshot:
    """Read a snapshot back.

    Raises:
        ParcelError: the manifest is missing or a file is not the one that was sealed.
    """
    manifest_path = folder / "manifest.json"
    if not manifest_path.is_file():
        raise ParcelError(f"{folder} is no snapshot: it has no manifest.json")
    manifest = sealed.read(manifest_path)
    try:
        files = {f"{name}.parquet": entry["sha256"] for name, entry in manifest["files"].items()}
        as_of, options = int(manifest["as_of"]), DeriveOptions(**manifest["options"])
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ParcelError(f"{manifest_path} is not the manifest of a snapshot") from error
    sealed.check(folder, files)
    tables = {name: sealed.table(folder / f"{name}.parquet") for name in (*_TABLES, "fits")}
    pairs = tables.pop("fits")
    fits = np.column_stack([pairs.column("vehicle").to_numpy(), pairs.column("product").to_numpy()])
    return Snapshot(as_of, fits=fits, options=options, **tables)
