"""Writes the reference pages from what they describe: settings, command line, graph schema, Cypher statements.

`make docs` runs this; a house test fails when a committed page differs from what it would write.
"""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any, get_args

import rich_click as click
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from holley_graph.cli import COMMANDS, cli
from holley_graph.graph import migrations, queries, schema
from holley_graph.settings import ENV_PREFIX, Section, Settings

DOCS = Path(__file__).resolve().parent
SHAPES = DOCS / "json_shapes.toml"
NOTICE = "<!-- Written by docs/generate.py (`make docs`); edit the source that it reads instead. -->\n"
DEPENDS_ON_MACHINE = {
    "home": "the user's data folder of the system (Linux: `~/.local/share/holley-graph`)",
    "server.jar_cache": "the user's cache folder of the system (Linux: `~/.cache/holley-graph/jars`)",
}
"""Defaults that differ from machine to machine, in words."""
SAID = {"tuple[str, ...]": "list of str", "dict[str, str]": "table of str", "AwareDatetime": "time with zone",
        "pathlib.Path": "path", "Path": "path", "None": "none", " | ": " or "}  # fmt: skip
"""Types in words, for people who write TOML."""


def pages() -> dict[str, str]:
    """Return every generated page by file name."""
    made = {"settings.md": settings(), "cli.md": command_line(), "schema.md": graph_schema(), "cypher.md": cypher()}
    return {name: text.rstrip() + "\n" for name, text in made.items()}


def settings() -> str:
    """List every setting with type, default, sentence and the variable that sets it."""
    home = next(option for option in cli.params if option.name == "home")
    lines = [
        "# Settings",
        NOTICE,
        "The file `holley-graph.toml` in the working directory is the weakest; `--config` names another file. The",
        "environment is stronger, and options of the command line are the strongest. A key that is not listed",
        "here is an error in each of them. Settings are read once per invocation and never change during it. The",
        "[glossary](glossary.md) explains the words.",
        "",
        "```toml",
        "# holley-graph.toml",
        "[server]",
        "bolt_port = 17687",
        "",
        "[weights]",
        "half_life_days = 60",
        "```",
        "",
        f"A list is written as JSON in the environment: `{ENV_PREFIX}SYNC__ALLOW_EMPTY='[\"orders\"]'`.",
        f"`{ENV_PREFIX}WEIGHTS__HALF_LIFE_DAYS=none` switches decay off.",
        "",
        "## Outside the sections",
        *_table("Key", "Default", "Meaning", "Environment"),
        _row("`home`", DEPENDS_ON_MACHINE["home"], getattr(home, "help", ""), f"`{ENV_PREFIX}HOME`"),
        _row(
            "(settings file)", "`holley-graph.toml`", "Read instead of the default file.", f"`{ENV_PREFIX}CONFIG`"
        ),
    ]
    for section, field in Settings.model_fields.items():
        model = field.annotation
        if isinstance(model, type) and issubclass(model, Section):
            lines += ["", f"## [{section}]", (model.__doc__ or "").strip()]
            lines += _table("Key", "Type", "Default", "Meaning", "Environment")
            lines += [_setting(section, key, entry) for key, entry in model.model_fields.items()]
    return "\n".join(lines)


def _setting(section: str, key: str, field: FieldInfo) -> str:
    default = DEPENDS_ON_MACHINE.get(f"{section}.{key}") or f"`{_spelled(field.default)}`"
    variable = f"`{ENV_PREFIX}{section.upper()}__{key.upper()}`"
    return _row(f"`{key}`", f"`{_type(field.annotation)}`", default, field.description or "", variable)


def _type(annotation: Any) -> str:
    text = annotation.__name__ if isinstance(annotation, type) and not get_args(annotation) else str(annotation)
    for type_, words in SAID.items():
        text = text.replace(type_, words)
    return text


def _spelled(value: Any) -> str:
    if value is None or value is PydanticUndefined:
        return "none"
    if isinstance(value, bool | int | float | str):
        return json.dumps(value)
    if isinstance(value, tuple):
        return json.dumps(list(value))
    return str(value)


def command_line() -> str:
    """List every command with its options and the shape of its JSON."""
    shapes = tomllib.loads(SHAPES.read_text(encoding="utf-8"))
    lines = [
        "# Command line",
        NOTICE,
        "`holley-graph [OPTIONS] COMMAND …` prints tables and lines for people. With `--json`, it prints one",
        "document for programs on standard output. Progress and errors go to standard error. The shapes below",
        "are part of the interface. A minor version may add keys, but renames and removes none. Times are ISO",
        "8601 unless a key says epoch seconds. See also [exit codes](operations.md#exit-codes) and the",
        "[glossary](glossary.md).",
        "",
        "## Global options",
        *_options(cli),
    ]
    context = click.Context(cli, info_name="holley-graph")
    for name in COMMANDS:
        command = cli.get_command(context, name)
        assert command is not None  # noqa: S101  COMMANDS names it
        here = click.Context(command, info_name=f"holley-graph {name}")
        usage = " ".join([here.info_name or "", *command.collect_usage_pieces(here)])
        lines += ["", f"## {name}", f"`{usage}`", "", _paragraphs(command.help or ""), *_options(command)]
        if name in shapes:
            shape = shapes[name]
            lines += [
                "",
                f"### {name} --json",
                "",
                "```json",
                shape["shape"].strip(),
                "```",
                "",
                shape["notes"].strip(),
            ]
    return "\n".join(lines)


def _options(command: click.Command) -> list[str]:
    lines = _table("Option", "Default", "Meaning")
    for parameter in command.params:
        if not isinstance(parameter, click.Option):
            continue
        metavar = "" if parameter.is_flag else f" {parameter.metavar or _values(parameter.type)}"
        names = ", ".join(f"`{name}{metavar}`" for name in [*parameter.opts, *parameter.secondary_opts])
        shown = parameter.show_default and parameter.default is not None and not parameter.is_flag
        meaning = (parameter.help or "").rstrip() + (" Required." if parameter.required else "")
        lines.append(_row(names, f"`{parameter.default}`" if shown else "", meaning))
    return [*lines, _row("`-h`, `--help`", "", "Show this message and exit.")] if command is cli else lines


def _values(kind: click.ParamType[Any]) -> str:
    return "|".join(kind.choices) if isinstance(kind, click.Choice) else kind.name.upper().removesuffix(" RANGE")


def _paragraphs(text: str) -> str:
    return "\n".join(line.strip() for line in text.strip().splitlines())


def graph_schema() -> str:
    """List labels, relationship types and properties as declared."""
    lines = [
        "# Graph schema",
        NOTICE,
        "The schema is declared once in `holley_graph/graph/schema.py`. The sync, the offline import and the tests",
        "read this declaration. A node or relationship type is filled from one graph table of the same lower-case",
        "name. An unknown property is absent.",
        "",
        "```",
        "(User)-[:OWNS]->(Vehicle)-[:OF_MODEL]->(VehicleModel)-[:MADE_BY]->(Make)",
        "(User)-[:VIEWED|CARTED|ORDERED]->(Product)-[:FITS]->(Vehicle)",
        "(Product)-[:OF_TYPE]->(PartType)",
        "(Product)-[:CO_PURCHASED|CO_VIEWED]->(Product)",
        "```",
        "",
        "# Nodes",
    ]
    for node in schema.NODES:
        lines += ["", f"## {node.label}", node.description, *_table("Property", "Type", "Meaning")]
        lines.append(_row(f"`{node.key.name}` (key)", node.key.kind, node.key.description))
        lines += [_row(f"`{entry.name}`", entry.kind, entry.description) for entry in node.properties]
    lines += ["", "# Relationships"]
    for rel in schema.RELATIONSHIPS:
        lines += ["", f"## ({rel.start_label})-[:{rel.type}]->({rel.end_label})", rel.description]
        if rel.properties:
            lines += _table("Property", "Type", "Meaning")
            lines += [_row(f"`{entry.name}`", entry.kind, entry.description) for entry in rel.properties]
    lines += [
        "",
        "# What a release adds",
        "",
        "A release has a slot, `a`, `b` or `c`: `User`, `Vehicle`, `VehicleModel`, `Make` and `Product` carry its",
        "vectors as `embedding_a`, `Product` also as `embedding_anchor_a`. Two slots are in use, three while a",
        "release is written. `FITS` has the release's lift of a fitment as `lift_a`. The score is a query vector",
        "times a product vector, plus the lift of the fitment, plus what the user's own history adds. The weights",
        "for the history (`path_same_part` and others) are on `Release`. Users who did something on or after the",
        "boundary also have the label `ActiveUser` and are in the vector index. Indexes are named",
        "`product_embedding_a`, `vehicle_embedding_a` and `user_embedding_a`. `live_slot` of the sync marker names",
        "the live slot:",
        "",
        "```cypher",
        "MATCH (sync:Sync {id: 'graph'})",
        "WITH 'embedding_' + sync.live_slot AS embedding",
        "MATCH (p:Product {sku: $sku})",
        "RETURN p[embedding]",
        "```",
        "",
        "# Bookkeeping",
        "",
        "`(:Sync {id: 'graph'})` says what the graph last took and which slot is live,",
        "`(:Release {run_id, slot})` which release lies in which slot, `(:Migration {version})` which schema files",
        "were applied.",
        "",
        "# Migrations",
        *_table("Version", "Name", "Statements"),
        *(
            _row(f"V{entry.version:03d}", entry.name, "<br>".join(f"`{s}`" for s in entry.statements))
            for entry in migrations.available()
        ),
    ]
    return "\n".join(lines)


def cypher() -> str:
    """List every statement with what its header promises."""
    lines = [
        "# Cypher statements",
        NOTICE,
        "A statement is a file in `cypher/`, named `room/name` and loaded by that name. `read` and `write` run in",
        "a managed transaction with retries; `auto` opens its own transactions; `schema` changes constraints or",
        "indexes. The files of `recommend/` and `browse/` can be pasted into Neo4j Browser as they are: set each",
        "parameter with `:param name => value` first.",
    ]
    room = ""
    for name in queries.names():
        query = queries.load(name)
        if name.split("/")[0] != room:
            room = name.split("/")[0]
            lines += ["", f"## {room}", *_table("Statement", "Mode", "Purpose", "Parameters", "Returns")]
        params = "<br>".join(f"`${key}` {meaning}" for key, meaning in query.params.items())
        returns = ", ".join(f"`{column}`" for column in query.returns)
        purpose = " ".join(query.purpose.split())
        lines.append(_row(f"[`{name}`](../cypher/{name}.cypher)", query.mode, purpose, params, returns))
    return "\n".join(lines)


def _table(*columns: str) -> list[str]:
    return ["", _row(*columns), "|" + "---|" * len(columns)]


def _row(*cells: str) -> str:
    """Write one line of a table, whatever line ends the cells have."""
    return "| " + " | ".join(" ".join(cell.split()).replace("|", "\\|") for cell in cells) + " |"


if __name__ == "__main__":
    for name, text in pages().items():
        (DOCS / name).write_text(text, encoding="utf-8")
