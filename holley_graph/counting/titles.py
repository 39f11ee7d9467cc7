"""What words say: the part type of a part that has none, by its title, and how alike two names are.

Most titles name a part type: "Cinder Performance Tuner 73-79598". Where titles of parts whose type is known name it
rightly more often than not, a part without a type counts as one of the type that its title names. Other parts
without a type are a group where enough of their titles share a run of words.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from scipy.sparse import csr_matrix, diags

Texts = npt.NDArray[np.object_]

UNKNOWN = "UNKNOWN"
"""Part type of a product whose source names none."""
LONGEST = 6
"""Words that are read as one name, at most."""
FEWEST = 5
"""Titles without a known type whose common words name a group."""
SAMPLE = 2_000
"""Parts of a known type that say whether titles name types."""


def part_types(products: pa.Table) -> pa.ChunkedArray:
    """[products] the part type that each counts as, `UNKNOWN` where neither the source nor its title has one."""
    own = products.column("part_type")
    missing = pc.equal(own, UNKNOWN)
    if "title" not in products.column_names or not np.any(missing):
        return own
    names = {" ".join(words(name)): name for name in pc.unique(own).to_pylist() if name != UNKNOWN}
    if not _titles_name_types(products.filter(pc.invert(missing)), names):
        names = {}
    titles = list(_titles(products.filter(missing)))
    named = [_longest(title, names) for title in titles]
    others = (title for title, name in zip(titles, named, strict=True) if name is None)
    shared = Counter(run for title in others for run in set(_runs(title)))
    groups = {run: run for run, count in shared.items() if count >= FEWEST}
    filled = [name or _longest(title, groups) or UNKNOWN for name, title in zip(named, titles, strict=True)]
    return pa.chunked_array(
        [pc.replace_with_mask(own.combine_chunks(), missing.combine_chunks(), pa.array(filled, own.type))]
    )


def words(text: str | None) -> list[str]:
    """Split a text into its words, in lower case."""
    return re.findall(r"\w+", (text or "").lower())


def likeness(names: Texts, others: Texts) -> csr_matrix:
    """[names, others] cosine of the words of two names."""
    texts = [set(words(name)) for name in (*names, *others)]
    vocabulary = {word: column for column, word in enumerate(sorted(set[str]().union(*texts)))}
    row = np.repeat(np.arange(len(texts)), [len(text) for text in texts])
    column = [vocabulary[word] for text in texts for word in sorted(text)]
    has = csr_matrix((np.ones(len(row)), (row, column)), (len(texts), len(vocabulary)))
    frequency = np.asarray(has[len(names) :].sum(0)).ravel()
    heavy = has @ diags(1 + np.log((1 + len(others)) / (1 + frequency)))
    length = np.sqrt(np.asarray(heavy.multiply(heavy).sum(1)).ravel())
    unit = diags(1 / np.maximum(length, 1e-9)) @ heavy
    return (unit[: len(names)] @ unit[len(names) :].T).tocsr()


def among(names: Texts) -> csr_matrix:
    """[names, names] likeness of each to all others, 0 to itself."""
    alike = likeness(names, names)
    alike.setdiag(0)
    return alike


def _titles_name_types(known: pa.Table, names: Mapping[str, str]) -> bool:
    """Say whether titles that name a type name the right one more often than not."""
    sample = known.take(pa.array(np.arange(0, known.num_rows, max(known.num_rows // SAMPLE, 1))))
    named = [_longest(title, names) for title in _titles(sample)]
    right = [name == own for name, own in zip(named, sample["part_type"].to_pylist(), strict=True) if name]
    return len(right) > 0 and sum(right) > len(right) / 2


def _titles(products: pa.Table) -> Iterator[list[str]]:
    """Words of each title, without the brand."""
    for title, brand in zip(products["title"].to_pylist(), products["brand"].to_pylist(), strict=True):
        without = set(words(brand))
        yield [word for word in words(title) if word not in without]


def _runs(title: list[str]) -> Iterable[str]:
    """Every run of words of a title: long ones first, of equally long ones the last first."""
    for size in range(min(LONGEST, len(title)), 0, -1):
        for start in range(len(title) - size, -1, -1):
            yield " ".join(title[start : start + size])


def _longest(title: list[str], names: Mapping[str, str]) -> str | None:
    """Find the name that is the longest run of words of a title."""
    return next((names[run] for run in _runs(title) if run in names), None)
