"""Which run a workflow goes on from, judges or refuses; nothing is trained and no server is asked."""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from holley_graph.embeddings.table import EXTRA
from holley_graph.errors import NotFound, ReleaseCheckFailed, SettingsError
from holley_graph.evaluation import registry
from holley_graph.evaluation.verdict import Verdict
from holley_graph.model.architectures.recipe import Recipe
from holley_graph.model.training import warm
from holley_graph.model.training.execution import Execution
from holley_graph.model.training.plan import Plan
from holley_graph.model.training.processes import Processes
from holley_graph.model.tuning import recipe_file
from holley_graph.progress import silent
from holley_graph.settings import Settings
from holley_graph.times import DAY
from holley_graph.workflows import backtest, evaluate, release, training
from tests.support import runs

DEFAULT = Recipe.default()
NOW = 400 * DAY


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    (tmp_path / "runs").mkdir()
    return Settings(home=tmp_path)


def written(settings: Settings, run_id: str, as_of: int, **fields: Any) -> None:
    """Write the manifest of a run of the default recipe."""
    folder = settings.home / "runs" / run_id
    folder.mkdir()
    plain = {"config": asdict(DEFAULT.config), "dim": DEFAULT.config.dim + EXTRA, "loss": 1.0}
    runs.manifest(run_id, as_of=as_of, **plain | fields).save(folder)


def test_the_recipe_is_the_model_s_own_or_that_of_the_file(tmp_path: Path) -> None:
    assert training.recipe("two_tower", None, None) == Recipe.default("two_tower")
    tuned = replace(DEFAULT, config=replace(DEFAULT.config, dim=16), as_of=NOW)
    recipe_file.write(tuned, tmp_path / "recipe.json")
    assert training.recipe("two_tower", tmp_path / "recipe.json", None) == tuned


@pytest.mark.parametrize(("as_of", "refused"), [(NOW - 1, True), (NOW, False), (NOW + 1, False)])
def test_a_recipe_judges_nothing_that_it_was_chosen_by(as_of: int, refused: bool, tmp_path: Path) -> None:
    recipe_file.write(replace(DEFAULT, as_of=NOW), tmp_path / "recipe.json")
    if not refused:
        assert training.recipe("sage", tmp_path / "recipe.json", as_of).as_of == NOW
        return
    with pytest.raises(SettingsError, match="was chosen by what came before 1971-02-05") as error:
        training.recipe("sage", tmp_path / "recipe.json", as_of)
    assert error.value.exit_code == 2


def test_several_processes_share_a_snapshot_that_is_named(settings: Settings) -> None:
    plan = Plan(DEFAULT, execution=Execution(processes=Processes(0, 2)))
    with pytest.raises(SettingsError, match="the same snapshot") as error:
        training.train(settings, plan)
    assert error.value.hint == "--snapshot FOLDER"


@pytest.fixture
def without_vectors(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave out what a run learned: these tests ask for its manifest."""
    for room in (warm.encoder, warm.table):
        monkeypatch.setattr(room, "load", lambda folder: folder)


def from_nothing(settings: Settings, days: int = 7) -> str:
    return training._from_nothing(settings.home / "runs", DEFAULT, NOW, days)


def test_a_night_trains_from_nothing_where_nothing_is_live_and_says_so(settings: Settings) -> None:
    assert from_nothing(settings) == "no release is live to start from"


@pytest.mark.usefixtures("without_vectors")
@pytest.mark.parametrize(("days", "reason"), [(6, ""), (7, "the last training from nothing is 7 days old")])
def test_a_night_goes_on_from_the_live_run_until_a_training_from_nothing_is_due(
    days: int, reason: str, settings: Settings
) -> None:
    written(settings, "whole", NOW - days * DAY)
    registry.promote(settings.home / "runs", "whole")
    assert from_nothing(settings) == reason


@pytest.mark.usefixtures("without_vectors")
def test_the_age_is_that_of_the_training_from_nothing_at_the_end_of_the_chain(settings: Settings) -> None:
    written(settings, "whole", NOW - 9 * DAY)
    written(settings, "first", NOW - 2 * DAY, warm={"from": "whole", "until": 1.0})
    written(settings, "second", NOW - DAY, warm={"from": "first", "until": 1.0})
    registry.promote(settings.home / "runs", "second")
    assert from_nothing(settings, days=10) == ""
    assert from_nothing(settings, days=9) == "the last training from nothing is 9 days old"


@pytest.mark.usefixtures("without_vectors")
@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"model": "gat"}, "is of model gat, not sage"),
        ({"dim": 10 + EXTRA}, "has 10 dimensions"),
        ({"as_of": NOW + 1}, "knows what came after the cut"),
        ({"loss": None}, "kept nothing to go on from"),
        ({"warm": {"from": "lost", "until": 1.0}}, "no run 'lost'"),
    ],
)
def test_a_night_says_why_it_cannot_go_on(fields: dict[str, Any], reason: str, settings: Settings) -> None:
    written(settings, "live", **{"as_of": NOW - DAY} | fields)
    registry.promote(settings.home / "runs", "live")
    assert reason in from_nothing(settings)


def run_before(settings: Settings, end: int, monkeypatch: pytest.MonkeyPatch) -> tuple[str, list[Plan]]:
    """Ask for the run that a cut takes; a training is noted instead of done."""
    plans: list[Plan] = []

    def train(_: object, __: Path, plan: Plan, ___: object) -> Any:
        plans.append(plan)
        return SimpleNamespace(manifest=runs.manifest("trained", as_of=plan.as_of))

    monkeypatch.setattr(backtest, "train", train)
    tonight = runs.manifest("tonight", as_of=NOW, config=asdict(DEFAULT.config), snapshot="parcel")
    run = backtest._run_before(settings, SimpleNamespace(), tonight, end, silent)  # type: ignore[arg-type]
    return run.run_id, plans


def test_a_cut_takes_the_newest_run_of_the_recipe_that_ended_before_it(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    end, days = NOW - 30 * DAY, settings.night.from_nothing_days
    for name, as_of in (("older", end - 2 * DAY), ("newer", end), ("later", end + 1), ("old", end - days * DAY)):
        written(settings, name, as_of)
    written(settings, "other", end, config=asdict(replace(DEFAULT.config, dim=16)))
    assert run_before(settings, end, monkeypatch) == ("newer", [])


def test_where_no_run_ended_shortly_before_a_cut_one_is_trained_up_to_it(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    end = NOW - 30 * DAY
    written(settings, "old", end - settings.night.from_nothing_days * DAY)
    name, (plan,) = run_before(settings, end, monkeypatch)
    assert (name, plan.as_of, plan.recipe, plan.warm, plan.snapshot) == ("trained", end, DEFAULT, False, "parcel")


def test_runs_that_end_at_different_times_are_not_compared(settings: Settings) -> None:
    written(settings, "a", NOW)
    written(settings, "b", NOW + DAY)
    with pytest.raises(SettingsError, match="different --as-of times"):
        evaluate.evaluate(settings, ["a", "b"])


@pytest.mark.parametrize(
    "workflow", [lambda s: evaluate.evaluate(s, ["no"]), lambda s: release.write_back(s, "no")]
)
def test_an_unknown_run_is_named_before_a_server_is_asked(workflow: Any, settings: Settings) -> None:
    with pytest.raises(NotFound, match="no run 'no'") as error:
        workflow(settings)
    assert (error.value.exit_code, error.value.hint) == (5, "holley-graph runs")


@pytest.mark.parametrize("outcome", ["no-go", "too little to say"])
def test_a_recipe_that_was_judged_otherwise_goes_live_by_force_alone(outcome: str, settings: Settings) -> None:
    written(settings, "judged", NOW - DAY)
    written(settings, "whole", NOW)
    folder = settings.home / "runs"
    verdict = Verdict(outcome, [f"{outcome}: popularity is better"])
    registry.record_verdict(folder, registry.manifests(folder)[0], verdict, "evaluation")
    with pytest.raises(ReleaseCheckFailed, match=outcome) as error:
        release.write_back(settings, "whole")
    assert error.value.exit_code == 20
    with pytest.raises(Exception, match="is down"):  # so far the verdict is not in the way
        release.write_back(settings, "whole", force=True)
