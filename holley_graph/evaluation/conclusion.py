"""The end of a study: measured, judged where that was asked for, and kept as a folder with a report."""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa

from holley_graph import files
from holley_graph.embeddings.manifest import RunManifest
from holley_graph.evaluation import registry, report, study, summary
from holley_graph.evaluation.study import Cut
from holley_graph.evaluation.verdict import decide
from holley_graph.snapshot.snapshot import Snapshot
from holley_graph.times import iso


@dataclass(frozen=True)
class Conclusion:
    """What a study found, and the folder with `report.html` and `evaluation.json`."""

    document: dict[str, Any]
    path: Path


def conclude(
    cuts: list[Cut],
    full: Snapshot,
    manifests: Mapping[str, RunManifest],
    home: Path,
    with_verdict: bool,
    cards: Callable[[list[str]], list[dict[str, Any]]] = lambda skus: [],
) -> Conclusion:
    """Measure a study and keep it under `home/evaluations`.

    Args:
        cuts: asked with the same rankers.
        full: the snapshot that they are cuts of, for its fingerprint.
        manifests: ranker name to the manifest of its run.
        home: has the runs, whose registry learns the verdicts.
        with_verdict: decide whether the runs may go live.
        cards: title and image of some parts, for the lists that the report shows.
    """
    name = f"{datetime.now(UTC):%Y%m%dT%H%M%S}-evaluation-{secrets.token_hex(2)}"
    configs = {
        ranker: {key: getattr(manifest, key) for key in ("run_id", "model", "config", "seed", "epochs")}
        for ranker, manifest in manifests.items()
    }
    about = {"evaluation": name, "data": fingerprint(full), "configs": configs, "buyers": study.buyers(full)}
    document = summary.measure(cuts, about)
    document["verdicts"] = {}
    if with_verdict:
        lift = document["over_champion"]
        # the best last: of several that may go live it is the challenger
        for ranker in sorted(manifests, key=lambda name: lift[name]["difference"]):
            manifest = manifests[ranker]
            verdict = decide(document, ranker)
            document["verdicts"][ranker] = asdict(verdict)
            registry.record_verdict(home / "runs", manifest, verdict, name)
    listed = {item.split(" ")[0] for user in document["samples"] for row in user["lists"].values() for item in row}
    shown = ("title", "part_type", "image_url")
    document["parts"] = {row["sku"]: {key: row[key] for key in shown} for row in cards(sorted(listed))}
    with files.folder(home / "evaluations" / name) as folder:
        (folder / "evaluation.json").write_text(json.dumps(document, indent=2))
        report.write(document, folder / "report.html")
    report.index(home / "evaluations")
    return Conclusion(document, home / "evaluations" / name)


def fingerprint(full: Snapshot) -> dict[str, Any]:
    """Say which data it was: sizes, time, and a digest of the events."""
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, full.events.schema) as stream:
        stream.write_table(full.events.combine_chunks())
    return {
        "as_of": iso(full.as_of),
        "events_sha256": hashlib.sha256(sink.getvalue()).hexdigest(),
        "rows": {name: getattr(full, name).num_rows for name in ("users", "vehicles", "products", "events")}
        | {"fits": len(full.fits)},
        "prices": "left out before the end: the source does not say when a price was seen",
        "eligible": "as of the end, the same candidates for every ranker",
    }
