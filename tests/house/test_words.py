"""What a person reads is written in plain words: none of the table below, and no long sentence."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from holley_graph.cli import COMMANDS, cli
from holley_graph.settings import Section, Settings
from tests.house import tree

UNUSED = {
    "laid aside": "added to the cart",
    "put in your cart": "added to your cart",
    r"whispers?": "tie-break weight",
    r"foils?": "negatives",
    r"strangers?": "negatives",
    r"rivals?": "negatives, or another ranker",
    r"twins?": "two towers",
    r"newcomers?": "cold start",
    r"(?:un)?touched": "interaction, or unchanged",
    r"hangs? together": "is connected",
    r"held against": "compared with",
    r"of yours": "your own",
    r"crown(?:s|ed)?": "promote",
    r"flattest": "log temperature",
    "fit very much": "fit the most vehicles",
    "of one part type in a row": "parts of one type in a row",
    "whom a mail reaches": "being reached is not random",
    "was said to be": "predicted purchase rate",
    "not had everywhere": "not available everywhere",
    "word for nothing": "`none`",
    "taken for the mean": "the mean is used",
    "Twice is": "a second one changes nothing",
    r"stands? for nobody": "is a placeholder",
    r"teach(?:es)? (?:nothing|no )": "is left out",
    r"believed": "accepted",
    r"Put .* live": "make live",
    "says the source": "the source says that",
    "that we know of": "known",
    "keep it to yourself": "keep it private",
    "which is more than": "which cannot",
    "hold it beside": "compare it with",
    r"[Ww]hoever would": "a caller who would",
    r"pictures?(?!\.example|, main)": "image, or drawing",
    r"source vectors?": "anchor vector",
}
"""What is not written, as a regular expression, and what is written instead."""
HISTORY = {"CHANGELOG.md", "docs/experiments.md"}
PAGES = [path for path in tree.with_suffix(".md") if str(path) not in HISTORY and "decisions" not in path.parts]
LONGER = {"docs/cypher.md"}
"""The page of headers that a statement's file has for itself."""
PLAIN = [str(page) for page in PAGES if str(page) not in LONGER]
MOST_WORDS = 40
USUAL_WORDS = 15


def read(page: Path | str) -> str:
    return (tree.ROOT / page).read_text(encoding="utf-8")


def prose(text: str) -> str:
    """Leave out code, but keep words in backticks that stand in a sentence."""
    return re.sub(r"```.*?```", "", text, flags=re.S)


def messages(path: Path) -> Iterator[str]:
    """Texts in a module that its users may read: strings of three words and more that are no docstrings."""
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    bodies = [node.body for node in ast.walk(tree.parsed(path)) if isinstance(node, documented)]
    quiet = {id(line.value) for body in bodies for line in body if isinstance(line, ast.Expr)}
    for node in ast.walk(tree.parsed(path)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in quiet:
            yield from [node.value] if node.value.count(" ") >= 2 else []


def helps() -> Iterator[tuple[str, str]]:
    for name in COMMANDS:
        command = cli.get_command(click.Context(cli), name)
        assert command is not None
        yield name, command.help or ""
        yield from (
            (f"{name} {parameter.name}", getattr(parameter, "help", None) or "") for parameter in command.params
        )


def descriptions() -> Iterator[tuple[str, str]]:
    for name, field in Settings.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, Section):
            for key, entry in field.annotation.model_fields.items():
                yield f"{name}.{key}", entry.description or ""


def texts() -> Iterator[tuple[str, str]]:
    """Everything that a person reads, with the place where it stands."""
    yield from ((str(page), prose(read(page))) for page in PAGES)
    yield from ((str(path), message) for path in tree.python() for message in messages(path))
    yield "docs/json_shapes.toml", read("docs/json_shapes.toml")
    yield from helps()
    yield from descriptions()


@pytest.mark.parametrize("word", UNUSED)
def test_a_word_that_is_not_used_stands_nowhere(word: str) -> None:
    unused = re.compile(rf"\b{word}\b" if word[-1] != " " else word)
    assert [(place, hit[0]) for place, text in texts() for hit in unused.finditer(text)] == [], UNUSED[word]


def sentences(text: str) -> list[str]:
    """Sentences outside tables, headings and code; a link counts as its words."""
    results = []
    for block in re.split(r"\n\s*\n|\n(?=\s*(?:[-*]|\d+\.) )", prose(text)):
        lines = [line.strip() for line in block.splitlines() if not re.match(r"\||#|<!--", line)]
        words = re.sub(r"\]\([^)]*\)", "]", " ".join(lines))
        results += re.split(r"(?<=[.!?])\s+", words)
    return [sentence for sentence in results if sentence]


@pytest.mark.parametrize("page", map(str, PAGES))
def test_no_sentence_is_long(page: str) -> None:
    assert [sentence for sentence in sentences(read(page)) if len(sentence.split()) > MOST_WORDS] == []


@pytest.mark.parametrize("page", PLAIN)
def test_sentences_are_short_on_average(page: str) -> None:
    lengths = [len(sentence.split()) for sentence in sentences(read(page))]
    assert sum(lengths) / len(lengths) <= USUAL_WORDS


def test_a_long_sentence_is_noticed() -> None:
    long = " ".join(["word"] * (MOST_WORDS + 1)) + "."
    assert sentences(f"Short one. {long}\n\n| a | table |\n\n```\n{long}\n```\n") == ["Short one.", long]
