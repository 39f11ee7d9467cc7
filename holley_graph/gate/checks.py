"""What is checked, how bad a failure is, and which statement of `loaders/sql/gate/` finds the offenders."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Severity = Literal["CRITICAL", "HIGH", "MEDIUM", "INFO"]


@dataclass(frozen=True)
class Check:
    """One rule of a release.

    Attributes:
        name: its statement, `loaders/sql/gate/NAME.sql`.
        says: the rule, as somebody would tell it.
        against_previous: it compares with the release before.
    """

    name: str
    severity: Severity
    says: str
    against_previous: bool = False


CHECKS = (
    Check("users", "CRITICAL", "enough rows"),
    Check("duplicates", "CRITICAL", "one row per address and vehicle"),
    Check("owners", "CRITICAL", "the address owns the vehicle, says the source"),
    Check("parts", "CRITICAL", "three or four parts per row"),
    Check("repeated", "CRITICAL", "no part and no variant of it twice in a row"),
    Check("fits", "CRITICAL", "every part fits the vehicle, says the source"),
    Check("bought", "CRITICAL", "nothing that the address bought lately, in any colour"),
    Check("prices", "CRITICAL", "every price is high enough, and the highest that the source saw"),
    Check("images", "CRITICAL", "every picture is at an https address, and the newest that the source saw"),
    Check("part_types", "CRITICAL", "few of one part type in a row"),
    Check("scores", "CRITICAL", "scores are numbers and do not increase"),
    Check("unwanted", "CRITICAL", "nothing refurbished, no service, no commodity"),
    Check("user_count", "HIGH", "about as many rows as in the previous release", against_previous=True),
    Check("variety", "HIGH", "enough different parts"),
    Check("dominance", "HIGH", "no part comes first for too many"),
    Check("tiers", "MEDIUM", "every tier answers about as often as before", against_previous=True),
    Check("price_distribution", "MEDIUM", "prices are about what they were", against_previous=True),
    Check("facts", "INFO", "what the release is made of"),
)
