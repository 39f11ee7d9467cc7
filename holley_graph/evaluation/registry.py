"""The run registry: who is champion, who challenges, and which recipes were judged how.

A run that goes live knows everything, so nothing is left to measure it on. What is judged is its recipe, the model
with its configuration, on runs that end earlier; the verdict holds for every run of the recipe.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from holley_graph import sealed
from holley_graph.embeddings.manifest import RunManifest
from holley_graph.errors import ParcelError, ReleaseCheckFailed
from holley_graph.evaluation.verdict import GO, Verdict

FILE = "registry.json"
CHAMPION, CHALLENGER = "champion", "challenger"
TEMPORARY = (".partial", ".old")
"""What a training or a `forget` that was killed leaves beside the runs."""


def recipe(manifest: RunManifest) -> str:
    """Name what two runs must share for a verdict on one to hold for the other."""
    return recipe_name(manifest.model, manifest.config)


def recipe_name(model: str, config: dict[str, Any]) -> str:
    """Name a model with its configuration."""
    return f"{model}-{sealed.fingerprint([model, config])[:8]}"


def read(runs: Path) -> dict[str, Any]:
    """Return `champion` and `challenger` (run ids or none) and `verdicts` by recipe.

    Raises:
        ParcelError: the file is not what was written.
    """
    path = runs / FILE
    empty: dict[str, Any] = {CHAMPION: None, CHALLENGER: None, "verdicts": {}}
    if not path.exists():
        return empty
    hint = "remove it; verdicts have to be asked for again"
    document = sealed.read(path, hint)
    if document.keys() != empty.keys():
        raise ParcelError(f"{path} is no registry", hint)
    return document


def manifests(runs: Path) -> list[RunManifest]:
    """Read what every run says of itself, oldest first.

    Raises:
        ParcelError: a run has no manifest, or one that is not its own.
    """
    folders = sorted(path for path in runs.glob("*") if path.is_dir() and path.suffix not in TEMPORARY)
    return [RunManifest.load(folder) for folder in folders]


def record_verdict(runs: Path, manifest: RunManifest, verdict: Verdict, evaluation: str) -> None:
    """Write down a verdict; a run that may go live becomes the challenger, one that may not is none any more."""
    known = read(runs)
    entry = {
        "outcome": verdict.outcome,
        "reasons": verdict.reasons,
        "run_id": manifest.run_id,
        "evaluation": evaluation,
    }
    known["verdicts"][recipe(manifest)] = entry
    if verdict.go:
        known[CHALLENGER] = manifest.run_id
    elif known[CHALLENGER] == manifest.run_id:
        known[CHALLENGER] = None
    _write(runs, known)


def promote(runs: Path, run_id: str | None) -> None:
    """Name the run that the graph says is live, or that none is."""
    known = read(runs)
    if known[CHAMPION] == run_id:
        return
    known[CHAMPION] = run_id
    if known[CHALLENGER] == run_id:
        known[CHALLENGER] = None
    _write(runs, known)


def require_go(runs: Path, manifest: RunManifest) -> None:
    """Stop a run whose recipe was judged and found wanting; one that was never judged passes.

    Raises:
        ReleaseCheckFailed: the verdict is no-go, or there was too little to say.
    """
    entry = read(runs)["verdicts"].get(recipe(manifest))
    if entry and entry["outcome"] != GO:
        first = next(reason for reason in entry["reasons"] if reason.startswith(entry["outcome"]))
        raise ReleaseCheckFailed(
            f"{manifest.run_id} is a {recipe(manifest)}, judged in {entry['evaluation']}: {first}",
            "train something better, or put it live all the same with --force",
        )


def _write(runs: Path, document: dict[str, Any]) -> None:
    runs.mkdir(parents=True, exist_ok=True, mode=0o700)
    sealed.write(runs / FILE, document)
