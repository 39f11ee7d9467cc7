"""Tables of vectors: the score is one inner product, and an index that knows only cosine orders by it."""

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from holley_graph.embeddings import table
from holley_graph.embeddings.lift import Lift
from holley_graph.embeddings.table import Table, Tables
from holley_graph.errors import ParcelError

seeds = st.integers(0, 2**32 - 1)


@settings(max_examples=30, deadline=None)
@given(seeds, st.integers(1, 20), st.integers(1, 8))
def test_the_inner_product_is_taste_plus_popularity_and_cosine_orders_like_it(seed: int, n: int, dim: int) -> None:
    rng = np.random.default_rng(seed)
    z, b = rng.normal(size=(n, dim)).astype(np.float32), rng.normal(size=n).astype(np.float32)
    q = rng.normal(size=(3, dim)).astype(np.float32)
    stored, question = table.products(z, b), table.queries(q)
    np.testing.assert_allclose(question @ stored.T, q @ z.T + b, atol=1e-4)
    lengths = np.linalg.norm(stored.astype(float), axis=1)
    np.testing.assert_allclose(lengths, lengths.max(), rtol=1e-5)
    cosine = (question @ stored.T) / lengths
    np.testing.assert_array_equal(
        np.argsort(-cosine, axis=1)[:, 0], np.argsort(-(question @ stored.T), axis=1)[:, 0]
    )


def test_find_gives_rows_and_minus_one() -> None:
    held = Table(np.array(["A", "C"], object), np.zeros((2, 3), np.float32))
    assert held.find(np.array(["C", "B", "A", "Z"], object)).tolist() == [1, -1, 0, -1]
    empty = Table(held.keys[:0], held.vectors[:0])
    assert empty.find(held.keys).tolist() == [-1, -1]


def test_saved_tables_open_equal_bit_for_bit(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    made = {
        name: Table(np.array([f"k{i}É" for i in range(n)], object), rng.normal(size=(n, 5)).astype(np.float32))
        for n, name in enumerate(table.NAMES)  # the first has no rows
    }
    keys = np.array(["v1", "v2É"], object), np.array(["A", "B", "C"], object)
    lift = Lift(*keys, np.array([0, 1, 1]), np.array([2, 0, 1]), np.array([0.5, -1.25, 3], np.float32))
    tables = Tables(made, lift)
    table.save(tables, tmp_path)
    opened = table.load(tmp_path)
    assert set(opened) == set(tables)
    for name, saved in tables.items():
        assert opened[name].keys.tolist() == saved.keys.tolist()
        np.testing.assert_array_equal(opened[name].vectors, saved.vectors)
        np.testing.assert_array_equal(table.mapped(tmp_path, name), saved.vectors)
    pairs = np.array([0, 0, 1, 1]), np.array([2, 0, 0, 1])
    assert opened.lift.values(*keys, *pairs).tolist() == [0.5, 0, -1.25, 3]
    assert opened.lift.values(["v2É", "new"], ["B"], np.array([0, 1, -1]), np.zeros(3, int)).tolist() == [3, 0, 0]
    assert dict(opened.lift.by_vehicle()) == {"v1": {"C": 0.5}, "v2É": {"A": -1.25, "B": 3}}
    some = table.load(tmp_path, ["user", "no-such"])
    assert set(some) == {"user"}
    np.testing.assert_array_equal(some["user"].vectors, tables["user"].vectors)


def test_missing_broken_and_disagreeing_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ParcelError, match="no readable embeddings"):
        table.load(tmp_path)
    table.save(Tables({"user": Table(np.array(["a", "b"], object), np.zeros((2, 3), np.float32))}), tmp_path)
    whole = (tmp_path / "vectors_user.npy").read_bytes()
    (tmp_path / "inductive.parquet").write_text("junk")
    with pytest.raises(ParcelError, match=r"inductive\.parquet cannot be read"):
        table.load_with_inductive(tmp_path)
    (tmp_path / "inductive.parquet").unlink()
    (tmp_path / "vectors_user.npy").write_bytes(b"\0" * 64)
    with pytest.raises(ParcelError, match="no readable embeddings"):
        table.mapped(tmp_path, "user")
    with pytest.raises(ParcelError, match="no readable embeddings"):
        table.load(tmp_path)
    (tmp_path / "vectors_user.npy").write_bytes(whole)
    table.save(Tables({"user": Table(np.array(["a"], object), np.zeros((1, 3), np.float32))}), tmp_path)
    (tmp_path / "vectors_user.npy").write_bytes(whole)
    with pytest.raises(ParcelError, match="2 vectors and 1 keys"):
        table.load(tmp_path)
    (tmp_path / "keys_user.parquet").unlink()
    with pytest.raises(ParcelError, match="no readable embeddings"):
        table.load(tmp_path)


def test_a_run_that_was_changed_after_it_was_sealed_is_refused(tmp_path: Path) -> None:
    tables = Tables({"product": Table(np.array(["A"], object), np.ones((1, 3), np.float32))})
    table.save(tables, tmp_path)
    digest = hashlib.sha256((tmp_path / "vectors_product.npy").read_bytes()).hexdigest()
    (tmp_path / "manifest.json").write_text(json.dumps({"files": {"vectors_product.npy": digest}}))
    assert table.load(tmp_path).keys() == tables.keys()
    table.save(tables | {"product": Table(tables["product"].keys, tables["product"].vectors * 2)}, tmp_path)
    with pytest.raises(ParcelError, match="changed after it was sealed"):
        table.load(tmp_path)
