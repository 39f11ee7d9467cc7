"""Exponents of the steps of `growth`, and their curves over size."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from matplotlib import colormaps
from matplotlib.figure import Figure

STEEP = 1.1
"""An exponent above this is a finding."""


def draw(folder: Path, steps: list[str]) -> None:
    """Print the exponent of every step, and draw all steps over size on double logarithmic paper.

    Args:
        folder: of the results; the picture is put beside them.
        steps: names of the steps, in their order.
    """
    sizes = sorted(
        (json.loads(path.read_text()) for path in folder.glob("growth-*.json")), key=lambda size: size["users"]
    )
    figure = Figure(figsize=(13, 5), layout="constrained")
    panels = figure.subplots(1, 3)
    what = {"core_s": "seconds on a core", "peak_gib": "memory of the step, GiB", "home_peak_gib": "the home, GiB"}
    for number, name in enumerate(steps):
        measured = {size["users"]: size["steps"][name] for size in sizes if name in size["steps"]}
        exponents = []
        for panel, measure in zip(panels, what, strict=True):
            points = [
                (users, step.get(measure) or (measure == "core_s" and step["seconds"]))
                for users, step in measured.items()
            ]
            known = [(users, value) for users, value in points if value]
            if len(known) > 1:
                panel.plot(
                    *zip(*known, strict=True), "o-", markersize=3, label=name, color=colormaps["tab20"](number)
                )
                exponents.append(f"{measure} {exponent(known):.2f}{' !' if exponent(known) > STEEP else ''}")
        if exponents:
            print(f"{name:16} {', '.join(exponents)}")
    for panel, title in zip(panels, what.values(), strict=True):
        panel.set(xscale="log", yscale="log", xlabel="users", title=title)
        panel.grid(alpha=0.3)
        users = [size["users"] for size in sizes]
        panel.set_xticks(users, [f"{count:,}" for count in users])
        panel.minorticks_off()
    figure.legend(*panels[0].get_legend_handles_labels(), loc="outside right")
    figure.savefig(folder / "growth.png", dpi=100)


def exponent(points: list[tuple[int, float]]) -> float:
    """Return the slope of a line through points on double logarithmic paper."""
    users, values = np.log(np.array(points, float)).T
    return float(np.polyfit(users, values, 1)[0])
