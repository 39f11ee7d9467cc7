"""Words as numbers, once and for all: vectors of short texts that no training changes.

`wordllama` (extra `text`) averages vectors of word pieces that ship inside its package, 256 numbers a text, and
fetches nothing. Without it the letters themselves are counted: every run of three falls into one of 256 buckets by
its checksum, with a sign from one more bit, so that what falls together by accident cancels out on average.
"""

from __future__ import annotations

import zlib
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

WIDTH = 256


def best() -> str:
    """Name the best way that is installed."""
    return "wordllama" if find_spec("wordllama") else "n-grams"


def embed(texts: list[str], how: str) -> Float[Tensor, "texts width"]:
    """Turn texts into vectors.

    Args:
        texts: as many as wanted; equal ones are looked at once.
        how: `wordllama`, `n-grams`, or `none` for vectors without a coordinate.

    Returns:
        [texts, WIDTH or 0], each of length one, or zero where there was no text.
    """
    if how == "none":
        return torch.zeros(len(texts), 0)
    distinct, row = np.unique(np.array(texts, object), return_inverse=True)
    vectors = {"wordllama": _word_pieces, "n-grams": _letters}[how]([text.lower() for text in distinct])
    length = np.linalg.norm(vectors, axis=1, keepdims=True)
    return torch.from_numpy((vectors / np.maximum(length, 1e-9))[row].astype(np.float32))


def _word_pieces(texts: list[str]) -> np.ndarray:
    import wordllama

    # its tokenizer ships, too, but is looked for in what it takes for a cache
    shipped = Path(wordllama.__file__).parent
    model = wordllama.WordLlama.load(dim=WIDTH, cache_dir=shipped, disable_download=True)
    vectors: np.ndarray = model.embed(texts or [""])[: len(texts)]  # no texts at all would be no array at all
    return np.where(np.array([bool(text.strip()) for text in texts])[:, None], vectors, 0)


def _letters(texts: list[str]) -> np.ndarray:
    vectors = np.zeros((len(texts), WIDTH))
    for row, text in enumerate(texts):
        padded = f" {text.strip()} " if text.strip() else ""
        for start in range(len(padded) - 2):
            checksum = zlib.crc32(padded[start : start + 3].encode())
            vectors[row, checksum % WIDTH] += 1 - 2 * (checksum >> 31)
    return vectors
