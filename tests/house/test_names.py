"""One name means one thing, and says what it stands for in the field's own words."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.house import tree

VERBS = ("cli", "workflows")
"""A command and its workflow have the file name of the verb that their room has."""
ALIKE = {
    "catalogue.py": "the products that there are",
    "checks.py": "what has to hold before something goes out",
    "choose.py": "a choice among candidates",
    "config.py": "configuration",
    "connection.py": "one connection to a server",
    "files.py": "files on a disk",
    "history.py": "what happened before",
    "page.py": "the page of its room",
    "pages.py": "several pages",
    "parcel.py": "a folder that is written once and read often",
    "progress.py": "how far a command is",
    "rankers.py": "several rankers",
    "record.py": "a document that outlives the process",
    "report.py": "what something says it did",
    "schema.py": "what the graph holds",
    "serve.py": "the HTTP server",
    "shapes.py": "shapes of data from outside",
    "source.py": "a source of raw tables",
    "statements.py": "statement files by name",
    "tables.py": "tables of one place, read or written as a whole",
    "text.py": "texts as people write them",
    "warehouse.py": "where statements run and leave their rows",
    "person.py": "one person",
}
"""File names that several rooms use, each for the same kind of thing."""
OTHER_WORDS = {
    "descent": "trainer",
    "flattest": "log temperature",
    "foil": "negative",
    "foils": "negatives",
    "knobs": "config",
    "newcomers": "cold start",
    "picture": "image",
    "rival": "negative, or another ranker",
    "rivals": "negatives, or other rankers",
    "sharpness": "log temperature",
    "stock": "catalogue",
    "stranger": "negative",
    "strangers": "negatives",
    "surprise": "NLL",
    "touched": "interactions",
    "twin": "two_tower",
    "unfinished": "checkpoint",
    "weighed": "weights version",
    "whisper": "tie-break weight",
    "worth": "steps per epoch",
}
"""Words of an earlier language of this project, and what the field says."""
STILL = {
    ("holley_graph/rules/text.py", "stock"): "`out_of_stock` is a word of shops",
}

ONE_MEANING = {
    "source": (
        ("loaders", "cli", "errors.py", "forget", "gate", "night", "settings", "simulator", "web", "workflows"),
        "where raw tables are; other rooms say tier, anchor vector, sender",
    ),
    "release": (
        (
            *("cli", "counting", "embeddings", "errors.py", "evaluation", "export", "model", "recommend", "server"),
            *("web", "workflows"),
        ),
        "the vectors of one run in the graph; files and programs have versions",
    ),
}
"""A word, the rooms that use it for its one meaning, and that meaning."""


def classes() -> Iterator[tuple[str, Path]]:
    for path in tree.python():
        yield from ((node.name, path) for node in tree.parsed(path).body if isinstance(node, ast.ClassDef))


def test_no_two_public_classes_have_one_name() -> None:
    counts = Counter(name for name, _ in classes() if not name.startswith("_"))
    assert {name for name, count in counts.items() if count > 1} == set()


def several() -> set[str]:
    """File names that stand in several rooms, other than those of a verb's command and workflow."""
    rooms = [path for path in tree.python() if not {*VERBS} & {*path.parts} and path.name != "__init__.py"]
    counts = Counter(path.name for path in rooms)
    return {name for name, count in counts.items() if count > 1}


def test_modules_with_one_file_name_are_of_one_kind() -> None:
    assert several() - set(ALIKE) == set()


def names(path: Path) -> Iterator[str]:
    """Names that a module gives: of modules, classes, functions, parameters and variables."""
    yield path.stem
    for node in ast.walk(tree.parsed(path)):
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.name
        elif isinstance(node, ast.arg):
            yield node.arg
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id


def words(name: str) -> set[str]:
    return {word.lower() for word in re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])", name)}


@pytest.mark.parametrize("path", tree.python(), ids=str)
def test_names_are_the_words_of_the_field(path: Path) -> None:
    used = {(str(path), word) for name in names(path) for word in words(name) & set(OTHER_WORDS)}
    assert used - set(STILL) == set()


@pytest.mark.parametrize("word", ONE_MEANING)
def test_a_word_with_one_meaning_names_nothing_else(word: str) -> None:
    rooms, meaning = ONE_MEANING[word]
    plural = {word, f"{word}s"}
    places = {str(path) for path in tree.python() for name in names(path) if plural & words(name)}
    assert {place for place in places if not {*rooms} & {*Path(place).parts}} == set(), meaning


def test_the_words_of_a_name_are_noticed() -> None:
    assert words("_Descent") | words("stock_rows") == {"descent", "stock", "rows"}


PRONOUNS = {
    *("asked", "each", "found", "given", "gone", "kept", "mine", "ours", "said", "taken", "theirs", "told"),
}
"""A local that is called so says nothing of what it holds."""


def fields(path: Path) -> set[int]:
    """Annotated names of classes, which are read with the object before them."""
    bodies = [node.body for node in ast.walk(tree.parsed(path)) if isinstance(node, ast.ClassDef)]
    return {id(line.target) for body in bodies for line in body if isinstance(line, ast.AnnAssign)}


def variables(path: Path) -> Iterator[tuple[str, int]]:
    """Parameters and variables of a file, with their lines."""
    attributes = fields(path)
    for node in ast.walk(tree.parsed(path)):
        if isinstance(node, ast.arg):
            yield node.arg, node.lineno
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store) and id(node) not in attributes:
            yield node.id, node.lineno


@pytest.mark.parametrize("path", tree.with_suffix(".py"), ids=str)
def test_a_variable_is_named_for_what_it_holds(path: Path) -> None:
    assert [(name, line) for name, line in variables(path) if name in PRONOUNS] == []
