"""Every ranker of an export beside loops over a shop of five vehicles and eight parts."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

from holley_graph.embeddings import table
from holley_graph.embeddings.lift import Lift
from holley_graph.embeddings.paths import Paths, Reached, Trail
from holley_graph.embeddings.table import Table, Tables
from holley_graph.export.catalogue import Catalogue
from holley_graph.export.owners import DID, Owners, choice
from holley_graph.export.rankers import (
    GLOBAL,
    MAKE,
    NONE,
    SEGMENT,
    TIERS,
    USER,
    VEHICLE,
    ByArm,
    ByBaseline,
    ByGraph,
    ByHybrid,
    ByUniversal,
)
from holley_graph.ragged import Ragged

VEHICLES = ["1967|FORD|MUSTANG", "1968|FORD|MUSTANG", "1969|FORD|BRONCO", "1970|DODGE|DART", "1971|KAISER|JEEP"]
"""One with a vector of its own, one of its model, one of its make, and two without any."""
SKUS = [f"P{n}" for n in range(8)]
BASES = ["P0", "P0", *SKUS[2:]]
ELIGIBLE = [True] * 7 + [False]
FITS = [(v, p) for v in range(5) for p in range(8) if (v + p) % 4]
BUYERS = [5, 0, 3, 9, 0, 2, 7, 0]


def catalogue() -> Catalogue:
    make = [name.split("|")[1] for name in VEHICLES]
    bought = [(None, None, sku, count) for sku, count in zip(SKUS, BUYERS, strict=True) if count]
    bought.append(("FORD", None, "P1", 4))  # of a make, which is no buyer more
    return Catalogue(
        products=pa.table(
            {
                "sku": SKUS, "base_sku": BASES, "display_key": BASES, "part_type": [f"T{n % 3}" for n in range(8)],
                "brand": ["B"] * 8, "price": [60.0 + n for n in range(8)], "eligible": ELIGIBLE,
            }
        ),
        vehicles=pa.table(
            {"vehicle_id": VEHICLES, "make": make, "model": [name.split("|")[2] for name in VEHICLES]}
        ),
        fitment=pa.table({"sku": [SKUS[p] for _, p in FITS], "vehicle_id": [VEHICLES[v] for v, _ in FITS]}),
        co_purchased=pa.table({"sku": pa.array([], pa.string())}),
        bought=pa.table([*map(pa.array, zip(*bought, strict=True))], ["make", "model", "sku", "buyers"]),
    )  # fmt: skip


SHOP = catalogue()
RNG = np.random.default_rng(4)
DIM = 3


def keyed(keys: list[str]) -> Table:
    return Table(np.array(keys, object), table.queries(RNG.normal(size=(len(keys), DIM)).astype(np.float32)))


KNOWN = ["P0", "P1", "P2", "P3", "P5", "P7"]
"""Parts with a vector: P4 and P6 came after the release."""
PRODUCTS = table.products(RNG.normal(size=(6, DIM)).astype(np.float32), RNG.normal(size=6).astype(np.float32))
LIFT = Lift(
    np.array(VEHICLES, object),
    np.array(SKUS, object),
    np.array([0, 0, 3]),
    np.array([1, 2, 1]),
    np.array([0.7, -0.4, 2.0], np.float32),
)
TABLES = Tables(
    {
        "product": Table(np.array(KNOWN, object), PRODUCTS),
        "vehicle": keyed(["1967|FORD|MUSTANG"]),
        "vehicle_model": keyed(["FORD|MUSTANG"]),
        "make": keyed(["FORD"]),
    },
    LIFT,
    Paths(same_part=0.5, same_type=0.2, same_type_ordered=-0.3, same_sku=0.1, half_life_days=20.0, gain=4.0),
)
USERS = table.queries(RNG.normal(size=(2, DIM)).astype(np.float32))
GRAPH = ByGraph(SHOP, TABLES, USERS)


def owners(vehicle: int) -> Owners:
    """Four owners: with a vector; with a history; with both; with nothing."""
    nothing = pa.chunked_array([pa.nulls(4, pa.string())])
    lists = Ragged(np.zeros(5, np.int64), np.empty(0, np.int64))
    done = [[], [choice(np.array(2), np.array(DID.index("viewed")), np.array(3))], [0], []]
    chosen = Ragged(np.cumsum([0, *map(len, done)]), np.array([int(c) for row in done for c in row], np.int64))
    trail = Trail(np.array([1, 2]), np.array([2, 0]), np.array([False, True]), np.array([0.5, 1.0]))
    return Owners(
        nothing, nothing, nothing, np.full(4, vehicle), np.arange(4), np.array([0, -1, 1, -1]), np.arange(4),
        lists, lists, chosen, Reached(trail, SHOP.base, SHOP.part_type),
    )  # fmt: skip


EVERYBODY = np.arange(4)


def query_of(vehicle: int, user: int) -> tuple[np.ndarray | None, int]:
    """Whose vector asks, by hand."""
    own = [0, None, 1, None][user]
    if own is not None:
        return USERS[own], USER
    make, model = VEHICLES[vehicle].split("|")[1:]
    for name, key, tier in (
        ("vehicle", VEHICLES[vehicle], VEHICLE),
        ("vehicle_model", f"{make}|{model}", SEGMENT),
        ("make", make, MAKE),
    ):
        if key in TABLES[name].keys:
            return TABLES[name].vectors[list(TABLES[name].keys).index(key)], tier
    return None, GLOBAL


def test_what_fits_is_eligible_and_ascending() -> None:
    for vehicle in range(5):
        assert SHOP.fits[vehicle].tolist() == [p for v, p in FITS if v == vehicle and ELIGIBLE[p]]
    assert SHOP.buyers.tolist() == BUYERS
    assert [SHOP.bases[number].as_py() for number in SHOP.base] == BASES


@pytest.mark.parametrize("vehicle", range(5))
def test_the_graph_scores_by_the_most_specific_vector_lift_and_paths(vehicle: int) -> None:
    people = owners(vehicle)
    scored = GRAPH(vehicle, people, EVERYBODY)
    for user in range(4):
        query, tier = query_of(vehicle, user)
        for column, part in enumerate(SHOP.fits[vehicle].tolist()):
            if query is None or SKUS[part] not in KNOWN:
                assert (scored.tier[user, column], bool(scored.known[user, column])) == (GLOBAL, False)
                continue
            wanted = float(query.astype(float) @ PRODUCTS[KNOWN.index(SKUS[part])].astype(float))
            wanted += {(0, 1): 0.7, (0, 2): -0.4, (3, 1): 2.0}.get((vehicle, part), 0.0)
            if user in (1, 2):
                assert people.reached is not None
                wanted += TABLES.paths.score(people.reached, np.array([user]), np.array([part]))[0]
            assert scored.score[user, column] == pytest.approx(wanted, abs=1e-5)
            assert scored.tier[user, column] == tier


@pytest.mark.parametrize("vehicle", range(5))
def test_parts_without_a_vector_come_last_and_the_best_bought_first(vehicle: int) -> None:
    scored, parts = GRAPH(vehicle, owners(vehicle), EVERYBODY), SHOP.fits[vehicle]
    for user in range(4):
        known = scored.known[user]
        if known.any() and not known.all():
            assert scored.score[user, ~known].max() < scored.score[user, known].min()
        late = parts[~known][np.argsort(-scored.score[user, ~known], kind="stable")]
        assert [BUYERS[part] for part in late] == sorted((BUYERS[part] for part in late), reverse=True)


def test_owners_who_are_alike_have_the_same_scores_and_nobody_else_is_alike() -> None:
    alike = GRAPH.alike(owners(0), EVERYBODY)
    assert alike.tolist() == [-1, -1, -1, 0]
    assert ByUniversal(GRAPH, 0.5).alike(owners(0), EVERYBODY).tolist() == [0] * 4


def baseline() -> ByBaseline:
    """The segment speaks about two parts of the first Mustang, everybody about a third."""
    rows = [("P1", 8.0, "segment"), ("P2", 8.0, "make"), ("P3", 30.0, "global")]
    scores = pa.table(
        {
            "vehicle_id": [VEHICLES[0]] * 3,
            "sku": [sku for sku, _, _ in rows],
            "score": [score for _, score, _ in rows],
            "tier": [tier for _, _, tier in rows],
        }
    )
    return ByBaseline(SHOP, scores)


def test_the_baseline_gives_every_owner_of_a_vehicle_what_was_counted() -> None:
    scored = baseline()(0, owners(0), EVERYBODY)
    parts = [SKUS[part] for part in SHOP.fits[0]]
    wanted = {"P1": 8.0, "P2": 8.0, "P3": 30.0}
    for user in range(4):
        assert scored.score[user].tolist() == [wanted.get(sku, -np.inf) for sku in parts]
    tiers = [TIERS[tier] for tier in scored.tier[0]]
    assert [tiers[parts.index(sku)] for sku in wanted] == ["segment", "make", "global"]
    assert (scored.tier[0] == NONE).sum() == len(parts) - 3
    assert np.isneginf(baseline()(1, owners(1), EVERYBODY).score).all()


def test_the_hybrid_puts_what_owners_of_the_like_buy_first_and_taste_decides_the_rest() -> None:
    people, parts = owners(0), [SKUS[part] for part in SHOP.fits[0]]
    scored, like = ByHybrid(baseline(), GRAPH)(0, people, EVERYBODY), GRAPH.likeness(0, people, EVERYBODY)
    for user in range(4):
        row = dict(zip(parts, scored.score[user].tolist(), strict=True))
        closeness = dict(zip(parts, like.score[user].tolist(), strict=True))
        rest = [sku for sku in parts if sku not in ("P1", "P2")]
        assert min(row["P1"], row["P2"]) > max(row[sku] for sku in rest)
        assert (row["P1"] > row["P2"]) == (closeness["P1"] > closeness["P2"])
        vectors = [sku for sku in rest if sku in KNOWN]
        assert sorted(vectors, key=row.__getitem__) == sorted(vectors, key=closeness.__getitem__)


def test_likeness_is_the_cosine_without_popularity() -> None:
    like, parts = GRAPH.likeness(0, owners(0), EVERYBODY), SHOP.fits[0].tolist()
    query, _ = query_of(0, 3)
    assert query is not None
    for column, part in enumerate(parts):
        if SKUS[part] not in KNOWN:
            assert np.isnan(like.score[3, column])
            continue
        taste, own = PRODUCTS[KNOWN.index(SKUS[part])][:DIM].astype(float), query[:DIM].astype(float)
        cosine = taste @ own / np.linalg.norm(taste) / np.linalg.norm(own)
        assert like.score[3, column] == pytest.approx(cosine, abs=1e-6)


@pytest.mark.parametrize("share", [0.2, 0.5, 1.0])
def test_universal_parts_are_those_that_fit_the_most_vehicles(share: float) -> None:
    count = {p: sum(q == p for _, q in FITS) for p in range(8) if ELIGIBLE[p]}
    least = sorted(count.values(), reverse=True)[int(np.ceil(share * len(count))) - 1]
    scored = ByUniversal(GRAPH, share)(0, owners(0), EVERYBODY)
    offered = {part for part, score in zip(SHOP.fits[0].tolist(), scored.score[0], strict=True) if score > -np.inf}
    fitting = set(SHOP.fits[0].tolist())
    assert offered == {p for p, n in count.items() if n >= least and SKUS[p] in KNOWN} & fitting
    assert (scored.score == scored.score[0]).all()


def test_each_owner_is_ranked_for_by_the_ranker_of_their_arm() -> None:
    rankers = [baseline(), GRAPH]
    people = replace(owners(0), group=np.array([0, 1, 2, 3]))
    scored = ByArm(rankers)(0, people, EVERYBODY)
    for user in range(4):
        alone = rankers[user % 2](0, people, np.array([user]))
        for name in ("score", "tier", "known"):
            np.testing.assert_array_equal(getattr(scored, name)[user], getattr(alone, name)[0])
    # the arms of owners 0 and 3 differ, so they are not alike though the scores of neither are their own
    assert ByArm(rankers).alike(people, EVERYBODY).tolist() == [0, -1, 0, 1]
