"""Tuning tries the default first, judges on the past alone, prunes, and goes on; train takes the best."""

from __future__ import annotations

import json
from dataclasses import asdict, fields, replace
from pathlib import Path

import numpy as np
import optuna
import pyarrow as pa
import pytest
import torch
from optuna.trial import FixedTrial

from holley_graph.counting.utility import count
from holley_graph.errors import GraphStateError, ParcelError, SettingsError
from holley_graph.model.architectures.data import hetero_data, product_levels, vehicle_levels
from holley_graph.model.architectures.fitment_ranker import FitmentRankerConfig
from holley_graph.model.architectures.likelihood import training_set
from holley_graph.model.architectures.models import MODELS, architecture
from holley_graph.model.architectures.recipe import Recipe
from holley_graph.model.training import curve
from holley_graph.model.training import train as training
from holley_graph.model.training.plan import Plan
from holley_graph.model.tuning import recipe_file, tune
from holley_graph.model.tuning.space import proposed
from holley_graph.model.tuning.tune import DONE, Tuned
from holley_graph.snapshot.snapshot import ORDERED, Snapshot
from tests.support import planted
from tests.support.models import draw

SMALL = planted.world(users=300, makes=2, models=2, years=3).snapshot
CUT = SMALL.as_of - 30 * planted.DAY
TINY = planted.world(users=60, makes=2, models=2, years=3).snapshot
COUNTED = count(TINY)
DATA = hetero_data(TINY, COUNTED.popularity)


def found(folder: Path, trials: int, snapshot: Snapshot = SMALL) -> Tuned:
    return tune.tune(snapshot, folder, Plan(Recipe.default("two_tower"), as_of=CUT), trials, steps=10)


def test_the_best_is_never_worse_than_the_default_and_is_what_train_takes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    report = found(tmp_path, 3)
    default = Recipe.default("two_tower").config
    first, best = report.trials[0], report.trials[report.best]
    assert {name: getattr(default, name) for name in first["config"]} == first["config"]
    assert best["value"] >= first["value"]
    assert report.recipe.stat().st_mode & 0o077 == 0 or report.recipe.parent.stat().st_mode & 0o077 == 0
    config = replace(default, **best["config"])
    assert recipe_file.read(report.recipe) == Recipe("two_tower", config, CUT)
    monkeypatch.setattr(training, "STEPS", 5)
    monkeypatch.setattr(curve, "draw", lambda _, path: path.touch())
    run = training.train(SMALL, tmp_path / "runs", Plan(recipe_file.read(report.recipe), as_of=CUT))
    assert run.manifest.config == asdict(config)


def test_a_search_goes_on_where_it_was_and_closes_what_a_kill_left(tmp_path: Path) -> None:
    first = found(tmp_path, 2)
    study = tune._open(first.recipe.parent, "two_tower", 0)
    study.ask()  # killed in the middle of this one
    again = found(tmp_path, 3)
    assert again.trials[:2] == first.trials
    assert len(again.trials) == 3
    assert found(tmp_path, 3).trials == again.trials
    states = [trial.state for trial in tune._open(first.recipe.parent, "two_tower", 0).get_trials()]
    assert optuna.trial.TrialState.RUNNING not in states


def test_what_is_held_out_changes_nothing(tmp_path: Path) -> None:
    """Everybody rushes for one part after the cut."""
    users = np.arange(SMALL.users.num_rows)
    kind = pa.array(np.full(len(users), ORDERED), pa.int8())
    rush = pa.table(
        {"user": users, "product": np.full(len(users), 7), "kind": kind, "at": np.full(len(users), CUT)}
    )
    events = pa.concat_tables([SMALL.events, rush]).sort_by([(c, "ascending") for c in ("user", "at")])
    actual, expected = (
        found(tmp_path / name, 2, snapshot)
        for name, snapshot in (("a", SMALL), ("b", replace(SMALL, events=events)))
    )
    assert actual.trials == expected.trials


def test_a_training_that_lags_behind_is_given_up(tmp_path: Path) -> None:
    study = optuna.create_study(direction="maximize", pruner=optuna.pruners.MedianPruner(n_startup_trials=1))
    values = iter([0.5, 0.6, 0.1, 0.2])
    nothing, counted = torch.empty(0), count(SMALL)

    def objective(trial: optuna.Trial) -> float:
        judged = tune._pruned(trial, lambda *_: next(values))
        return max(judged(nothing, nothing, counted) for _ in range(2))

    study.optimize(objective, 2)
    assert [trial.state.name for trial in study.get_trials(states=DONE)] == ["COMPLETE", "PRUNED"]
    assert tune._value(study.trials[1]) < tune._value(study.trials[0])


def test_a_damaged_journal_is_one_line_and_an_unfinished_last_line_counts_as_none(tmp_path: Path) -> None:
    folder = found(tmp_path, 1).recipe.parent
    journal = folder / "study.journal"
    whole = journal.read_bytes()
    journal.write_bytes(whole + whole[:40])
    assert len(tune._open(folder, "two_tower", 0).get_trials(states=DONE)) == 1
    for content in (b"junk\n", whole[30:], whole.replace(b'"op_code"', b'"op_kode"', 1), whole + b"[]\n"):
        journal.write_bytes(content)
        with pytest.raises(ParcelError, match="journal is damaged"):
            tune._open(folder, "two_tower", 0)


def test_a_recipe_that_was_changed_is_refused_and_one_without_a_seal_is_taken(tmp_path: Path) -> None:
    path = tmp_path / "recipe.json"
    recipe_file.write(Recipe("two_tower", Recipe.default("two_tower").config, CUT), path)
    written = path.read_text()
    path.write_text(written.replace(str(CUT), str(CUT + 1)))
    with pytest.raises(SettingsError, match="changed after it was sealed"):
        recipe_file.read(path)
    path.write_text(json.dumps({"model": "two_tower", "config": {}}))
    assert recipe_file.read(path) == Recipe("two_tower", Recipe.default("two_tower").config, None)


@pytest.mark.parametrize("name", MODELS)
def test_what_is_searched_of_a_model_are_fields_of_its_own_and_its_default_lies_within(name: str) -> None:
    config = Recipe.default(name).config
    space = config.space
    assert space.keys() <= {field.name for field in fields(config)}
    for field, values in space.items():
        default = getattr(config, field)
        if isinstance(values, list):
            assert default in values
        else:
            assert values[0] <= default <= values[1]
            assert isinstance(values[0], int) == isinstance(values[1], int) == isinstance(default, int)
    own = (
        {field.name for field in fields(config)} - {field.name for field in fields(FitmentRankerConfig)} - {"text"}
    )
    assert own <= space.keys()


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("end", [0, -1], ids=["lowest", "highest"])
def test_both_ends_of_what_is_searched_make_a_model_that_learns_and_a_recipe(
    name: str, end: int, tmp_path: Path
) -> None:
    space = architecture(name).configuration.space
    config = proposed(FixedTrial({field: values[end] for field, values in space.items()}), name)
    assert all(getattr(config, field) == values[end] for field, values in space.items())
    recipe_file.write(Recipe(name, config, CUT), tmp_path / "recipe.json")
    assert recipe_file.read(tmp_path / "recipe.json") == Recipe(name, config, CUT)
    torch.manual_seed(0)
    model = architecture(name)(DATA, vehicle_levels(TINY), product_levels(TINY), config)
    loss = model.loss(training_set(TINY, COUNTED), draw()) + model.penalty()
    loss.backward()
    assert loss.isfinite()
    assert all(value.isfinite().all() for value in model())


def test_a_cut_that_the_recipe_was_chosen_after_judges_nothing() -> None:
    known = Recipe("two_tower", Recipe.default("two_tower").config, CUT)
    recipe_file.refuse_to_judge_by_what_chose([known, replace(known, as_of=None)], CUT)
    with pytest.raises(SettingsError, match="cannot judge it") as refused:
        recipe_file.refuse_to_judge_by_what_chose([known], CUT - 1)
    assert refused.value.hint == "holley-graph tune --model two_tower --as-of 2025-12-01T23:59:59Z"


def test_too_few_buyers_tell_nothing_apart(tmp_path: Path) -> None:
    tiny = planted.world(users=12, makes=1, models=2, years=2).snapshot
    with pytest.raises(GraphStateError, match="too few to tell configurations apart"):
        found(tmp_path, 2, tiny)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "{}",
        '{"model": "none", "config": {}}',
        '{"model": "two_tower", "config": {"x": 1}}',
        '{"model": "two_tower", "config": {"dim": "x"}}',
        '{"model": "two_tower", "config": {"dim": -3}}',
        '{"model": "sage", "config": {"layers": 0}}',
        '{"model": "two_tower", "config": {"table_l2": NaN}}',
        '{"model": "gat", "config": {"groups": 1}}',
        '{"model": "gat", "config": {"folds": 0}}',
        '{"model": "two_tower", "config": {}, "as_of": "x"}',
        "[]",
    ],
)
def test_a_file_that_is_no_recipe_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "recipe.json").write_text(text)
    with pytest.raises(SettingsError, match="is no recipe"):
        recipe_file.read(tmp_path / "recipe.json")
