"""What may stand in a committed file, and how large it may be."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from tests.house import tree

# Put together here, so that this file does not name them either.
REGISTRIES = (("pypi", "org"), ("pythonhosted", "org"), ("maven", "org"), ("maven", "apache", "org"),
              ("registry", "npmjs", "org"), ("conda", "anaconda", "org"), ("download", "pytorch", "org"),
              ("proxy", "golang", "org"), ("crates", "io"))  # fmt: skip
MACHINE_FOLDERS = "|".join(("tmp", "work", "root", "home/[a-z]", "Users/[A-Za-z]"))
MACHINE_PATH = re.compile(rf"(?<![\w.$}}/~*-])/(?:{MACHINE_FOLDERS})(?:/|\b)")
LARGEST_BYTES = 1024 * 1024
MOST_LINES = {"tests": 500}
"""Limit by top folder; a test file may tell one long story."""
USUALLY_MOST = 300

TEXT = [path for path in tree.committed() if path.suffix not in {".png", ".gz", ".parquet", ".safetensors"}]


def lines(path: Path) -> int:
    return len((tree.ROOT / path).read_text(encoding="utf-8").splitlines())


def test_no_file_names_a_package_registry() -> None:
    hosts = [".".join(parts) for parts in REGISTRIES]
    named = [
        (str(path), host)
        for path in TEXT
        for host in hosts
        if host in (tree.ROOT / path).read_text(encoding="utf-8")
    ]
    assert named == []


def test_no_file_names_a_path_of_somebodys_machine() -> None:
    paths = {
        (str(path), match[0])
        for path in TEXT
        if path.name != "LICENSE"
        for match in MACHINE_PATH.finditer((tree.ROOT / path).read_text(encoding="utf-8"))
    }
    assert paths == set()


@pytest.mark.parametrize("text", ["/" + "tmp/x", "see /" + "root/.cache", '"/' + 'work/main"'])
def test_the_detector_knows_such_a_path(text: str) -> None:
    assert MACHINE_PATH.search(text)


def test_no_file_is_large() -> None:
    large = {str(path) for path in tree.committed() if (tree.ROOT / path).stat().st_size > LARGEST_BYTES}
    assert large == set()


def test_code_files_are_short() -> None:
    code = tree.with_suffix(".py", ".sql", ".cypher")
    assert {str(path) for path in code if lines(path) > MOST_LINES.get(path.parts[0], USUALLY_MOST)} == set()


@pytest.mark.parametrize("path", tree.python(), ids=str)
def test_nothing_is_caught_to_be_hidden(path: Path) -> None:
    broad = {"Exception", "BaseException"}
    for node in ast.walk(tree.parsed(path)):
        if not isinstance(node, ast.ExceptHandler):
            continue
        caught = {name.id for name in ast.walk(node.type) if isinstance(name, ast.Name)} if node.type else broad
        raises = any(isinstance(inner, ast.Raise) for inner in ast.walk(node))
        assert raises or not caught & broad, f"{path}:{node.lineno} swallows {sorted(caught)}"


def test_names_say_what_is_inside() -> None:
    vague = {"utils", "util", "helpers", "helper", "common", "misc", "manager", "managers"}
    assert {str(path) for path in tree.committed() if vague & {*path.parts, path.stem}} == set()


def test_ci_calls_make_test() -> None:
    commands = [
        line for line in (tree.ROOT / ".ci/run").read_text().splitlines() if line and not line.startswith("#")
    ]
    assert commands[-1] == "exec make test"
