"""What deploy/, the Dockerfile and docker-compose.yml name exists: files, options, settings, users, versions."""

from __future__ import annotations

import ast
import configparser
import fnmatch
import re
import shlex
from pathlib import Path

import click
import pytest

from holley_graph.cli import cli
from holley_graph.evaluation.verdict import EXIT_CODES
from holley_graph.settings import load
from tests.house import tree

ROOT = Path(__file__).parents[2]
SERVICE, CRONTAB, DAG = "holley-graph-night.service", "crontab", "airflow_dag.py"


def text(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def instructions() -> list[tuple[str, str]]:
    """Instructions of the Dockerfile with their arguments."""
    lines = [line for line in text("Dockerfile").splitlines() if line and not line.startswith("#")]
    return [(word, rest) for word, _, rest in (line.partition(" ") for line in lines)]


def typed(command: list[str]) -> click.Context:
    """Parse a command as the command line does; an unknown command or option ends the test."""
    name, *arguments = command[1:]
    known = cli.get_command(click.Context(cli), name)
    assert known is not None, name
    return known.make_context(name, arguments)


def commands() -> dict[str, list[str]]:
    """Each place that runs the tool, and what it types."""
    unit = configparser.ConfigParser(strict=False, interpolation=None)
    unit.optionxform = str  # type: ignore[assignment,method-assign]
    unit.read_string(text(f"deploy/{SERVICE}"))
    (cron,) = re.findall(r"(/\S+/holley-graph .*?) >>", text(f"deploy/{CRONTAB}"))
    (compose,) = re.findall(r"^ +command: (\[.*\])$", text("docker-compose.yml"), flags=re.M)
    return {
        SERVICE: shlex.split(unit["Service"]["ExecStart"]),
        CRONTAB: shlex.split(cron),
        "docker-compose.yml": ["holley-graph", *ast.literal_eval(compose)],
    }


@pytest.mark.parametrize("place", [SERVICE, CRONTAB, "docker-compose.yml"])
def test_what_is_run_every_night_is_a_command_with_its_options(place: str) -> None:
    question = typed(commands()[place])
    assert question.info_name == "night"
    assert question.params["source"] and question.params["to"]


@pytest.mark.parametrize("place", [f"deploy/{SERVICE}", f"deploy/{CRONTAB}", "docker-compose.yml", "Dockerfile"])
def test_settings_in_the_environment_are_settings(place: str, monkeypatch: pytest.MonkeyPatch) -> None:
    named = re.findall(r"\b(HOLLEY_GRAPH_[A-Z]+__[A-Z_]+)[=:] ?\"?([^\s\"]+)", text(place))
    assert named or place == "Dockerfile"
    for name, value in named:
        monkeypatch.setenv(name, value)
    load()


def test_a_night_that_said_no_is_not_tried_again() -> None:
    unit = text(f"deploy/{SERVICE}")
    (said_no,) = re.findall(r"^RestartPreventExitStatus=(.*)$", unit, flags=re.M)
    verdicts = {code for code in EXIT_CODES.values() if code}
    assert verdicts < {int(code) for code in said_no.split()}
    (assigned,) = [node for node in ast.parse(text(f"deploy/{DAG}")).body if isinstance(node, ast.Assign)]
    assert set(ast.literal_eval(assigned.value)) == verdicts


def test_the_image_copies_what_is_committed_and_nothing_that_the_builder_is_not_sent() -> None:
    committed = {str(path) for path in tree.committed()}
    folders = {str(parent) for path in tree.committed() for parent in path.parents}
    sent = [line[1:] for line in text(".dockerignore").splitlines() if line.startswith("!")]
    copied = [source for word, rest in instructions() if word == "COPY" for source in rest.split()[:-1]]
    assert copied
    for source in copied:
        assert source in committed | folders, source
        assert any(fnmatch.fnmatch(source, pattern) or source.startswith(f"{pattern}/") for pattern in sent), source
    assert set(sent) == {source.split("/")[0] for source in copied}


def test_the_image_has_the_versions_that_the_tests_ran_with_and_none_of_the_tests_tools() -> None:
    def pins(name: str) -> dict[str, str]:
        return dict(re.findall(r"^([\w.-]+)==([^ ;\\]+)", text(f"requirements/{name}"), flags=re.M))

    actual, all_of_them = pins("image.txt"), pins("lock.txt")
    assert actual.items() < all_of_them.items()
    assert "torch" in actual
    assert not {"pytest", "ruff", "mypy", "selenium"} & set(actual)


def test_every_package_of_the_image_is_checked_by_its_hash_and_nobody_is_root() -> None:
    installs = [
        rest for word, rest in instructions() if word == "RUN" and (" install " in rest or " sync " in rest)
    ]
    pulled = [rest for rest in installs if "pip" in rest]
    assert len(pulled) == 3
    assert all("--require-hashes" in rest or "--build-constraints" in rest for rest in pulled)
    order = [word for word, _ in instructions()]
    assert order.index("USER") > max(index for index, word in enumerate(order) if word == "RUN")
    assert dict(instructions())["ENTRYPOINT"] == '["holley-graph"]'
