"""Takes a person out of files; each is written anew and replaced whole."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from holley_graph import files, sealed
from holley_graph.embeddings import table
from holley_graph.embeddings.table import Table
from holley_graph.forget import search
from holley_graph.forget.person import Person
from loaders import sheet


def from_parquet(path: Path, person: Person) -> int:
    """Remove the rows of a table that name a person; return how many."""
    rows = sealed.table(path)
    mine = search.rows_of(rows, person)
    if mine.any():
        kept = rows.filter(pa.array(~mine))
        with files.replacing(path) as file:
            pq.write_table(kept, file, compression="zstd")
    return int(mine.sum())


def from_export(path: Path, person: Person) -> int:
    """Remove a person's rows from a file that was exported; return how many."""
    if path.suffix == ".parquet":
        return from_parquet(path, person)
    gone = 0
    with files.replacing(path) as file:
        for record in _records(path):
            if _address(path, record) == person.email:
                gone += 1
            else:
                file.write(record)
    return gone


def from_run(folder: Path, person: Person) -> int:
    """Remove a person's vector from a run folder and seal it anew; return how many."""
    tables = table.load(folder)
    users = tables["user"]
    mine = np.isin(users.keys, np.array(person.user_ids, object))
    if not mine.any():
        return 0
    partial, old = (folder.with_name(f"{folder.name}.{word}") for word in ("partial", "old"))
    shutil.rmtree(partial, ignore_errors=True)
    shutil.copytree(folder, partial)
    others = Table(users.keys[~mine], users.vectors[~mine])
    table.save(tables | {"user": others}, partial)
    seal_anew(partial)
    folder.rename(old)
    partial.rename(folder)
    shutil.rmtree(old)
    return int(mine.sum())


def seal_anew(folder: Path, **changed: Any) -> None:
    """Write the digests of a folder's files as they are now into its manifest, and what else changed in it."""
    manifest = sealed.read(folder / "manifest.json")
    digests = sealed.digests(folder, manifest.get("files", {}))
    sealed.write(folder / "manifest.json", manifest | changed | {"files": digests})


def mend_runs(runs: Path) -> None:
    """Finish what a killed `from_run` left between its two renames."""
    for old in runs.glob("*.old"):
        folder = old.with_suffix("")
        if folder.exists():
            shutil.rmtree(old)
        else:
            old.rename(folder)


def _records(path: Path) -> Iterator[bytes]:
    """Split a text file into records; a quoted cell of CSV may hold line ends."""
    record = b""
    with path.open("rb") as file:
        for line in file:
            record += line
            if path.suffix != ".csv" or record.count(b'"') % 2 == 0:
                yield record
                record = b""
    if record:
        yield record


def _address(path: Path, record: bytes) -> str:
    if path.suffix == ".ndjson":
        return str(json.loads(record).get("email_lower"))
    return sheet.unguarded(record[1:].split(b'",', 1)[0].decode().replace('""', '"'))
