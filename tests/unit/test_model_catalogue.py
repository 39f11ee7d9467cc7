"""Graphs without vehicles: what is touched in one visit belongs together, and one inner product says so."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from holley_graph.embeddings import table
from holley_graph.model.architectures.catalogue import CatalogueConfig, fit, visits
from holley_graph.model.training.plan import Plan
from holley_graph.model.training.train import train
from holley_graph.snapshot.snapshot import ORDERED, VIEWED, Snapshot
from tests.support import planted

CONFIG = CatalogueConfig(dim=16)
PRODUCTS, GROUP = 40, 4


def shop(seed: int = 0, users: int = 150) -> Snapshot:
    """Everybody pays two visits a day apart, each to one group of four products; groups are mixed over users."""
    rng = np.random.default_rng(seed)
    rows = []
    for user in range(users):
        for visit, group in enumerate(rng.choice(PRODUCTS // GROUP, 2, replace=False)):
            start = planted.AS_OF - (2 - visit) * planted.DAY
            for step, product in enumerate(rng.choice(GROUP, 2, replace=False)):
                rows.append((user, GROUP * group + product, ORDERED if step else VIEWED, start + 20 * step))
    user, product, kind, at = (
        np.array(column) for column in zip(*sorted(rows, key=lambda r: (r[0], r[3])), strict=True)
    )
    base = planted.world(users=5).snapshot
    names = [f"P{i:03d}" for i in range(PRODUCTS)]
    return replace(
        base,
        products=base.products.slice(0, PRODUCTS).set_column(0, "sku", pa.array(names)),
        vehicles=base.vehicles.slice(0, 0),
        users=pa.table({"user_id": [f"u{i:04d}" for i in range(users)], "vehicle": pa.nulls(users, pa.int64())}),
        fits=np.empty((0, 2), np.int64),
        events=pa.table({"user": user, "product": product, "kind": pa.array(kind, pa.int8()), "at": at}),
        bought=base.bought.slice(0, 0),
    )


SHOP = shop()


def test_a_pause_ends_a_visit_and_so_does_another_user() -> None:
    held = visits(SHOP, 120)
    assert held.shape == (2 * SHOP.users.num_rows, PRODUCTS)
    assert set(np.diff(held.indptr)) == {2}
    assert visits(SHOP, 2 * planted.DAY).shape[0] == SHOP.users.num_rows
    assert visits(SHOP, 10).shape[0] == SHOP.events.num_rows


def test_whoever_touched_a_product_is_offered_what_is_touched_with_it() -> None:
    tables, _ = fit(SHOP, CONFIG, seed=0)
    scores = tables["user"].vectors @ tables["product"].vectors.T
    touched = np.zeros(scores.shape, bool)
    touched[SHOP.event("user"), SHOP.event("product")] = True
    group = np.arange(PRODUCTS) // GROUP
    related = np.array([np.isin(group, group[row]) for row in touched])
    scores[touched] = -np.inf
    assert related[np.arange(len(scores)), scores.argmax(1)].mean() > 0.95
    nexts = tables["product_anchor"].vectors @ tables["product"].vectors.T
    np.fill_diagonal(nexts, -np.inf)
    assert (group[nexts.argmax(1)] == group).mean() > 0.95


def test_of_whom_nothing_is_known_popularity_decides() -> None:
    silent = replace(
        SHOP, users=pa.table({"user_id": [f"u{i:04d}" for i in range(151)], "vehicle": pa.nulls(151, pa.int64())})
    )
    tables, _ = fit(silent, CONFIG, seed=0)
    scores = tables["user"].vectors[150] @ tables["product"].vectors.T
    counts = np.bincount(SHOP.event("product"), minlength=PRODUCTS)
    assert counts[scores.argmax()] == counts.max()


def test_a_product_that_nobody_touched_has_no_vector() -> None:
    untouched = replace(SHOP, events=SHOP.events.filter(pa.array(SHOP.event("product") >= GROUP)))
    tables, _ = fit(untouched, CONFIG, seed=0)
    for name in ("product", "product_anchor"):
        assert list(tables[name].keys) == list(SHOP.product_ids.keys[GROUP:])
        assert tables[name].vectors[:, : -table.EXTRA].any(1).all()


def test_a_run_is_sealed_under_its_own_name_and_the_same_seed_gives_it_again(tmp_path: Path) -> None:
    first, second = (train(SHOP, tmp_path, Plan(seed=3)) for _ in range(2))
    assert first.manifest.model == "catalogue"
    assert first.manifest.config == CatalogueConfig().__dict__
    actual, expected = table.load(first.path), table.load(second.path)
    assert {name: len(vectors.keys) for name, vectors in actual.items()}["vehicle"] == 0
    for name in ("product", "product_anchor", "user"):
        np.testing.assert_array_equal(actual[name].vectors, expected[name].vectors)
        assert actual[name].vectors.shape[1] == first.manifest.dim


@pytest.mark.parametrize("later", [0, 60])
def test_what_happens_after_the_cut_changes_nothing(tmp_path: Path, later: int) -> None:
    cut = planted.AS_OF - planted.DAY + 30
    past = SHOP.before(cut)
    row = pa.table({"user": [149], "product": [0], "kind": pa.array([ORDERED], pa.int8()), "at": [cut + later]})
    order = [("user", "ascending"), ("at", "ascending"), ("kind", "ascending"), ("product", "ascending")]
    more = replace(SHOP, events=pa.concat_tables([SHOP.events, row.cast(SHOP.events.schema)]).sort_by(order))
    actual, expected = fit(past, CONFIG, seed=0)[0], fit(more.before(cut), CONFIG, seed=0)[0]
    for name in ("product", "product_anchor", "user"):
        np.testing.assert_array_equal(actual[name].vectors, expected[name].vectors)
