"""A study as one HTML file that needs nothing else: tables, intervals, curves over the cuts, segments, lists."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Sequence
from html import escape
from pathlib import Path
from typing import Any

from matplotlib import rc_context
from matplotlib.figure import Figure

from holley_graph.evaluation.verdict import GO, NO_GO, TOO_LITTLE

_STYLE = """
body{font:15px/1.5 system-ui,sans-serif;max-width:1100px;margin:2em auto;padding:0 1em;color:#222}
table{border-collapse:collapse;margin:1em 0;font-size:13px}td,th{padding:.25em .7em;border-bottom:1px solid #ddd}
td{text-align:right;font-variant-numeric:tabular-nums}td:first-child,th:first-child,td.text{text-align:left}
th{text-align:right;background:#f6f6f6}.best{font-weight:700}.go{color:#176b2c}.no-go{color:#a11919}.too-little{color:#8a5a00}
pre{background:#f6f6f6;padding:1em;overflow:auto;font-size:12px}svg{max-width:100%;height:auto}
details{margin:.6em 0}.hit{background:#d9f2de}
"""


_CLASS = {GO: "go", NO_GO: "no-go", TOO_LITTLE: "too-little"}


def write(document: dict[str, Any], path: Path) -> None:
    """Draw the report of a document that `summary.measure` made, verdict included where there is one."""
    parts = [_head(document), _verdict(document), _overall(document), _intervals(document), _over_time(document)]
    parts += [_segments(document), _lists(document), _samples(document), _about(document)]
    title = f"holley-graph: {len(document['rankers'])} rankers, {document['users']:,} questions"
    path.write_text(
        f"<!doctype html><html lang='en'><meta charset='utf-8'><title>{escape(title)}</title>"
        f"<style>{_STYLE}</style><body>{''.join(parts)}</body></html>",
        encoding="utf-8",
    )


def _head(document: dict[str, Any]) -> str:
    cuts = ", ".join(cut["as_of"][:10] for cut in document["cuts"])
    return (
        f"<h1>Who ranks best?</h1><p>{document['users']:,} questions about {document['distinct_users']:,} users "
        f"who {document['target']} a fitting, eligible part that they had not bought before, in any colour, in the "
        f"{document['days']} days after {escape(cuts)}. Every ranker was asked about the same users, knew only "
        "what was before the cut, and ranked everything that fits. "
        f"The champion is {escape(document['champion'])}.</p>"
    )


def _verdict(document: dict[str, Any]) -> str:
    verdicts = document.get("verdicts", {})
    blocks = []
    for run, verdict in verdicts.items():
        word = verdict["outcome"]
        reasons = "".join(
            f"<li class='{_CLASS[reason.partition(':')[0]]}'>{escape(reason)}</li>" for reason in verdict["reasons"]
        )
        blocks.append(f"<h2 class='{_CLASS[word]}'>{escape(run)}: {word}</h2><ul>{reasons}</ul>")
    return "".join(blocks)


def _overall(document: dict[str, Any]) -> str:
    metrics = list(next(iter(document["rankers"].values())))
    return "<h2>All users</h2>" + _table(["ranker", *metrics], document["rankers"], metrics, lambda v: f"{v:.4f}")


def _intervals(document: dict[str, Any]) -> str:
    lifts, metric = document["over_champion"], document["metric"]
    columns = ["difference", "low", "high", "relative", "smallest"]
    heads = ["ranker", f"{metric} over {document['champion']}", "from", "to", "relative", "smallest that shows"]
    rows = "".join(
        f"<tr><td>{escape(name)}</td>"
        + "".join(f"<td>{lift[c]:+.1%}</td>" if c == "relative" else f"<td>{lift[c]:+.4f}</td>" for c in columns)
        + "</tr>"
        for name, lift in lifts.items()
    )
    note = (
        "95 % intervals, paired bootstrap over users. A true difference of the size in the last column is found in "
        "4 of 5 such tests."
    )
    drawn = _drawn(lambda axes: _whiskers(axes, lifts, metric), (9, 0.4 * len(lifts) + 1.2))
    return f"<h2>Against the champion</h2><p>{note}</p><table><tr>{_heads(heads)}</tr>{rows}</table>{drawn}"


def _whiskers(axes: Any, lifts: dict[str, Any], metric: str) -> None:
    for row, lift in enumerate(lifts.values()):
        axes.plot([lift["low"], lift["high"]], [row, row], color="tab:blue")
        axes.plot(lift["difference"], row, "o", color="tab:blue")
    axes.axvline(0, color="tab:gray", linewidth=0.8)
    axes.set(yticks=range(len(lifts)), yticklabels=list(lifts), xlabel=f"{metric} over the champion")
    axes.invert_yaxis()


def _over_time(document: dict[str, Any]) -> str:
    cuts, metric = document["cuts"], document["metric"]
    columns = ["users", "warm_users", "candidates", "targets", "events_known"]
    rows = {cut["as_of"][:10]: cut for cut in cuts}
    counts = _table(["cut", *columns], rows, columns, lambda v: f"{v:,}", best=False)

    def lines(axes: Any) -> None:
        for name in document["rankers"]:
            axes.plot(
                [cut["as_of"][:10] for cut in cuts], [cut[metric][name] for cut in cuts], marker="o", label=name
            )
        axes.set_ylabel(metric)
        axes.legend(fontsize="small", loc="center left", bbox_to_anchor=(1, 0.5))

    return f"<h2>Cuts</h2>{counts}{_drawn(lines, (9, 3.6))}"


def _segments(document: dict[str, Any]) -> str:
    metric, blocks = document["metric"], []
    names = list(document["rankers"])
    for kind, parts in document["segments"].items():
        rows = {
            f"{name} ({part['users']:,})": {ranker: part["rankers"][ranker][metric] for ranker in names}
            for name, part in parts.items()
        }

        def bars(axes: Any, rows: dict[str, dict[str, float]] = rows) -> None:
            width = 0.8 / len(names)
            for i, ranker in enumerate(names):
                axes.bar(
                    [x + i * width for x in range(len(rows))],
                    [row[ranker] for row in rows.values()],
                    width,
                    label=ranker,
                )
            axes.set_xticks([x + 0.4 for x in range(len(rows))], list(rows))
            axes.set_ylabel(metric)
            axes.legend(fontsize="small", loc="center left", bbox_to_anchor=(1, 0.5))

        cells = _table([kind, *names], rows, names, lambda v: f"{v:.4f}", across=True)
        blocks.append(f"<h3>By {escape(kind)}</h3>{cells}{_drawn(bars, (9, 3.2))}")
    return f"<h2>Segments, {escape(metric)}</h2>" + "".join(blocks)


def _lists(document: dict[str, Any]) -> str:
    columns = list(next(iter(document["lists"].values())))
    note = (
        "Of the first four places: share of all candidates that anybody gets; self-information in bits; share of "
        "pairs of different part type; place among the user's candidates by orders (.5: no bias); share of the "
        "champion's list."
    )
    cells = _table(["ranker", *columns], document["lists"], columns, lambda v: f"{v:.3f}", best=False)
    return f"<h2>What the lists are like</h2><p>{note}</p>{cells}"


def _samples(document: dict[str, Any]) -> str:
    blocks = []
    for user in document["samples"]:
        bought = set(user["bought"])
        rows = "".join(
            f"<tr><td>{escape(name)}</td>"
            + "".join(
                f"<td class='text{' hit' if item.split(' ')[0] in bought else ''}'>{escape(item)}</td>"
                for item in listed
            )
            + "</tr>"
            for name, listed in user["lists"].items()
        )
        history = "known" if user["warm"] else "nothing known but the vehicle"
        blocks.append(
            f"<details><summary>{escape(user['vehicle_id'])}, {history}; bought {escape(', '.join(user['bought']))}"
            f"</summary><table>{rows}</table></details>"
        )
    return "<h2>Side by side</h2>" + "".join(blocks)


def _about(document: dict[str, Any]) -> str:
    about = {key: document[key] for key in ("data", "configs") if key in document}
    return f"<h2>Data and configurations</h2><pre>{escape(json.dumps(about, indent=2))}</pre>"


def _heads(names: Sequence[str]) -> str:
    return "".join(f"<th>{escape(name.replace('_', ' '))}</th>" for name in names)


def _table(
    heads: Sequence[str],
    rows: dict[str, dict[str, Any]],
    columns: Sequence[str],
    shown: Callable[[Any], str],
    best: bool = True,
    across: bool = False,
) -> str:
    """Draw rows of figures; the best of each column (or row) stands out."""
    top = {column: max(row[column] for row in rows.values()) for column in columns}
    body = []
    for name, row in rows.items():
        most = max(row[column] for column in columns) if across else None
        cells = "".join(
            f"<td{' class=best' if best and row[c] == (most if across else top[c]) else ''}>{shown(row[c])}</td>"
            for c in columns
        )
        body.append(f"<tr><td>{escape(name)}</td>{cells}</tr>")
    return f"<table><tr>{_heads(heads)}</tr>{''.join(body)}</table>"


def _drawn(draw: Callable[[Any], None], size: tuple[float, float]) -> str:
    buffer = io.StringIO()
    with rc_context({"text.parse_math": False}):  # a name with two dollar signs is no formula
        figure = Figure(figsize=size, layout="constrained")
        draw(figure.subplots())
        figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    return buffer.getvalue().partition("<svg")[1] + buffer.getvalue().partition("<svg")[2]
