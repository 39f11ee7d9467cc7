"""Related products the published way: which groceries are also bought with which, hit rate and MRR over all items.

The measures are those of DAEMON (Virinchi et al., ECML PKDD 2022): every item is ranked for the first item of each
asked pair, other true targets left out, ties count half. A fifth of the directed pairs is asked, a twentieth is
for choices, the rest is known; what is also viewed is known in full. `cold` asks about a tenth of the
items, of which no purchase is known. `direction` is asked of pairs that go one way only and whose ends are bought
alike often (at most 1.25 times): how often the right way scores higher. Otherwise the more popular end would tell.

    python -m benchmarks.grocery --validate
"""

from __future__ import annotations

import argparse
import ast
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import scipy.sparse as sp
import torch

from benchmarks.record import record
from holley_graph.baselines import als
from holley_graph.model.architectures.daemon import Daemon, DaemonConfig
from holley_graph.model.architectures.data import hetero_data, product_levels, vehicle_levels
from holley_graph.model.architectures.likelihood import Draw, TrainingSet
from holley_graph.snapshot.snapshot import DeriveOptions, Ints, Snapshot

Floats = npt.NDArray[np.floating]
Scorer = Callable[[Ints], Floats]
"""[n] items that come first, to [n, items] scores."""
ASKED, CHOICES, COLD = 0.2, 0.05, 0.1
TOPS = (5, 10, 20)
ALIKE = 1.25
BLOCK = 500
STEPS, RATE = 100, 0.05
CONFIG = DaemonConfig(dim=64, init_std=0.1, table_l2=0.4, message_l2=0.4)
"""Chosen on the pairs for choices (docs/experiments.md)."""


def main() -> None:
    """Measure every ranker on the asked pairs, or `daemon` alone on those for choices."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--steps", type=int, default=STEPS)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--validate", action="store_true", help="on the pairs for choices, and write nothing")
    arguments = parser.parse_args()
    shop = Shop(arguments.data / "grocery.csv.gz")
    if arguments.validate:
        print(shop.quality(daemon(shop, shop.known, arguments.steps, arguments.seed), shop.choices))
        return
    figures: dict[str, Any] = {}
    cold_known, cold_asked = shop.without(arguments.seed)
    for name, (warm, cold) in rankers(shop, cold_known, arguments.steps, arguments.seed).items():
        started = time.perf_counter()
        figures[name] = shop.quality(warm(), shop.asked)
        figures[name]["seconds"] = round(time.perf_counter() - started, 1)
        figures[name]["cold"] = shop.ranks(cold(), cold_asked)
        print(name, figures[name], flush=True)
    record(
        "grocery",
        {"items": shop.items, "asked": len(shop.asked), "cold_asked": len(cold_asked), "rankers": figures},
    )


class Shop:
    """Items, and which of them are also bought and also viewed with which.

    Args:
        path: tab-separated, as the data set is published.

    Attributes:
        kind: [items] category.
        asked, choices, known: [pairs, 2] directed pairs of also bought.
        viewed: [items, items] 1 for what is also viewed, in both directions.
    """

    def __init__(self, path: Path) -> None:
        table = pd.read_csv(path, sep="\t").sort_values("item_id")
        self.items, self.kind = len(table), table["i_category"].to_numpy()
        bought, viewed = (_pairs(table, column) for column in ("r_complement", "r_substitute"))
        order = np.random.default_rng(0).permutation(len(bought))
        first, second = int(ASKED * len(bought)), int((ASKED + CHOICES) * len(bought))
        self.asked, self.choices, self.known = (bought[part] for part in np.split(order, [first, second]))
        self.true = self.matrix(bought)
        self.viewed = self.matrix(viewed).maximum(self.matrix(viewed).T).tocsr()

    def matrix(self, pairs: Ints) -> sp.csr_matrix:
        """[items, items] 1 for each pair."""
        return sp.csr_matrix((np.ones(len(pairs), np.float32), pairs.T), shape=(self.items, self.items))

    def without(self, seed: int) -> tuple[Ints, Ints]:
        """Draw cold items; return what is known without their purchases, and the pairs that they come first in."""
        cold = np.random.default_rng(seed).permutation(self.items) < COLD * self.items
        every = np.stack(self.true.nonzero(), 1)
        return self.known[~cold[self.known].any(1)], every[cold[every[:, 0]]]

    def quality(self, scorer: Scorer, pairs: Ints) -> dict[str, float]:
        """Measure ranks, and the direction of what goes one way."""
        return self.ranks(scorer, pairs) | self.direction(scorer, pairs)

    def ranks(self, scorer: Scorer, pairs: Ints) -> dict[str, float]:
        """HR and MRR, one question a pair."""
        pairs = pairs[np.argsort(pairs[:, 0], kind="stable")]
        places = []
        for start in range(0, len(pairs), BLOCK):
            first, second = pairs[start : start + BLOCK].T
            rows, row = np.unique(first, return_inverse=True)
            score = np.array(scorer(rows), np.float64)
            own = score[row, second]
            score[np.arange(len(rows)), rows] = -np.inf
            score[self.true[rows].nonzero()] = -np.inf
            score = score[row]
            higher, same = score > own[:, None], score == own[:, None]
            places.append(1 + higher.sum(1) + same.sum(1) / 2)
        place = np.concatenate(places)
        hits = {f"HR@{top}": float((place <= top).mean()) for top in TOPS}
        mrr = {f"MRR@{top}": float(np.where(place <= top, 1 / place, 0).mean()) for top in TOPS}
        return {name: round(value, 4) for name, value in (hits | mrr).items()}

    def direction(self, scorer: Scorer, pairs: Ints) -> dict[str, float]:
        """Tell how often the right way of a one-way pair scores higher, of ends that are bought alike often."""
        bought = np.bincount(self.known[:, 1], minlength=self.items)
        ends, one_way = bought[pairs], np.asarray(self.true[pairs[:, 1], pairs[:, 0]]).ravel() == 0
        pairs = pairs[one_way & (ends.min(1) > 0) & (ends.max(1) <= ALIKE * ends.min(1))]
        there, back = (
            np.concatenate(
                [scorer(part[:, 0])[np.arange(len(part)), part[:, 1]] for part in np.array_split(way, 20)]
            )
            for way in (pairs, pairs[:, ::-1])
        )
        right = (there > back) + (there == back) / 2
        return {"direction": round(float(right.mean()), 4), "direction_pairs": len(pairs)}


def _pairs(table: pd.DataFrame, column: str) -> Ints:
    """[pairs, 2] places of the items in a column's lists, unique and sorted, without loops."""
    ids = table["item_id"].to_numpy()
    lists = [ast.literal_eval(text) for text in table[column]]
    first, second = np.repeat(ids, [len(basket) for basket in lists]), np.concatenate(lists).astype(ids.dtype)
    inside = np.isin(second, ids) & (first != second)
    return np.unique(np.searchsorted(ids, np.stack([first[inside], second[inside]], 1)), axis=0)


def rankers(
    shop: Shop, cold: Ints, steps: int, seed: int
) -> dict[str, tuple[Callable[[], Scorer], Callable[[], Scorer]]]:
    """Name to what learns from all known pairs, and from those without cold items."""
    known = shop.known
    return {
        name: (lambda learn=learn: learn(known), lambda learn=learn: learn(cold))
        for name, learn in {
            "popularity": lambda pairs: popularity(shop, pairs),
            "ALS": lambda pairs: factorised(shop, pairs, seed),
            "personalised PageRank": lambda pairs: walked(shop.matrix(pairs)),
            "personalised PageRank, viewed too": lambda pairs: walked(shop.matrix(pairs) + shop.viewed),
            "daemon": lambda pairs: daemon(shop, pairs, steps, seed),
        }.items()
    }


def popularity(shop: Shop, pairs: Ints) -> Scorer:
    """How many items lead to each."""
    count = np.bincount(pairs[:, 1], minlength=shop.items).astype(float)
    return lambda first: np.repeat(count[None], len(first), 0)


def factorised(shop: Shop, pairs: Ints, seed: int) -> Scorer:
    """Implicit ALS of 64 dimensions: what comes first holds what comes second."""
    known = shop.matrix(pairs)
    items = als.factorise(known, als.Options(), seed)
    return lambda first: als.fold_in(known[first], items, als.Options()) @ items.T


def walked(graph: sp.csr_matrix, restart: float = 0.5, steps: int = 3) -> Scorer:
    """Personalised PageRank over pairs without their direction."""
    both = graph.maximum(graph.T).sign()
    step = (sp.diags(1 / np.maximum(np.asarray(both.sum(1)).ravel(), 1)) @ both).tocsr()

    def visited(first: Ints) -> Floats:
        start = sp.csr_matrix((np.ones(len(first)), (np.arange(len(first)), first)), (len(first), graph.shape[0]))
        place = start
        for _ in range(steps):
            place = restart * start + (1 - restart) * (place @ step)
        return np.asarray(place.toarray())

    return visited


def daemon(shop: Shop, pairs: Ints, steps: int, seed: int) -> Scorer:
    """Train the product's model of directed co-purchase, which has no vehicles here and nothing but pairs."""
    torch.manual_seed(seed)
    known, bought = snapshot(shop, pairs), np.log1p(np.bincount(pairs[:, 1], minlength=shop.items))
    data = hetero_data(known, bought, per_product=shop.items)
    levels = product_levels(known)
    # nothing else is known of an item
    own = {name: levels[name] for name in ("part_type", "product")}
    model = Daemon(data, vehicle_levels(known), own, CONFIG)
    integers, numbers = (torch.zeros(0, dtype=kind) for kind in (torch.long, torch.float))
    nothing = TrainingSet(integers, integers, numbers, numbers, 0)
    optimiser, random = torch.optim.Adam(model.parameters(), RATE, (0.9, 0.99)), torch.Generator().manual_seed(seed)
    falling = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, steps)
    for step in range(steps):
        optimiser.zero_grad()
        with torch.autocast("cpu", torch.bfloat16):
            loss = model.loss(nothing, Draw(step, step + 1, random)) + model.penalty()
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        falling.step()
    with torch.no_grad():
        anchor, target = (side.numpy() for side in model.sides(model.folds.count))
    return lambda first: anchor[first] @ target.T + bought


def snapshot(shop: Shop, pairs: Ints) -> Snapshot:
    """Lay the shop out as a graph without people and vehicles."""
    names, integers, text = (
        [f"{row:05d}" for row in range(shop.items)],
        pa.array([], pa.int64()),
        pa.array([], pa.string()),
    )
    known = Snapshot(
        as_of=0,
        products=pa.table(
            {
                **dict.fromkeys(("sku", "base_sku", "display_key"), names),
                "part_type": [str(kind) for kind in shop.kind],
                "brand": pa.nulls(shop.items, pa.string()),
                "price": pa.nulls(shop.items, pa.float64()),
                "eligible": np.ones(shop.items, bool),
            }
        ),
        vehicles=pa.table({"vehicle_id": text, "year": integers, "make": text, "model": text}),
        users=pa.table({"user_id": text, "vehicle": integers}),
        fits=np.empty((0, 2), np.int64),
        events=pa.table(dict.fromkeys(("user", "product", "kind", "at"), integers)),
        bought=pa.table(dict.fromkeys(("user", "product", "last_at"), integers)),
        options=DeriveOptions(100, 30, 50),
    )
    # what a snapshot derives from events is given here
    for name, products in (("co_purchased", pairs), ("co_viewed", np.stack(sp.triu(shop.viewed).nonzero(), 1))):
        ones = np.ones(len(products))
        known.__dict__[name] = pa.table(
            {"sku": products[:, 0], "other_sku": products[:, 1], "count": ones.astype(np.int64), "weight": ones}
        )
    return known


if __name__ == "__main__":
    main()
