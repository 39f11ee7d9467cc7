"""What came of a campaign, as one self-contained HTML page."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from holley_graph.amounts import counted
from holley_graph.campaign.outcome import CampaignReport
from holley_graph.campaign.split import HOLD_OUT
from holley_graph.page import charts
from holley_graph.page.page import render
from holley_graph.times import iso, moment

RATES = {
    "clicked_rate": "of those who were sent something, who clicked",
    "ordered_rate": "of all people in the arm, who ordered anything",
    "ordered_sent_rate": "of all people in the arm, who ordered what was sent",
}
"""Rate to its meaning."""
NAMES = {"ordered": "ordered anything", "ordered_sent": "ordered what was sent"}


def page(report: CampaignReport) -> str:
    """Draw a report."""
    sentence, look = verdict(report)
    return render(
        "campaign/outcome.html",
        report=report,
        sentence=sentence,
        look=look,
        cautions=list(cautions(report)),
        rates=RATES,
        names=NAMES,
        chart=_differences(report),
        began=iso(report.from_s),
        ended=iso(report.until_s),
        known=iso(report.known_until_s),
    )


def verdict(report: CampaignReport) -> tuple[str, str]:
    """Say in one sentence what the orders show, and how it looks.

    With a hold-out an arm is compared with it: that is what sending does. Else two arms are compared.
    """
    if not report.is_known:
        known, began = _day(report.known_until_s), _day(report.from_s)
        ended = f"the last sync knows orders until {known}, and the campaign began on {began}"
        return f"Nothing is known of this campaign yet: {ended}. Sync, then count again.", "unsure"
    orders = [pair for pair in report.pairs if pair["rate"] == "ordered"]
    compared_pairs = [pair for pair in orders if pair["other"] == HOLD_OUT] or orders
    if not compared_pairs:
        return "There is one group only, so there is nothing to compare.", "unsure"
    shown = [pair for pair in compared_pairs if pair["low"] > 0 or pair["high"] < 0]
    if not shown:
        return f"No difference in orders is shown.{_needed(compared_pairs)}", "unsure"
    best = max(shown, key=lambda pair: pair["difference"])
    word = "more" if best["difference"] > 0 else "fewer"
    points = f"{abs(100 * best['difference']):.2f} points {word} people"
    sentence = f"In {best['arm']}, {points} ordered than in {best['other']}"
    return (
        f"{sentence} ({100 * best['low']:+.2f} … {100 * best['high']:+.2f}).",
        "good" if word == "more" else "bad",
    )


def cautions(report: CampaignReport) -> Iterator[str]:
    """Say what makes the figures less than they seem."""
    reached = [row for row in report.arms if row["arm"] == HOLD_OUT and row["sent"]]
    if reached:
        people = counted(reached[0]["sent"], "person was", "people were")
        yield f"{people} sent something, although in the hold-out"
    if report.is_known and report.missing_days:
        known, ends = _day(report.known_until_s), _day(report.until_s)
        yield (
            f"the last sync knows orders until {known}; the campaign's days end on {ends}: "
            f"{report.missing_days} of {report.days} are missing, sync again"
        )


def _day(at: int) -> str:
    return f"{moment(at):%Y-%m-%d}"


def _needed(pairs: list[dict[str, Any]]) -> str:
    sizes = [pair["needed"] for pair in pairs if pair["needed"]]
    return f" It takes about {min(sizes):,} people in each group to show one of this size." if sizes else ""


def _differences(report: CampaignReport) -> str:
    """Draw the differences between the groups in points."""
    rows = [
        (f"{pair['arm']} − {pair['other']}", *(100 * pair[end] for end in ("low", "difference", "high")))
        for pair in report.pairs
        if pair["rate"] == "ordered"
    ]
    return (
        charts.whiskers(rows, "points more people who ordered anything, 95 % intervals", "{:+.2f}") if rows else ""
    )
