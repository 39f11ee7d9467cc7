"""A better configuration by trial: Optuna proposes, time that is held back inside the training window judges.

Akiba et al., "Optuna: A Next-generation Hyperparameter Optimization Framework" (KDD 2019): configurations are drawn
where good ones were found (TPE), and a training whose validation lags behind the median of the others at the same
step is pruned. The first trial is the default. All is kept in a journal, so that a tuning goes on where it was.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import optuna
import torch
from optuna.exceptions import OptunaError
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from optuna.trial import FrozenTrial, Trial, TrialState

from holley_graph.counting.utility import Counted
from holley_graph.errors import GraphStateError, ParcelError
from holley_graph.model.architectures.recipe import Recipe
from holley_graph.model.inference import vectors
from holley_graph.model.inference.trained import rescaled
from holley_graph.model.training.checkpoint import fingerprint
from holley_graph.model.training.fit import Stage, Validate, fit
from holley_graph.model.training.held_back import FEWEST_TEST_USERS, WINDOW_DAYS, hold_back, trust, validator
from holley_graph.model.training.measure import compare
from holley_graph.model.training.plan import Plan
from holley_graph.model.training.train import STEPS
from holley_graph.model.tuning import recipe_file
from holley_graph.model.tuning.space import proposed
from holley_graph.progress import Progress, silent
from holley_graph.snapshot.snapshot import Snapshot

UNPRUNED, SPARED_CHECKS = 4, 2
"""Trials before any is pruned, and checks before one is."""
VALUE = "NDCG@10"
DAMAGED = (ValueError, LookupError, TypeError, AttributeError, AssertionError, OptunaError)
"""What Optuna raises where a line of its journal is none of its own."""
DONE = (TrialState.COMPLETE, TrialState.PRUNED)


@dataclass(frozen=True)
class Tuned:
    """A finished tuning; `as_dict` is the documented JSON shape.

    Attributes:
        model: whose configuration was searched.
        recipe: the file with the best one, as `train` and `backtest --recipe` take it.
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
        """Return it as plain values."""
        return asdict(self)


def tune(
    full: Snapshot, folder: Path, plan: Plan, trials: int, steps: int = STEPS, progress: Progress = silent
) -> Tuned:
    """Try configurations until there are so many trials, earlier ones of the same tuning counted.

    Args:
        full: the snapshot; what it knows from `plan.as_of` on is not looked at.
        folder: of all tunings.
        plan: its recipe names the model, its seed is that of every training and of the proposals.
        trials: how many there shall be.
        steps: of a training at most.
        progress: told after each trial.

    Raises:
        GraphStateError: too few people bought something in the last days to tell configurations apart.
    """
    past = full.before(full.as_of if plan.as_of is None else plan.as_of)
    held = hold_back(past)
    if len(held.task.user) < FEWEST_TEST_USERS:
        raise GraphStateError(
            f"{len(held.task.user)} people bought in any {WINDOW_DAYS} days: too few to tell configurations apart",
            "choose among configurations when more was bought",
        )
    model, seed = plan.recipe.model, plan.seed
    folder = folder / f"{model}-{fingerprint(past, {'model': model, 'seed': seed})}"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    study = _open(folder, model, seed)

    def objective(trial: Trial) -> float:
        recipe = Recipe(model, proposed(trial, model))
        validate = _pruned(trial, validator(held))
        trained = fit(held.early, replace(plan, recipe=recipe), Stage("training", steps), validate=validate)
        trial.set_user_attr("epochs", len(trained.curve.loss))
        tables = vectors.tables(held.early, rescaled(trained, trust(held, trained)), recipe.config)
        measured = compare(tables, held.early, held.task)
        assert measured is not None  # noqa: S101  somebody bought: counted above
        return float(measured["run"][VALUE])

    def tell(study: optuna.Study, _: FrozenTrial) -> None:
        progress("trying configurations", len(study.get_trials(states=DONE)), trials)

    study.optimize(objective, max(0, trials - len(study.get_trials(states=DONE))), callbacks=[tell])
    return _summary(study, folder, model, past.as_of, len(held.task.user))


def _open(folder: Path, model: str, seed: int) -> optuna.Study:
    """Open the journal of a tuning; trials that a kill left under way are closed.

    Raises:
        ParcelError: the journal is damaged.
    """
    journal = folder / "study.journal"
    try:
        return _read(journal, model, seed)
    except DAMAGED as error:
        raise ParcelError(f"{journal} is damaged", f"remove {folder}; tuning then begins anew") from error


def _read(journal: Path, model: str, seed: int) -> optuna.Study:
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    if journal.exists() and not (written := journal.read_bytes()).endswith(b"\n"):
        journal.write_bytes(written[: written.rfind(b"\n") + 1])  # a line that was not finished
    storage = JournalStorage(JournalFileBackend(str(journal)))
    study = optuna.create_study(
        storage=storage,
        study_name=journal.parent.name,
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
        default = Recipe.default(model).config
        study.enqueue_trial({name: getattr(default, name) for name in default.space}, skip_if_exists=True)
    return study


def _pruned(trial: Trial, validate: Validate) -> Validate:
    """Report every check to the study, and give up where it says so."""
    checks = 0

    def checked(q: torch.Tensor, z: torch.Tensor, counted: Counted) -> float:
        nonlocal checks
        value = validate(q, z, counted)
        trial.report(value, checks)
        checks += 1
        if trial.should_prune():
            raise optuna.TrialPruned
        return value

    return checked


def _summary(study: optuna.Study, folder: Path, model: str, as_of: int, users: int) -> Tuned:
    trials = study.get_trials(states=DONE)
    best = max(range(len(trials)), key=lambda number: _value(trials[number]))
    recipe = folder / "recipe.json"
    best_config = replace(Recipe.default(model).config, **trials[best].params)
    recipe_file.write(Recipe(model, best_config, as_of), recipe)
    rows = [
        {
            "state": trial.state.name.lower(),
            "value": None if trial.state == TrialState.PRUNED else trial.value,
            "epochs": trial.user_attrs.get("epochs"),
            "config": trial.params,
        }
        for trial in trials
    ]
    return Tuned(model, recipe, users, rows, best)


def _value(trial: FrozenTrial) -> float:
    """A pruned trial's value is that of an early check: it does not count."""
    return trial.value if trial.state == TrialState.COMPLETE and trial.value is not None else -math.inf
