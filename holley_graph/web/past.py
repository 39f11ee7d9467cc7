"""What a home remembers: syncs, runs, releases, exports, gates and evaluations, read from its files."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from holley_graph import journal
from holley_graph.embeddings.manifest import RunManifest
from holley_graph.errors import NotFound
from holley_graph.evaluation import registry
from holley_graph.night import record
from holley_graph.times import iso

MOST = 50
"""Entries of a kind that a page lists, the newest."""


@dataclass(frozen=True)
class Past:
    """Everything that the page of the history shows, each kind newest first.

    Attributes:
        syncs: `run_id`, `as_of`, `source` and `rejected`, rows per feed.
        runs: manifests.
        champion: run that was live when somebody last looked, or none.
        verdicts: recipe to its verdict.
        events: entries of the journal.
        evaluations: `name` and the document of each.
        nights: the document of each.
    """

    syncs: list[dict[str, Any]]
    runs: list[RunManifest]
    champion: str | None
    verdicts: dict[str, Any]
    events: list[dict[str, Any]]
    evaluations: list[dict[str, Any]]
    nights: list[dict[str, Any]]

    def of(self, *kinds: str) -> list[dict[str, Any]]:
        """Return the events of some kinds."""
        return [event for event in self.events if event["what"] in kinds][:MOST]


def read(home: Path) -> Past:
    """Read the history of a home.

    Raises:
        ParcelError: a file is damaged.
    """
    runs = home / "runs"
    known, events = registry.read(runs), journal.entries(home)[::-1]
    return Past(
        _syncs(home, events),
        registry.manifests(runs)[::-1][:MOST],
        known[registry.CHAMPION],
        known["verdicts"],
        events,
        list(_evaluations(home))[::-1],
        record.history(home)[: -MOST - 1 : -1],
    )


def report(home: Path, kind: str, name: str) -> str:
    """Return the page of an evaluation or of a night.

    Args:
        home: keeps it.
        kind: folder of the home that has such reports.
        name: its folder in there, as the history names it.

    Raises:
        NotFound: there is none of this name.
    """
    files = {file.parent.name: file for file in (home / kind).glob("*/report.html")}
    if name not in files:
        raise NotFound(f"no report {name!r} in {kind}", "the history lists those that there are")
    return files[name].read_text(encoding="utf-8")


def _syncs(home: Path, events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """List syncs: what the journal says, and before it began what dead letters say of themselves."""
    noted = [event for event in events if event["what"] == "sync"]
    known = {event["run_id"] for event in noted}
    return sorted(noted + [sync for sync in _kept(home) if sync["run_id"] not in known],
                  key=lambda sync: str(sync["run_id"]), reverse=True)[:MOST]  # fmt: skip


def _kept(home: Path) -> Iterator[dict[str, Any]]:
    for manifest in sorted((home / "rejects").glob("*/manifest.json")):
        document = json.loads(manifest.read_text(encoding="utf-8"))
        letters = sorted(manifest.parent.glob("*.parquet"))
        # the rows themselves are not read
        rejected = {letter.stem: pq.read_metadata(letter).num_rows for letter in letters}
        yield {
            "run_id": manifest.parent.name,
            "as_of": document["as_of"],
            "source": document["source"],
            "rejected": rejected,
        }


def _evaluations(home: Path) -> Iterator[dict[str, Any]]:
    for file in sorted((home / "evaluations").glob("*/evaluation.json"))[-MOST:]:
        yield {"name": file.parent.name, **json.loads(file.read_text(encoding="utf-8"))}


def calibration(runs: list[RunManifest]) -> dict[str, list[Any]]:
    """Return what was predicted beside what happened, for the times that measured runs knew, oldest first."""
    measured = {
        iso(run.as_of)[:10]: (run.metrics.get("held_out") or {}).get("calibration") for run in reversed(runs)
    }
    points = [(at, predicted) for at, predicted in sorted(measured.items()) if predicted]
    return {
        "at": [at for at, _ in points],
        **{key: [predicted[key] for _, predicted in points] for key in ("said", "happened", "error")},
    }
