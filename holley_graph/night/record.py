"""A night as a sealed document in the home, written whole after every step."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from holley_graph import sealed
from holley_graph.errors import HolleyGraphError, SettingsError
from holley_graph.evaluation.verdict import EXIT_CODES
from holley_graph.files import PRIVATE
from holley_graph.times import moment

FILE, REPORT = "night.json", "report.html"
STEPS = ("sync", "train", "evaluate", "writeback", "export", "gate", "deliver")
DELIVERED, GATE_FAILED = "delivered", "gate failed"
"""How a night ends, beside what a verdict says when it is not a go."""


@dataclass(frozen=True)
class Record:
    """One night.

    Attributes:
        folder: `home/nights/AS_OF`.
        document: what `night --json` prints; each step's result stands in `steps` once the step is done.
    """

    folder: Path
    document: dict[str, Any]

    @classmethod
    def begin(cls, home: Path, as_of: int, request: dict[str, Any]) -> Record:
        """Begin a night, or begin it again.

        Args:
            home: keeps it.
            as_of: the night knows everything strictly before it, and is named by it.
            request: what it was asked to do.
        """
        folder = _folder(home, as_of)
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        document = {"night": folder.name, "as_of": moment(as_of).isoformat(), **request, "began_at": _now()}
        record = cls(folder, document | {"ended_at": None, "outcome": None, "stopped": None, "steps": {}})
        record._write()
        return record

    @classmethod
    def find(cls, home: Path, as_of: int) -> Record | None:
        """Open a night that was begun."""
        folder = _folder(home, as_of)
        return cls.load(folder) if (folder / FILE).exists() else None

    @classmethod
    def load(cls, folder: Path) -> Record:
        """Open the night of a folder.

        Raises:
            ParcelError: its document is not what was written.
        """
        return cls(folder, sealed.read(folder / FILE, "remove its folder; the night then begins anew"))

    def require(self, request: dict[str, Any]) -> None:
        """Stop a command that asks for something else than the night was begun with.

        Raises:
            SettingsError: naming what differs.
        """
        for name, value in request.items():
            if self.document[name] != value:
                raise SettingsError(
                    f"the night of {self.document['night']} was begun with --{name} {self.document[name]}",
                    "give the same again, or --again to begin it anew",
                )

    @property
    def steps(self) -> dict[str, Any]:
        """Results of the steps that are done."""
        steps: dict[str, Any] = self.document["steps"]
        return steps

    @property
    def outcome(self) -> str | None:
        """How the night ended; none: it has not."""
        outcome: str | None = self.document["outcome"]
        return outcome

    @property
    def exit_code(self) -> int:
        """What the command ends with: a verdict's own code, and 1 where the gate said no."""
        return {DELIVERED: 0, **EXIT_CODES}.get(str(self.outcome), 1)

    def remember(self, step: str, result: dict[str, Any]) -> None:
        """Write down that a step is done."""
        self.steps[step] = result
        self.document["stopped"] = None
        self._write()

    def stop(self, step: str, error: HolleyGraphError) -> None:
        """Write down which error a step ended with."""
        self.document["stopped"] = {"step": step, "error": str(error), "exit_code": error.exit_code, "at": _now()}
        self._write()

    def ended(self, outcome: str) -> Record:
        """Write down how the night ended."""
        self.document.update(outcome=outcome, ended_at=_now())
        self._write()
        return self

    def _write(self) -> None:
        sealed.write(self.folder / FILE, self.document, PRIVATE)


def history(home: Path) -> list[dict[str, Any]]:
    """Return the documents of all nights, oldest first.

    Raises:
        ParcelError: one is not what was written.
    """
    return [Record.load(path.parent).document for path in sorted((home / "nights").glob(f"*/{FILE}"))]


def _folder(home: Path, as_of: int) -> Path:
    return home / "nights" / f"{moment(as_of):%Y%m%dT%H%M%S}"


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
