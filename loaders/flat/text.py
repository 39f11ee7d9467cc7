"""A text file of a list as DuckDB reads it best: UTF-8, line feeds, and before every line its number.

The number stands in a column of its own. Inside a quoted text of several lines it is part of the text, and the
statement that reads the text takes it out again. So a row that cannot be used is known by its line.
"""

from __future__ import annotations

import codecs
import csv
import gzip
import io
import re
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from typing import BinaryIO, TextIO

from holley_graph.errors import SourceError

SUFFIXES = (".csv", ".tsv", ".txt", ".csv.gz", ".tsv.gz", ".txt.gz", ".csv.zip", ".tsv.zip", ".txt.zip", ".zip")
MARK = "\x1f"
"""Stands before a line's number: the unit separator of ASCII, which no list has."""
_DELIMITERS = ",;\t|"
_EXCEL = re.compile(r"sep=([,;\t|])\s*")
_BINARY = re.compile(r"[\x00-\x08\x0e-\x1f\x7f]")
_CHUNK = 1 << 20


@dataclass(frozen=True)
class Header:
    """How a file is written."""

    encoding: str
    delimiter: str
    columns: tuple[str, ...]
    lines: int
    """Lines up to the first row."""


def header(path: Path, known: Callable[[tuple[str, ...]], int]) -> Header:
    """Find out how a file is written.

    Args:
        path: of the file.
        known: says how many of some columns are known; the delimiter that gives the most is right.

    Raises:
        SourceError: it is unreadable, empty or no text.
    """
    with _readable(path):
        encoding = _encoding(path)
        with _text(path, encoding) as text:
            blank, first = _first_line(text)
            named = _EXCEL.fullmatch(first)
            if named:
                blank, first = blank + 1, next(text, "")
            rest = list(islice(text, 20))  # a name may hold a line feed
    candidates = named[1] if named else _DELIMITERS
    heads = [_head(encoding, candidate, blank, first, rest) for candidate in candidates]
    if not first.strip():
        raise SourceError(f"{path} has no header line: it is empty", "export it again, or remove it")
    if _BINARY.search(first):
        raise SourceError(f"{path} is no text: its header line has control characters", "save it as CSV")
    return max(heads, key=lambda head: (known(head.columns), len(head.columns)))


def _head(encoding: str, delimiter: str, blank: int, first: str, rest: list[str]) -> Header:
    reader = csv.reader(chain([first], rest), delimiter=delimiter)
    names = tuple(name.strip() for name in next(reader, []))
    return Header(encoding, delimiter, names, blank + reader.line_num)


def copy(path: Path, head: Header, to: Path) -> int:
    """Write the rows of a file with the numbers of their lines, and return how many lines the file has.

    Raises:
        SourceError: it is unreadable.
    """
    with _readable(path), _text(path, head.encoding) as text, to.open("w", encoding="utf-8", newline="") as file:
        number = head.lines
        for number, line in enumerate(islice(text, head.lines, None), head.lines + 1):
            file.write(f"{MARK}{number}{head.delimiter}{line.replace(MARK, ' ')}")
    return number


def _first_line(text: TextIO) -> tuple[int, str]:
    for blank, line in enumerate(text):
        if line.strip():
            return blank, line
    return 0, ""


def _encoding(path: Path) -> str:
    """Find out the encoding: its mark, the zeros of UTF-16, UTF-8 if all of it is; else Windows' Latin-1."""
    with _bytes(path) as file:
        start = file.read(4096)
        if start.startswith(codecs.BOM_UTF8):
            return "utf-8-sig"
        if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            return "utf-16"
        even, odd = start[::2].count(0), start[1::2].count(0)
        if max(even, odd) > len(start) / 8:
            return "utf-16-be" if even > odd else "utf-16-le"
        decoder = codecs.getincrementaldecoder("utf-8")()
        try:
            for chunk in chain([start], iter(lambda: file.read(_CHUNK), b"")):
                decoder.decode(chunk)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return "cp1252"
        return "utf-8"


@contextmanager
def _text(path: Path, encoding: str) -> Iterator[TextIO]:
    with _bytes(path) as file, io.TextIOWrapper(file, encoding, errors="replace") as text:
        yield text


@contextmanager
def _bytes(path: Path) -> Iterator[BinaryIO]:
    if path.suffix.lower() == ".gz":
        with gzip.open(path) as file:
            yield file  # type: ignore[misc]
    elif path.suffix.lower() == ".zip":
        with zipfile.ZipFile(path) as archive, archive.open(_only(archive, path)) as file:
            yield file  # type: ignore[misc]
    else:
        with path.open("rb") as file:
            yield file


def _only(archive: zipfile.ZipFile, path: Path) -> zipfile.ZipInfo:
    files = [
        member
        for member in archive.infolist()
        if not member.is_dir() and not member.filename.startswith("__MACOSX/")
    ]
    if len(files) != 1:
        raise SourceError(f"{path} holds {len(files)} files; expected one", "unpack it")
    return files[0]


@contextmanager
def _readable(path: Path) -> Iterator[None]:
    try:
        yield
    except (OSError, EOFError, RuntimeError, zipfile.BadZipFile, zlib.error, csv.Error) as error:
        raise SourceError(f"{path} cannot be read: {error}", "check its rights, or export it again") from error
