"""The header of a statement file: `key: value` in its first comments, longer values over several lines."""

from __future__ import annotations

from collections.abc import Collection

from holley_graph.errors import QueryFileError

HINT = "CONTRIBUTING.md shows how a statement's file begins"


def read(
    name: str, text: str, comment: str, required: Collection[str], optional: Collection[str]
) -> dict[str, str]:
    """Read a header, up to the first line that is no comment, or an empty one.

    Args:
        name: of the statement.
        text: its file.
        comment: what a comment begins with.
        required: keys that a header must have.
        optional: keys that it may have; other lines belong to the value before them.

    Raises:
        QueryFileError: something required is missing.
    """
    values: dict[str, str] = {}
    key = ""
    for line in text.splitlines():
        if not line.startswith(comment) or line.strip() == comment:
            break
        content = line[len(comment) :].strip()
        start, colon, rest = content.partition(":")
        if colon and (start in required or start in optional):
            key = start
            values[key] = rest.strip()
        elif key:
            values[key] += "\n" + content
    missing = [field for field in required if field not in values]
    if missing:
        raise QueryFileError(f"{name}: header lacks {', '.join(missing)}", HINT)
    return values
