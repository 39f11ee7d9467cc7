"""What came after a run gets the vector that the run's own encoder has for it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from safetensors.numpy import load_file

from holley_graph import sealed
from holley_graph.embeddings import table
from holley_graph.embeddings.table import EXTRA, Table
from holley_graph.evaluation import registry
from holley_graph.model.architectures.recipe import Recipe
from holley_graph.model.inference import cold_start
from holley_graph.model.training import curve
from holley_graph.model.training import train as training
from holley_graph.model.training.plan import Plan
from holley_graph.model.training.train import train
from holley_graph.snapshot.snapshot import Snapshot
from tests.support import planted
from tests.support.models import OF_THEIR_OWN

SMALL = planted.world(users=200, makes=2, models=2, years=3).snapshot
KNOWN = {"sku": "Q1", "base_sku": "Q1", "display_key": "Q1", "part_type": "T3", "price": 120.0, "brand": "B2"}
STRANGE = KNOWN | {"sku": "Q2", "part_type": "Never seen", "brand": "Nobody's"}


@pytest.fixture(autouse=True)
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    """Trainings of few steps, without an image of them."""
    monkeypatch.setattr(training, "STEPS", 10)
    monkeypatch.setattr(curve, "draw", lambda _, path: path.touch())


def grown(snapshot: Snapshot) -> Snapshot:
    """Two more products that fit the first vehicle, and two more vehicles that the first product fits."""
    products, vehicles, users = snapshot.products, snapshot.vehicles, snapshot.users
    came = [{**row, "eligible": True} for row in (KNOWN, STRANGE)]
    first = {"year": 1965, "make": "M00", "model": "MODEL 000"}
    late = [
        {"vehicle_id": "M00|MODEL 000|1999", **first, "year": 1999, "owners": 1},
        {"vehicle_id": "Z9|NEW|2030", "year": 2030, "make": "Z9", "model": "NEW", "owners": 0},
    ]
    more = pa.concat_tables([vehicles, pa.Table.from_pylist(late, vehicles.schema)]).sort_by("vehicle_id")
    keys = more.column("vehicle_id").to_pylist()
    moved = np.array([keys.index(key) for key in vehicles.column("vehicle_id").to_pylist()])
    fits = np.column_stack([moved[snapshot.fits[:, 0]], snapshot.fits[:, 1]])
    new = [[moved[0], products.num_rows], [moved[0], products.num_rows + 1]]
    new += [[keys.index(vehicle_row["vehicle_id"]), 0] for vehicle_row in late]
    fits = np.vstack([fits, new])
    return replace(
        snapshot,
        products=pa.concat_tables([products, pa.Table.from_pylist(came, products.schema)]),
        vehicles=more,
        users=users.set_column(1, "vehicle", pa.array(moved[snapshot.user_vehicle])),
        fits=fits[np.lexsort((fits[:, 1], fits[:, 0]))],
    )


def run(folder: Path, name: str) -> Path:
    return train(SMALL, folder, Plan(Recipe(name, replace(Recipe.default(name).config, dim=8)))).path


@pytest.mark.parametrize("name", OF_THEIR_OWN)
def test_only_what_the_run_lacks_gets_a_vector_and_products_keep_the_common_length(
    name: str, tmp_path: Path
) -> None:
    path = run(tmp_path, name)
    encoded, known = cold_start.encode(path, grown(SMALL)), table.load(path)
    assert {kind: table_.keys.tolist() for kind, table_ in encoded.tables.items()} == {
        "product": ["Q1", "Q2"],
        "product_anchor": ["Q1", "Q2"],
        "vehicle": ["M00|MODEL 000|1999", "Z9|NEW|2030"],
        "vehicle_model": ["Z9|NEW"],
        "make": ["Z9"],
    }
    assert encoded.unknown == {"make": ["Z9"], "part_type": ["Never seen"]}
    for kind, table_ in encoded.tables.items():
        assert np.isfinite(table_.vectors).all()
        assert table_.vectors.shape[1] == known[kind].vectors.shape[1]
    lengths = np.linalg.norm(encoded.tables["product"].vectors, axis=1)
    np.testing.assert_allclose(lengths, np.linalg.norm(known["product"].vectors[0]), rtol=1e-5)
    table.add_inductive(encoded.tables, path)
    again = cold_start.encode(path, grown(SMALL))
    assert not any(len(table_.keys) for table_ in again.tables.values())
    assert table.load(path).keys() == known.keys()
    assert len(table.load(path)["product"].keys) == SMALL.products.num_rows


def test_a_newcomer_of_known_hierarchy_is_its_sum_and_an_unknown_top_level_is_the_mean(tmp_path: Path) -> None:
    """By the model without messages, in which nothing else adds to it."""
    path = run(tmp_path, "two_tower")
    encoded, weights = cold_start.encode(path, grown(SMALL)).tables, load_file(path / "weights.safetensors")
    price = str(np.searchsorted(weights["price_edges"], KNOWN["price"]))
    by_key = {(level, key): row for level, key, row in _rows(path)}

    def row(side: str, level: str, key: str) -> np.ndarray:
        return weights[f"{side}.tables.{level}"][by_key[level, key]]

    shared = row("product", "price", price)
    known = row("product", "part_type", "T3") + row("product", "brand", "B2") + shared
    strange = weights["product.tables.part_type"].mean(0) + shared
    np.testing.assert_allclose(encoded["product"].vectors[:, :-EXTRA], [known, strange], atol=1e-6)
    counted = pq.read_table(path / "effects.parquet").to_pandas()
    (popular,) = counted.value[(counted.level == 1) & (counted["product"] == "T3")]
    np.testing.assert_allclose(encoded["product"].vectors[:, -EXTRA], [popular, 0], atol=1e-6)
    # a year that nobody made before is in a window of its own: make and model alone speak for it
    sibling = row("vehicle", "make", "M00") + row("vehicle", "model", "M00|MODEL 000")
    stranger = weights["vehicle.tables.make"].mean(0)
    trusted = weights["scale"] * [sibling, stranger]
    np.testing.assert_allclose(encoded["vehicle"].vectors[:, :-EXTRA], trusted, atol=1e-6)


def _rows(path: Path) -> list[tuple[str, str, int]]:
    from holley_graph.model.inference import encoder

    return [(level, key, n) for level, keys in encoder.load(path).keys.items() for n, key in enumerate(keys)]


def test_after_a_warm_start_newcomers_look_the_way_that_the_served_vectors_do(tmp_path: Path) -> None:
    """A known product, taken out of the tables, is encoded to where it was."""
    first = run(tmp_path, "sage")
    registry.promote(tmp_path, first.name)
    recipe = Recipe("sage", replace(Recipe.default("sage").config, dim=8))
    path = train(SMALL, tmp_path, Plan(recipe, seed=3, warm=True)).path
    tables = table.load(path)
    manifest = sealed.read(path / "manifest.json")
    sealed.write(path / "manifest.json", manifest | {"files": {}})
    table.save(
        tables | {name: Table(vectors.keys[1:], vectors.vectors[1:]) for name, vectors in tables.items()}, path
    )
    for name, vectors in cold_start.encode(path, SMALL).tables.items():
        np.testing.assert_allclose(vectors.vectors, tables[name].vectors[:1], atol=1e-5, err_msg=name)
