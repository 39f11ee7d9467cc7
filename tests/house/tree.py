"""The tree as the house tests see it: what is or would be committed."""

from __future__ import annotations

import ast
import importlib.util
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from types import ModuleType

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = ("holley_graph", "loaders")
"""Of the package: `holley_graph/loaders` is a link to the second."""


@cache
def committed() -> tuple[Path, ...]:
    """Every file that git knows or would take, relative to the root."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    return tuple(sorted(Path(name) for name in set(listed.split("\0")) if name and (ROOT / name).is_file()))


def with_suffix(*suffixes: str) -> list[Path]:
    return [path for path in committed() if path.suffix in suffixes]


def python() -> list[Path]:
    """Modules of the package."""
    return [path for path in with_suffix(".py") if path.parts[0] in FOLDERS]


def text(path: Path | str) -> str:
    return (ROOT / path).read_text(encoding="utf-8")


@cache
def script(path: str) -> ModuleType:
    """A script of ours that is in no package."""
    spec = importlib.util.spec_from_file_location(path.replace("/", "_").removesuffix(".py"), ROOT / path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@cache
def parsed(path: Path) -> ast.Module:
    return ast.parse((ROOT / path).read_text(encoding="utf-8"), filename=str(path))


def module(path: Path) -> str:
    """Dotted name of a file."""
    package = () if path.parts[0] == "holley_graph" else ("holley_graph",)
    return ".".join((*package, *path.with_suffix("").parts)).removesuffix(".__init__")


def imports(path: Path) -> Iterator[str]:
    """Dotted names that a file imports, at its top or inside functions; for types only included."""
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative imports hide which room is meant"
            for alias in node.names:
                yield f"{node.module}.{alias.name}"
