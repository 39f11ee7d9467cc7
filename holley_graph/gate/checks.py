"""What is checked, how bad a failure is, and which statement of `sql/gate/` finds the offenders."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Severity = Literal["CRITICAL", "HIGH", "MEDIUM", "INFO"]


@dataclass(frozen=True)
class Check:
    """One rule that an export has to keep.

    Attributes:
        name: its statement, `sql/gate/NAME.sql`.
        says: the rule, as somebody would tell it.
        against_previous: it compares with the previous file.
    """

    name: str
    severity: Severity
    says: str
    against_previous: bool = False


CHECKS = (
    Check("users", "CRITICAL", "enough rows"),
    Check("duplicates", "CRITICAL", "one row per address and vehicle"),
    Check("owners", "CRITICAL", "the source says that the address owns the vehicle"),
    Check("parts", "CRITICAL", "three or four parts per row"),
    Check("repeated", "CRITICAL", "no part and no variant of it twice in a row"),
    Check("fits", "CRITICAL", "the source says that every part fits the vehicle"),
    Check("bought", "CRITICAL", "no part that the address bought lately, in any colour"),
    Check("prices", "CRITICAL", "every price is above the minimum, and the highest in the source"),
    Check("images", "CRITICAL", "every image has an https address and is the newest in the source"),
    Check("part_types", "CRITICAL", "not too many parts of one type in a row"),
    Check("scores", "CRITICAL", "scores are numbers and do not increase, marketing's rules apart"),
    Check("excluded", "CRITICAL", "nothing that marketing's rules exclude, or that is out of stock"),
    Check("promised", "CRITICAL", "what marketing's rules pin or keep is there where it can be"),
    Check("unwanted", "CRITICAL", "nothing refurbished, no service, no commodity"),
    Check("user_count", "HIGH", "about as many rows as in the previous file", against_previous=True),
    Check("variety", "HIGH", "enough different parts"),
    Check("dominance", "HIGH", "no part comes first in too many rows"),
    Check("tiers", "MEDIUM", "every tier answers about as often as before", against_previous=True),
    Check("price_distribution", "MEDIUM", "prices are about as in the previous file", against_previous=True),
    Check("facts", "INFO", "what the file is made of"),
)
