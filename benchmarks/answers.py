"""Every answer beside the SQL that an analyst would write instead, on what people did in the 30 days after.

`recommend`, `intent`, `owners` and `discovery` are asked for people who ordered something in those days, `next` for
the part that they bought last before, `similar` for parts that were viewed with another of the same part type. The
rival is a few lines of counting (`benchmarks/sql`) on the same past, under the same rules: what fits, nothing
bought lately, one of a family, few of a type. `popular.sql` stands beside the answers for people, too.

Measured is MRR@10, the reciprocal place of the first part that was chosen, 0 where none is in the first ten.
Intervals are 95 %, by a bootstrap over questions; differences are paired. Worlds are the demo's presets, those of
another generator (`--worlds`), and RetailRocket, which has no vehicles. In the worlds of another generator orders
are those of their truth. Views are asked a month earlier there, for their truth has no later views.

    python -m benchmarks.answers --only family-301 retail_rocket
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from benchmarks import retail_rocket
from benchmarks.analyst import K, Lists, Past, counted, shaped
from benchmarks.record import RESULTS, record
from holley_graph.embeddings.writeback import write_back
from holley_graph.errors import NotFound
from holley_graph.evaluation.bootstrap import interval, resampled
from holley_graph.evaluation.paired import compare
from holley_graph.loaders import sync
from holley_graph.loaders.files import FilesSource
from holley_graph.model.architectures.recipe import Recipe
from holley_graph.model.training.plan import Plan
from holley_graph.model.training.train import train
from holley_graph.recommend import answers, strategies
from holley_graph.server import lifecycle
from holley_graph.settings import Settings, load
from holley_graph.simulator import World, generate
from holley_graph.simulator.presets import PRESETS
from holley_graph.snapshot import extract
from holley_graph.snapshot.snapshot import ORDERED, Snapshot
from holley_graph.times import DAY, seconds
from holley_graph.workflows.connection import connect
from holley_graph.workflows.sync import offline_import

Figures = dict[str, Any]
DAYS, DRAWS = 30, 2_000
DEMO_USERS, DEMO_SEED = 10_000, 1
FAMILY_END = seconds("2026-02-01")
PEOPLE = ("intent", "owners", "discovery")


def main() -> None:
    """Measure the chosen worlds, keep the others, and write all down."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--worlds", type=Path, default=Path("../shared/worlds"))
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--home", type=Path, default=Path(".holley-graph/answers"))
    parser.add_argument("--only", nargs="+", help="names of worlds (default: all)")
    parser.add_argument("--asked", type=int, default=500, help="questions of each kind")
    arguments = parser.parse_args()
    measures: dict[str, Callable[[], Figures]] = {
        path.name: lambda path=path: family(path, arguments.home / path.name, arguments.asked)
        for path in sorted(arguments.worlds.glob("family-*"))
    }
    for preset in PRESETS:
        measures[preset] = lambda preset=preset: demo(arguments.home / preset, preset, arguments.asked)
    measures["retail_rocket"] = lambda: rocket(arguments.data, arguments.home / "retail_rocket", arguments.asked)
    for name in arguments.only or measures:
        figures, path = measures[name](), RESULTS / "answers.json"
        earlier = json.loads(path.read_text())["worlds"] if path.exists() else {}
        record("answers", {"days": DAYS, "metric": f"MRR@{K}", "worlds": earlier | {name: figures}})


def family(world: Path, home: Path, questions: int) -> Figures:
    """Ask in a world of another generator: people at its end, parts that are viewed a month before."""
    orders = pd.read_parquet(world / "truth" / "future_orders.parquet")[["user_id", "sku", "at"]]
    with opened(load(home=home.absolute() / "end"), world / "raw", FAMILY_END, "sage") as past:
        end, figures = past.snapshot, about_people(past, orders, questions)
        figures["next"] = about_next(past, orders, questions)
    earlier = FAMILY_END - DAYS * DAY
    with opened(load(home=home.absolute() / "earlier"), world / "raw", earlier, None) as past:
        return figures | {"similar": about_similar(past, views(end, earlier), questions)}


def demo(home: Path, preset: str, questions: int) -> Figures:
    """Ask in a world of the demo's generator, a month before its end."""
    raw = home.absolute() / "raw"
    is_there = (raw / "world.json").exists()
    world = World.open(raw) if is_there else generate(raw, users=DEMO_USERS, seed=DEMO_SEED, preset=preset)
    with opened(load(home=home.absolute() / "end"), raw, world.as_of, None) as past:
        end = past.snapshot
    earlier = world.as_of - DAYS * DAY
    with opened(load(home=home.absolute() / "earlier"), raw, earlier, "sage") as past:
        orders = happened(end, earlier, ORDERED)
        parts = {
            "next": about_next(past, orders, questions),
            "similar": about_similar(past, views(end, earlier), questions),
        }
        return about_people(past, orders, questions) | parts


def rocket(data: Path, home: Path, questions: int) -> Figures:
    """Ask in a graph without vehicles, a month before its end."""
    rows, raw = pd.read_csv(data / "retail_rocket_train.csv.gz"), home.absolute() / "raw"
    if not raw.exists():
        home.mkdir(parents=True, exist_ok=True)
        retail_rocket.write_raw(rows, raw)
    end = retail_rocket.snapshot(rows)
    earlier = end.as_of - DAYS * DAY
    with opened(retail_rocket.shop_settings(home.absolute(), rows), raw, earlier, "catalogue") as past:
        orders = happened(end, earlier, ORDERED)
        return {
            "next": about_next(past, orders, questions),
            "similar": about_similar(past, views(end, earlier, typed=False), questions),
        }


@contextmanager
def opened(settings: Settings, raw: Path, as_of: int, model: str | None) -> Iterator[Past]:
    """Sync a world as of a time and make a model's release live, or open what an earlier call left."""
    lifecycle.up(settings)
    try:
        with connect(settings) as graph:
            sync.sync(FilesSource(raw), graph, settings, as_of=as_of, bulk=offline_import(settings))
            snapshot = extract.take(graph, extract.options(settings.sync))
            if model and answers.known_of(graph)["release"] is None:
                plan = Plan() if model == "catalogue" else Plan(Recipe.default(model))
                write_back(graph, train(snapshot, settings.home / "runs", plan).path)
            yield Past(graph, settings.recommend, snapshot)
    finally:
        lifecycle.down(settings)


def happened(end: Snapshot, since: int, kind: int) -> pd.DataFrame:
    """Columns user_id, sku, at of what happened from a time on."""
    chosen = (end.event("at") >= since) & (end.event("kind") == kind)
    columns = {name: end.event(name)[chosen] for name in ("user", "product", "at")}
    return pd.DataFrame(
        {
            "user_id": end.user_ids.keys[columns["user"]],
            "sku": end.product_ids.keys[columns["product"]],
            "at": columns["at"],
        }
    )


def views(end: Snapshot, since: int, typed: bool = True) -> pd.DataFrame:
    """Columns asked, sku of parts that were viewed in one session from a time on, in both directions.

    Args:
        end: knows what happened.
        since: exclusive of what came before.
        typed: pairs of one part type alone.
    """
    later = end.events.filter(pa.array(end.event("at") >= since))
    pairs = replace(end, events=later).co_viewed
    first, second = (np.asarray(pairs.column(name)) for name in ("sku", "other_sku"))
    kind = end.products.column("part_type").to_numpy(zero_copy_only=False)
    same = (kind[first] == kind[second]) if typed else np.ones(len(first), bool)
    sku = end.product_ids.keys
    one, other = np.concatenate([first[same], second[same]]), np.concatenate([second[same], first[same]])
    return pd.DataFrame({"asked": sku[one], "sku": sku[other]})


def about_people(past: Past, orders: pd.DataFrame, questions: int) -> Figures:
    """Ask what people who ordered something were to be sent."""
    chosen = orders.groupby("user_id").sku.agg(set).to_dict()
    drawn = sample(sorted(chosen), questions)
    vehicle = {user: answers.known_of(past.graph, user_id=user)["vehicle"] for user in drawn}
    users = [user for user in drawn if vehicle[user]]
    table = pd.DataFrame({"asked": users, "vehicle_id": [vehicle[user] for user in users]})
    popular = shaped(past, counted("popular", past, table), past.rules.per_part_type)
    main = {user: skus(answers.for_user(past.graph, user, K, past.rules).rows) for user in users}
    figures = {"recommend": beside(chosen, users, main, popular, popular)}
    for way in PEOPLE:
        graph_lists = {user: skus(strategies.for_user(past.graph, way, user, K, past.rules).rows) for user in users}
        sql_lists = shaped(past, counted(way, past, table), past.rules.per_part_type)
        # who did nothing is not asked where interest leads, neither by us nor by SQL
        some = [user for user in users if graph_lists[user] or user in sql_lists] if way == "intent" else users
        figures[way] = beside(chosen, some, graph_lists, sql_lists, popular)
    return figures


def about_next(past: Past, orders: pd.DataFrame, questions: int) -> Figures:
    """Ask what is bought next after the part that each buyer bought last."""
    before = happened(past.snapshot, 0, ORDERED).sort_values("at")
    last = before.drop_duplicates("user_id", keep="last").set_index("user_id").sku
    question = orders.assign(asked=orders.user_id.map(last)).dropna().groupby("user_id")
    cases = {user: (rows.asked.iloc[0], set(rows.sku)) for user, rows in question}
    users = sample(sorted(cases), questions)
    parts = sorted({cases[user][0] for user in users})
    graph_lists = {
        part: answered(lambda part=part: strategies.bought_next(past.graph, part, K, past.rules)) for part in parts
    }
    sql_lists = shaped(past, counted("next", past, pd.DataFrame({"asked": parts})), past.rules.per_part_type)
    lists = [{user: by_part.get(cases[user][0], []) for user in users} for by_part in (graph_lists, sql_lists)]
    return beside({user: cases[user][1] for user in users}, users, *lists)


def about_similar(past: Past, pairs: pd.DataFrame, questions: int) -> Figures:
    """Ask what is viewed beside a part; and say how many answers have its part type and share a vehicle."""
    # what came after the past is nobody's to answer
    known = set(past.snapshot.product_ids.keys[past.snapshot.event("product")])
    eligible = past.snapshot.products.filter(past.snapshot.products.column("eligible"))
    eligible = set(eligible.column("sku").to_pylist())
    pairs = pairs[pairs.asked.isin(known) & pairs.sku.isin(eligible)]
    chosen = pairs.groupby("asked").sku.agg(set).to_dict()
    parts = sample(sorted(chosen), questions)
    rows = {
        part: answered_rows(lambda part=part: answers.similar(past.graph, part, K, past.rules)) for part in parts
    }
    graph_lists = {part: skus(answer_rows) for part, answer_rows in rows.items()}
    sql_lists = shaped(past, counted("similar", past, pd.DataFrame({"asked": parts})), K)
    kind = dict(zip(*(past.snapshot.products.column(c).to_pylist() for c in ("sku", "part_type")), strict=True))
    neighbours = [
        (kind[part] == kind[row["sku"]], row["shared_vehicles"] > 0) for part in parts for row in rows[part]
    ]
    shares = np.array(neighbours, float).mean(0) if neighbours else (float("nan"),) * 2
    return beside(chosen, parts, graph_lists, sql_lists) | {
        "same_type": round(float(shares[0]), 3),
        "share_a_vehicle": round(float(shares[1]), 3),
    }


def answered_rows(ask: Callable[[], list[dict[str, Any]]]) -> list[dict[str, Any]]:
    """Ask; a reason instead of an answer counts as none."""
    try:
        return ask()
    except NotFound:
        return []


def answered(ask: Callable[[], list[dict[str, Any]]]) -> list[str]:
    """SKUs of an answer."""
    return skus(answered_rows(ask))


def skus(rows: list[dict[str, Any]]) -> list[str]:
    """SKUs in their order."""
    return [row["sku"] for row in rows]


def sample(keys: list[str], count: int) -> list[str]:
    """Draw at most so many."""
    drawn = np.random.default_rng(0).permutation(len(keys))[:count]
    return [keys[place] for place in sorted(drawn)]


def beside(
    chosen: dict[str, set[str]],
    questions: list[str],
    graph_lists: Lists,
    sql_lists: Lists,
    popular: Lists | None = None,
) -> Figures:
    """Measure an answer and its rivals on the same questions."""
    lists = {"ours": graph_lists, "sql": sql_lists} | ({"popular": popular} if popular else {})
    ranks = {
        name: np.array([reciprocal_rank(answers.get(key, []), chosen[key]) for key in questions])
        for name, answers in lists.items()
    }
    one = np.ones(len(questions))
    figures: Figures = {
        "questions": len(questions),
        "answered": round(float(np.mean([bool(graph_lists.get(k)) for k in questions])), 3),
    }
    for name, values in ranks.items():
        figures[name] = rounded(values.mean(), *interval(resampled(values, one, DRAWS)))
        if name != "ours":
            ahead = compare(ranks["ours"], values, np.arange(len(questions)))
            figures[f"over_{name}"] = rounded(ahead["difference"], ahead["low"], ahead["high"])
    print(figures, flush=True)
    return figures


def reciprocal_rank(answer: list[str], chosen: set[str]) -> float:
    """One over the place of the first part that was chosen, 0 where none is in the answer."""
    return next((1 / place for place, sku in enumerate(answer[:K], 1) if sku in chosen), 0.0)


def rounded(*values: float) -> list[float]:
    """Four digits are enough."""
    return [round(float(value), 4) for value in values]


if __name__ == "__main__":
    main()
