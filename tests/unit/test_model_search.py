"""A search tries the default first, judges on the past alone, prunes, and goes on; train takes the best."""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import optuna
import pyarrow as pa
import pytest

from holley_graph.errors import GraphStateError, SettingsError
from holley_graph.model import curve, search
from holley_graph.model import train as training
from holley_graph.model.architectures import MODELS
from holley_graph.model.search import DONE, SPACE, Found, proposed, read_recipe
from holley_graph.snapshot.snapshot import ORDERED, Snapshot
from tests.support import planted

SMALL = planted.world(users=300, makes=2, models=2, years=3).snapshot
CUT = SMALL.as_of - 30 * planted.DAY


def found(folder: Path, trials: int, snapshot: Snapshot = SMALL, **options: Any) -> Found:
    return search.search(snapshot, folder, trials=trials, as_of=CUT, model="twin", epochs=10, **options)


def test_the_best_is_never_worse_than_the_default_and_is_what_train_takes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = found(tmp_path, 3)
    default = MODELS["twin"].config
    first, best = told.trials[0], told.trials[told.best]
    assert {name: getattr(default, name) for name in first["config"]} == first["config"]
    assert best["value"] >= first["value"]
    assert told.recipe.stat().st_mode & 0o077 == 0 or told.recipe.parent.stat().st_mode & 0o077 == 0
    model, config = read_recipe(told.recipe)
    assert (model, config) == ("twin", replace(default, **best["config"]))
    monkeypatch.setattr(training, "MOST_EPOCHS", 5)
    monkeypatch.setattr(curve, "draw", lambda _, path: path.touch())
    run = training.train(SMALL, tmp_path / "runs", as_of=CUT, model=model, config=config, device="cpu")
    assert run.manifest["config"] == asdict(config)


def test_a_search_goes_on_where_it_was_and_closes_what_a_kill_left(tmp_path: Path) -> None:
    first = found(tmp_path, 2)
    config = MODELS["twin"].config
    study = search._open(first.recipe.parent, config, 0)
    study.ask()  # killed in the middle of this one
    again = found(tmp_path, 3)
    assert again.trials[:2] == first.trials
    assert len(again.trials) == 3
    assert found(tmp_path, 3).trials == again.trials
    states = [trial.state for trial in search._open(first.recipe.parent, config, 0).get_trials()]
    assert optuna.trial.TrialState.RUNNING not in states


def test_what_is_held_out_changes_nothing(tmp_path: Path) -> None:
    """Everybody rushes for one part after the cut."""
    users = np.arange(SMALL.users.num_rows)
    kind = pa.array(np.full(len(users), ORDERED), pa.int8())
    rush = pa.table(
        {"user": users, "product": np.full(len(users), 7), "kind": kind, "at": np.full(len(users), CUT)}
    )
    events = pa.concat_tables([SMALL.events, rush]).sort_by([(c, "ascending") for c in ("user", "at")])
    ours, theirs = (
        found(tmp_path / name, 2, snapshot)
        for name, snapshot in (("a", SMALL), ("b", replace(SMALL, events=events)))
    )
    assert ours.trials == theirs.trials


def test_a_training_that_lags_behind_is_given_up(tmp_path: Path) -> None:
    study = optuna.create_study(direction="maximize", pruner=optuna.pruners.MedianPruner(n_startup_trials=1))
    values = iter([0.5, 0.6, 0.1, 0.2])

    def objective(trial: optuna.Trial) -> float:
        judged = search._pruned(trial, lambda *_: next(values))
        return max(judged() for _ in range(2))

    study.optimize(objective, 2)
    assert [trial.state.name for trial in study.get_trials(states=DONE)] == ["COMPLETE", "PRUNED"]
    assert search._value(study.trials[1]) < search._value(study.trials[0])


@pytest.mark.parametrize("name", MODELS)
def test_the_default_of_every_model_lies_within_what_is_searched(name: str) -> None:
    config = MODELS[name].config
    for field in search._searched(config):
        low, high = SPACE[field]
        assert low <= getattr(config, field) <= high
        assert isinstance(low, int) == isinstance(getattr(config, field), int)
    drawn = proposed(optuna.create_study().ask(), config)
    assert type(drawn) is type(config)


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
        '{"model": "twin", "config": {"x": 1}}',
        '{"model": "twin", "config": {"dim": "x"}}',
        '{"model": "twin", "config": {"dim": -3}}',
        '{"model": "sage", "config": {"layers": 0}}',
        '{"model": "twin", "config": {"table_l2": NaN}}',
        '{"model": "gat", "config": {"groups": 1}}',
    ],
)
def test_a_file_that_is_no_recipe_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "recipe.json").write_text(text)
    with pytest.raises(SettingsError, match="is no recipe"):
        read_recipe(tmp_path / "recipe.json")
