"""The documents say what the code does: links resolve, generated pages are fresh, nothing is left out."""

from __future__ import annotations

import ast
import json
import re
import tomllib
from dataclasses import fields
from functools import cache
from pathlib import Path
from typing import Any

import click
import pytest

from holley_graph import errors, settings
from holley_graph.cli import COMMANDS, cli
from holley_graph.graph import queries
from holley_graph.loaders.contracts import FEEDS
from holley_graph.loaders.engine import statements
from holley_graph.settings import Section, Settings
from tests.house import tree

DOCS = tree.ROOT / "docs"
PAGES = [path for path in tree.with_suffix(".md") if path.parts[0] != ".github"]
NEEDED = {
    "README.md", "CHANGELOG.md", "CONTRIBUTING.md", "docs/tour.md", "docs/glossary.md", "docs/operations.md",
    "docs/settings.md", "docs/cli.md", "docs/schema.md", "docs/cypher.md", "docs/contract.md",
    "docs/experiments.md",
}  # fmt: skip


def read(page: Path) -> str:
    return (tree.ROOT / page).read_text(encoding="utf-8")


@cache
def shapes() -> dict[str, Any]:
    loaded = tomllib.loads((DOCS / "json_shapes.toml").read_text(encoding="utf-8"))
    return {name: json.loads(entry["shape"]) for name, entry in loaded.items()}


def test_the_pages_that_people_are_pointed_to_exist() -> None:
    assert {str(page) for page in PAGES} >= NEEDED


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_every_relative_link_leads_somewhere(page: Path) -> None:
    text = re.sub(r"```.*?```", "", read(page), flags=re.S)
    for target in re.findall(r"\[[^\]]*\]\(([^)\s]+)\)", text):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        file = (tree.ROOT / page).parent / path if path else tree.ROOT / page
        assert file.exists(), f"{page}: {target}"
        if anchor:
            assert anchor in anchors(file.read_text(encoding="utf-8")), f"{page}: {target}"


def anchors(text: str) -> set[str]:
    """Heading anchors as the usual renderers make them."""
    headings = re.findall(r"^#+\s+(.*)$", text, flags=re.M)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


def test_the_index_of_the_experiments_has_every_entry_in_order() -> None:
    text = read(Path("docs/experiments.md"))
    index = text.partition("\n## Index\n")[2].partition("\n## ")[0]
    entries = re.findall(r"^## (\d{4}-\d\d-\d\d)  (.+)$", text, flags=re.M)
    assert re.findall(r"^- (\S+) \[(.+)\]\(#", index, flags=re.M) == entries


@pytest.mark.parametrize("name", ["settings.md", "cli.md", "schema.md", "cypher.md"])
def test_a_generated_page_is_what_make_docs_would_write(name: str) -> None:
    assert (DOCS / name).read_text(encoding="utf-8") == tree.script("docs/generate.py").pages()[name], (
        "run `make docs`"
    )


def test_every_command_and_option_is_documented() -> None:
    text = read(Path("docs/cli.md"))
    for name in COMMANDS:
        section = re.search(rf"^## {name}\n(.*?)(?=^## |\Z)", text, flags=re.M | re.S)
        assert section, name
        command = cli.get_command(click.Context(cli), name)
        assert command is not None
        for option in command.params:
            if isinstance(option, click.Option):
                spellings = [*option.opts, *option.secondary_opts]
                assert all(f"`{spelled}" in section[1] for spelled in spellings), (name, spellings)
    for option in cli.params:
        assert all(f"`{spelled}" in text for spelled in option.opts), option.opts


def test_every_setting_is_documented_with_a_sentence() -> None:
    text = read(Path("docs/settings.md"))
    for section, field in Settings.model_fields.items():
        model = field.annotation
        if not (isinstance(model, type) and issubclass(model, Section)):
            continue
        for key, entry in model.model_fields.items():
            assert entry.description, f"{section}.{key} has no docstring"
            assert f"`HOLLEY_GRAPH_{section.upper()}__{key.upper()}`" in text


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_every_line_of_a_table_is_whole(page: Path) -> None:
    text = re.sub(r"```.*?```", "", read(page), flags=re.S)
    assert [line for line in text.splitlines() if line.startswith("|") and not line.rstrip().endswith("|")] == []


@pytest.mark.parametrize("page", [page for page in PAGES if page.name != "experiments.md"], ids=str)
def test_every_variable_that_a_page_sets_is_accepted(page: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shown = re.findall(r"\b(HOLLEY_GRAPH_[A-Z]+__[A-Z_]+)=('[^']*'|[^\s`,;]+)", read(page))
    for name, value in shown:
        with monkeypatch.context() as environment:
            environment.setenv(name, value.strip("'"))
            settings.load()


def test_every_setting_is_used() -> None:
    """A key that nobody reads would be a promise that is not kept."""
    code = "\n".join(
        (tree.ROOT / path).read_text(encoding="utf-8") for path in tree.python() if "settings" not in path.parts
    )
    unused = [
        f"{section}.{key}"
        for section, field in Settings.model_fields.items()
        if isinstance(field.annotation, type) and issubclass(field.annotation, Section)
        for key in field.annotation.model_fields
        if not re.search(rf"\.{key}\b", code)
    ]
    by_name = {f"bigquery.{name}" for feed in FEEDS for name in (f"{feed.raw}_table", f"{feed.dataset}_dataset")}
    assert set(unused) - by_name == set()


def every_error() -> list[type[errors.HolleyGraphError]]:
    known = [value for value in vars(errors).values() if isinstance(value, type)]
    return [value for value in known if issubclass(value, errors.HolleyGraphError)]


@pytest.mark.parametrize("error", every_error(), ids=lambda error: error.__name__)
def test_every_error_stands_in_the_table_of_exit_codes(error: type[errors.HolleyGraphError]) -> None:
    table = read(Path("docs/operations.md")).partition("## Exit codes")[2].partition("\n## ")[0]
    rows = [line for line in table.splitlines() if f"`{error.__name__}`" in line]
    assert len(rows) == 1, error.__name__
    assert rows[0].startswith(f"| {error.exit_code} |")


def test_the_tree_drawn_on_top_of_errors_is_the_tree() -> None:
    drawn = dict(re.findall(r"── (\w+) (\d+)$", errors.__doc__ or "", flags=re.M))
    bases = {errors.HolleyGraphError, errors.ServerError}
    assert drawn == {error.__name__: str(error.exit_code) for error in every_error() if error not in bases}


def test_every_reason_of_a_dead_letter_is_explained() -> None:
    text = read(Path("docs/contract.md"))
    texts = "\n".join(statements.text(feed.clean.name) for feed in FEEDS)
    reasons = set(re.findall(r"'([a-z]+\.[a-z_]+)'", texts))
    reasons |= set(re.findall(r"'(outside_window|other_name|past_boundary)'", texts))
    assert reasons
    assert {reason for reason in reasons if f"`{reason}`" not in text} == set()


def test_every_command_with_json_has_its_shape_documented() -> None:
    with_json = {
        name
        for name in COMMANDS
        if any(
            "--json" in option.opts for option in getattr(cli.get_command(click.Context(cli), name), "params", [])
        )
    }
    assert with_json == set(shapes())


def test_documented_shapes_have_the_keys_that_the_code_prints() -> None:
    from holley_graph.campaign.outcome import CampaignReport
    from holley_graph.embeddings.writeback import WritebackReport
    from holley_graph.export.effect import Effect, RulesReport
    from holley_graph.export.everybody import ExportReport
    from holley_graph.forget.forget import ForgetReport
    from holley_graph.gate.gate import Finding, GateReport
    from holley_graph.loaders.report import SyncReport
    from holley_graph.recommend import strategies
    from holley_graph.recommend.answers import Answer
    from holley_graph.recommend.explain import Explanation
    from holley_graph.server.doctor import Prerequisite
    from holley_graph.server.status import KEYS

    def keys(dataclass: Any) -> list[str]:
        return [field.name for field in fields(dataclass)]

    known = shapes()
    assert sorted(known["status"]) == sorted(KEYS)
    assert list(known["doctor"][0]) == keys(Prerequisite)
    assert list(known["sync"]) == keys(SyncReport)
    assert list(known["writeback"]) == keys(WritebackReport)
    assert list(known["recommend"]) == keys(Answer)
    assert list(known["explain"]) == keys(Explanation)
    assert list(known["export"]) == keys(ExportReport)
    assert list(known["rules"]) == keys(RulesReport)
    assert list(known["rules"]["effects"][0]) == keys(Effect)
    assert list(known["gate"]) == keys(GateReport)
    assert list(known["forget"]) == keys(ForgetReport)
    assert list(known["campaign"]) == keys(CampaignReport)
    assert tuple(known["campaign"]["arms"][0])[:8] == tuple(statements.load("campaign/outcome").returns)
    assert list(known["gate"]["checks"][0]) == keys(Finding)
    for statement in ("recommend/user", "recommend/vehicle"):
        assert tuple(known["recommend"]["rows"][0]) == (*queries.load(statement).returns, "reason")
    assert tuple(known["similar"]["rows"][0]) == queries.load("recommend/similar").returns
    assert tuple(known["next"]["rows"][0]) == queries.load("recommend/next").returns
    for way in strategies.STRATEGIES:
        columns = tuple(name for name in known["recommend"]["rows"][0] if name != "rule")
        assert columns == queries.load(f"recommend/{way}").returns
    assert tuple(known["path"]["edges"][0]) == queries.load("recommend/drawing").returns
    assert tuple(known["explain"]["facts"]) == queries.load("recommend/explain").returns
    assert set(known["status"]) > set(queries.load("server/status").returns)
    assert tuple(known["status"]["indexes"][0]) == queries.load("server/indexes").returns


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_commands_that_a_page_shows_exist(page: Path) -> None:
    shown = re.findall(r"^\$? ?(?:holley-graph)((?: --?[\w-]+(?: \S+)?)*) (\w+)", read(page), flags=re.M)
    assert {name for _, name in shown} <= set(COMMANDS)


def test_every_room_stands_in_the_house_of_the_readme() -> None:
    house = read(Path("README.md")).partition("## The house")[2].partition("\n## ")[0]
    packages = {path.parts[1] for path in tree.python() if path.parts[0] == "holley_graph" and len(path.parts) > 2}
    top = {path.parts[0] for path in tree.committed() if len(path.parts) > 1} - {".ci", ".github", "requirements"}
    assert {room for room in packages | top if f" {room}/" not in house} == set()


@pytest.mark.parametrize("path", tree.python(), ids=str)
def test_every_module_says_what_it_is_for(path: Path) -> None:
    assert len((ast.get_docstring(tree.parsed(path)) or "").split()) >= 3


def test_the_readme_names_the_two_commands_and_make_knows_them() -> None:
    readme, make = read(Path("README.md")), read(Path("Makefile"))
    for target in ("demo", "test"):
        assert f"make {target}" in readme
        assert re.search(rf"^{target}:", make, flags=re.M)
