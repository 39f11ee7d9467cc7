"""Which rankers, recipes, data and snapshots a workflow takes; nothing is trained and no server is asked."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pyarrow as pa
import pytest

from holley_graph.errors import GraphStateError, SettingsError
from holley_graph.model.architectures.recipe import Recipe
from holley_graph.model.tuning import recipe_file
from holley_graph.progress import silent
from holley_graph.settings import Settings
from holley_graph.times import DAY
from holley_graph.workflows import backtest, demo, evaluate, tuning
from tests.support.rows import Rows

AS_OF = 20_000 * DAY


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path / "home")


@pytest.mark.parametrize(("v518", "more"), [(False, set()), (True, {"v5.18", "run hybrid"})])
def test_a_run_is_asked_beside_v518_only_where_its_tables_are(
    v518: bool, more: set[str], settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    tables = SimpleNamespace(clean_files=dict)
    monkeypatch.setattr(evaluate.sync_tables, "open_tables", lambda *_: tables if v518 else None)
    monkeypatch.setattr(evaluate.v5_18, "scores", lambda *_: pa.table({}))
    graph = Rows(load_marker=[{"run_id": "s1"}])
    ranked = evaluate.rankers(settings, graph, None, AS_OF, {"run": None}, False, silent)  # type: ignore
    assert set(ranked) == {*evaluate.BASELINES, "run", "run universal"} | more


def test_a_backtest_by_recipes_trains_nothing_else_and_refuses_one_that_saw_the_answers(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plans: list[Any] = []
    full = SimpleNamespace(as_of=AS_OF)

    @contextmanager
    def measuring(*_: object) -> Iterator[tuple[Any, Any]]:
        yield None, full

    def train(_: object, __: object, plan: Any, ___: object) -> Any:
        plans.append(plan)
        raise GraphStateError("so far", "")

    monkeypatch.setattr(backtest, "measuring", measuring)
    monkeypatch.setattr(backtest, "train", train)
    for name, as_of in (("fair", AS_OF - 60 * DAY), ("unfair", AS_OF - 60 * DAY + 1)):
        config = Recipe.default("two_tower")
        recipe_file.write(Recipe(config.model, config.config, as_of), tmp_path / name)
    with pytest.raises(SettingsError, match="cannot judge it"):
        backtest.backtest(settings, 2, recipes=[tmp_path / "unfair"])
    assert plans == []
    with pytest.raises(GraphStateError, match="so far"):
        backtest.backtest(settings, 2, recipes=[tmp_path / "fair"], seed=3)
    with pytest.raises(GraphStateError, match="so far"):
        backtest.backtest(settings, 1)
    assert [(plan.recipe.model, plan.seed, plan.as_of) for plan in plans] == [
        ("two_tower", 3, AS_OF - 60 * DAY), ("sage", 0, AS_OF - 30 * DAY),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("sources", "refused"),
    [([], False), (["demo/world"], False), (["elsewhere"], True), ([None], True)],
)
def test_a_demo_takes_an_empty_graph_or_its_own(
    sources: list[str | None], refused: bool, settings: Settings
) -> None:
    rows = [{"source": None if name is None else str(settings.home / name)} for name in sources]
    graph = Rows(load_marker=rows)
    if not refused:
        demo._refuse_other_data(graph, settings)  # type: ignore[arg-type]
        return
    with pytest.raises(GraphStateError, match="holds a graph of") as error:
        demo._refuse_other_data(graph, settings)  # type: ignore[arg-type]
    assert "--home DIR" in str(error.value.hint)


def test_a_demo_fills_no_server_of_ones_own(settings: Settings) -> None:
    server = settings.server.model_copy(update={"uri": "bolt://db:7687"})
    with pytest.raises(SettingsError, match="embedded server only"):
        demo.demo(settings.model_copy(update={"server": server}), 300, 1)


def test_a_search_is_on_the_snapshot_that_is_named(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: dict[str, Any] = {}
    monkeypatch.setattr(tuning.parcel, "open_parcel", lambda folder: f"opened {folder}")
    monkeypatch.setattr(tuning, "take_snapshot", lambda *_: Path("new"))
    monkeypatch.setattr(tuning.room, "tune", lambda *args, **_: seen.update(args=args))
    for folder, name in ((Path("old"), "old"), (None, "new")):
        tuning.tune(settings, "gat", 7, seed=2, as_of=AS_OF, folder=folder)
        snapshot, to, plan, trials = seen["args"]
        assert (snapshot, to, trials) == (f"opened {name}", settings.home / "tuning", 7)
        assert (plan.recipe, plan.seed, plan.as_of) == (Recipe.default("gat"), 2, AS_OF)
