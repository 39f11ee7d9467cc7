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
import torch
from safetensors import SafetensorError
from safetensors import torch as safetensors
from torch import Tensor, nn

from holley_graph import files
from holley_graph.errors import ParcelError
from holley_graph.model.processes import ALONE, Processes
from holley_graph.snapshot.snapshot import Snapshot
from holley_graph.times import DAY

KEEP_EVERY_S = 10.0
"""Seconds of training that a kill costs at most; at full size writing takes a hundredth of that."""
FORGET_AFTER_DAYS = 7
"""Days after which nobody is expected to go on."""

State = dict[str, Tensor]


class Checkpoint:
    """What a training has decided, and the last steps that it kept.

    Args:
        path: the file; one that is there is read, one that cannot be read counts as none.
        processes: who trains; the first one's file counts, and only that one writes.
    """

    def __init__(self, path: Path, processes: Processes = ALONE) -> None:
        self.path, self.processes = path, processes
        self.decided: dict[str, Any] = {}
        self._stage: str | None = None
        self._notes: dict[str, Any] = {}
        self._tensors: State = {}
        self._spent, self._since = 0.0, time.monotonic()
        self._read()
        self._kept_at = time.monotonic()

    @property
    def seconds(self) -> float:
        """How long was trained, as far as it was kept before this process and all of it in this one."""
        return self._spent + time.monotonic() - self._since

    def resume(
        self, stage: str, model: nn.Module, optimiser: torch.optim.Optimizer
    ) -> tuple[dict[str, Any], dict[str, State]]:
        """Put a stage back to where it was kept: parameters, moments, random numbers.

        Returns:
            What was noted, and what was to be kept beside; both empty where nothing was kept of this stage.
        """
        if self._stage != stage:
            return {}, {}
        model.load_state_dict(self._part("model."))
        moments = {int(row): each for row, each in self._parts("adam.").items()}
        optimiser.load_state_dict({**optimiser.state_dict(), "state": moments})
        torch.set_rng_state(self._tensors["random.cpu"])
        if "random.cuda" in self._tensors:
            torch.cuda.set_rng_state(self._tensors["random.cuda"])
        return self._notes, self._parts("beside.")

    def save(
        self,
        stage: str,
        notes: dict[str, Any],
        model: nn.Module,
        optimiser: torch.optim.Optimizer,
        beside: dict[str, State],
    ) -> None:
        """Write down where a stage is, and parameters beside the model's, if last done `KEEP_EVERY_S` ago."""
        if not self.processes.first or time.monotonic() - self._kept_at < KEEP_EVERY_S:
            return
        moments = {
            f"{row}.{k}": v for row, each in optimiser.state_dict()["state"].items() for k, v in each.items()
        }
        random = {"cpu": torch.get_rng_state()}
        if any(value.is_cuda for value in model.parameters()):
            random["cuda"] = torch.cuda.get_rng_state()
        parts = {"model": model.state_dict(), "adam": moments, "random": random}
        parts |= {f"beside.{name}": each for name, each in beside.items()}
        self._stage, self._notes = stage, notes
        self._tensors = {f"{part}.{name}": value for part, each in parts.items() for name, value in each.items()}
        self._write()

    def record(self, **decided: Any) -> None:
        """Write down what came of a stage; its steps are not needed any more."""
        self.decided |= decided
        self._stage, self._notes, self._tensors = None, {}, {}
        if self.processes.first:
            self._write()

    def remove(self) -> None:
        """Forget it: the training is finished."""
        self.path.unlink(missing_ok=True)

    def _part(self, prefix: str) -> State:
        return {name.removeprefix(prefix): each for name, each in self._tensors.items() if name.startswith(prefix)}

    def _parts(self, prefix: str) -> dict[str, State]:
        parts: dict[str, State] = {}
        for name, value in self._part(prefix).items():
            part, _, key = name.partition(".")
            parts.setdefault(part, {})[key] = value
        return parts

    def _read(self) -> None:
        content = self.processes.broadcast_bytes(lambda: self.path.read_bytes() if self.path.exists() else b"")
        try:
            self._tensors = safetensors.load(content)
            # the format: length of the header in 8 bytes, the header as JSON, tensors
            header = json.loads(content[8 : 8 + int.from_bytes(content[:8], "little")])["__metadata__"]
            kept = json.loads(header["training"])
        except (SafetensorError, ValueError, KeyError):
            self._tensors = {}
            return
        self.decided, self._stage, self._notes = kept["decided"], kept["stage"], kept["notes"]
        self._spent = kept["seconds"]

    def _write(self) -> None:
        header = {"decided": self.decided, "stage": self._stage, "notes": self._notes, "seconds": self.seconds}
        tensors = {name: value.detach().cpu().contiguous() for name, value in self._tensors.items()}
        files.write(self.path, safetensors.save(tensors, {"training": json.dumps(header)}), durable=True)
        self._kept_at = time.monotonic()


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
