"""What DuckDB does not know of Unicode: NFKC, and upper and lower case by the full rule.

Only texts with a letter beyond ASCII come here (`dialects` sees to it), and each distinct one once per batch.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from typing import Any

import duckdb
import pyarrow as pa
from duckdb.func import ARROW

FUNCTIONS: dict[str, Callable[[str], str]] = {
    "nfkc": lambda text: unicodedata.normalize("NFKC", text),
    "full_upper": str.upper,
    "full_lower": str.lower,
}


def teach(connection: duckdb.DuckDBPyConnection) -> None:
    """Give a connection the functions. It has to be closed: else the interpreter complains at its end."""
    for name, spell in FUNCTIONS.items():
        connection.create_function(name, _batched(spell), ["VARCHAR"], "VARCHAR", type=ARROW)


def _batched(spell: Callable[[str], str]) -> Callable[[Any], Any]:
    def spelled(texts: pa.Array | pa.ChunkedArray) -> pa.Array:
        column = texts.combine_chunks() if isinstance(texts, pa.ChunkedArray) else texts
        packed = column.dictionary_encode()
        return pa.array([spell(text) for text in packed.dictionary.to_pylist()], pa.string()).take(packed.indices)

    return spelled
