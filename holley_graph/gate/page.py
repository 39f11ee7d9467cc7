"""The report as one self-contained HTML page."""

from __future__ import annotations

from holley_graph.gate.gate import Finding, Report
from holley_graph.page.page import render
from holley_graph.times import iso

MEANINGS = {
    "CRITICAL": "a file that breaks it must not be sent",
    "HIGH": "look before you send",
    "MEDIUM": "unlike the file before",
}


def page(report: Report) -> str:
    """Draw a report."""
    return render(
        "gate/report.html",
        report=report,
        verdict=verdict(report),
        result=result,
        meanings=MEANINGS,
        as_of=iso(report.as_of),
        parts=report.parts,
    )


def verdict(report: Report) -> str:
    """Say in one sentence whether the file may be sent."""
    broken = [each.says for each in report.checks if each.severity == "CRITICAL" and each.passed is False]
    if broken:
        return f"{report.path.name} must not be sent: it breaks “{broken[0]}”" + (
            f" and {len(broken) - 1} more." if len(broken) > 1 else "."
        )
    odd = sum(each.passed is False for each in report.checks)
    return f"{report.path.name} may be sent." + (f" {odd} other checks failed: look at them first." if odd else "")


def result(each: Finding) -> str:
    """Say a check's result in one word."""
    return {True: "passed", False: "failed", None: "skipped"}[each.passed]
