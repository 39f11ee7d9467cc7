"""A snapshot as tensors: hierarchies as row numbers, fitment as CSR, the graph as PyG's `HeteroData`."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch_geometric.data import HeteroData

from holley_graph.snapshot.snapshot import Snapshot

Edges = npt.NDArray[np.float64]
Floats = npt.NDArray[np.float64]
YEARS_PER_WINDOW = 4
PRICE_BUCKETS = 16


@dataclass(frozen=True)
class Hierarchy:
    """Row numbers of one level for every entity: siblings share the row of their parent.

    Attributes:
        rows: [entities] row in the level's table.
        keys: what each row of that table stands for; another snapshot finds its own rows by them.
    """

    rows: Int[Tensor, " entities"]
    keys: npt.NDArray[np.object_]

    @property
    def size(self) -> int:
        """Rows of the level's table."""
        return len(self.keys)


def hetero_data(snapshot: Snapshot, popularity: Floats, per_product: int = 20) -> HeteroData:
    """Open a snapshot as PyG's `HeteroData`.

    Node types `vehicle`, `product`, `user`: row i is row i of the snapshot's table of that name; the snapshot's id
    maps lead to keys. `model`, `make` and `part_type` are numbered by their level. Edge types carry `edge_index`
    [2, edges]; interactions also `time` and `kind`, `bought_before` also `edge_weight`, the number of users.
    Products have a `text` and a `popularity` each, the graph has its `as_of`.

    Args:
        snapshot: nothing later than its `as_of` enters.
        popularity: [products] as it is counted.
        per_product: strongest co-purchases and co-views kept per product.
    """
    data = HeteroData()
    vehicle, product = vehicle_levels(snapshot), product_levels(snapshot)
    data["vehicle"].num_nodes = snapshot.vehicles.num_rows
    data["product"].num_nodes = snapshot.products.num_rows
    data["user"].num_nodes = snapshot.users.num_rows
    data["product"].text = _text(snapshot.products)
    data["product"].popularity = torch.from_numpy(popularity.astype(np.float32))
    data.as_of = snapshot.as_of
    data["model"].num_nodes, data["make"].num_nodes = vehicle["model"].size, vehicle["make"].size
    data["part_type"].num_nodes = product["part_type"].size

    fits = torch.from_numpy(snapshot.fits.T.copy())
    data["vehicle", "fitted_by", "product"].edge_index = fits
    data["product", "fits", "vehicle"].edge_index = fits.flip(0)
    _parent(data, "vehicle", "of_model", "model", vehicle["model"])
    _parent(data, "product", "of_type", "part_type", product["part_type"])
    models = _first_rows(vehicle["model"])
    data["model", "made_by", "make"].edge_index = torch.stack(
        [torch.arange(vehicle["model"].size), vehicle["make"].rows[models]]
    )
    data["make", "makes", "model"].edge_index = data["model", "made_by", "make"].edge_index.flip(0)

    pairs, data["product", "bought_before", "product"].edge_weight = _strongest(snapshot.co_purchased, per_product)
    data["product", "bought_before", "product"].edge_index = pairs
    data["product", "bought_after", "product"].edge_index = pairs.flip(0)
    seen, _ = _strongest(snapshot.co_viewed, per_product)
    data["product", "viewed_with", "product"].edge_index = torch.cat([seen, seen.flip(0)], 1)

    owners = np.flatnonzero(snapshot.user_vehicle >= 0)
    owned = np.stack([owners, snapshot.user_vehicle[owners]])
    data["user", "owns", "vehicle"].edge_index = torch.from_numpy(owned)
    interaction = data["user", "interacts", "product"]
    interaction.edge_index = torch.from_numpy(np.stack([snapshot.event("user"), snapshot.event("product")]))
    interaction.time = torch.from_numpy(snapshot.event("at"))
    interaction.kind = torch.from_numpy(snapshot.event("kind"))
    return data


def vehicle_levels(snapshot: Snapshot) -> dict[str, Hierarchy]:
    """Levels of a vehicle: make, window of years, model, that window within the model, itself."""
    make, name = snapshot.vehicles.column("make"), snapshot.vehicles.column("model")
    model = pc.binary_join_element_wise(make, name, "|")
    window = pc.cast(pc.divide(snapshot.vehicles.column("year"), YEARS_PER_WINDOW), pa.string())
    return {
        "make": _level(make),
        "era": _level(window),
        "model": _level(model),
        "window": _level(pc.binary_join_element_wise(model, window, "|")),
        "vehicle": _level(snapshot.vehicles.column("vehicle_id")),
    }


def product_levels(snapshot: Snapshot, edges: Edges | None = None) -> dict[str, Hierarchy]:
    """Levels of a product: part type, brand, price bucket, base SKU, itself.

    Args:
        snapshot: whose products.
        edges: of the price buckets; none: `price_edges` of this snapshot.
    """
    products = snapshot.products
    price = products.column("price").to_numpy(zero_copy_only=False).astype(float)
    edges = price_edges(snapshot) if edges is None else edges
    bucket = np.searchsorted(edges, price)
    bucket[~np.isfinite(price) | (not len(edges))] = -1  # unknown prices share a bucket of their own
    return {
        "part_type": _level(products.column("part_type")),
        "brand": _level(products.column("brand").fill_null("")),
        "price": _level(pa.chunked_array([pa.array(bucket).cast(pa.string())])),
        "base_sku": _level(products.column("base_sku")),
        "product": _level(products.column("sku")),
    }


def _text(products: pa.Table) -> list[str]:
    """[products] part type and title in words; parcels from before there were titles have none."""
    named = [
        products.column(name).fill_null("") for name in ("part_type", "title") if name in products.column_names
    ]
    return [" ".join(filter(None, parts)) for parts in zip(*(column.to_pylist() for column in named), strict=True)]


def price_edges(snapshot: Snapshot) -> Edges:
    """Where the quantile buckets of the known prices meet; none without prices."""
    price = snapshot.products.column("price").to_numpy(zero_copy_only=False).astype(float)
    known = price[np.isfinite(price)]
    return np.quantile(known, np.linspace(0, 1, PRICE_BUCKETS + 1)[1:-1]) if len(known) else np.empty(0)


def _level(values: pa.ChunkedArray) -> Hierarchy:
    encoded = pc.dictionary_encode(values).combine_chunks()
    # dictionaries follow first appearance; the tables are sorted by key, so the numbering is deterministic
    keys = encoded.dictionary.to_numpy(zero_copy_only=False).astype(object)
    return Hierarchy(torch.from_numpy(np.array(encoded.indices, np.int64)), keys)


def _parent(data: HeteroData, child: str, relation: str, parent: str, level: Hierarchy) -> None:
    edges = torch.stack([torch.arange(len(level.rows)), level.rows])
    data[child, relation, parent].edge_index = edges
    data[parent, f"{relation}_of", child].edge_index = edges.flip(0)


def _first_rows(level: Hierarchy) -> Int[Tensor, " size"]:
    """[size] some entity of each row of a level."""
    first = torch.zeros(level.size, dtype=torch.long)
    first[level.rows.flip(0)] = torch.arange(len(level.rows)).flip(0)
    return first


def _strongest(pairs: pa.Table, keep: int) -> tuple[Int[Tensor, "2 edges"], Float[Tensor, " edges"]]:
    """[2, edges] the `keep` heaviest pairs of each first product, and [edges] how many made each."""
    first, second = (np.asarray(pairs.column(c).to_numpy(), np.int64) for c in ("sku", "other_sku"))
    weight: npt.NDArray[np.float64] = np.asarray(pairs.column("weight").to_numpy(), float)
    order = np.lexsort((second, -weight, first))
    first, second, weight = first[order], second[order], weight[order]
    starts = np.searchsorted(first, first)
    chosen = (np.arange(len(first)) - starts < keep) & (weight > 0)
    count = np.asarray(pairs.column("count").to_numpy(), np.float32)[order][chosen]
    return torch.from_numpy(np.stack([first[chosen], second[chosen]])), torch.from_numpy(count)
