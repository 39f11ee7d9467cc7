"""A training that was stopped goes on where it was, and ends as if it had never been.

All that the next step depends on beside the data is in one file: safetensors for parameters, Adam's moments and the
states of the random numbers, JSON in its header for the rest. It is replaced whole every few seconds.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pyarrow as pa
from safetensors import SafetensorError
from safetensors import torch as safetensors
from torch import Tensor

from holley_graph import files
from holley_graph.errors import ParcelError
from holley_graph.model.training.processes import ALONE, Processes
from holley_graph.snapshot.snapshot import Snapshot
from holley_graph.times import DAY

KEEP_EVERY_S = 10.0
"""Seconds of training that a kill costs at most; at full size writing takes a hundredth of that."""
FORGET_AFTER_DAYS = 7
"""Days after which nobody is expected to go on."""

State = dict[str, Tensor]


class Checkpoint:
    """What a training has chosen, and where it is.

    Args:
        path: the file; one that is there is read, one that cannot be read counts as none.
        processes: who trains; the first one's file counts, and only that one writes.

    Attributes:
        choice: what came of the stages that are finished.
        stage: that is under way; none: the next one has not begun.
        notes: numbers of that stage.
    """

    def __init__(self, path: Path, processes: Processes = ALONE) -> None:
        self.path, self.processes = path, processes
        self.choice: dict[str, Any] = {}
        self.stage: str | None = None
        self.notes: dict[str, Any] = {}
        self._tensors: State = {}
        self._seconds_before, self._began = 0.0, time.monotonic()
        self._read()
        self._written_at = time.monotonic()

    @property
    def seconds(self) -> float:
        """How long was trained, as far as it was kept before this process and all of it in this one."""
        return self._seconds_before + time.monotonic() - self._began

    @property
    def is_due(self) -> bool:
        """Whether this process writes, and last did so `KEEP_EVERY_S` ago."""
        return self.processes.first and time.monotonic() - self._written_at >= KEEP_EVERY_S

    def parts(self) -> dict[str, State]:
        """Return the tensors of the stage that is under way, as `save` was given them; empty parts are left out."""
        parts: dict[str, State] = {}
        for name, value in self._tensors.items():
            part, _, key = name.partition(".")
            parts.setdefault(part, {})[key] = value
        return parts

    def save(self, stage: str, notes: dict[str, Any], parts: Mapping[str, State]) -> None:
        """Write down where a stage is."""
        self.stage, self.notes = stage, notes
        self._tensors = {f"{part}.{name}": value for part, state in parts.items() for name, value in state.items()}
        self._write()

    def record(self, choice: dict[str, Any]) -> None:
        """Write down what came of a stage; its steps are not needed any more."""
        self.choice = choice
        self.stage, self.notes, self._tensors = None, {}, {}
        if self.processes.first:
            self._write()

    def remove(self) -> None:
        """Forget it: the training is finished."""
        self.path.unlink(missing_ok=True)

    def _read(self) -> None:
        content = self.processes.broadcast_bytes(lambda: self.path.read_bytes() if self.path.exists() else b"")
        try:
            self._tensors = safetensors.load(content)
            # the format: length of the header in 8 bytes, the header as JSON, tensors
            header = json.loads(content[8 : 8 + int.from_bytes(content[:8], "little")])["__metadata__"]
            training = json.loads(header["training"])
            self.choice, self.stage, self.notes = training["choice"], training["stage"], training["notes"]
            self._seconds_before = training["seconds"]
        except (SafetensorError, ValueError, KeyError):
            self._tensors = {}

    def _write(self) -> None:
        header = {"choice": self.choice, "stage": self.stage, "notes": self.notes, "seconds": self.seconds}
        tensors = {name: value.detach().cpu().contiguous() for name, value in self._tensors.items()}
        files.write(self.path, safetensors.save(tensors, {"training": json.dumps(header)}), durable=True)
        self._written_at = time.monotonic()


def open_checkpoint(
    runs: Path, past: Snapshot, recipe: Mapping[str, Any], processes: Processes = ALONE
) -> Checkpoint:
    """Open what a training of the same snapshot and recipe left in a folder of runs; forget what is old there.

    Args:
        runs: folder of run folders.
        past: what is learned from.
        recipe: all else that the vectors depend on.
        processes: who trains.

    Raises:
        ParcelError: this process would learn something else than the first one.
    """
    runs.mkdir(parents=True, exist_ok=True, mode=0o700)
    for older in runs.glob("checkpoint-*"):
        if time.time() - older.stat().st_mtime > FORGET_AFTER_DAYS * DAY:
            older.unlink(missing_ok=True)
    own = fingerprint(past, recipe)
    if processes.broadcast(lambda: own) != own:
        raise ParcelError(
            f"process {processes.rank} has another snapshot, other options or other versions than the first one",
            "copy the snapshot folder, and install the same lock file",
        )
    return Checkpoint(runs / f"checkpoint-{own}.safetensors", processes)


def fingerprint(past: Snapshot, recipe: Mapping[str, Any]) -> str:
    """Name what is learned from what, by content: 16 hexadecimal digits."""
    content = hashlib.sha256(json.dumps(recipe, sort_keys=True).encode())
    content.update(json.dumps([past.as_of, asdict(past.options)]).encode())
    content.update(past.fits.tobytes())
    for table in (past.products, past.vehicles, past.users, past.events, past.bought):
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, table.schema) as stream:
            stream.write_table(table.combine_chunks())
        content.update(sink.getvalue())
    return content.hexdigest()[:16]
