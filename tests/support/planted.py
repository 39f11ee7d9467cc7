"""A small world whose truth is known: taste belongs to the make and part type, and one part leads to another."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from holley_graph.snapshot.snapshot import ORDERED, VIEWED, DeriveOptions, Snapshot

DAY = 86_400
AS_OF = 1_767_225_600  # 2026-01-01
OPTIONS = DeriveOptions(co_purchase_max_skus=100, session_gap_minutes=30, session_max_skus=50)


@dataclass(frozen=True)
class Planted:
    """A snapshot and the utilities that its choices were drawn from."""

    snapshot: Snapshot
    utility: np.ndarray  # [vehicles, products]


def world(
    seed: int = 0,
    users: int = 3_000,
    makes: int = 4,
    models: int = 5,
    years: int = 8,
    families: int | None = None,
) -> Planted:
    """Draw a world; every model's years share a fitting set of 30 products, taste differs by make.

    With `families` there are four times as many part types, and taste belongs to the first word of their names.
    """
    rng = np.random.default_rng(seed)
    n_models, types, n_products = makes * models, 10 if families is None else 4 * families, 300
    make = np.repeat(np.arange(makes), models * years)
    model = np.repeat(np.arange(n_models), years)
    year = np.tile(np.arange(1965, 1965 + years), n_models)
    product_type = rng.integers(0, types, n_products)
    appeal, quality = rng.normal(0, 1.2, (makes, types)), rng.normal(0, 0.8, n_products)
    if families is not None:
        appeal = appeal[:, np.arange(types) % families]
    utility = appeal[make][:, product_type] + quality
    fitting = np.stack([rng.choice(n_products, 30, replace=False) for _ in range(n_models)])
    n_vehicles = len(model)
    fits = np.column_stack([np.repeat(np.arange(n_vehicles), 30), np.sort(fitting[model], 1).ravel()])

    vehicle = rng.integers(0, n_vehicles, users)
    pick = rng.poisson(2.0, users)
    buyer = np.repeat(np.arange(users), pick)
    gumbel = utility[vehicle[buyer][:, None], fitting[model[vehicle[buyer]]]] + rng.gumbel(size=(len(buyer), 30))
    bought = fitting[model[vehicle[buyer]], gumbel.argmax(1)]
    at = rng.integers(AS_OF - 365 * DAY, AS_OF, len(buyer))
    viewed = rng.random(len(buyer)) < 0.3
    events = pa.table(
        {
            "user": np.concatenate([buyer, buyer[viewed]]),
            "product": np.concatenate([bought, bought[viewed]]),
            "kind": np.repeat(np.array([ORDERED, VIEWED], np.int8), [len(buyer), viewed.sum()]),
            "at": np.concatenate([at, at[viewed] - 3_600]),
        }
    ).sort_by([("user", "ascending"), ("at", "ascending"), ("kind", "ascending"), ("product", "ascending")])
    orders = pa.table({"user": buyer, "product": bought, "at": at}).group_by(["user", "product"])
    latest = orders.aggregate([("at", "max")]).rename_columns(["user", "product", "last_at"])
    names = [f"P{i:05d}" for i in range(n_products)]
    snapshot = Snapshot(
        as_of=AS_OF,
        products=pa.table(
            {
                "sku": names,
                "base_sku": names,
                "display_key": names,
                "part_type": [f"T{t}" if families is None else f"F{t % families} T{t}" for t in product_type],
                "price": 60 + rng.gamma(2.0, 80.0, n_products),
                "brand": [f"B{i % 7}" for i in range(n_products)],
                "eligible": np.ones(n_products, bool),
            }
        ),
        vehicles=pa.table(
            {
                "vehicle_id": [f"M{k:02d}|MODEL {m:03d}|{y}" for k, m, y in zip(make, model, year, strict=True)],
                "year": year,
                "make": [f"M{k:02d}" for k in make],
                "model": [f"MODEL {m:03d}" for m in model],
                "owners": np.bincount(vehicle, minlength=n_vehicles),
            }
        ),
        users=pa.table({"user_id": [f"u{i:06d}" for i in range(users)], "vehicle": vehicle}),
        fits=fits,
        events=events,
        bought=latest.sort_by([("user", "ascending"), ("product", "ascending")]),
        options=OPTIONS,
    )
    return Planted(snapshot, utility)
