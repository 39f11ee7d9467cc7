"""What messages are worth: every graph model on equal footing, in generated shops and worlds of another generator.

All have the same hierarchies, trend, priors and loss, and start from the same counting, so that what differs is
their messages alone; `two_tower` has none. Attention is then also tried as Faire describes it, with its own loss,
and without each of its ingredients in turn. A generated shop is cut a month before its end and asked about what
owners order in that month; a world of another generator is judged by its own truth. MRR@4 of cold and warm people,
and how far it is from that of `two_tower`, paired, with a 95 % interval by a bootstrap over people.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks import foreign
from benchmarks.record import record
from benchmarks.worlds import open_world, synced
from holley_graph.embeddings import table
from holley_graph.embeddings.table import Tables
from holley_graph.evaluation import metrics, scoring, study
from holley_graph.evaluation.targets import RankingTask, future_choices
from holley_graph.model.architectures.gat import GatConfig
from holley_graph.model.architectures.pinsage import PinSageConfig
from holley_graph.model.architectures.recipe import Recipe
from holley_graph.model.training.plan import Plan
from holley_graph.model.training.train import train
from holley_graph.settings import load
from holley_graph.snapshot.snapshot import Snapshot

Floats = npt.NDArray[np.float64]
AGAINST = "two_tower"
DRAWS = 2_000
LEVEL = (0.025, 0.975)
FOREVER_DAYS = 1e6
ATTENTION = GatConfig(text="none")
FAIRE = replace(ATTENTION, own_loss=True, hops=2, groups=True, head_per_kind=True)
WITHOUT: dict[str, dict[str, Any]] = {
    "time decay": {"half_life_days": FOREVER_DAYS},
    "threshold": {"least": 0.0},
    "negatives that fit": {"hard_negatives": 0},
    "negatives but those of the batch": {"hard_negatives": 0, "random_negatives": 0},
    "a rate of tables of its own": {"table_rate": 1.0},
    "a second hop": {"hops": 1},
    "brand and category nodes": {"groups": False},
    "a head per kind": {"head_per_kind": False},
}
VARIANTS = {
    **{name: Recipe.default(name) for name in (AGAINST, "sage", "homogeneous", "lightgcn", "pinsage")},
    "gat": Recipe("gat", ATTENTION),
    "pinsage, its own loss": Recipe("pinsage", PinSageConfig(own_loss=True)),
    "Faire": Recipe("gat", FAIRE),
    **{f"Faire without {name}": Recipe("gat", replace(FAIRE, **off)) for name, off in WITHOUT.items()},
}


@dataclass(frozen=True)
class World:
    """A snapshot with questions.

    Attributes:
        name: of the shop.
        snapshot: what a model is trained on.
        as_of: what a model may know ends here.
        runs: folder of run folders.
        cold: [people] whether nothing is known of them.
        mrr: what the vectors of a run make of each, [people].
    """

    name: str
    snapshot: Snapshot
    as_of: int
    runs: Path
    cold: npt.NDArray[np.bool_]
    mrr: Callable[[Tables], Floats]


def main() -> None:
    """Train every variant in every world, and write the differences down."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--worlds", type=Path, default=Path("../shared/worlds"), help="folder of worlds and judge.py"
    )
    parser.add_argument("--only", nargs="*", help="names of these worlds (default: all)")
    parser.add_argument("--presets", nargs="*", default=["full-month", "turning-trend"])
    parser.add_argument("--users", type=int, default=20_000, help="of a generated shop")
    parser.add_argument("--seed", type=int, default=81, help="of a generated shop")
    parser.add_argument("--variants", nargs="+", choices=VARIANTS, default=list(VARIANTS))
    parser.add_argument("--home", type=Path, default=Path(".holley-graph/footing"))
    parser.add_argument("--name", default="footing", help="of the file in results/")
    arguments = parser.parse_args()
    names = list(dict.fromkeys([AGAINST, *arguments.variants]))
    results: dict[str, Any] = {}
    for world in [*_generated(arguments), *_of_others(arguments)]:
        results[world.name] = measured(world, names)
    record(arguments.name, {"users": arguments.users, "training_seed": 0, "worlds": results})


def measured(world: World, names: list[str]) -> dict[str, Any]:
    """Train every variant, and hold each against the one without messages."""
    mrr: dict[str, Floats] = {}
    result: dict[str, Any] = {"people": {"cold": int(world.cold.sum()), "warm": int((~world.cold).sum())}}
    for name in names:
        run = train(world.snapshot, world.runs, Plan(VARIANTS[name], as_of=world.as_of))
        mrr[name] = world.mrr(table.load(run.path))
        trust = None if run.manifest.trust is None else round(run.manifest.trust["scale"], 3)
        result[name] = {"trust": trust, "seconds": run.manifest.seconds}
        for kind, users in (("cold", world.cold), ("warm", ~world.cold)):
            over = _paired(mrr[name][users] - mrr[AGAINST][users])
            result[name][kind] = {"mrr": round(float(mrr[name][users].mean()), 4), "over": over}
        print(world.name, name, result[name], flush=True)
    return result


def _paired(difference: Floats) -> list[float]:
    """Mean with its interval over people."""
    count = len(difference)
    draws = np.random.default_rng(0).multinomial(count, np.full(count, 1 / count), DRAWS) @ difference / count
    return [round(float(value), 4) for value in (difference.mean(), *np.quantile(draws, LEVEL))]


def _generated(arguments: argparse.Namespace) -> Iterator[World]:
    for preset in arguments.presets:
        known = open_world(arguments.home, arguments.users, arguments.seed, preset)
        full = known.snapshot
        at = study.rolling(full, 1)[0]
        task = future_choices(full, at, study.WINDOW_DAYS)
        score = partial(_of_task, task=task, past=full.before(at))
        yield World(preset, full, at, known.settings.home / "runs", ~task.warm, score)


def _of_task(tables: Tables, task: RankingTask, past: Snapshot) -> Floats:
    position = metrics.ranks(task, scoring.scores(tables, past, task))
    return metrics.per_user(task, position, study.SERVED)["MRR@4"]


def _of_others(arguments: argparse.Namespace) -> Iterator[World]:
    judge = foreign.judge_of(arguments.worlds)
    for path in sorted(path for path in arguments.worlds.iterdir() if (path / "raw").is_dir()):
        if arguments.only is not None and path.name not in arguments.only:
            continue
        settings = load(home=(arguments.home / path.name).absolute())
        snapshot, truth = synced(settings, path / "raw", foreign.AS_OF), judge.load(str(path))
        relevant = judge.relevant(truth)
        segment = relevant.drop_duplicates("user_id").set_index("user_id").segment.sort_index()
        score = partial(
            _of_judge, judge=judge, truth=truth, relevant=relevant, snapshot=snapshot, home=settings.home
        )
        cold = (segment == "cold").to_numpy()
        yield World(path.name, snapshot, snapshot.as_of, settings.home / "runs", cold, score)


def _of_judge(
    tables: Tables, judge: ModuleType, truth: Any, relevant: Any, snapshot: Snapshot, home: Path
) -> Floats:
    file = home / "answer.parquet"
    foreign.answered(judge, truth, snapshot, lambda task, past: scoring.scores(tables, past, task), file)
    people = np.array(sorted(relevant.user_id.unique()))
    lists = judge.read_recs(str(file), truth)[0]
    values: Floats = judge.per_user(lists, relevant, people, foreign.K)[:, foreign.MRR]
    return values


if __name__ == "__main__":
    main()
