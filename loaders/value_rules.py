"""What the feeds' statements are told of the value rules: patterns, limits and lists, as parameters.

Patterns are of RE2, which both engines use. They see texts that are spelled as `holley_graph.spelling` says.
"""

from __future__ import annotations

import re
from typing import Any

from holley_graph import spelling
from holley_graph.settings import Settings
from holley_graph.times import moment

_AT = r"(?:@|%(?:25)*40)"  # as it is, or percent-encoded as often as you like
MENTION = r'(?i)(?:\\"[^"@]+\\"|^"[^"@]+"|[^\s"\\@]+)' + _AT + r'[^\s"\\@]+'
"""Whatever may be an address: hashed where it is an id, taken out of what is kept of rejected rows."""
ADDRESS = (
    r"""(?i)["\pL\pN!#$&'*+=?^_{|}~.-]"""
    + _AT
    + r"(?:(?:[\pL\pN_-]+\.)+(?:\pL{2,}|xn--[a-z0-9-]+)|\[[0-9a-f.:]+\])"
)
"""What looks like an address in any other text: its domain ends in letters, so that `220@.050` is none."""
MAILBOX = r'^(?:"[^"@]+"|[^\s@,;:<>()\[\]"]+)@[^\s@,;:<>()\[\]"]+$'
"""An email: one address and nothing beside it."""
_YEARS_AHEAD = 2  # next year's models, and one more


def values(settings: Settings, as_of: int) -> dict[str, Any]:
    """Give every parameter that decides how a source row is read, beside the window of time."""
    sync = settings.sync
    return {
        "invisible": spelling.INVISIBLE,
        "blank": spelling.BLANK,
        "mention": MENTION,
        "address": ADDRESS,
        "mailbox": MAILBOX,
        "placeholder": placeholder(sync.placeholders),
        "max_characters": sync.max_characters,
        "max_ids": sync.max_ids,
        "first_year": sync.first_year,
        "last_year": last_year(settings, as_of),
        "max_price": settings.eligibility.max_price,
    }


def last_year(settings: Settings, as_of: int) -> int:
    """Return the latest model year that is believed: set, or counted from the last moment that is known."""
    if settings.sync.last_year is not None:
        return settings.sync.last_year
    return moment(as_of - 1).year + _YEARS_AHEAD


def placeholder(words: tuple[str, ...]) -> str:
    """Make the pattern of what stands for nobody: some words, or nothing but zeros and dashes."""
    listed = "".join(f"|{re.escape(spelling.normal(word))}" for word in words)
    return f"(?i)^(?:[0-]+{listed})$"
