"""A snapshot as a sealed folder: Parquet files and a manifest with their digests."""

from __future__ import annotations

import secrets
import shutil
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from holley_graph import files, sealed
from holley_graph.errors import ParcelError
from holley_graph.snapshot.snapshot import DeriveOptions, Snapshot
from holley_graph.times import moment

_TABLES = ("products", "vehicles", "users", "events", "bought")
_FITS = pa.schema([("vehicle", pa.int64()), ("product", pa.int64())])
_ANEW = "without --snapshot, train takes a new one from the graph"


def write(snapshot: Snapshot, folder: Path) -> Path:
    """Write a snapshot; the folder appears under its name only when it is complete.

    Args:
        snapshot: what to write.
        folder: where it goes; what stands there is replaced.

    Returns:
        `folder`.
    """
    shutil.rmtree(folder, ignore_errors=True)
    tables = {name: getattr(snapshot, name) for name in _TABLES}
    tables["fits"] = pa.table([snapshot.fits[:, 0], snapshot.fits[:, 1]], _FITS)
    written = {}
    with files.folder(folder) as partial:
        for name, table in tables.items():
            path = partial / f"{name}.parquet"
            pq.write_table(table, path, compression="zstd")
            written[name] = {"rows": table.num_rows, "sha256": sealed.digest(path)}
        manifest = {"as_of": snapshot.as_of, "options": asdict(snapshot.options), "files": written}
        sealed.write(partial / "manifest.json", manifest)
    return folder


def keep(snapshot: Snapshot, folder: Path) -> Path:
    """Write a snapshot into a folder of snapshots under its date and content, and forget the older ones.

    Returns:
        Its own folder, `AS_OF-DIGEST`; one that is there already is the same snapshot and is left alone.
    """
    fresh = write(snapshot, folder / f".{secrets.token_hex(4)}")
    content = sealed.fingerprint(sealed.read(fresh / "manifest.json")["files"])[:12]
    place = folder / f"{moment(snapshot.as_of):%Y%m%dT%H%M%S}-{content}"
    for older in folder.iterdir():
        if older != place and not older.name.startswith("."):  # a dot: another training's, not finished yet
            shutil.rmtree(older)
    if place.exists():
        shutil.rmtree(fresh)
        return place
    return fresh.rename(place)


def open_parcel(folder: Path) -> Snapshot:
    """Read a snapshot back.

    Raises:
        ParcelError: the manifest is missing or a file is not the one that was sealed.
    """
    manifest_path = folder / "manifest.json"
    if not manifest_path.is_file():
        raise ParcelError(f"{folder} is no snapshot: it has no manifest.json", _ANEW)
    manifest = sealed.read(manifest_path)
    try:
        digests = {f"{name}.parquet": entry["sha256"] for name, entry in manifest["files"].items()}
        as_of, options = int(manifest["as_of"]), DeriveOptions(**manifest["options"])
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ParcelError(f"{manifest_path} is not the manifest of a snapshot", _ANEW) from error
    sealed.check(folder, digests)
    tables = {name: sealed.table(folder / f"{name}.parquet") for name in (*_TABLES, "fits")}
    pairs = tables.pop("fits")
    fits = np.column_stack([pairs.column("vehicle").to_numpy(), pairs.column("product").to_numpy()])
    return Snapshot(as_of, fits=fits, options=options, **tables)
