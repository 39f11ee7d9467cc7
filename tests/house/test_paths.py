"""Files and modules that documents and docstrings name exist."""

from __future__ import annotations

import ast
import importlib
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from holley_graph.settings import Settings
from tests.house import tree

HISTORY = {"CHANGELOG.md", "docs/experiments.md"}
"""Pages that tell what was there once; so do the decisions."""
SUFFIXES = "py|sql|cypher|md|toml|lua"
ROOMS = {name.split(".")[1] for name in map(tree.module, tree.python()) if name.count(".") > 1}
PAGES = [path for path in tree.with_suffix(".md") if str(path) not in HISTORY and "decisions" not in path.parts]
PATTERNS = re.compile(rf"`((?:[\w-]+/)*[\w.-]*\w\.(?:{SUFFIXES}))`")
DOTTED = re.compile(rf"`((?:holley_graph|{'|'.join(sorted(ROOMS))})(?:\.(?!(?:py|json|safetensors)`)\w+)+)`")
ELSEWHERE = {"holley-graph.toml", "rules.toml", "judge.py"}
"""Files that a user writes, or gives to a benchmark."""
TEMPLATE = re.compile("FEED|NAME|FILE|ROOM|TABLE|RAW|V00[13]__")
"""Words that stand for a name in a path."""


def named(text: str) -> set[str]:
    return {name for name in PATTERNS.findall(text) if not TEMPLATE.search(name)} - ELSEWHERE


def docstrings(path: Path) -> Iterator[str]:
    for node in ast.walk(tree.parsed(path)):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef):
            yield ast.get_docstring(node) or ""


def texts() -> list[tuple[Path, str]]:
    pages = [(page, (tree.ROOT / page).read_text(encoding="utf-8")) for page in PAGES]
    return pages + [(path, "\n".join(docstrings(path))) for path in tree.with_suffix(".py")]


def exists(name: str) -> bool:
    """Whether some committed file ends with this path, from a folder on."""
    return any(str(path) == name or str(path).endswith("/" + name) for path in tree.committed())


def importable(dotted: str) -> bool:
    """Whether a name is a setting, a module, or something that a module holds."""
    names = dotted.split(".")
    section = getattr(Settings(), names[0], None)
    if len(names) == 2 and hasattr(section, names[1]):
        return True
    if names[0] in ROOMS:
        names = ["holley_graph", *names]
    for length in range(len(names), 0, -1):
        path = tree.ROOT.joinpath(*names[:length])
        if not (path.with_suffix(".py").exists() or (path / "__init__.py").exists()):
            continue
        thing = importlib.import_module(".".join(names[:length]))
        for name in names[length:]:
            if not hasattr(thing, name) and name not in getattr(thing, "__annotations__", {}):
                return False
            thing = getattr(thing, name, None)
        return True
    return False


def test_every_file_that_is_named_exists() -> None:
    assert {(str(path), name) for path, text in texts() for name in named(text) if not exists(name)} == set()


def test_every_module_that_is_named_exists() -> None:
    missing = {(str(path), name) for path, text in texts() for name in DOTTED.findall(text) if not importable(name)}
    assert missing == set()


@pytest.mark.parametrize("name", ["gone.py", "benchmarks/gone.py", "graph/gone.sql"])
def test_a_file_that_is_gone_is_noticed(name: str) -> None:
    assert named(f"see `{name}`") == {name}
    assert not exists(name)


@pytest.mark.parametrize("name", ["holley_graph.gone", "loaders.sync.gone", "evaluation.gone.embed"])
def test_a_module_that_is_gone_is_noticed(name: str) -> None:
    assert DOTTED.findall(f"see `{name}`") == [name]
    assert not importable(name)
