"""Words of the sentences that an email says; `cypher/recommend/reasons.cypher` has the same for Cypher."""

from __future__ import annotations

import re

_WORD = re.compile(r"[^ -]+")
_TITLED = re.compile(
    r"DE|EL|LA|LE|[^0-9AEIOUY][AEIOUY]{2}|[^0-9AEIOUY][AEIOUY][^0-9AEIOUY]|[AEIOUY]{2}[^0-9AEIOUY]|[^0-9]{4,}"
)
"""Words of a name in capitals that are no abbreviations: short ones that can be spoken, and longer ones."""
MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip


def name(capitals: str) -> str:
    """Write a make or a model as people do: `Mustang` and `Bel Air`, but `GTO`, `BMW` and `F-150`."""
    return _WORD.sub(lambda word: _titled(word[0]), capitals)


def _titled(word: str) -> str:
    return word[0] + word[1:].lower() if _TITLED.fullmatch(word) else word


def kind(part_type: str) -> str:
    """Write a part type within a sentence: `distributor cap`, but `EFI system`."""
    return " ".join(word if word == word.upper() else word.lower() for word in part_type.split(" "))


def since(month: int, now: int) -> str:
    """Say a month, counted from year 0; with its year where it is not clear."""
    year, place = divmod(month, 12)
    return f"in {MONTHS[place]}" + (f" {year}" if now - month > 10 else "")


def of_vehicle(year: int, make: str, model: str) -> tuple[str, ...]:
    """List what can be said to an owner whatever the part: of owners of the model and the make, then of the fit."""
    made, called = name(make), name(model)
    short = f"{made} {called}" if called[:1].isdecimal() else called
    return (
        f"Popular with {short} owners",
        f"Popular with {made} owners",
        f"Fits your {year} {made} {called}",
        f"Picked for your {short}",
        f"A match for your {year} {made}",
        f"Right for your {made} {called}",
    )
