"""RetailRocket as a population, so that models whose loss asks what fits a vehicle can be asked, too.

Its users own no vehicles and nothing fits anything. Here every user owns a vehicle of their own, which nobody else
has and which says nothing; what the user touched fits it, and so do `STRANGERS` products at random that somebody
touched. The exact softmax among what fits becomes one on sampled negatives; nothing else of the models is touched.
Products have no part type, brand or price: a level that all share, and themselves.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pyarrow as pa

from benchmarks.links import LinkSplit
from holley_graph.embeddings.table import Tables
from holley_graph.model.architectures.recipe import Recipe
from holley_graph.model.inference import cold_start, vectors
from holley_graph.model.inference.trained import TrainedModel
from holley_graph.model.training.fit import Stage, fit
from holley_graph.model.training.plan import Plan
from holley_graph.snapshot.snapshot import Snapshot

STRANGERS = 50
"""Products at random among what fits each user's vehicle."""
EPOCHS = 20
"""Of every training; nothing is held back to choose a length on."""


def owned(snapshot: Snapshot, seed: int) -> Snapshot:
    """Give every user a vehicle of their own."""
    user, product = snapshot.event("user"), snapshot.event("product")
    users, products, rng = snapshot.users.num_rows, snapshot.products.num_rows, np.random.default_rng(seed)
    stranger = rng.choice(np.unique(product), users * STRANGERS)
    cells = np.unique(
        np.concatenate([user, np.repeat(np.arange(users), STRANGERS)]) * products
        + np.concatenate([product, stranger])
    )
    name, none = snapshot.users.column("user_id"), pa.array([""] * products)
    table = snapshot.products
    for column in ("part_type", "brand"):
        table = table.set_column(table.schema.get_field_index(column), column, none)
    return replace(
        snapshot,
        products=table,
        vehicles=pa.table(
            {
                "vehicle_id": name,
                "year": np.zeros(users, int),
                "make": pa.array([""] * users),
                "model": name,
                "owners": np.ones(users, int),
            }
        ),
        users=pa.table({"user_id": name, "vehicle": np.arange(users)}),
        fits=np.column_stack(np.divmod(cells, products)),
    )


def trained(model: str, snapshot: Snapshot, seed: int) -> Tables:
    """Train a model and return its vectors."""
    known = owned(snapshot, seed)
    return vectors.tables(known, _fit(model, known, seed), Recipe.default(model).config)


def encoded(model: str, split: LinkSplit, seed: int) -> Tables:
    """Train on the past of a parting, and encode what is given by what was learned, drawn products as newcomers."""
    encoder = _fit(model, owned(split.past, seed), seed).encoder
    drawn = split.past.product_ids.keys[split.drawn]
    # their rows are none that training knows: `embed --new` would not find them either
    keys = {level: np.where(np.isin(names, drawn), "", names) for level, names in encoder.keys.items()}
    known = owned(split.given, seed)
    fitted, _ = cold_start.everybody(known, Recipe.default(model), replace(encoder, keys=keys), seed)
    return vectors.tables(known, fitted, Recipe.default(model).config)


def _fit(model: str, known: Snapshot, seed: int) -> TrainedModel:
    return fit(known, Plan(Recipe.default(model), seed), Stage("training", EPOCHS))
