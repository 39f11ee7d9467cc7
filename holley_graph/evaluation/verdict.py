"""Go, no-go, or too little to say: what has to be true of a run before it may replace what serves."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from holley_graph.baselines.v5_18 import VERSION as CHAMPION

LEAST_OVERALL, LEAST_COLD, WORST_SEGMENT = 0.10, 0.20, -0.05
OF_SIZE = 0.05
"""Share of the asked users from which on a segment can stop a release."""
METRIC = "MRR@4"
GO, NO_GO, TOO_LITTLE = "go", "no-go", "too little to say"
EXIT_CODES = {GO: 0, NO_GO: 1, TOO_LITTLE: 19}
"""What `--verdict` ends with; of several runs' the first that is not 0."""


@dataclass(frozen=True)
class Verdict:
    """A decision with its reasons.

    Attributes:
        outcome: `GO`, `NO_GO` or `TOO_LITTLE`.
        reasons: one sentence per rule, its outcome first, then what was demanded and what was measured.
    """

    outcome: str
    reasons: list[str]

    @property
    def go(self) -> bool:
        """Whether the run may go live."""
        return self.outcome == GO


def decide(document: dict[str, Any], run: str) -> Verdict:
    """Hold a run against the champion.

    A rule that fails is no-go where the sample could have shown what the rule demands, and too little to say where
    it could not. One no-go is enough for no-go.

    Args:
        document: of `summary.measure`.
        run: name of the ranker to decide on.
    """
    champion = document["champion"]
    if champion != CHAMPION:
        return Verdict(NO_GO, [f"no-go: {CHAMPION} was not measured on these users, so there is nothing to beat"])
    cold = document["segments"]["history"].get("cold")
    rules = [_better("overall", document, run, LEAST_OVERALL, document)]
    rules.append(
        _better("cold", cold, run, LEAST_COLD, document) if cold else (TOO_LITTLE, "no cold user was asked about")
    )
    rules.append(_no_segment_worse(document, run))
    run_coverage, champion_coverage = (document["lists"][name]["coverage"] for name in (run, champion))
    rules.append(
        (
            GO if run_coverage >= champion_coverage else NO_GO,
            f"coverage {run_coverage:.1%}, not below {champion_coverage:.1%} demanded",
        )
    )
    outcomes = [outcome for outcome, _ in rules]
    decided = next((outcome for outcome in (NO_GO, TOO_LITTLE) if outcome in outcomes), GO)
    return Verdict(decided, [f"{outcome}: {reason}" for outcome, reason in rules])


def _better(who: str, part: dict[str, Any], run: str, least: float, document: dict[str, Any]) -> tuple[str, str]:
    """Demand so much more than the champion of the users of a document or of a segment."""
    lift = part["over_champion"][run]
    interval = f"interval {lift['low']:+.4f} … {lift['high']:+.4f}"
    reason = f"{who} {METRIC} {lift['relative']:+.1%}, {interval}; at least {least:+.0%} and above zero demanded"
    if lift["relative"] >= least and lift["low"] > 0:
        return GO, reason
    demanded = least * part["rankers"][CHAMPION][METRIC]
    if lift["smallest"] <= demanded or lift["high"] < demanded:
        return NO_GO, reason
    needed = _questions(part["users"], lift["smallest"], demanded)
    return TOO_LITTLE, (
        f"{reason}. {part['users']:,} questions show differences of {lift['smallest']:.4f} and more; to show the "
        f"{demanded:.4f} that is demanded takes about {needed:,}. {_more(document, needed / part['users'])}"
    )


def _questions(questions: int, smallest: float, demanded: float) -> int:
    """How many questions show a difference: the standard error falls with the square root of their number."""
    return math.ceil(questions * (smallest / demanded) ** 2) if demanded else 0


def _more(document: dict[str, Any], times: float) -> str:
    """Say which cuts have so many times the buyers that were asked about."""
    measured, buyers = len(document["cuts"]), document["buyers"]
    wanted, total = times * sum(window["users"] for window in buyers[:measured]), 0
    for cuts, window in enumerate(buyers, 1):
        total += window["users"]
        if total >= wanted and cuts > measured:
            return f"backtest --cuts {cuts} reaches back to {window['as_of'][:10]} and would ask about as many"
    return f"all {len(buyers)} months that the graph knows hold {total:,} buyers: wait until more was bought"


def _no_segment_worse(document: dict[str, Any], run: str) -> tuple[str, str]:
    parts = {
        f"{kind} {name}": part
        for kind, parts in document["segments"].items()
        for name, part in parts.items()
        if part["users"] >= OF_SIZE * document["users"]
    }
    worst = min(parts, key=lambda name: parts[name]["over_champion"][run]["relative"])
    lift = parts[worst]["over_champion"][run]
    reason = f"worst segment is {worst} with {lift['relative']:+.1%}, {WORST_SEGMENT:+.0%} allowed"
    if lift["relative"] >= WORST_SEGMENT:
        return GO, reason
    allowed = -WORST_SEGMENT * parts[worst]["rankers"][CHAMPION][METRIC]
    return (NO_GO if lift["high"] < 0 or lift["smallest"] <= allowed else TOO_LITTLE), reason
