"""Everything that is typed reaches the function that works: each option of each command, and each default."""

from __future__ import annotations

import importlib
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from holley_graph.campaign.split import Split
from holley_graph.cli import cli
from holley_graph.model.architectures.recipe import Recipe
from holley_graph.settings import Settings
from holley_graph.times import seconds

DAY = seconds("2026-01-31")
FIRST = datetime(2026, 1, 31, tzinfo=UTC)


class Handed(Exception):
    """What a function was called with; the command goes no further."""

    def __init__(self, arguments: tuple[Any, ...], options: dict[str, Any]) -> None:
        self.arguments, self.options = arguments, options


@pytest.fixture
def home(tmp_path: Path) -> Path:
    for name in ("mail.csv", "old.csv", "recipe.json"):
        (tmp_path / name).write_text("")
    return tmp_path / "home"


def handed(home: Path, patch: pytest.MonkeyPatch, function: str, line: str) -> tuple[list[Any], dict[str, Any]]:
    """Type a line, and return what the function was called with but settings and progress."""

    def stand_in(*arguments: Any, **options: Any) -> Any:
        raise Handed(arguments, options)

    module, _, name = function.rpartition(".")
    patch.setattr(importlib.import_module(f"holley_graph.{module}"), name, stand_in)
    runner = CliRunner(env={"HOLLEY_GRAPH_HOME": str(home)})
    result = runner.invoke(cli, line.format(folder=home.parent).split())
    assert isinstance(result.exception, Handed), result.output
    rest = [
        value for value in result.exception.arguments if not isinstance(value, Settings) and not callable(value)
    ]
    return rest, {name: value for name, value in result.exception.options.items() if name != "progress"}


PLAIN_EXPORT = {
    "ranker": "graph", "layout": "wide", "split": None, "paths": False, "one_per_email": False, "preview": None,
    "engine": "local",
}  # fmt: skip
PLAIN_STUDY = {"target": "ordered", "with_verdict": False, "fastrp": False}
CASES: dict[str, tuple[str, list[Any], dict[str, Any]]] = {
    "sync --source files:raw": (
        "workflows.sync.sync", ["files:raw", None],
        {"since_last": False, "dry_run": False, "tables_only": False},
    ),
    "sync --source csv:x --as-of 2026-01-31 --since-last --dry-run --tables-only": (
        "workflows.sync.sync", ["csv:x", DAY], {"since_last": True, "dry_run": True, "tables_only": True},
    ),
    "sync --source bigquery --full": (
        "workflows.sync.sync", ["bigquery", None],
        {"since_last": False, "dry_run": False, "tables_only": False},
    ),
    "plan --source files:raw --since-last": (
        "workflows.sync.sync", ["files:raw", None], {"since_last": True, "dry_run": True},
    ),
    "plan --source bigquery --as-of 2026-01-31T00:00:00Z --free": (
        "workflows.sync.costs", ["bigquery", DAY], {"since_last": False},
    ),
    "rejects replay run-1 --source files:raw": ("workflows.sync.replay", ["run-1", "files:raw"], {}),
    "night --source files:raw --to mail.csv": (
        "workflows.night.night", ["files:raw", "mail.csv", None], {"again": False},
    ),
    "night --source files:raw --to bigquery:d.t --as-of 2026-01-31 --again": (
        "workflows.night.night", ["files:raw", "bigquery:d.t", DAY], {"again": True},
    ),
    "tune": ("workflows.tuning.tune", ["sage", 20], {"seed": 0, "as_of": None, "folder": None}),
    "tune --model gat --trials 3 --seed 4 --as-of 2026-01-31 --snapshot s": (
        "workflows.tuning.tune", ["gat", 3], {"seed": 4, "as_of": DAY, "folder": Path("s")},
    ),
    "evaluate a b": ("workflows.evaluate.evaluate", [("a", "b")], PLAIN_STUDY),
    "evaluate a --target viewed --fastrp": (
        "workflows.evaluate.evaluate", [("a",)], PLAIN_STUDY | {"target": "viewed", "fastrp": True},
    ),
    "backtest": ("workflows.backtest.backtest", [3], PLAIN_STUDY | {"models": (), "recipes": (), "seed": 0}),
    "backtest --cuts 2 --model gat --model sage --recipe {folder}/recipe.json --seed 5 --verdict": (
        "workflows.backtest.backtest", [2],
        PLAIN_STUDY | {"models": ("gat", "sage"), "recipes": ("recipe.json",), "seed": 5, "with_verdict": True},
    ),
    **{
        f"backtest --cuts 1 --target {target}": (
            "workflows.backtest.backtest", [1],
            PLAIN_STUDY | {"models": (), "recipes": (), "seed": 0, "target": target},
        )
        for target in ("ordered", "carted", "viewed")
    },
    "writeback run-1": ("workflows.release.write_back", ["run-1"], {"force": False}),
    "writeback run-1 --force": ("workflows.release.write_back", ["run-1"], {"force": True}),
    "rollback": ("workflows.release.roll_back", [], {}),
    "embed --new": ("workflows.embed.embed_new", [], {}),
    "demo --users 300 --seed 7 --preset thin-month": ("workflows.demo.demo", [300, 7, "thin-month"], {}),
    "demo": ("workflows.demo.demo", [5_000, 20260101, "full-month"], {}),
    "gate {folder}/mail.csv": (
        "workflows.gate.check", ["mail.csv"], {"source": None, "as_of": None, "previous": None},
    ),
    "gate {folder}/mail.csv --previous {folder}/old.csv --source files:raw --as-of 2026-01-31": (
        "workflows.gate.check", ["mail.csv"], {"source": "files:raw", "as_of": DAY, "previous": "old.csv"},
    ),
    "campaign {folder}/mail.csv --treatments files:sent": (
        "workflows.campaign.read_back", ["mail.csv", Path("sent")], {},
    ),
    "export --out m.csv --generated-at 2026-01-31": (
        "workflows.export.export", [Path("m.csv"), FIRST], PLAIN_EXPORT,
    ),
    "export --out m.csv --generated-at 2026-01-31 --format long --ranker hybrid --paths --one-per-email": (
        "workflows.export.export", [Path("m.csv"), FIRST],
        PLAIN_EXPORT | {"layout": "long", "ranker": "hybrid", "paths": True, "one_per_email": True},
    ),
    "export --out m.csv --generated-at 2026-01-31 --preview p.html --engine bigquery": (
        "workflows.export.export", [Path("m.csv"), FIRST],
        PLAIN_EXPORT | {"preview": Path("p.html"), "engine": "bigquery"},
    ),
    "export --out m.csv --generated-at 2026-01-31 --campaign spring --ranker universal": (
        "workflows.export.export", [Path("m.csv"), FIRST],
        PLAIN_EXPORT | {"ranker": "universal", "split": Split("spring", ("universal",), 0.1)},
    ),
    "export --out m.csv --generated-at 2026-01-31 --campaign spring --arm graph --arm baseline --hold-out 0.25": (
        "workflows.export.export", [Path("m.csv"), FIRST],
        PLAIN_EXPORT | {"split": Split("spring", ("graph", "baseline"), 0.25)},
    ),
}  # fmt: skip
"""What is typed to the function that works, its arguments and its options."""


def named(value: Any) -> Any:
    """A file that exists by its name alone."""
    if isinstance(value, tuple):
        return tuple(named(part) for part in value)
    return value.name if isinstance(value, Path) and value.is_file() else value


@pytest.mark.parametrize("line", CASES)
def test_what_is_typed_reaches_the_function_that_works(
    line: str, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    function, arguments, options = CASES[line]
    actual, given_options = handed(home, monkeypatch, function, line)
    assert [named(value) for value in actual] == arguments
    assert {name: named(value) for name, value in given_options.items()} == options


TRAININGS: dict[str, dict[str, Any]] = {
    "train --device cpu": {"seed": 0, "as_of": None, "warm": False, "batch": None, "mixed": False},
    "train --device cpu --seed 4 --as-of 2026-01-31": {"seed": 4, "as_of": DAY},
    "train --device cpu --warm --mixed --batch 64": {"warm": True, "mixed": True, "batch": 64},
}


@pytest.mark.parametrize("line", TRAININGS)
def test_a_training_is_planned_as_it_was_typed(line: str, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (plan, folder), _ = handed(home, monkeypatch, "workflows.training.train", line)
    made = {"seed": plan.seed, "as_of": plan.as_of, "warm": plan.warm}
    made |= {"batch": plan.execution.batch, "mixed": plan.execution.mixed}
    assert made.items() >= TRAININGS[line].items()
    assert (plan.recipe, plan.execution.device.type, folder) == (Recipe.default("sage"), "cpu", None)


def test_a_training_takes_the_model_and_the_snapshot_that_are_named(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    line = "train --device cpu --model two_tower --snapshot parcels/one"
    (plan, folder), _ = handed(home, monkeypatch, "workflows.training.train", line)
    assert (plan.recipe, folder) == (Recipe.default("two_tower"), Path("parcels/one"))


def test_an_export_without_a_time_is_of_now(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = datetime.now(UTC)
    (_, moment), _ = handed(home, monkeypatch, "workflows.export.export", "export --out m.csv")
    assert 0 <= (before.replace(microsecond=0) - moment).total_seconds() * -1 < 60
    assert moment.microsecond == 0


def test_global_options_become_settings(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Settings] = []

    def stand_in(settings: Settings, *_: Any, **__: Any) -> Any:
        seen.append(settings)
        raise Handed((), {})

    monkeypatch.setattr("holley_graph.workflows.release.roll_back", stand_in)
    config = home.parent / "own.toml"
    config.write_text("[server]\nbolt_port = 9\nuser = 'file'\n")
    options = ["--home", str(home / "x"), "--config", str(config), "--uri", "bolt://db:1", "--user", "me"]
    CliRunner().invoke(cli, [*options, "--password-file", "secret", "rollback"])
    (settings,) = seen
    server = settings.server
    assert (settings.home, server.uri, server.user, server.bolt_port) == (home / "x", "bolt://db:1", "me", 9)
    assert server.password_file == Path("secret")
