"""Documents and tables that this tool wrote and reads again; one that is not as it was written is refused.

A document is JSON with the digest of its own content, `seal`; a folder's document holds the digests of its files.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

from holley_graph import files
from holley_graph.errors import ParcelError

if TYPE_CHECKING:
    import pyarrow as pa

SEAL = "seal"
_DAMAGED = "make it again, or bring it back from a backup"


def write(path: Path, document: Mapping[str, Any], mode: int = files.PUBLIC) -> None:
    """Write a document with its seal."""
    content = {key: value for key, value in document.items() if key != SEAL}
    files.write(path, json.dumps(content | {SEAL: fingerprint(content)}, indent=2).encode(), mode)


def read(path: Path, hint: str = _DAMAGED) -> dict[str, Any]:
    """Read a document; one without a seal was written by hand or by an older version, and is taken as it is.

    Raises:
        ParcelError: it is missing, unreadable, no document, or not what was sealed.
    """
    try:
        document = json.loads(files.content(path))
    except (OSError, ValueError) as error:
        raise ParcelError(f"{path} cannot be read: {_reason(error)}", hint) from error
    if not isinstance(document, dict):
        raise ParcelError(f"{path} holds no document", hint)
    seal = document.pop(SEAL, None)
    if seal not in (None, fingerprint(document)):
        raise ParcelError(f"{path} was changed after it was sealed", hint)
    return document


def digest(path: Path) -> str:
    """Return the SHA-256 of a file, hexadecimal.

    Raises:
        ParcelError: it cannot be read.
    """
    try:
        return files.digest(path)
    except OSError as error:
        raise ParcelError(
            f"{path} cannot be read: {_reason(error)}", "check its rights, or bring it back from a backup"
        ) from error


def digests(folder: Path, names: Iterable[str]) -> dict[str, str]:
    """Return the digests of some files of a folder."""
    names = sorted(names)
    with ThreadPoolExecutor() as pool:  # hashing lets go of the interpreter
        return dict(zip(names, pool.map(lambda name: digest(folder / name), names), strict=True))


def check(folder: Path, sealed: Mapping[str, str], hint: str = _DAMAGED) -> None:
    """Refuse files of a folder that are missing or have other digests than they were sealed with.

    Raises:
        ParcelError: naming the first.
    """
    for name in sealed:
        if not (folder / name).is_file():
            raise ParcelError(f"{folder / name} is missing", hint)
    for name, digest_now in digests(folder, sealed).items():
        if digest_now != sealed[name]:
            raise ParcelError(f"{folder / name} was changed after it was sealed", hint)


def table(path: Path, columns: list[str] | None = None, hint: str = _DAMAGED) -> pa.Table:
    """Read a Parquet file.

    Raises:
        ParcelError: it is missing, unreadable, or lacks a column.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        read = pq.read_table(path, columns=columns, page_checksum_verification=True)
    except (OSError, ValueError, pa.ArrowException) as error:
        raise ParcelError(f"{path} cannot be read: {_reason(error)}", hint) from error
    missing = [name for name in columns or () if name not in read.column_names]
    if missing:
        raise ParcelError(f"{path} lacks {', '.join(missing)}", hint)
    return read


def fingerprint(content: Any) -> str:
    """Return the SHA-256 of plain values, hexadecimal: equal values, equal fingerprints."""
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def _reason(error: Exception) -> str:
    strerror = error.strerror if isinstance(error, OSError) else None
    return strerror or (str(error).splitlines() or [type(error).__name__])[0]
