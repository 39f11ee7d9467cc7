"""A recipe as a file: `tune` writes it down, `train` and `backtest` take it."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import asdict, fields
from pathlib import Path

from holley_graph import sealed
from holley_graph.errors import ParcelError, SettingsError
from holley_graph.model.architectures.models import architecture
from holley_graph.model.architectures.recipe import Recipe
from holley_graph.times import iso


def write(recipe: Recipe, path: Path) -> None:
    """Write a recipe to a file, replacing an earlier one whole."""
    sealed.write(path, asdict(recipe))


def read(path: Path) -> Recipe:
    """Read a file that `tune` wrote.

    Raises:
        SettingsError: the file names no model, its configuration is none of that model's, or it is not as written.
    """
    try:
        written = sealed.read(path, "remove its seal if you changed it on purpose")
        configuration = architecture(written["model"]).configuration
        default, config = configuration(), configuration(**written["config"])
        for name in (field.name for field in fields(config)):
            _check(name, getattr(config, name), getattr(default, name), config.space.get(name))
        as_of = written.get("as_of")
        return Recipe(written["model"], config, None if as_of is None else int(as_of))
    except (ParcelError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise SettingsError(f"{path} is no recipe: {error}", "holley-graph tune writes one") from error


def refuse_to_judge_by_what_chose(recipes: Iterable[Recipe], cut: int) -> None:
    """Stop a comparison whose questions are the purchases that a recipe was chosen by.

    Args:
        recipes: what is to be judged.
        cut: epoch seconds; questions are about what came after it.

    Raises:
        SettingsError: tuning saw what came after the cut.
    """
    for recipe in recipes:
        if recipe.as_of is not None and recipe.as_of > cut:
            until, earliest = iso(recipe.as_of), iso(cut)
            raise SettingsError(
                f"the recipe of {recipe.model} was chosen by what came before {until}: "
                f"what came after a cut on {earliest} cannot judge it",
                f"holley-graph tune --model {recipe.model} --as-of {earliest}",
            )


def _check(name: str, value: object, default: object, choices: object) -> None:
    """Refuse a value that is of another kind than the default, or a number that is none or below zero."""
    kinds = (int, float) if isinstance(default, float) else (type(default),)
    if type(value) not in kinds:
        raise ValueError(f"{name} is {value!r}, not of type {type(default).__name__}")
    if isinstance(value, (int, float)) and not 0 <= value < math.inf:
        raise ValueError(f"{name} is {value!r}")
    if type(value) is int and value == 0 and not (isinstance(choices, list) and 0 in choices):
        raise ValueError(f"{name} is 0")
