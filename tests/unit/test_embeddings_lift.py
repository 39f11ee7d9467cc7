"""Lifts of fitments: found by their pair, packed by vehicle, and put together."""

import numpy as np

from holley_graph.embeddings import lift
from holley_graph.embeddings.lift import Lift


def of(pairs: dict[tuple[str, str], float]) -> Lift:
    keys = np.array(sorted(pairs), object).reshape(-1, 2)
    vehicles, vehicle = np.unique(keys[:, 0], return_inverse=True)
    products, product = np.unique(keys[:, 1], return_inverse=True)
    return Lift(vehicles, products, vehicle, product, np.array([pairs[tuple(key)] for key in keys], np.float32))


def pairs(of: Lift) -> dict[tuple[str, str], float]:
    return {(vehicle, sku): value for vehicle, lifts in of.by_vehicle() for sku, value in lifts.items()}


def test_two_that_share_keys_but_no_pair_become_one() -> None:
    one, other = {("v", "A"): 0.5, ("w", "C"): 1.0}, {("v", "C"): -2.0, ("a", "A"): 4.0}
    assert pairs(of(one).together(of(other))) == one | other
    assert pairs(of(one).together(Lift.none())) == one
    assert pairs(Lift.none().together(of(one))) == one


def test_a_file_opens_as_it_was_written_and_none_is_no_pair(tmp_path) -> None:  # type: ignore[no-untyped-def]
    known = {("v", "A"): 0.5, ("w", "C"): 1.0, ("w", "Ä"): -3.25}
    of(known).save(tmp_path / "lift.parquet")
    assert pairs(lift.load(tmp_path / "lift.parquet")) == known
    assert len(lift.load(tmp_path / "gone.parquet")) == 0


def test_some_pairs_keep_their_values() -> None:
    assert pairs(Lift.none()) == {}
    known = of({("v", "A"): 0.5, ("v", "B"): 1.5, ("w", "C"): 1.0})
    assert pairs(known.take(np.array([1, 2]))) == {("v", "B"): 1.5, ("w", "C"): 1.0}
