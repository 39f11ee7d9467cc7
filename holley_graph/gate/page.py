"""The report as one self-contained HTML page."""

from __future__ import annotations

from holley_graph.gate.gate import Finding, GateReport
from holley_graph.page.page import render
from holley_graph.times import iso

MEANINGS = {
    "CRITICAL": "a file that breaks it must not be sent",
    "HIGH": "look before you send",
    "MEDIUM": "unlike the file before",
}


def page(report: GateReport) -> str:
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


def verdict(report: GateReport) -> str:
    """Say in one sentence whether the file may be sent."""
    broken = [
        finding.says for finding in report.checks if finding.severity == "CRITICAL" and finding.passed is False
    ]
    if broken:
        return f"{report.path.name} must not be sent: it breaks “{broken[0]}”" + (
            f" and {len(broken) - 1} more." if len(broken) > 1 else "."
        )
    odd = sum(finding.passed is False for finding in report.checks)
    return f"{report.path.name} may be sent." + (f" {odd} other checks failed: look at them first." if odd else "")


def result(finding: Finding) -> str:
    """Say a check's result in one word."""
    return {True: "passed", False: "failed", None: "skipped"}[finding.passed]
