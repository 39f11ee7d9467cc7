"""From the source to the file that is sent, in steps that are remembered."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from holley_graph import files
from holley_graph.errors import GraphStateError, HolleyGraphError
from holley_graph.evaluation.verdict import GO, TOO_LITTLE
from holley_graph.export import known
from holley_graph.gate.page import page as gate_page
from holley_graph.night import page
from holley_graph.night.record import DELIVERED, GATE_FAILED, Record
from holley_graph.progress import Progress, silent, step
from holley_graph.server import lifecycle
from holley_graph.settings import Settings
from holley_graph.snapshot import parcel
from holley_graph.times import last_midnight, seconds
from holley_graph.workflows import gate
from holley_graph.workflows.connection import connect
from holley_graph.workflows.deliver import SUFFIXES, checked, deliver, suffix
from holley_graph.workflows.export import export
from holley_graph.workflows.release import write_back
from holley_graph.workflows.snapshots import take_snapshot
from holley_graph.workflows.sync import sync

Work = Callable[[Settings, Record, Progress], dict[str, Any]]


def night(
    settings: Settings,
    source: str,
    to: str,
    as_of: int | None = None,
    *,
    again: bool = False,
    progress: Progress = silent,
) -> Record:
    """Sync, train, evaluate, write back, export, gate and deliver; or go on where an earlier call was stopped.

    Args:
        settings: where the server and the home are, and the section `night`.
        source: of the sync, as `--source` says it.
        to: where the file goes: a path, or `bigquery:DATASET.TABLE`.
        as_of: exclusive; none: today's midnight (UTC). It names the night.
        again: begin the night anew, whatever is remembered of it.
        progress: told about every step.

    Returns:
        What the night did. One that has ended is returned as it is, and nothing is done.

    Raises:
        GraphStateError: another night is at work in this home.
        SettingsError: the night was begun with another source or target, or the target is none.
        HolleyGraphError: a step failed. The same call goes on with this step.
    """
    as_of, request = last_midnight() if as_of is None else as_of, {"source": source, "to": checked(to)}
    with _alone(settings.home):
        record = None if again else Record.find(settings.home, as_of)
        if record is not None:
            record.require(request)
        if record is None or record.outcome is None:
            record = _go_on(settings, record, as_of, request, progress)
    return record


@contextmanager
def _alone(home: Path) -> Iterator[None]:
    folder = home / "nights"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with files.locked(folder / "night.lock", wait=False) as file:
        if file is None:
            raise GraphStateError(f"another night is at work in {home}", "wait for it to end")
        yield


def _go_on(
    settings: Settings, record: Record | None, as_of: int, request: dict[str, Any], progress: Progress
) -> Record:
    """Do the steps that are left, until one of them ends the night."""
    if settings.server.uri is None:
        lifecycle.up(settings, progress)  # whatever stopped the night may have stopped it, too
    if record is None:
        record = Record.begin(settings.home, as_of, request | {"live_before": _live(settings, progress)})
    for number, (name, work) in enumerate(WORK.items()):
        progress("night", number, len(WORK))
        if name not in record.steps:
            _do(settings, record, name, work, progress)
        if outcome := _ending(settings, name, record.steps[name]):
            page.write(record.ended(outcome))
            break
    progress("night", len(WORK), len(WORK))
    return record


def _do(settings: Settings, record: Record, name: str, work: Work, progress: Progress) -> None:
    started = time.monotonic()
    try:
        result = work(settings, record, progress)
    except HolleyGraphError as error:
        record.stop(name, error)
        raise
    record.remember(name, result | {"seconds": round(time.monotonic() - started, 1)})


def _ending(settings: Settings, name: str, result: dict[str, Any]) -> str | None:
    """Say how the night ends with a step; none: it goes on."""
    if name == "evaluate":
        accepted = (GO, TOO_LITTLE) if settings.night.accept_too_little else (GO,)
        return None if result["outcome"] in accepted else str(result["outcome"])
    if name == "gate":
        return None if result["passed"] else GATE_FAILED
    return DELIVERED if name == "deliver" else None


def _sync(settings: Settings, record: Record, progress: Progress) -> dict[str, Any]:
    as_of = seconds(record.document["as_of"])
    done = sync(settings, record.document["source"], as_of, since_last=True, progress=progress)
    counts = {
        "read": sum(feed["read"] for feed in done.feeds),
        "rejected": sum(sum(feed["rejected"].values()) for feed in done.feeds),
        **{what: sum(feed[what] for feed in done.feeds) for what in ("added", "changed", "removed")},
    }
    return {"run_id": done.run_id, "mode": done.mode, **counts, "notes": done.notes}


def _train(settings: Settings, record: Record, progress: Progress) -> dict[str, Any]:
    with step(progress, "loading PyTorch"):
        from holley_graph.workflows import training
    folder = take_snapshot(settings, progress)
    manifest, why = training.renew(settings, folder, progress)
    drift = manifest.metrics["drift"]
    return {
        "run_id": manifest.run_id,
        "snapshot": folder.name,
        "warm": manifest.warm is not None,
        "why": why,
        "epochs": manifest.epochs,
        "top_four_changed": drift and drift["top_four_changed"],
    }


def _evaluate(settings: Settings, record: Record, progress: Progress) -> dict[str, Any]:
    with step(progress, "loading PyTorch"):
        from holley_graph.workflows.backtest import judge
    trained = record.steps["train"]
    full = parcel.open_parcel(settings.home / "snapshots" / trained["snapshot"])
    done, judged = judge(settings, full, trained["run_id"], progress)
    (verdict,) = done.document["verdicts"].values()
    (name,) = done.document["verdicts"]
    return {
        "outcome": verdict["outcome"],
        "reasons": verdict["reasons"],
        "evaluation": done.path.name,
        "runs": judged,
        "questions": done.document["users"],
        "champion": done.document["champion"],
        "over_champion": done.document["over_champion"].get(name),
    }


def _write_back(settings: Settings, record: Record, progress: Progress) -> dict[str, Any]:
    run = record.steps["train"]["run_id"]
    done = write_back(settings, run, force=settings.night.accept_too_little, progress=progress)
    return {"run_id": done.run_id, "recall": done.recall}


def _export(settings: Settings, record: Record, progress: Progress) -> dict[str, Any]:
    began = datetime.fromisoformat(record.document["began_at"])
    done = export(settings, _made(settings, record), began, progress=progress)
    return {"run_id": done.run_id, "rows": done.rows, "tiers": done.tiers, "too_few": done.too_few}


def _gate(settings: Settings, record: Record, progress: Progress) -> dict[str, Any]:
    """Check the file; if it must not be sent, the release of before the night is live again."""
    previous = next(iter(_delivered(settings)), None)
    done = gate.check(settings, _made(settings, record), previous=previous, progress=progress)
    files.write(record.folder / "checks.html", gate_page(done).encode())
    before = record.document["live_before"]
    if not done.passed and before not in (None, record.steps["writeback"]["run_id"]):
        write_back(settings, before, force=True, progress=progress)
    failed = [
        {"severity": finding.severity, "says": finding.says, "count": finding.count}
        for finding in done.checks
        if finding.passed is False
    ]
    return {"passed": done.passed, "compared": previous is not None, "failed": failed}


def _deliver(settings: Settings, record: Record, progress: Progress) -> dict[str, Any]:
    """Put the file where it goes, and keep it for the gate of the next night."""
    made = _made(settings, record)
    target = made.with_stem("delivered")
    file = made if made.exists() else target  # an earlier call may have come so far
    deliver(settings, file, record.document["to"], f"{record.document['night']}-night")
    known.remember(settings.home, target)
    file.replace(target)
    for other in _delivered(settings):
        if other != target:
            other.unlink()
    return {"rows": record.steps["export"]["rows"]}


WORK: dict[str, Work] = {
    "sync": _sync,
    "train": _train,
    "evaluate": _evaluate,
    "writeback": _write_back,
    "export": _export,
    "gate": _gate,
    "deliver": _deliver,
}
"""The steps of `record.STEPS`."""


def _made(settings: Settings, record: Record) -> Path:
    """Name the file before it is delivered. Every night has the same one: `forget` has to look into it."""
    return settings.home / "nights" / f"made{suffix(record.document['to'])}"


def _delivered(settings: Settings) -> list[Path]:
    """Find the file that was last delivered, if there is one."""
    return [path for path in settings.home.glob("nights/delivered.*") if path.suffix in SUFFIXES]


def _live(settings: Settings, progress: Progress) -> str | None:
    """Return the run that is live before the night."""
    with connect(settings, progress) as graph:
        live = graph.read("server/live_release")
    return live[0]["run_id"] if live else None
