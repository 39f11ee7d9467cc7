"""The part type in a title, and what like names say, each in a world whose truth was planted."""

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from holley_graph.counting import levels, likeness, titles, utility
from holley_graph.counting.effects import log_shares
from holley_graph.counting.utility import Utility
from holley_graph.snapshot.snapshot import Snapshot
from tests.support import planted

FOLLOWING = planted.world(users=6_000, families=8).snapshot


def catalogue(rows: list[tuple[str, str, str | None]]) -> pa.Table:
    """Products of (brand, part type, title)."""
    brand, part_type, title = zip(*rows, strict=True)
    return pa.table({"brand": brand, "part_type": part_type, "title": pa.array(title, pa.string())})


LABELLED = [
    ("Acme", "Fuel Pump", "Acme Fuel Pump 100"),
    ("Acme", "Fuel Pump Gasket", "Acme Fuel Pump Gasket 7"),
    ("Bolt", "Wheel", "Bolt Wheel, black"),
]


@pytest.mark.parametrize(
    ("title", "expected"),
    [
        ("Acme FUEL pump 200, chrome", "Fuel Pump"),
        ("Acme Fuel Pump Gasket 9", "Fuel Pump Gasket"),
        ("Wheel Fuel Pump", "Fuel Pump"),
        ("Acme Radiator", "UNKNOWN"),
        (None, "UNKNOWN"),
    ],
)
def test_a_part_without_a_type_counts_as_the_longest_type_in_its_title(title: str | None, expected: str) -> None:
    products = catalogue([*LABELLED, ("Acme", "UNKNOWN", title)])
    assert titles.part_types(products).to_pylist() == [part_type for _, part_type, _ in LABELLED] + [expected]


def test_a_brand_that_is_called_like_a_type_names_none() -> None:
    products = catalogue([*LABELLED, ("Wheel", "UNKNOWN", "Wheel Radiator 5")])
    assert titles.part_types(products).to_pylist()[-1] == "UNKNOWN"


def test_where_titles_name_the_wrong_types_they_are_not_heard() -> None:
    wrong = [("Acme", "Wheel", f"Acme Fuel Pump {n}") for n in range(5)]
    products = catalogue([*LABELLED, *wrong, ("Acme", "UNKNOWN", "Acme Fuel Pump 200")])
    assert titles.part_types(products).to_pylist()[-1] == "UNKNOWN"


def test_parts_without_a_type_whose_titles_share_words_are_a_group_and_few_are_none() -> None:
    many = [("Acme", "UNKNOWN", f"Acme Performance Tuner {n}") for n in range(titles.FEWEST)]
    few = [("Acme", "UNKNOWN", f"Acme Oil Cooler {n}") for n in range(titles.FEWEST - 1)]
    types = titles.part_types(catalogue([*LABELLED, *many, *few])).to_pylist()[len(LABELLED) :]
    assert types == ["performance tuner"] * len(many) + ["UNKNOWN"] * len(few)


def test_a_catalogue_without_any_type_has_the_groups_that_titles_share() -> None:
    rows: list[tuple[str, str, str | None]] = [("Acme", "UNKNOWN", f"Acme Seat {n}") for n in range(titles.FEWEST)]
    types = titles.part_types(catalogue([*rows, ("Acme", "UNKNOWN", None)])).to_pylist()
    assert types == ["seat"] * len(rows) + ["UNKNOWN"]


def test_where_every_part_has_a_type_or_nothing_has_a_title_types_stay_as_they_are() -> None:
    complete, untitled = catalogue(LABELLED), catalogue([*LABELLED, ("Acme", "UNKNOWN", "Acme Wheel")])
    assert titles.part_types(complete).equals(complete["part_type"])
    assert titles.part_types(untitled.drop_columns(["title"])).equals(untitled["part_type"])


def test_names_are_alike_by_the_words_that_they_share_rare_ones_most() -> None:
    names = np.array(["Fuel Pump", "fuel  pump", "Fuel Kit", "Wheel Kit", "Dash Kit", "Seat", ""], object)
    alike = titles.likeness(names, names).toarray()
    np.testing.assert_allclose(alike.diagonal(), [1] * 6 + [0])
    assert alike[0, 1] == pytest.approx(1)
    assert alike[0, 2] > alike[2, 3] > 0
    assert not alike[5, :5].any()
    assert not titles.among(names).diagonal().any()


def test_a_group_that_was_not_counted_takes_the_weighted_mean_of_like_names() -> None:
    """By hand, for two makes: Σ k w x / (1 + Σ k w), and nothing where nobody knows the vehicles."""
    makes = levels.Grouping(np.array([0, 0, 1]), np.array(["A", "B"], object))
    names = levels.Grouping(np.array([0, 1, 0]), np.array(["Oil Pump", "Wheel"], object))
    value, weight = np.array([0.8, 5.0, -0.3]), np.array([4.0, 9.0, 1.0])
    wanted = np.array(["A", "B", "C"], object), np.full(3, "Fuel Pump", object)
    (alike, _) = titles.likeness(wanted[1][:1], names.keys).toarray()[0]
    expected = [alike * 4 * 0.8 / (1 + alike * 4), alike * -0.3 / (1 + alike), 0]
    np.testing.assert_allclose(likeness.of_unseen(makes, names, value, weight, wanted), expected)


def test_others_say_of_a_cell_what_they_say_of_one_that_was_not_counted() -> None:
    """Leave-one-out among the counted, beside the way of the uncounted."""
    rng = np.random.default_rng(0)
    names = np.array([f"F{n % 3} T{n}" for n in range(12)], object)
    products, vehicles = (levels.Grouping(np.arange(n), np.arange(n).astype(str).astype(object)) for n in (12, 5))
    fits = np.argwhere(rng.random((5, 12)) < 0.7)
    cells = levels._cells(fits, vehicles, replace(products, keys=names))
    log, known = rng.normal(size=len(cells.vehicle)), rng.uniform(size=len(cells.vehicle))
    about = likeness.sums(cells, titles.among(names), log, known)
    others = cells.product != 4
    # the weights of words are those of all names there, so likeness is computed once
    alike = titles.likeness(names, names).toarray()[4]
    for place in np.flatnonzero(~others):
        same = others & (cells.vehicle == cells.vehicle[place])
        likely = alike[cells.product[same]] * known[same]
        assert about[0][place] == pytest.approx((likely * log[same]).sum())
        assert about[1][place] == pytest.approx(likely.sum())


@pytest.mark.parametrize("names_speak", [True, False])
def test_how_far_names_are_heard_is_found_from_the_choices(names_speak: bool) -> None:
    rng = np.random.default_rng(0)
    families, strength = 20, 8.0
    names = np.array([f"F{n % families} T{n}" for n in range(5 * families)], object)
    log = rng.normal(0, 0.5, (30, families))[:, np.arange(len(names)) % families if names_speak else 0]
    truth = np.broadcast_to(log if names_speak else 0.0, (30, len(names))).ravel()
    expected = rng.uniform(5, 30, truth.size)
    counted = rng.poisson(expected * np.exp(truth) * rng.gamma(strength, 1 / strength, truth.size)).astype(float)
    fits = np.argwhere(np.ones((30, len(names)), bool))
    vehicles = levels.Grouping(np.arange(30), np.arange(30).astype(str).astype(object))
    cells = levels._cells(fits, vehicles, levels.Grouping(np.arange(len(names)), names))
    fitted = np.log((counted + strength) / (expected + strength))
    about = likeness.sums(cells, titles.among(names), fitted, expected / (expected + strength))
    half = likeness.half(counted, expected, strength, about)
    assert np.isfinite(half) == names_speak
    if names_speak:
        assert np.corrcoef(about[0] / (half + about[1]), truth)[0, 1] > 0.8


def without(snapshot: Snapshot, hidden: np.ndarray) -> Snapshot:
    events = snapshot.events.filter(pa.array(~hidden[snapshot.event("product")]))
    return replace(snapshot, fits=snapshot.fits[~hidden[snapshot.fits[:, 1]]], events=events)


def renamed(snapshot: Snapshot, names: list[str]) -> Snapshot:
    row = snapshot.products.schema.get_field_index("part_type")
    return replace(snapshot, products=snapshot.products.set_column(row, "part_type", pa.array(names)))


def nats(snapshot: Snapshot, hidden: np.ndarray, score: np.ndarray) -> float:
    """Mean log probability of what was chosen among the parts that were taken out."""
    user, product = snapshot.event("user"), snapshot.event("product")
    chosen = snapshot.fitment(snapshot.user_vehicle[user], product)[hidden[product]]
    return float(log_shares(snapshot, score)[chosen].mean())


def scored(trained: Utility, snapshot: Snapshot) -> np.ndarray:
    popularity, lift = trained.apply(snapshot)
    return popularity[snapshot.fits[:, 1]] + lift


def test_a_type_that_nobody_has_seen_gains_half_of_what_a_known_one_gains_where_taste_follows_names() -> None:
    """A fifth of the types is taken out of training, and then each other fifth."""
    world, names = FOLLOWING, FOLLOWING.products["part_type"].to_pylist()
    whole = utility.count(world).utility.table
    gains = []
    for fifth in range(5):
        hidden = np.array([int(name.split("T")[1]) % 5 == fifth for name in names])
        trained = utility.count(without(world, hidden)).utility
        wordless = renamed(world, ["-" if out else name for out, name in zip(hidden, names, strict=True)])
        own = pc.is_in(whole["product"].cast(pa.string()), pa.array(world.product_ids.keys[hidden]))
        scores = [(trained, wordless), (trained, world), (Utility(whole.filter(pc.invert(own))), world)]
        none, words, known = (nats(world, hidden, scored(*way)) for way in scores)
        gains.append((words - none, known - none))
    words, known = np.mean(gains, 0)
    assert known > 0.1
    assert words > 0.5 * known


def test_where_names_say_nothing_they_change_nothing() -> None:
    """Names are shuffled among types, beside names that share no word."""
    names = FOLLOWING.products["part_type"].to_pylist()
    distinct = sorted(set(names))
    shuffled = dict(zip(distinct, np.random.default_rng(1).permutation(distinct), strict=True))
    alike = utility.count(renamed(FOLLOWING, [str(shuffled[name]) for name in names]))
    apart = utility.count(renamed(FOLLOWING, [name.replace(" ", "") for name in names]))
    assert not any(weight.any() for weight in alike.effects.weight)
    np.testing.assert_array_equal(alike.scores, apart.scores)


def test_what_names_say_is_kept_with_a_run(tmp_path) -> None:  # type: ignore[no-untyped-def]
    counted = utility.count(FOLLOWING)
    counted.utility.save(tmp_path)
    names = FOLLOWING.products["part_type"].to_pylist()
    strange = renamed(FOLLOWING, [name.replace("T", "new") for name in names])
    for before, after in zip(counted.utility.apply(strange), utility.load(tmp_path).apply(strange), strict=True):
        assert before.any()
        np.testing.assert_array_equal(before, after)
