"""What a run says of itself: `manifest.json` of its folder."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Self

from holley_graph import sealed
from holley_graph.errors import NotFound, ParcelError

FILE = "manifest.json"


@dataclass(frozen=True, kw_only=True)
class RunManifest:
    """A run. What has a default is unknown of runs of earlier versions.

    Attributes:
        run_id: name of its folder.
        model: one of `MODELS`, or `catalogue`.
        as_of: epoch seconds; it learned from what came before.
        snapshot: name of the parcel that it was trained on.
        seed: of start values and batches.
        device: `cpu` or `cuda`.
        batch: vehicles per step; none: all.
        mixed: whether matrices were multiplied in bfloat16.
        processes: that trained it together.
        config: of the model.
        epochs: passes over the data, of the last fit.
        loss: per event, in nats, penalty included.
        warm: the run that it goes on `from`, and the loss `until` which it was trained.
        kind_weights: how much a view, a cart and an order count as a choice, and what that rests on.
        calibration: what makes a score a probability.
        trust: how far vectors are scaled, and what that rests on.
        dim: length of its vectors.
        counts: rows of each table, and `events`.
        metrics: `validation`, `held_out` and `drift`.
        seconds: of training.
        versions: of what the vectors may depend on.
        files: name to SHA-256.
    """

    run_id: str
    model: str
    as_of: int
    snapshot: str = ""
    seed: int
    device: str = "cpu"
    batch: int | None = None
    mixed: bool = False
    processes: int = 1
    config: dict[str, Any]
    epochs: int
    loss: float | None = None
    warm: dict[str, Any] | None = None
    kind_weights: dict[str, Any] | None = None
    calibration: dict[str, float] | None = None
    trust: dict[str, Any] | None = None
    dim: int
    counts: dict[str, int]
    metrics: dict[str, Any]
    seconds: float
    versions: dict[str, str] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read the manifest of a run folder.

        Raises:
            ParcelError: there is none, or it is not that of this run.
        """
        document = sealed.read(folder / FILE, "put it back, or remove the run")
        try:
            manifest = cls(**document)
        except TypeError as error:
            raise ParcelError(f"{folder / FILE} is not the manifest of a run", "put the run's own back") from error
        if manifest.run_id != folder.name:
            raise ParcelError(f"{folder / FILE} is not that of its run", "put the run's own manifest back")
        return manifest

    @classmethod
    def named(cls, runs: Path, run_id: str) -> Self:
        """Read the manifest of a run by its name.

        Raises:
            NotFound: there is no such run.
            ParcelError: as `load`.
        """
        if not (runs / run_id / FILE).is_file():
            raise NotFound(f"no run {run_id!r} in {runs}", "holley-graph runs")
        return cls.load(runs / run_id)

    def save(self, folder: Path) -> None:
        """Write it into a folder, sealed."""
        sealed.write(folder / FILE, self.as_dict())

    def as_dict(self) -> dict[str, Any]:
        """Return it as plain values."""
        return asdict(self)
