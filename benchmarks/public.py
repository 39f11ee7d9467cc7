"""Every model on data that nobody here made, and on a world whose direction of co-purchase is planted; one table.

Gowalla: the published LightGCN split, all items ranked, Recall@20 and NDCG@20. Test items are looked at once, by
what was chosen on a tenth of the training items held out (docs/experiments.md). RetailRocket: HR@10 and NDCG@10 of
one held-out purchase per user. Links: a fifth of the products that were ever bought with another loses its past,
and the models are asked which pairs of theirs are real (`evaluation.links`), and which way round.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow.parquet as pq
import scipy.sparse as sp

from benchmarks import retail_rocket
from benchmarks.record import RESULTS, record
from benchmarks.worlds import open_world
from holley_graph.embeddings import table
from holley_graph.evaluation import links
from holley_graph.evaluation.filters import FilterOptions, graph_filter
from holley_graph.model.architectures import MODELS
from holley_graph.model.train import train
from holley_graph.snapshot.snapshot import Snapshot

Figures = dict[str, dict[str, Any]]
TOP = 20
BLOCK = 1_000
FILTERS = {
    "popularity": None,
    "GF-CF": FilterOptions(frequencies=256),
    "GF-CF sharpened": FilterOptions(frequencies=256, sharpen=1.0),
}
"""`sharpen` as chosen on validation items; the rest as published."""


@dataclass(frozen=True)
class Asked:
    """What the command line said."""

    data: Path
    home: Path
    seed: int


def main() -> None:
    """Measure the chosen data sets, keep the others' figures, and print one table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--home", type=Path, default=Path(".holley-graph/bench"))
    parser.add_argument("--only", nargs="+", choices=DATA_SETS, default=list(DATA_SETS))
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    asked = Asked(arguments.data, arguments.home, arguments.seed)
    for name in arguments.only:
        figures = {"seed": asked.seed, "models": DATA_SETS[name](asked)}
        record("public", {"data_sets": {**_kept(), name: figures}})
    for name, each in _kept().items():
        print(f"\n{name}, seed {each['seed']}")
        print(pd.DataFrame(each["models"]).T.to_string())


def _kept() -> dict[str, Any]:
    path = RESULTS / "public.json"
    kept: dict[str, Any] = json.loads(path.read_text())["data_sets"] if path.exists() else {}
    return kept


def gowalla(asked: Asked) -> Figures:
    """Closed-form filters of the graph of check-ins."""
    train_pairs, test_pairs = (pq.read_table(asked.data / f"gowalla_{part}.parquet") for part in ("train", "test"))
    pairs = [(each["user"].to_numpy(), each["item"].to_numpy()) for each in (train_pairs, test_pairs)]
    users, items = (1 + max(int(each[axis].max()) for each in pairs) for axis in (0, 1))
    seen, held_out = (sp.csr_matrix((np.ones(len(u)), (u, i)), shape=(users, items)) for u, i in pairs)
    found: Figures = {}
    for name, options in FILTERS.items():
        started = time.perf_counter()
        scorer = _most_popular(seen) if options is None else graph_filter(seen, options)
        quality = recall_and_ndcg(scorer, seen, held_out)
        found[name] = {**quality, "seconds": round(time.perf_counter() - started, 1)}
    return found


def recall_and_ndcg(scorer: Callable[[Any], Any], seen: sp.csr_matrix, held_out: sp.csr_matrix) -> dict[str, float]:
    """Recall and NDCG of the first 20 of all items that a user did not touch, as that split is counted."""
    discount = 1 / np.log2(np.arange(2, TOP + 2))
    recalls, gains = [], []
    asked = np.flatnonzero(np.diff(held_out.indptr))
    for start in range(0, len(asked), BLOCK):
        rows = asked[start : start + BLOCK]
        score = np.array(scorer(seen[rows]), np.float64)
        score[seen[rows].nonzero()] = -np.inf
        first = np.argpartition(-score, TOP, axis=1)[:, :TOP]
        order = np.argsort(-np.take_along_axis(score, first, 1), axis=1, kind="stable")
        first = np.take_along_axis(first, order, 1)
        hit = np.asarray(held_out[rows][np.arange(len(rows))[:, None], first].todense() > 0)
        size = np.diff(held_out[rows].indptr)
        best = np.cumsum(discount)[np.minimum(size, TOP) - 1]
        recalls.append(hit.sum(1) / size)
        gains.append((hit * discount).sum(1) / best)
    return {f"Recall@{TOP}": _mean(recalls), f"NDCG@{TOP}": _mean(gains)}


def rocket(asked: Asked) -> Figures:
    """The catalogue model of graphs without vehicles, its rival ALS, and a filter of the same interactions."""
    seen, held_out = (pd.read_csv(asked.data / f"retail_rocket_{part}.csv.gz") for part in ("train", "test"))
    touched = sp.csr_matrix(
        (np.ones(len(seen)), (seen["user"], seen["item"])), shape=(seen["user"].max() + 1, retail_rocket.ITEMS)
    )
    touched.data[:] = 1

    def filtered() -> npt.NDArray[np.floating]:
        return graph_filter(touched, FilterOptions())(touched)

    def catalogue() -> npt.NDArray[np.floating]:
        return retail_rocket.catalogue(seen, asked.seed)

    found: Figures = {}
    for name, scorer in {
        "catalogue": catalogue,
        "ALS": lambda: retail_rocket.als(seen, asked.seed),
        "GF-CF": filtered,
    }.items():
        started = time.perf_counter()
        scores = scorer()
        seconds = round(time.perf_counter() - started, 1)
        found[name] = {**retail_rocket.quality(scores, seen, held_out), "seconds": seconds}
    return found


def next_bought(asked: Asked) -> Figures:
    """Directed co-purchase of products without a past, in a generated world."""
    return _links(open_world(asked.home, 20_000, asked.seed + 51).snapshot, tuple(MODELS), asked.seed)


def _links(full: Snapshot, models: tuple[str, ...], seed: int) -> Figures:
    """Ask models and the rule that part types follow each other about the same pairs."""
    task = links.inductive(full, share=0.2, seed=seed)
    found: Figures = {"part types": {**_link_quality(task, lambda pair: _by_type(task, pair)), "seconds": 0.0}}
    for model in models:
        started = time.perf_counter()
        with TemporaryDirectory() as folder:
            run = train(task.past, Path(folder), model=model, seed=seed)
            tables = table.load(run.path)
        seconds = round(time.perf_counter() - started, 1)
        quality = _link_quality(task, lambda pair, tables=tables: links.dot(tables, full, pair))
        found[model] = {**quality, "seconds": seconds}
    return found


def _link_quality(task: links.LinkTask, says: Callable[[Any], Any]) -> dict[str, float]:
    yes, foil, stranger = says(task.pair), says(task.foil), says(task.stranger)
    return {
        "AUC": round(links.auc(yes, stranger), 4),
        "AP": round(links.average_precision(yes, stranger), 4),
        "AUC, same ends": round(links.auc(yes, foil), 4),
        "AP, same ends": round(links.average_precision(yes, foil), 4),
        "direction": round(links.direction_auc(yes, says(task.pair[::-1]), task.lean), 4),
    }


def _by_type(task: links.LinkTask, pair: Any) -> npt.NDArray[np.float64]:
    """What counting says: pairs of these two part types beside what their frequencies lead one to expect."""
    kind = task.past.products.column("part_type").combine_chunks().dictionary_encode().indices.to_numpy()
    known = task.past.co_purchased
    source, target = (kind[np.asarray(known.column(name), np.int64)] for name in ("sku", "other_sku"))
    count = np.zeros((kind.max() + 1, kind.max() + 1))
    np.add.at(count, (source, target), np.asarray(known.column("count"), float))
    expected = (count.sum(1, keepdims=True) + 1) * (count.sum(0, keepdims=True) + 1) / (count.sum() + 1)
    rate = (count + 1) / (expected + 1)
    return np.asarray(rate[kind[pair[0]], kind[pair[1]]])


def _most_popular(seen: sp.csr_matrix) -> Callable[[Any], Any]:
    count = np.asarray(seen.sum(0))
    return lambda own: np.repeat(count, own.shape[0], 0)


def _mean(parts: list[npt.NDArray[np.floating]]) -> float:
    return round(float(np.concatenate(parts).mean()), 4)


DATA_SETS: dict[str, Callable[[Asked], Figures]] = {
    "gowalla": gowalla,
    "retail_rocket": rocket,
    "next_bought": next_bought,
}

if __name__ == "__main__":
    main()
