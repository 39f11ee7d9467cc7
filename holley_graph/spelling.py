"""How a text is spelled before anything compares it: one rule for Python, DuckDB and BigQuery.

The patterns mean the same to Python's `re` and to RE2, which the two engines use.
"""

from __future__ import annotations

import re
import unicodedata

INVISIBLE = (
    "[\\x00-\\x08\\x0e-\\x1b\\x7f-\\x84\\x86-\\x9f"  # controls that are no white space
    "\u00ad\u034f\u061c\u115f-\u1160\u17b4-\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f"
    "\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\U0001d173-\U0001d17a\U000e0000-\U000e0fff]+"
)
"""Characters that nobody sees: controls, and what Unicode calls default ignorable (BOM, soft hyphen, …)."""
BLANK = "[\\t-\\r\\x1c-\\x20\\x85\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+"
"""A run of Unicode's white space."""
PLAIN = "[!-~]+(?: [!-~]+)*"
"""A text of visible ASCII and single spaces, as most are: it is spelled normally as it stands."""

_INVISIBLE, _BLANK = re.compile(INVISIBLE), re.compile(BLANK)


def normal(text: str) -> str:
    """Spell a text as it compares: invisible characters out, NFKC, any run of blanks one blank, trimmed."""
    return _BLANK.sub(" ", unicodedata.normalize("NFKC", _INVISIBLE.sub("", text))).strip(" ")


def upper(text: str) -> str:
    """Spell a key (SKU, make, model) as the graph does: upper case by Unicode's full rule, so that ß becomes SS."""
    return normal(text).upper()
