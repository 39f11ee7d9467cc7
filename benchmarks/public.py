"""Every model on data that nobody here made, and on a world whose direction of co-purchase is planted; one table.

Gowalla: `benchmarks.gowalla`. RetailRocket: HR@10 and NDCG@10 of one held-out purchase per user, and links of
products that training never saw (`benchmarks.retail_links`). Next bought: a fifth of the products that were ever
bought with another loses its past, and the models are asked which pairs of theirs are real (`benchmarks/links.py`),
and which way round. A model that cannot answer has the reason in its row. Each other row says when, of which commit
and in how many seconds it was measured, asking included; `--only` and `--models` measure some anew and leave the
others as they are.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import scipy.sparse as sp

from benchmarks import gowalla, links, owners, retail_links, retail_rocket
from benchmarks.record import RESULTS, commit, record
from benchmarks.worlds import open_world
from holley_graph.baselines import collaborative
from holley_graph.baselines.filters import FilterOptions, graph_filter
from holley_graph.embeddings import table
from holley_graph.model.architectures.models import MODELS
from holley_graph.model.architectures.recipe import Recipe
from holley_graph.model.training.plan import Plan
from holley_graph.model.training.train import train

Figures = dict[str, Any]
Rows = dict[str, Callable[[], Figures]]
"""Model to what measures it."""
WHY_NOT = "cannot"


@dataclass(frozen=True)
class Options:
    """What the command line said."""

    data: Path
    home: Path
    seed: int


def main() -> None:
    """Measure the chosen rows, keep the others, and print one table per data set."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--home", type=Path, default=Path(".holley-graph/bench"))
    parser.add_argument("--only", nargs="+", choices=DATA_SETS, default=list(DATA_SETS), help="these data sets")
    parser.add_argument("--models", nargs="+", help="of these, rows of this name (default: all)")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    options = Options(arguments.data, arguments.home, arguments.seed)
    for name in arguments.only:
        for model, row in DATA_SETS[name](options).items():
            if not arguments.models or model in arguments.models:
                measure(name, model, row, options.seed)
    for name, models in _kept().items():
        print(f"\n{name}")
        measured = {model: row for model, row in models.items() if WHY_NOT not in row}
        print(pd.DataFrame(measured).T.to_string())
        for model, row in models.items():
            if WHY_NOT in row:
                print(f"{model}: {row[WHY_NOT]}")


def measure(data_set: str, model: str, row: Callable[[], Figures], seed: int) -> None:
    """Measure one row and write it beside what is there."""
    load, started = os.getloadavg()[0], time.perf_counter()
    figures, stamp = row(), {}
    if WHY_NOT not in figures:
        stamp = {
            "seconds": round(time.perf_counter() - started, 1),
            "seed": seed,
            "measured": f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
            "commit": commit(),
            "load": round(load, 1),
        }
    results = _kept()
    record("public", {"data_sets": {**results, data_set: {**results.get(data_set, {}), model: figures | stamp}}})


def _kept() -> dict[str, dict[str, Figures]]:
    path = RESULTS / "public.json"
    results: dict[str, dict[str, Figures]] = json.loads(path.read_text())["data_sets"] if path.exists() else {}
    return results


def checkins(options: Options) -> Rows:
    """Every model on the graph of check-ins."""
    return gowalla.rows(options.data, options.seed) | cannot(
        "factorises visits, and check-ins have no times", "catalogue"
    )


def rocket(options: Options) -> Rows:
    """The model of graphs without vehicles, closed forms, and the population with a vehicle for each user."""
    seen, held_out = (pd.read_csv(options.data / f"retail_rocket_{part}.csv.gz") for part in ("train", "test"))
    touched = sp.csr_matrix(
        (np.ones(len(seen)), (seen["user"], seen["item"])), shape=(seen["user"].max() + 1, retail_rocket.ITEMS)
    )
    touched.data[:] = 1
    everybody = np.ones((touched.shape[0], 1))

    def population(model: str) -> npt.NDArray[np.floating]:
        tables = owners.trained(model, retail_rocket.snapshot(seen), options.seed)
        return tables["user"].vectors @ tables["product"].vectors.T

    scorers: dict[str, Callable[[], npt.NDArray[np.floating]]] = {
        "catalogue": lambda: retail_rocket.catalogue(seen, options.seed),
        "lightgcn": lambda: retail_rocket.lightgcn(seen, options.seed),
        "ALS": lambda: retail_rocket.als(seen, options.seed),
        "GF-CF": lambda: graph_filter(touched, FilterOptions())(touched),
        "popularity": lambda: everybody @ touched.sum(0).A,
        "ItemKNN": lambda: (touched @ collaborative.cosine(touched)).toarray(),
        **{model: lambda model=model: population(model) for model in MODELS if model != "lightgcn"},
    }
    return {
        name: lambda scorer=scorer: retail_rocket.quality(scorer(), seen, held_out)
        for name, scorer in scorers.items()
    }


def rocket_links(options: Options) -> Rows:
    """Pairs of RetailRocket's products that training never saw."""
    seen = pd.read_csv(options.data / "retail_rocket_train.csv.gz")
    return retail_links.rows(retail_rocket.snapshot(seen), options.seed) | cannot(
        "items have no part types", "part types"
    )


def cannot(why: str, *models: str) -> Rows:
    """Rows of models that have no answer, with the reason."""
    return {model: lambda: {WHY_NOT: why} for model in models}


def next_bought(options: Options) -> Rows:
    """Directed co-purchase of products without a past, in a generated world.

    Models and the rule that part types follow each other are asked about the same pairs.
    """
    full = open_world(options.home, 20_000, options.seed + 51).snapshot
    task = links.inductive(full, share=0.2, seed=options.seed)

    def trained(model: str) -> Figures:
        with TemporaryDirectory() as folder:
            tables = table.load(train(task.past, Path(folder), Plan(Recipe.default(model), options.seed)).path)
        return _link_quality(task, lambda pair: links.dot(tables, full, pair))

    rule = {"part types": lambda: _link_quality(task, lambda pair: _by_type(task, pair))}
    return (
        rule
        | {model: lambda model=model: trained(model) for model in MODELS}
        | cannot("knows a product by who touched it, and nobody has", "popularity", "ItemKNN", "GF-CF", "ALS")
        | cannot("stands in for these models where there are no vehicles", "catalogue")
    )


def _link_quality(task: links.LinkTask, says: Callable[[Any], Any]) -> dict[str, float]:
    yes, foil, stranger = says(task.pair), says(task.foil), says(task.stranger)
    auc, low, high = links.over_makers(links.outscored(yes, stranger), task.maker)
    return {
        "AUC": round(auc, 4),
        "from": round(low, 4),
        "to": round(high, 4),
        "AP": round(links.average_precision(yes, stranger), 4),
        "AUC, same ends": round(links.auc(yes, foil), 4),
        "AP, same ends": round(links.average_precision(yes, foil), 4),
        "direction": round(links.direction_auc(yes, says(task.pair[::-1]), task.lean), 4),
    }


def _by_type(task: links.LinkTask, pair: Any) -> npt.NDArray[np.float64]:
    """What counting says: pairs of these two part types beside what their frequencies lead one to expect."""
    kind = task.past.products.column("part_type").combine_chunks().dictionary_encode().indices.to_numpy()
    known = task.past.co_purchased
    first, second = (kind[np.asarray(known.column(name), np.int64)] for name in ("sku", "other_sku"))
    count = np.zeros((kind.max() + 1, kind.max() + 1))
    np.add.at(count, (first, second), np.asarray(known.column("count"), float))
    expected = (count.sum(1, keepdims=True) + 1) * (count.sum(0, keepdims=True) + 1) / (count.sum() + 1)
    rate = (count + 1) / (expected + 1)
    return np.asarray(rate[kind[pair[0]], kind[pair[1]]])


DATA_SETS: dict[str, Callable[[Options], Rows]] = {
    "gowalla": checkins,
    "retail_rocket": rocket,
    "retail_links": rocket_links,
    "next_bought": next_bought,
}

if __name__ == "__main__":
    main()
