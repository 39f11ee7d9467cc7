"""Small charts as SVG inside a page: colours come from the style sheet, so they change with day and night."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence

from markupsafe import Markup

WIDTH, LEFT, RIGHT, ROW = 720, 190, 40, 24
COLOURS = 12
"""Classes `c0` … of the style sheet; further names have them again with `d1`: outlined marks, dashed lines."""
Interval = tuple[str, float, float, float]
"""What it is about, the lower end, the middle, and the upper end."""


def whiskers(
    rows: Sequence[Interval], says: str, spoken: str = "{:+.3f}", colours: Mapping[str, int] | None = None
) -> Markup:
    """Draw an interval for each row, and zero.

    Args:
        rows: from the top.
        says: what the axis measures.
        spoken: how a figure is written.
        colours: name to the number of its colour, where it has one elsewhere on the page.
    """
    low, high = min(0.0, *(row[1] for row in rows)), max(0.0, *(row[3] for row in rows))
    x, ticks = _scale(low, high, LEFT, WIDTH - RIGHT)
    height = ROW * len(rows) + 36
    drawn = _ticks(x, ticks, height, spoken)
    for number, (name, least, middle, most) in enumerate(rows):
        y = ROW * number + ROW / 2 + 4
        drawn += Markup(
            '<text x="{}" y="{}" text-anchor="end">{}</text>'
            '<g class="{}"><line class="line" x1="{:.1f}" x2="{:.1f}" y1="{}" y2="{}"/>'
            '<circle class="mark" cx="{:.1f}" cy="{}" r="4"/><title>{}: {}, {} to {}</title></g>'
        ).format(
            LEFT - 8, y + 4, name, _look((colours or {}).get(name, 0)), x(least), x(most), y, y, x(middle), y,
            name, spoken.format(middle), spoken.format(least), spoken.format(most),
        )  # fmt: skip
    return _figure(drawn, height, says)


def lines(
    series: Mapping[str, Sequence[float | None]], at: Sequence[str], says: str, spoken: str = "{:.2f}"
) -> Markup:
    """Draw a line for each name over the same places, and a legend; where there is no figure is a gap.

    Args:
        series: name to one figure per place.
        at: what the places are called.
        says: what the axis measures.
        spoken: how a figure is written.
    """
    known = [value for values in series.values() for value in values if value is not None]
    left, height = 60, 240
    y, ticks = _scale(min(known, default=0.0), max(known, default=1.0), height - 30, 12)
    step = (WIDTH - left - RIGHT) / max(len(at) - 1, 1)
    places = [left + (step * number if len(at) > 1 else (WIDTH - left - RIGHT) / 2) for number in range(len(at))]
    drawn = Markup("").join(
        Markup('<line class="axis" x1="{}" x2="{}" y1="{:.1f}" y2="{:.1f}"/>'
               '<text x="{}" y="{:.1f}" text-anchor="end">{}</text>')
        .format(left, WIDTH - RIGHT, y(tick), y(tick), left - 8, y(tick) + 4, spoken.format(tick))
        for tick in ticks
    )  # fmt: skip
    shown = range(0, len(at), max(1, math.ceil(len(at) / 8)))
    drawn += Markup("").join(
        Markup('<text x="{:.1f}" y="{}" text-anchor="middle">{}</text>').format(places[n], height - 8, at[n])
        for n in shown
    )
    for number, (name, values) in enumerate(series.items()):
        points = [(places[n], y(value)) for n, value in enumerate(values) if value is not None]
        path = " ".join(f"{x:.1f},{at_y:.1f}" for x, at_y in points)
        marks = Markup("").join(
            Markup('<circle class="mark" cx="{:.1f}" cy="{:.1f}" r="3"/>').format(*point) for point in points
        )
        drawn += Markup(
            '<g class="{}"><polyline class="line" points="{}"/>{}<title>{}</title></g>'
        ).format(_look(number), path, marks, name)  # fmt: skip
    return legend(list(series)) + _figure(drawn, height, says)


def bars(groups: Mapping[str, Mapping[str, float]], says: str, spoken: str = "{:.3f}") -> Markup:
    """Draw a block of bars for each group, one bar for each name, and a legend.

    Args:
        groups: what a block is called to name and figure.
        says: what the bars measure.
        spoken: how a figure is written.
    """
    names = list(next(iter(groups.values())))
    most = max((value for row in groups.values() for value in row.values()), default=0.0)
    x, ticks = _scale(0.0, most, LEFT, WIDTH - RIGHT)
    thick = max(5, min(14, 130 // max(len(names), 1)))
    block = thick * len(names) + 12
    height = block * len(groups) + 36
    drawn = _ticks(x, ticks, height, spoken)
    for place, (group, row) in enumerate(groups.items()):
        top = place * block + 6
        drawn += Markup('<text x="{}" y="{:.1f}" text-anchor="end">{}</text>').format(
            LEFT - 8, top + (block - 12) / 2 + 4, group
        )
        for number, name in enumerate(names):
            drawn += Markup(
                '<g class="{}"><rect class="mark" x="{}" y="{}" width="{:.1f}" height="{}"/>'
                "<title>{}, {}: {}</title></g>"
            ).format(
                _look(number), LEFT, top + number * thick, max(x(row[name]) - LEFT, 0.5), thick - 1, name, group,
                spoken.format(row[name]),
            )  # fmt: skip
    return legend(names) + _figure(drawn, height, says)


def legend(names: Sequence[str]) -> Markup:
    """List names in the colours of a chart."""
    entries = Markup("").join(
        Markup('<li class="{}"><span>{}</span></li>').format(_look(number), name)
        for number, name in enumerate(names)
    )
    return Markup('<ul class="legend">{}</ul>').format(entries)


def _look(number: int) -> str:
    """Give the classes of a name by its place in the legend; 36 names look different."""
    return f"c{number % COLOURS} d{number // COLOURS % 3}"


def _figure(drawn: Markup, height: float, says: str) -> Markup:
    return Markup(
        '<figure><svg viewBox="0 0 {} {}" role="img" aria-label="{}">{}</svg><figcaption>{}</figcaption></figure>'
    ).format(WIDTH, height, says, drawn, says)


def _ticks(x: Callable[[float], float], ticks: Sequence[float], height: float, spoken: str) -> Markup:
    return Markup("").join(
        Markup(
            '<line class="{}" x1="{:.1f}" x2="{:.1f}" y1="2" y2="{}"/>'
            '<text x="{:.1f}" y="{}" text-anchor="middle">{}</text>'
        ).format(
            "axis" if tick else "zero", x(tick), x(tick), height - 24, x(tick), height - 8, spoken.format(tick)
        )
        for tick in ticks
    )


def _scale(low: float, high: float, start: float, end: float) -> tuple[Callable[[float], float], list[float]]:
    """Return what places a figure between two ends, and round figures to mark."""
    if high <= low:
        high = low + 1.0
    rough = (high - low) / 5
    unit = 10.0 ** math.floor(math.log10(rough))
    step = next(unit * times for times in (1, 2, 5, 10) if unit * times >= rough)
    ticks = [step * number for number in range(math.floor(low / step), math.ceil(high / step) + 1)]
    first, last = ticks[0], ticks[-1]
    return lambda value: start + (value - first) / (last - first) * (end - start), ticks
