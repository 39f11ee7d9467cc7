"""A better configuration by trial: Optuna proposes, time that is held back inside the training window judges.

Akiba et al., "Optuna: A Next-generation Hyperparameter Optimization Framework" (KDD 2019): configurations are drawn
where good ones were found (TPE), and a training whose validation lags behind the median of the others at the same
step is pruned. The first trial is the default. All is kept in a journal, so that a search goes on where it was.
"""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

import optuna
import torch
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from optuna.trial import FrozenTrial, Trial, TrialState

from holley_graph.errors import GraphStateError, SettingsError
from holley_graph.evaluation.targets import RankingTask
from holley_graph.model import vectors
from holley_graph.model.architectures import MODELS
from holley_graph.model.checkpoint import fingerprint
from holley_graph.model.execution import Execution
from holley_graph.model.fit import Validate, fit
from holley_graph.model.held_back import FEWEST_TEST_USERS, WINDOW_DAYS, compare, last_days, validator
from holley_graph.model.population import PopulationConfig
from holley_graph.model.train import MOST_EPOCHS
from holley_graph.progress import Progress, silent
from holley_graph.snapshot.snapshot import Snapshot

UNPRUNED, SPARED_CHECKS = 4, 2
"""Trials before any is pruned, and checks before one is."""
VALUE = "NDCG@10"
DONE = (TrialState.COMPLETE, TrialState.PRUNED)

SPACE: dict[str, tuple[float, float]] = {
    "dim": (16, 96),
    "init_std": (0.01, 0.2),
    "bin_days": (15, 90),
    "table_l2": (2.0, 200.0),
    "bias_l2": (0.1, 10.0),
    "drift_l2": (2.0, 200.0),
    "history_half_life_days": (10.0, 240.0),
    "history_prior": (0.2, 5.0),
    "layers": (1, 3),
    "margin": (0.3, 3.0),
    "neighbours": (5, 50),
    "pairs": (0.1, 3.0),
    "asymmetry": (0.1, 2.0),
}
"""What is searched of a configuration that has it: from and to, evenly in the logarithm, whole if both are."""


@dataclass(frozen=True)
class Found:
    """A finished search; `as_dict` is the documented JSON shape.

    Attributes:
        model: whose configuration was searched.
        recipe: the file with the best one, as `train --recipe` takes it.
        users: who judged: buyers in the window.
        trials: what was tried, in order: `state`, `value` and `epochs` (none where pruned), `config` as searched.
        best: number of the best trial; 0 is the default.
    """

    model: str
    recipe: Path
    users: int
    trials: list[dict[str, Any]]
    best: int

    def as_dict(self) -> dict[str, Any]:
        """Return the search as plain values."""
        return asdict(self)


def search(
    full: Snapshot,
    searches: Path,
    *,
    trials: int,
    as_of: int | None = None,
    model: str = "sage",
    seed: int = 0,
    device: str = "cpu",
    epochs: int = MOST_EPOCHS,
    progress: Progress = silent,
) -> Found:
    """Try configurations until there are so many trials, earlier ones of the same search counted.

    Args:
        full: the snapshot; what it knows from `as_of` on is not looked at.
        searches: folder of searches.
        trials: how many there shall be.
        as_of: epoch seconds; none: all of the snapshot.
        model: one of `architectures.MODELS`.
        seed: of every training and of the proposals.
        device: where to train.
        epochs: of a training at most.
        progress: told after each trial.

    Raises:
        GraphStateError: too few people bought something in the last days to tell configurations apart.
    """
    past = full.before(full.as_of if as_of is None else as_of)
    task, early = last_days(past)
    if len(task.user) < FEWEST_TEST_USERS:
        raise GraphStateError(
            f"{len(task.user)} people bought in the last {WINDOW_DAYS} days: too few to tell configurations apart"
        )
    chosen, execution = MODELS[model], Execution(torch.device(device))
    folder = searches / f"{model}-{fingerprint(past, {'model': model, 'seed': seed})}"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    study = _open(folder, chosen.config, seed)

    def objective(trial: Trial) -> float:
        tried = replace(chosen, config=proposed(trial, chosen.config))
        judged = _pruned(trial, validator(task))
        fitted, curve = fit(early, tried, epochs, seed=seed, execution=execution, validate=judged)
        trial.set_user_attr("epochs", curve.best_epoch)
        measured = compare(vectors.tables(early, fitted, tried.config), past, early, task)
        assert measured is not None  # noqa: S101  somebody bought: counted above
        return float(measured["run"][VALUE])

    def tell(study: optuna.Study, _: FrozenTrial) -> None:
        progress("trying configurations", len(study.get_trials(states=DONE)), trials)

    study.optimize(objective, max(0, trials - len(study.get_trials(states=DONE))), callbacks=[tell])
    return _found(study, folder, model, task)


def proposed(trial: Trial, config: PopulationConfig) -> PopulationConfig:
    """Draw what is searched of a configuration."""
    drawn: dict[str, Any] = {}
    for name in _searched(config):
        low, high = SPACE[name]
        if isinstance(low, int):
            drawn[name] = trial.suggest_int(name, low, int(high), log=True)
        else:
            drawn[name] = trial.suggest_float(name, low, high, log=True)
    return replace(config, **drawn)


def _searched(config: PopulationConfig) -> list[str]:
    return [field.name for field in fields(config) if field.name in SPACE]


def _open(folder: Path, config: PopulationConfig, seed: int) -> optuna.Study:
    """Open the journal of a search; trials that a kill left under way are closed."""
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    storage = JournalStorage(JournalFileBackend(str(folder / "study.journal")))
    study = optuna.create_study(
        storage=storage,
        study_name=folder.name,
        direction="maximize",
        load_if_exists=True,
        pruner=optuna.pruners.MedianPruner(n_startup_trials=UNPRUNED, n_warmup_steps=SPARED_CHECKS),
    )
    before = study.get_trials()
    # other draws than those of the trials before, though of the same seed
    study.sampler = optuna.samplers.TPESampler(seed=seed + len(before))
    for trial in before:
        if trial.state == TrialState.RUNNING:
            study.tell(trial.number, state=TrialState.FAIL)
    if not study.get_trials(states=DONE):
        study.enqueue_trial({name: getattr(config, name) for name in _searched(config)}, skip_if_exists=True)
    return study


def _pruned(trial: Trial, validate: Validate) -> Validate:
    """Report every check to the study, and give up where it says so."""
    checks = 0

    def judged(*encoded: torch.Tensor) -> float:
        nonlocal checks
        value = validate(*encoded)
        trial.report(value, checks)
        checks += 1
        if trial.should_prune():
            raise optuna.TrialPruned
        return value

    return judged


def _found(study: optuna.Study, folder: Path, model: str, task: RankingTask) -> Found:
    tried = study.get_trials(states=DONE)
    best = max(range(len(tried)), key=lambda n: _value(tried[n]))
    config = replace(MODELS[model].config, **tried[best].params)
    recipe, partial = folder / "recipe.json", folder / ".recipe.json"
    partial.write_text(json.dumps({"model": model, "config": asdict(config)}, indent=2))
    partial.replace(recipe)
    rows = [
        {
            "state": trial.state.name.lower(),
            "value": None if trial.state == TrialState.PRUNED else trial.value,
            "epochs": trial.user_attrs.get("epochs"),
            "config": trial.params,
        }
        for trial in tried
    ]
    return Found(model, recipe, len(task.user), rows, best)


def _value(trial: FrozenTrial) -> float:
    """A pruned trial's value is that of an early check: it does not count."""
    return trial.value if trial.state == TrialState.COMPLETE and trial.value is not None else -math.inf


def read_recipe(path: Path) -> tuple[str, PopulationConfig]:
    """Read a model and its configuration, as `search` writes them.

    Raises:
        SettingsError: the file names no model, or its configuration is none of that model's.
    """
    try:
        told = json.loads(path.read_text())
        default = MODELS[told["model"]].config
        config = type(default)(**told["config"])
        for field in fields(config):
            _check(field.name, getattr(config, field.name), getattr(default, field.name))
        return told["model"], config
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise SettingsError(f"{path} is no recipe: {error}", "holley-graph search writes one") from error


def _check(name: str, value: object, default: object) -> None:
    """Refuse a value that is of another kind than the default, or a number that is none or below zero."""
    kinds = (int, float) if isinstance(default, float) else (type(default),)
    if type(value) not in kinds:
        raise ValueError(f"{name} is {value!r}, not of type {type(default).__name__}")
    if isinstance(value, (int, float)) and not 0 <= value < math.inf:
        raise ValueError(f"{name} is {value!r}")
    if name in SPACE and value == 0 and isinstance(default, int):
        raise ValueError(f"{name} is 0")
