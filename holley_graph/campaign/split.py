"""A stable split of people into arms and a hold-out.

A person's place is the first 53 bits of SHA-256 of `CAMPAIGN:email` (lower case, UTF-8), as a number from 0 to 1.
Places below the hold-out's share are held out; the rest falls into the arms in equal parts, in their order. So the
same person is always in the same arm of a campaign, whoever has the address can compute it, and two campaigns split
independently of each other.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

HOLD_OUT = "hold-out"
"""The name of the last group, and what its file is called."""
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Split:
    """How a campaign divides people.

    Attributes:
        campaign: its name, the salt.
        arms: names; equal shares of those who are not held out.
        hold_out: share of people who are sent nothing.
    """

    campaign: str
    arms: tuple[str, ...]
    hold_out: float

    @property
    def groups(self) -> tuple[str, ...]:
        """The arms, and the hold-out as the last."""
        return (*self.arms, HOLD_OUT)

    def of(self, emails: Sequence[str]) -> Ints:
        """[emails] index into `groups`."""
        places = np.array([place(self.campaign, email) for email in emails])
        share = (1 - self.hold_out) / len(self.arms)
        arm = np.minimum((places - self.hold_out) // share if share else np.zeros(len(places)), len(self.arms) - 1)
        return np.where(places < self.hold_out, len(self.arms), arm).astype(np.int64)


def place(campaign: str, email: str) -> float:
    """Give a person's place in a campaign, from 0 up to 1."""
    digest = hashlib.sha256(f"{campaign}:{email}".encode()).digest()
    return (int.from_bytes(digest[:8], "big") >> 11) / 2**53


def held_out_file(exported: Path) -> Path:
    """Name the file of those who are held out, beside the file that is sent."""
    return exported.with_name(f"{exported.stem}.{HOLD_OUT}{exported.suffix}")
