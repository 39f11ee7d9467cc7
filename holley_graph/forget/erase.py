"""Takes a person out of files; each is written anew and replaced whole."""

from __future__ import annotations

import csv
import json
import shutil
from collections.abc import Iterable, Iterator
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
from holley_graph.gate import sheet


def from_parquet(path: Path, person: Person) -> int:
    """Remove the rows of a table that name a person; return how many."""
    rows = sealed.table(path)
    of_person = search.rows_of(rows, person)
    if of_person.any():
        remaining = rows.filter(pa.array(~of_person))
        with files.replacing(path) as file:
            pq.write_table(remaining, file, compression="zstd")
    return int(of_person.sum())


def from_export(path: Path, person: Person) -> int:
    """Remove a person's rows from a file that was exported; return how many."""
    if path.suffix == ".parquet":
        return from_parquet(path, person)
    removed = 0
    with files.replacing(path) as file:
        for record, address in _records(path):
            if address == person.email:
                removed += 1
            else:
                file.write(record.encode())
    return removed


def from_run(folder: Path, person: Person) -> int:
    """Remove a person's vector from a run folder and seal it anew; return how many."""
    tables = table.load(folder)
    users = tables["user"]
    of_person = np.isin(users.keys, np.array(person.user_ids, object))
    if not of_person.any():
        return 0
    partial, old = (folder.with_name(f"{folder.name}.{word}") for word in ("partial", "old"))
    shutil.rmtree(partial, ignore_errors=True)
    shutil.copytree(folder, partial)
    others = Table(users.keys[~of_person], users.vectors[~of_person])
    table.save(tables | {"user": others}, partial)
    seal_anew(partial)
    folder.rename(old)
    partial.rename(folder)
    shutil.rmtree(old)
    return int(of_person.sum())


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


def _records(path: Path) -> Iterator[tuple[str, str]]:
    """Give each record of a file of text as it stands there, and the address that it is about."""
    with path.open(encoding="utf-8", newline="") as file:
        if path.suffix == ".ndjson":
            for line in file:
                yield line, str(json.loads(line).get("email_lower"))
            return
        lines: list[str] = []  # of one record: a quoted cell may hold line ends
        for row in csv.reader(_remembered(file, lines)):
            yield "".join(lines), sheet.unguarded(row[0]) if row else ""
            lines.clear()


def _remembered(file: Iterable[str], lines: list[str]) -> Iterator[str]:
    for line in file:
        lines.append(line)
        yield line
