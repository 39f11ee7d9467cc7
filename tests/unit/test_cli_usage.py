"""What commands refuse before they ask a server, and what they say without one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result

from holley_graph import journal
from holley_graph.cli import COMMANDS, cli, trouble
from holley_graph.evaluation import registry
from holley_graph.model.architectures.recipe import Recipe
from holley_graph.model.tuning import recipe_file
from holley_graph.times import DAY
from tests.support import runs


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home that nothing was done in yet, beside two files that commands take."""
    (tmp_path / "mail.parquet").write_bytes(b"")
    (tmp_path / "rules.toml").write_text("")
    return tmp_path / "home"


def typed(home: Path, *arguments: str, **environment: str) -> Result:
    runner = CliRunner(env={"HOLLEY_GRAPH_HOME": str(home), "COLUMNS": "200", **environment})
    return runner.invoke(cli, [argument.format(folder=home.parent) for argument in arguments])


def options_of(name: str) -> set[str]:
    command = cli.get_command(click.Context(cli), name)
    assert command is not None
    return {option for parameter in command.params for option in parameter.opts}


def ended(result: Result) -> tuple[int, str]:
    """Exit code and message, as the console script would end."""
    if result.exception is None or isinstance(result.exception, SystemExit):
        return result.exit_code, result.output
    assert isinstance(result.exception, Exception)
    error = trouble.of(result.exception)
    return error.exit_code, f"{error} | {error.hint}"


USAGE = {
    "nobody is named": (["recommend"], "--user"),
    "user and email": (["forget", "--user", "u", "--email", "a@x.com"], "either --user or --email"),
    "nobody to forget": (["forget"], "either --user or --email"),
    "people by words": (["find", "people", "jane"], "people are found by --email or --vehicle"),
    "people by nothing": (["find", "people"], "people are found by --email or --vehicle"),
    "parts by email": (["find", "parts", "--email", "a@x.com"], "people are found by --email or --vehicle"),
    "people by two": (["find", "people", "--email", "a@x.com", "--vehicle", "v"], "either --email or --vehicle"),
    "no such kind": (["find", "cars"], "'cars' is not one of"),
    "none to find": (["find", "parts", "-k", "0"], "0 is not in the range"),
    "embed of everything": (["embed"], "embed needs --new"),
    "night to nowhere": (["night", "--source", "files:x"], "night needs --source and --to"),
    "a parameter of no query": (["browser", "--set", "k=4"], "--set needs --query"),
    "a parameter without a value": (["browser", "--query", "fits_vehicle", "--set", "k"], "PARAMETER=VALUE"),
    "an arm of no campaign": (["export", "--out", "m.csv", "--arm", "graph"], "--arm needs --campaign"),
    "an arm twice": (
        ["export", "--out", "m.csv", "--campaign", "c", "--arm", "graph", "--arm", "graph"],
        "two arms have the same ranker",
    ),
    "a csv into BigQuery": (["export", "--out", "m.csv", "--to", "bigquery:d.t"], "a .parquet file"),
    "a table elsewhere": (["export", "--out", "m.parquet", "--to", "d.t"], "--to is bigquery:DATASET.TABLE"),
    "a time that is none": (["sync", "--source", "files:x", "--as-of", "31.1.2026"], "'31.1.2026' is no time"),
    "no source": (["sync"], "--source"),
    "no such model": (["train", "--model", "bert"], "'bert' is not one of"),
    "no vehicle in a batch": (["train", "--batch", "0"], "0 is not in the range"),
    "a recipe that is not there": (["train", "--recipe", "nowhere.json"], "does not exist"),
    "no cut": (["backtest", "--cuts", "0"], "0 is not in the range"),
    "no run": (["evaluate"], "RUNS"),
    "no file": (["gate"], "FILE"),
    "a file that is not there": (["gate", "nowhere.csv"], "does not exist"),
    "no such command": (["recomend"], "No such command"),
    "no such option": (["status", "--jsn"], "No such option"),
    "no such action": (["rejects", "delete"], "is not one of"),
}


@pytest.mark.parametrize("case", USAGE)
def test_a_line_that_cannot_be_meant_ends_with_two_and_says_how_it_is_written(case: str, home: Path) -> None:
    arguments, message = USAGE[case]
    code, output = ended(typed(home, *arguments))
    assert (code, message in output) == (2, True), output
    assert not home.exists()  # nothing was begun


REFUSED = {
    "a source of no kind": (["sync", "--source", "ftp:x"], 2, "neither bigquery, files:DIR nor csv:DIR"),
    "the same of a plan": (["plan", "--free", "--source", "ftp:x"], 2, "neither bigquery, files:DIR nor csv:DIR"),
    "treatments of no kind": (["campaign", "{folder}/mail.parquet", "--treatments", "x"], 2, "is not files:DIR"),
    "a verdict on views": (["backtest", "--verdict", "--target", "viewed"], 2, "a verdict is about orders"),
    "the same of runs": (["evaluate", "r", "--verdict", "--target", "carted"], 2, "a verdict is about orders"),
    "a run that is not there": (["evaluate", "r"], 5, "no run 'r'"),
    "the same to make live": (["writeback", "r"], 5, "no run 'r'"),
    "no file of rules": (["rules", "check"], 2, "there is no file of rules"),
    "rejects of no run": (["rejects", "show"], 2, "rejects show needs a run"),
    "rejects of a run that left none": (["rejects", "show", "r"], 5, "no dead letters of run r"),
    "a replay without a source": (["rejects", "replay", "r"], 2, "rejects replay needs --source"),
    "another format": (["night", "--source", "files:x", "--to", "{folder}/mail.xls"], 2, "mail.xls"),
    "a file with other settings": (["--config", "{folder}/rules.toml", "rules", "check"], 2, "no file of rules"),
    "settings that are not there": (["--config", "{folder}/no.toml", "status"], 2, "no.toml"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_mistake_is_one_line_with_a_hint_and_its_exit_code(case: str, home: Path) -> None:
    arguments, code, message = REFUSED[case]
    result = typed(home, *arguments)
    assert ended(result)[0] == code, ended(result)
    assert message in ended(result)[1]
    assert isinstance(result.exception, Exception)
    error = trouble.of(result.exception)
    assert error.hint and "\n" not in str(error)


BY_EMAIL = [name for name in COMMANDS if "--email" in options_of(name)]
BESIDE_EMAIL = {"find": ["people"], "explain": ["--sku", "A"], "path": ["--sku", "A"]}


@pytest.mark.parametrize("name", BY_EMAIL)
def test_an_address_that_is_none_is_refused_before_anything_is_done_and_not_repeated(name: str, home: Path) -> None:
    beside = BESIDE_EMAIL.get(name, [])
    code, output = ended(typed(home, name, *beside, "--email", "jane.doe at example"))
    assert (code, "no email address" in output, "jane" in output) == (2, True, False), output
    assert not home.exists()


def test_commands_that_mean_a_person_take_an_email() -> None:
    assert set(BY_EMAIL) == {"find", "recommend", "explain", "path", "forget"}


ASKING = {
    "find": ["parts"],
    "recommend": ["--user", "u"],
    "similar": ["--sku", "A"],
    "next": ["--sku", "A"],
    "explain": ["--user", "u", "--sku", "A"],
    "path": ["--user", "u", "--sku", "A"],
    "migrate": [],
    "rollback": [],
    "export": ["--out", "{folder}/m.csv"],
    "gate": ["{folder}/mail.parquet"],
    "forget": ["--user", "u", "--yes"],
    "train": [],
    "browser": [],
    "serve": [],
}


@pytest.mark.parametrize("name", ASKING)
def test_a_command_that_needs_the_server_says_that_it_is_down(name: str, home: Path) -> None:
    code, output = ended(typed(home, name, *ASKING[name]))
    assert (code, "is down" in output, "holley-graph up" in output) == (10, True, True), output


@pytest.mark.parametrize("arguments", [["status"], ["down"], ["runs"], ["rejects", "list"], ["night", "--history"]])
def test_a_command_that_can_answer_without_a_server_does(arguments: list[str], home: Path) -> None:
    result = typed(home, *arguments)
    assert (result.exit_code, result.exception) == (0, None), result.output


EMPTY: dict[str, tuple[list[str], Any]] = {
    "runs": (["runs"], {"champion": None, "challenger": None, "runs": []}),
    "rejects": (["rejects", "list"], {"action": "list", "rows": []}),
    "nights": (["night", "--history"], {"nights": []}),
}


@pytest.mark.parametrize("name", EMPTY)
def test_json_of_a_new_home_is_an_empty_list_and_no_error(name: str, home: Path) -> None:
    arguments, document = EMPTY[name]
    result = typed(home, *arguments, "--json")
    assert json.loads(result.stdout) == document


def test_help_of_every_command_says_what_it_does_and_touches_nothing(home: Path) -> None:
    for name in COMMANDS:
        result = typed(home, name, "--help")
        assert (result.exit_code, "Usage:" in result.output) == (0, True), name
    assert not home.exists()


def trained(home: Path) -> None:
    """Two runs, the earlier of which is live and was judged."""
    for day, run_id in ((1, "20260101T000000-sage-0000"), (2, "20260102T000000-sage-0000")):
        folder = home / "runs" / run_id
        folder.mkdir(parents=True)
        runs.manifest(run_id, as_of=day * DAY, seconds=61.4).save(folder)
    registry.promote(home / "runs", "20260101T000000-sage-0000")


def test_runs_are_listed_oldest_first_with_the_live_one_marked(home: Path) -> None:
    trained(home)
    lines = [line.split() for line in typed(home, "runs").output.splitlines() if line.startswith("2026")]
    assert [(line[0][:8], line[2], line[-1]) for line in lines] == [
        ("20260101", "61", "champion"),
        ("20260102", "61", "–"),
    ]
    document = json.loads(typed(home, "runs", "--json").stdout)
    assert (document["champion"], len(document["runs"])) == ("20260101T000000-sage-0000", 2)
    assert all("files" not in run for run in document["runs"])


def test_a_command_that_failed_leaves_no_entry_in_the_history(home: Path) -> None:
    for arguments in (["rollback"], ["writeback", "r"], ["export", "--out", str(home.parent / "m.csv")]):
        assert typed(home, *arguments).exit_code != 0
    assert journal.entries(home) == []


def test_a_recipe_that_its_cut_cannot_judge_is_refused_before_a_training(home: Path) -> None:
    from dataclasses import replace

    recipe_file.write(replace(Recipe.default(), as_of=2_000_000_000), home.parent / "recipe.json")
    code, output = ended(typed(home, "train", "--recipe", "{folder}/recipe.json", "--as-of", "2026-01-01"))
    assert (code, "holley-graph tune --model sage --as-of 2026-01-01" in output) == (2, True), output
