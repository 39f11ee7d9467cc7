"""Documents and tables that this tool wrote and reads again; one that is not as it was written is refused.

A document is JSON with the digest of its own content, `seal`; a folder's document holds the digests of its files.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

from holley_graph.errors import ParcelError

if TYPE_CHECKING:
    import pyarrow as pa

SEAL = "seal"


def write(path: Path, document: Mapping[str, Any], mode: int = 0o666) -> None:
    """Write a document with its seal beside its place, and put it there; `mode` as far as the umask lets it."""
    content = {key: value for key, value in document.items() if key != SEAL}
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    partial.unlink(missing_ok=True)
    with os.fdopen(os.open(partial, os.O_CREAT | os.O_EXCL | os.O_WRONLY, mode), "w") as file:
        file.write(json.dumps(content | {SEAL: _seal(content)}, indent=2))
    partial.replace(path)


def read(path: Path, hint: str = "") -> dict[str, Any]:
    """Read a document; one without a seal was written by hand or by an older version, and is taken as it is.

    Raises:
        ParcelError: it is missing, unreadable, no document, or not what was sealed.
    """
    try:
        document = json.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        raise ParcelError(f"{path} cannot be read: {_reason(error)}", hint) from error
    if not isinstance(document, dict):
        raise ParcelError(f"{path} holds no document", hint)
    seal = document.pop(SEAL, None)
    if seal not in (None, _seal(document)):
        raise ParcelError(f"{path} was changed after it was sealed", hint)
    return document


def digest(path: Path) -> str:
    """Return the SHA-256 of a file, hexadecimal.

    Raises:
        ParcelError: it cannot be read.
    """
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise ParcelError(f"{path} cannot be read: {_reason(error)}") from error


def digests(folder: Path, names: Iterable[str]) -> dict[str, str]:
    """Return the digests of some files of a folder."""
    names = sorted(names)
    with ThreadPoolExecutor() as pool:  # hashing lets go of the interpreter
        return dict(zip(names, pool.map(lambda name: digest(folder / name), names), strict=True))


def check(folder: Path, files: Mapping[str, str], hint: str = "") -> None:
    """Refuse files of a folder that are missing or have other digests.

    Raises:
        ParcelError: naming the first.
    """
    for name in files:
        if not (folder / name).is_file():
            raise ParcelError(f"{folder / name} is missing", hint)
    for name, found in digests(folder, files).items():
        if found != files[name]:
            raise ParcelError(f"{folder / name} was changed after it was sealed", hint)


def table(path: Path, columns: list[str] | None = None, hint: str = "") -> pa.Table:
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


def _seal(content: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def _reason(error: Exception) -> str:
    strerror = error.strerror if isinstance(error, OSError) else None
    return strerror or (str(error).splitlines() or [type(error).__name__])[0]
