"""Go or no-go: what has to be true of a run before it may replace what serves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from loaders.baseline import VERSION as CHAMPION

LEAST_OVERALL, LEAST_COLD, WORST_SEGMENT = 0.10, 0.20, -0.05
OF_SIZE = 0.05
"""Share of the asked users from which on a segment can stop a release."""
METRIC = "MRR@4"


@dataclass(frozen=True)
class Verdict:
    """A decision with its reasons.

    Attributes:
        go: whether the run may go live.
        reasons: one sentence per rule, what was demanded and what was found.
    """

    go: bool
    reasons: list[str]


def decide(document: dict[str, Any], run: str) -> Verdict:
    """Hold a run against the champion.

    Args:
        document: of `summary.measure`.
        run: name of the ranker to decide on.
    """
    champion = document["champion"]
    if champion != CHAMPION:
        return Verdict(False, [f"no-go: {CHAMPION} was not measured on these users, so there is nothing to beat"])
    overall, cold = document["over_champion"][run], document["segments"]["history"].get("cold")
    rules = [_better("overall", overall, LEAST_OVERALL)]
    rules.append(
        _better("cold", cold["over_champion"][run], LEAST_COLD) if cold else (False, "no cold user was asked about")
    )
    rules.append(_no_segment_worse(document, run))
    ours, theirs = (document["lists"][name]["coverage"] for name in (run, champion))
    rules.append((ours >= theirs, f"coverage {ours:.1%}, not below {theirs:.1%} demanded"))
    return Verdict(all(ok for ok, _ in rules), [f"{'go' if ok else 'no-go'}: {reason}" for ok, reason in rules])


def _better(who: str, lift: dict[str, float], least: float) -> tuple[bool, str]:
    interval = f"interval {lift['low']:+.4f} … {lift['high']:+.4f}"
    found = f"{who} {METRIC} {lift['relative']:+.1%}, {interval}; at least {least:+.0%} and above zero demanded"
    return lift["relative"] >= least and lift["low"] > 0, found


def _no_segment_worse(document: dict[str, Any], run: str) -> tuple[bool, str]:
    found = {
        f"{kind} {name}": part["over_champion"][run]["relative"]
        for kind, parts in document["segments"].items()
        for name, part in parts.items()
        if part["users"] >= OF_SIZE * document["users"]
    }
    worst = min(found, key=lambda name: found[name])
    return found[
        worst
    ] >= WORST_SEGMENT, f"worst segment is {worst} with {found[worst]:+.1%}, {WORST_SEGMENT:+.0%} allowed"
