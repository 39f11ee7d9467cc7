"""RetailRocket as a population: what fits whom, and that nothing is known of a drawn product but what is given."""

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

from benchmarks import links, owners
from holley_graph.embeddings.table import EXTRA
from tests.support import planted

WORLD = planted.world(users=120, makes=1, models=2, years=2).snapshot
UNKNOWN = {"part_type": pa.string(), "brand": pa.string(), "price": pa.float64()}
BARE = WORLD.products.select([c for c in WORLD.products.column_names if c not in UNKNOWN])
for column, kind in UNKNOWN.items():
    BARE = BARE.append_column(column, pa.nulls(WORLD.products.num_rows, kind))
PLAIN = replace(
    WORLD,
    products=BARE,
    vehicles=WORLD.vehicles.slice(0, 0),
    users=WORLD.users.set_column(1, "vehicle", pa.nulls(WORLD.users.num_rows, pa.int64())),
    fits=np.empty((0, 2), np.int64),
)


def test_what_somebody_touched_fits_the_vehicle_of_their_own_and_so_do_a_few_strangers() -> None:
    known = owners.owned(PLAIN, 0)
    assert known.user_vehicle.tolist() == list(range(known.users.num_rows))
    fits, touched = (set(map(tuple, pairs.T.tolist())) for pairs in (known.fits.T, touches()))
    assert touched <= fits and len(fits) <= len(touched) + owners.STRANGERS * known.users.num_rows
    assert (np.lexsort(known.fits.T[::-1]) == np.arange(len(known.fits))).all()


def touches() -> np.ndarray:
    return np.stack([PLAIN.event("user"), PLAIN.event("product")])


@pytest.mark.parametrize("model", ["two_tower", "pinsage"])
def test_a_drawn_product_is_known_by_what_is_given_alone(model: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(owners, "EPOCHS", 2)
    split = links.split_products(PLAIN, 0.3, np.random.default_rng(0), give=0.5)
    parameters = np.isin(split.drawn, split.given.event("product"))
    assert parameters.any() and not parameters.all()
    vectors = owners.encoded(model, split, 0)["product"].vectors[:, :-EXTRA]
    strangers = vectors[split.drawn[~parameters]]
    assert np.ptp(strangers, 0).max() == 0
    assert (np.ptp(vectors[split.drawn[parameters]], 0).max() > 0) == (model == "pinsage")
