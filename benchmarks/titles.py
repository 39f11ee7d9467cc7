"""What words say of parts whose part type training never saw: counting with and without them.

Three ways to take a part type away, each of a fifth, drawn by chance:

    label      part types: their parts have no label, but what people did with them is known
    new parts  parts: nothing is known of them, and they have no label; others of their type are
    new types  part types: nothing is known of any of their parts; the label is a new name

`none` knows neither label nor title, `words` has the titles (of new types: the name), `known` the true label (of
new types: effects of the type from a fit to everything, none of the product's own). `sentences` has what `words`
has, but likeness and the type in a title are cosines of all-MiniLM-L6-v2 (extra `text`).

Asked is each order of the 30 days after, among the eligible parts that fit the vehicle. Measured are nats (the log
probability) and MRR@10 of orders of the parts concerned, paired, with 95 % intervals by a bootstrap over orders.
`recovered` is the share of the way from `none` to `known`.

    python -m benchmarks.titles --worlds DIR
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from scipy.sparse import csr_matrix

from benchmarks.foreign import AS_OF
from benchmarks.record import record
from holley_graph.counting import levels, likeness, titles, utility
from holley_graph.counting.effects import log_shares
from holley_graph.counting.utility import Utility
from holley_graph.evaluation.paired import compare
from holley_graph.keys import find
from holley_graph.settings import load
from holley_graph.simulator import World, generate
from holley_graph.snapshot.snapshot import ORDERED, Ints, Snapshot
from holley_graph.times import DAY
from tests.support import worlds

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
SHARE, DAYS, FIRST = 0.2, 30, 10
WORDLESS = "-"
"""The label of a type whose name says nothing."""


@dataclass(frozen=True)
class Questions:
    """A world and what is ordered in it later.

    Attributes:
        past: all that is known.
        fitment: [orders] rows of its fitments.
    """

    past: Snapshot
    fitment: Ints


def main() -> None:
    """Take part types away in every world, and write down what words give back."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--worlds", type=Path, default=Path("../shared/worlds"))
    parser.add_argument("--only", nargs="*", help="names of these worlds (default: all)")
    parser.add_argument("--presets", nargs="*", default=["full-month"])
    parser.add_argument("--users", type=int, default=20_000, help="of a generated shop")
    parser.add_argument("--seed", type=int, default=91, help="of a generated shop")
    parser.add_argument("--home", type=Path, default=Path(".holley-graph/titles"))
    arguments = parser.parse_args()
    openers: dict[str, Callable[[], Questions]] = {
        path.name: lambda path=path: foreign(path)
        for path in sorted(arguments.worlds.glob("family-*"))
        if arguments.only is None or path.name in arguments.only
    }
    for preset in arguments.presets:
        raw = arguments.home / f"{preset}-{arguments.users}"
        openers[preset] = lambda raw=raw, preset=preset: own(raw, arguments.users, arguments.seed, preset)
    results = {name: measured(make()) for name, make in openers.items()}
    record("titles", {"share_taken": SHARE, "days": DAYS, "worlds": results})


def foreign(world: Path) -> Questions:
    """Open a world of another generator, with the orders of its truth."""
    settings = load()
    past = worlds.snapshot(worlds.graph_tables(world / "raw", settings, AS_OF), settings, AS_OF)
    orders, owns = (
        pd.read_parquet(world / "truth" / f"{name}.parquet") for name in ("future_orders", "clean_owns")
    )
    rows = orders.merge(owns, on="user_id")
    vehicle = find(past.vehicle_ids.keys, rows.vehicle_id.to_numpy(object))
    product = find(past.product_ids.keys, rows.sku.to_numpy(object))
    there = (vehicle >= 0) & (product >= 0)
    return _eligible(past, past.fitment(vehicle[there], product[there]))


def own(raw: Path, users: int, seed: int, preset: str) -> Questions:
    """Generate a shop, or open what an earlier call left, and cut it a month before its end."""
    is_there = (raw / "world.json").exists()
    world = World.open(raw) if is_there else generate(raw, users=users, seed=seed, preset=preset)
    settings = load()
    full = worlds.snapshot(worlds.graph_tables(raw, settings, world.as_of), settings, world.as_of)
    at, kind, user, product = (full.event(name) for name in ("at", "kind", "user", "product"))
    cut = full.as_of - DAYS * DAY
    later = (at >= cut) & (kind == ORDERED)
    return _eligible(full.before(cut), full.fitment(full.user_vehicle[user[later]], product[later]))


def _eligible(past: Snapshot, fitment: Ints) -> Questions:
    """Leave out what does not fit or is not eligible."""
    eligible = np.asarray(past.products.column("eligible"), bool)
    fitment = fitment[fitment >= 0]
    return Questions(past, fitment[eligible[past.fits[fitment, 1]]])


def measured(questions: Questions) -> dict[str, Any]:
    """Ask every way in one world."""
    past, generator = questions.past, np.random.default_rng(0)
    # a part whose title names a type that is taken goes with it
    own_type = titles.part_types(past.products).combine_chunks().dictionary_encode()
    kind = own_type.indices.to_numpy()
    is_name = np.asarray(pc.not_equal(own_type.dictionary, titles.UNKNOWN))
    taken_types = (is_name & (generator.random(len(is_name)) < SHARE))[kind]
    taken_parts = generator.random(past.products.num_rows) < SHARE
    whole = utility.count(past)
    results: dict[str, Any] = {"named": _named(past)}
    for name, (hidden, scores) in {
        "label": (taken_types, label(past, taken_types, whole.scores)),
        "new parts": (taken_parts, new_parts(past, taken_parts)),
        "new types": (taken_types, new_types(past, taken_types, whole.utility)),
    }.items():
        results[name] = _compared(questions, hidden, scores)
        print(name, results[name], flush=True)
    return results


def label(past: Snapshot, hidden: Bools, known: Floats) -> dict[str, Floats]:
    """Score without the labels of some types."""
    untitled, titled = _relabelled(past, hidden, titles.UNKNOWN, titled=False), _relabelled(past, hidden)
    return {
        "none": utility.count(untitled).scores,
        "words": utility.count(titled).scores,
        "known": known,
    }


def new_parts(past: Snapshot, hidden: Bools) -> dict[str, Floats]:
    """Score some parts that nothing is known of."""
    trained = utility.count(_without(past, hidden)).utility
    nearest = replace(past, products=_column(past.products, "part_type", _nearest(past, hidden)))
    ways = {
        "none": _relabelled(past, hidden, titled=False),
        "words": _relabelled(past, hidden),
        "sentences": nearest,
        "known": past,
    }
    return {name: _scores(trained, snapshot) for name, snapshot in ways.items()}


def new_types(past: Snapshot, hidden: Bools, known: Utility) -> dict[str, Floats]:
    """Score parts of types that nothing is known of."""
    reduced = _without(past, hidden)
    wordless = _relabelled(past, hidden, WORDLESS)
    own_effect = pc.is_in(known.table["product"].cast(pa.string()), pa.array(past.product_ids.keys[hidden]))
    trained = utility.count(reduced)
    with patch.object(likeness, "likeness", sentences):
        by_sentences = _scores(utility.count(reduced).utility, past)
    return {
        "none": _scores(trained.utility, wordless),
        "words": _scores(trained.utility, past),
        "sentences": by_sentences,
        "known": _scores(Utility(known.table.filter(pc.invert(own_effect))), past),
    }


def sentences(names: levels.Keys, others: levels.Keys) -> csr_matrix:
    """[names, others] cosine of sentence vectors."""
    from holley_graph.model.architectures.text import embed

    one, other = (embed([str(text) for text in texts], "sentences").numpy() for texts in (names, others))
    return csr_matrix(np.maximum(one @ other.T, 0).astype(float))


def _nearest(past: Snapshot, hidden: Bools) -> pa.Array:
    """[products] part type, of those hidden the one whose name is nearest to the title."""
    own_type = past.products.column("part_type").to_numpy(zero_copy_only=False).astype(object)
    names = np.unique(own_type[own_type != titles.UNKNOWN])
    text = past.products.column("title").fill_null("").to_numpy(zero_copy_only=False).astype(object)[hidden]
    own_type[hidden] = names[np.asarray(sentences(text, names).argmax(1)).ravel()]
    return pa.array(own_type, pa.string())


def _named(past: Snapshot) -> dict[str, float]:
    """Say of how many known types the title says the right one."""
    known = past.products.filter(pc.not_equal(past.products.column("part_type"), titles.UNKNOWN))
    own_type = known.column("part_type").to_pylist()
    names = {" ".join(titles.words(name)): name for name in set(own_type)}
    named = [titles._longest(title, names) for title in titles._titles(known)]
    right = [name == true for name, true in zip(named, own_type, strict=True)]
    return {"parts": len(right), "right": round(float(np.mean(right)), 4)}


def _relabelled(past: Snapshot, hidden: Bools, name: str = titles.UNKNOWN, *, titled: bool = True) -> Snapshot:
    own_type = past.products.column("part_type").combine_chunks()
    products = _column(past.products, "part_type", pc.if_else(pa.array(hidden), name, own_type))
    return replace(past, products=products if titled else products.drop_columns(["title"]))


def _column(products: pa.Table, name: str, values: pa.Array) -> pa.Table:
    return products.set_column(products.schema.get_field_index(name), name, values)


def _without(past: Snapshot, hidden: Bools) -> Snapshot:
    """Forget some parts: what they fit, and what people did with them."""
    return replace(
        past,
        fits=past.fits[~hidden[past.fits[:, 1]]],
        events=past.events.filter(pa.array(~hidden[past.event("product")])),
    )


def _scores(trained: Utility, snapshot: Snapshot) -> Floats:
    popularity, lift = trained.apply(snapshot)
    total: Floats = popularity[snapshot.fits[:, 1]] + lift
    return total


def _compared(questions: Questions, hidden: Bools, scores: dict[str, Floats]) -> dict[str, Any]:
    """Nats and MRR@10 of orders of the parts concerned, and what each way gains over none."""
    past = questions.past
    fitment = questions.fitment[hidden[past.fits[questions.fitment, 1]]]
    figures = {name: _figures(past, fitment, values) for name, values in scores.items()}
    result: dict[str, Any] = {"orders": len(fitment)}
    for metric in ("nats", "mrr"):
        none, known = (figures[name][metric] for name in ("none", "known"))
        result[metric] = {"none": round(float(none.mean()), 4)}
        for name in scores:
            if name != "none":
                gain = compare(figures[name][metric], none, np.arange(len(none)))
                share = gain["difference"] / float((known - none).mean())
                result[metric][name] = {
                    "over_none": [round(gain[key], 4) for key in ("difference", "low", "high")],
                    "recovered": round(share, 3),
                }
    return result


def _figures(past: Snapshot, fitment: Ints, scores: Floats) -> dict[str, Floats]:
    """[orders] log probability and reciprocal place of each order among the eligible parts that fit."""
    eligible = np.asarray(past.products.column("eligible"), bool)[past.fits[:, 1]]
    score = np.where(eligible, scores, -np.inf)
    nats = log_shares(past, score)[fitment]
    cells, starts = past.fitting(past.fits[fitment, 0])
    owner = np.repeat(np.arange(len(fitment)), np.diff(starts))
    ahead = (score[cells] > score[fitment][owner]).astype(float) + 0.5 * (score[cells] == score[fitment][owner])
    place = np.bincount(owner, ahead, len(fitment)) + 0.5
    return {"nats": nats, "mrr": np.where(place <= FIRST, 1 / place, 0.0)}


if __name__ == "__main__":
    main()
