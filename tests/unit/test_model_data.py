"""A snapshot as tensors beside loops over its tables, and what a run keeps of it for another snapshot."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
import torch

from holley_graph.counting.utility import count
from holley_graph.errors import ParcelError
from holley_graph.model.architectures.data import (
    PRICE_BUCKETS,
    hetero_data,
    price_edges,
    product_levels,
    vehicle_levels,
)
from holley_graph.model.architectures.recipe import Recipe
from holley_graph.model.inference import encoder
from holley_graph.model.inference.encoder import Encoder
from holley_graph.model.inference.trained import rescaled, rotated
from holley_graph.model.training.fit import Stage, fit
from holley_graph.model.training.plan import Plan
from holley_graph.snapshot.snapshot import ORDERED, Snapshot
from tests.support import planted

SMALL = planted.world(users=200, makes=2, models=2, years=3).snapshot
COUNTED = count(SMALL)
RECIPE = Recipe("two_tower", replace(Recipe.default("two_tower").config, dim=6, init_std=0.5))


def with_column(snapshot: Snapshot, table: str, name: str, values: list[Any]) -> Snapshot:
    whole = getattr(snapshot, table)
    place = whole.schema.get_field_index(name)
    column = pa.array(values, whole.schema.field(place).type)
    return replace(snapshot, **{table: whole.set_column(place, name, column)})


def pairs_of(edges: torch.Tensor) -> list[tuple[int, ...]]:
    return [tuple(pair) for pair in edges.T.tolist()]


def test_every_edge_of_the_graph_is_one_of_the_snapshot_and_there_and_back() -> None:
    data = hetero_data(SMALL, COUNTED.popularity)
    assert pairs_of(data["vehicle", "fitted_by", "product"].edge_index) == [tuple(p) for p in SMALL.fits.tolist()]
    owned = [(u, v) for u, v in enumerate(SMALL.user_vehicle.tolist()) if v >= 0]
    assert pairs_of(data["user", "owns", "vehicle"].edge_index) == owned
    acted = list(zip(SMALL.event("user").tolist(), SMALL.event("product").tolist(), strict=True))
    assert pairs_of(data["user", "interacts", "product"].edge_index) == acted
    assert data["user", "interacts", "product"].kind.tolist() == SMALL.event("kind").tolist()
    for one, way, other, back in (
        ("vehicle", "fitted_by", "product", "fits"),
        ("vehicle", "of_model", "model", "of_model_of"),
        ("product", "of_type", "part_type", "of_type_of"),
        ("model", "made_by", "make", "makes"),
        ("product", "bought_before", "product", "bought_after"),
    ):
        there, home = (data[ends].edge_index for ends in ((one, way, other), (other, back, one)))
        assert torch.equal(there, home.flip(0)), way


def test_a_model_is_made_by_its_make() -> None:
    data, levels = hetero_data(SMALL, COUNTED.popularity), vehicle_levels(SMALL)
    for model, make in pairs_of(data["model", "made_by", "make"].edge_index):
        assert levels["model"].keys[model].split("|")[0] == levels["make"].keys[make]
    assert data["model"].num_nodes == len({key.rsplit("|", 1)[0] for key in SMALL.vehicle_ids.keys})


@pytest.mark.parametrize("keep", [1, 3])
def test_the_heaviest_co_purchases_of_a_part_are_kept_with_their_buyers(keep: int) -> None:
    data = hetero_data(SMALL, COUNTED.popularity, per_product=keep)
    rows = SMALL.co_purchased.to_pylist()
    wanted = []
    for first in sorted({row["sku"] for row in rows}):
        own = sorted(
            (row for row in rows if row["sku"] == first), key=lambda row: (-row["weight"], row["other_sku"])
        )
        wanted += [(first, row["other_sku"], row["count"]) for row in own[:keep]]
    edges = data["product", "bought_before", "product"]
    actual = [
        (*pair, weight) for pair, weight in zip(pairs_of(edges.edge_index), edges.edge_weight.tolist(), strict=True)
    ]
    assert len(wanted) > 20 and actual == wanted


def test_siblings_share_the_row_of_their_parent() -> None:
    make, model, year = (SMALL.vehicles[name].to_pylist() for name in ("make", "model", "year"))
    names = {
        "make": make,
        "era": [str(y // 4) for y in year],
        "model": [f"{a}|{b}" for a, b in zip(make, model, strict=True)],
        "window": [f"{a}|{b}|{y // 4}" for a, b, y in zip(make, model, year, strict=True)],
        "vehicle": SMALL.vehicles["vehicle_id"].to_pylist(),
    }
    for name, level in vehicle_levels(SMALL).items():
        assert level.keys[level.rows].tolist() == names[name], name
        assert len(set(level.keys)) == level.size


def test_prices_lie_in_buckets_of_one_size_and_unknown_ones_in_their_own() -> None:
    prices: list[float | None] = SMALL.products["price"].to_pylist()
    prices[:5] = [None] * 5
    level = product_levels(with_column(SMALL, "products", "price", prices))["price"]
    of_part = level.keys[level.rows].tolist()
    assert of_part[:5] == ["-1"] * 5 and "-1" not in of_part[5:]
    sizes = Counter(of_part[5:])
    assert len(sizes) == PRICE_BUCKETS
    assert max(sizes.values()) - min(sizes.values()) <= 2
    known = sorted(zip(prices[5:], map(int, of_part[5:]), strict=True))
    assert [bucket for _, bucket in known] == sorted(bucket for _, bucket in known)


def test_without_prices_all_parts_share_a_bucket() -> None:
    bare = with_column(SMALL, "products", "price", [None] * SMALL.products.num_rows)
    assert len(price_edges(bare)) == 0
    assert product_levels(bare)["price"].keys.tolist() == ["-1"]


def test_a_part_says_its_type_and_title_in_words() -> None:
    title = pa.array(["Red Cap", None, ""] * 100)
    titled = replace(SMALL, products=SMALL.products.append_column("title", title))
    text = hetero_data(titled, COUNTED.popularity)["product"].text
    types = SMALL.products["part_type"].to_pylist()
    assert text[:3] == [f"{types[0]} Red Cap", types[1], types[2]]
    assert hetero_data(SMALL, COUNTED.popularity)["product"].text[0] == types[0]


def encoded(seed: int = 0) -> tuple[Encoder, torch.Tensor, torch.Tensor]:
    """A run's parameters and the vectors that they give."""
    model, levels = RECIPE.build(SMALL, price_edges(SMALL), seed, COUNTED.popularity)
    keys = {name: level.keys for name, level in levels.items()}
    q, z = (vectors.detach() for vectors in model())
    return Encoder(dict(model.state_dict()), keys, price_edges(SMALL), COUNTED.utility), q, z


def filled(run: Encoder, snapshot: Snapshot) -> tuple[torch.Tensor, torch.Tensor]:
    """What a run says of another snapshot."""
    popularity = np.zeros(snapshot.products.num_rows)
    model, levels = RECIPE.build(snapshot, run.edges, 9, popularity)
    run.fill(model, levels)
    q, z = model()
    return q.detach(), z.detach()


def test_rows_belong_to_keys_however_another_snapshot_numbers_them(tmp_path: Path) -> None:
    run, q, z = encoded()
    run.save(tmp_path)
    order = np.random.default_rng(0).permutation(SMALL.vehicles.num_rows)
    place = np.argsort(order)
    fits = np.column_stack([place[SMALL.fits[:, 0]], SMALL.fits[:, 1]])
    shuffled = replace(
        SMALL,
        vehicles=SMALL.vehicles.take(pa.array(order)),
        users=SMALL.users.set_column(1, "vehicle", pa.array(place[SMALL.user_vehicle])),
        fits=fits[np.lexsort((fits[:, 1], fits[:, 0]))],
    )
    again_q, again_z = filled(encoder.load(tmp_path), shuffled)
    torch.testing.assert_close(again_q, q[torch.from_numpy(order)])
    torch.testing.assert_close(again_z, z)


def test_an_unknown_make_is_the_mean_and_what_is_unknown_below_adds_nothing() -> None:
    run, q, _ = encoded()
    makes = ["NEW", *SMALL.vehicles["make"].to_pylist()[1:]]
    ids = ["1|NEW|1", *SMALL.vehicles["vehicle_id"].to_pylist()[1:]]
    strange = with_column(with_column(SMALL, "vehicles", "make", makes), "vehicles", "vehicle_id", ids)
    new, _ = filled(run, strange)
    era = vehicle_levels(SMALL)["era"].rows[0]
    wanted = run.state["vehicle.tables.make"].mean(0) + run.state["vehicle.tables.era"][era]
    torch.testing.assert_close(new[0], wanted)
    torch.testing.assert_close(new[1:], q[1:])


def test_a_run_of_another_length_of_vectors_cannot_be_filled_in() -> None:
    run, _, _ = encoded()
    other = Recipe("two_tower", replace(RECIPE.config, dim=7))
    model, levels = other.build(SMALL, run.edges, 0, COUNTED.popularity)
    with pytest.raises(ParcelError, match=r"is .*6.*, not .*7"):
        run.fill(model, levels)


def test_a_folder_that_keeps_nothing_to_encode_with_says_so(tmp_path: Path) -> None:
    with pytest.raises(ParcelError, match="keeps nothing to encode with"):
        encoder.load(tmp_path)
    encoded()[0].save(tmp_path)
    (tmp_path / encoder.LEVELS).write_bytes(b"junk")
    with pytest.raises(ParcelError, match="keeps nothing to encode with"):
        encoder.load(tmp_path)


def test_vectors_that_turn_together_score_as_before() -> None:
    trained = fit(SMALL, Plan(RECIPE), Stage("training", 3))
    turn = torch.linalg.qr(torch.randn(6, 6, generator=torch.Generator().manual_seed(2))).Q
    turned = rotated(trained, turn)
    torch.testing.assert_close(turned.q @ turned.z.T, trained.q @ trained.z.T, atol=1e-5, rtol=1e-4)
    means = torch.randn(4, 3, 6)
    torch.testing.assert_close(turned.history(means @ turn), trained.history(means) @ turn, atol=1e-5, rtol=1e-4)
    assert torch.equal(turned.encoder.state[encoder.ROTATION], turn)
    torch.testing.assert_close(rescaled(trained, 0.25).q, trained.q / 4)
    assert len(trained.history.weights) == ORDERED + 1
