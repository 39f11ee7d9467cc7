"""The training curve as an image."""

from __future__ import annotations

from pathlib import Path

from matplotlib.figure import Figure

from holley_graph.model.inference.trained import Curve


def draw(curve: Curve, path: Path) -> None:
    """Draw loss per epoch and, where it was checked, the validation value."""
    figure = Figure(figsize=(8, 4), layout="constrained")
    left = figure.subplots()
    left.plot(range(1, len(curve.loss) + 1), curve.loss, color="tab:gray", label="training loss")
    left.set(xlabel="epoch", ylabel="loss per event, nats")
    if not curve.loss:
        left.text(0.5, 0.5, "no step was taken", transform=left.transAxes, ha="center", va="center")
    if curve.checked:
        right = left.twinx()
        right.plot(curve.checked, curve.validation, color="tab:blue", marker="o", label="held-back month")
        right.set_ylabel("log-likelihood of a purchase, nats")
    figure.legend(loc="outside upper center", ncols=3)
    figure.savefig(path, dpi=110)
