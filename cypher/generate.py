"""Writes the statements that share their text: by label, key or properties, or in a passage.

`make docs` runs this; a house test fails when a committed statement differs from what it would write. In a
template, `@name` stands for a value. One that stands for several lines is empty where the schema lists
nothing. A template in a folder is one statement: there `@name` stands for a passage of `templates/passages/`.
"""

from __future__ import annotations

import re
import string
from pathlib import Path

from holley_graph.graph import schema
from holley_graph.graph.schema import Node, Property, Relationship, Vector

FOLDER = Path(__file__).resolve().parent
NOTICE = "// written by cypher/generate.py from templates/{}.template and {}: edit those"
SCHEMA, PASSAGES = "holley_graph/graph/schema.py", "cypher/templates/passages"
SLOTS = ("a", "b", "c")
STORED = {"datetime": "CASE WHEN row.@name IS NOT NULL THEN datetime({epochSeconds: row.@name}) END"}
"""How a value of a row is stored, by kind; else as it is."""
PACKED = {
    "datetime": "coalesce(r.@name.epochSeconds, -1)",
    # absent between an offline import, which drops empty lists, and the end of its sync
    "int[]": "coalesce(r.@name, [-1])",
}
"""How a stored value goes into a list, which cannot hold null, by kind; else as it is."""


class Template(string.Template):
    """Cypher with `@name` for what the schema says."""

    delimiter = "@"


def statements() -> dict[str, str]:
    """Return every generated statement by name, as its file stands."""
    made: dict[str, str] = {}
    for node in schema.NODES:
        for verb, prefix in (("load", ""), ("sweep", "sweep_"), ("tables", "")):
            made[f"{_room(verb)}/{prefix}{node.table}"] = _filled(f"{verb}_node", **_of_node(node))
    for rel in schema.RELATIONSHIPS:
        for verb, prefix in (("load", ""), ("sweep", "sweep_"), ("tables", "")):
            made[f"{_room(verb)}/{prefix}{rel.table}"] = _filled(f"{verb}_relationship", **_of_relationship(rel))
    for rel in schema.INTERACTIONS:
        made[f"load/weigh_{rel.table}"] = _filled("weigh", type=rel.type)
        made[f"snapshot/{rel.table}"] = _filled("snapshot_events", type=rel.type)
    for rel in schema.PAIRS:
        made[f"load/reweigh_{rel.table}"] = _filled("reweigh", type=rel.type)
    for vector in schema.VECTORS:
        made[f"writeback/stage_{vector.table}"] = _filled("stage", **_of_vector(vector))
        for slot in SLOTS if vector.indexed else ():
            made[f"writeback/index_{vector.table}_{slot}"] = _filled("index", slot=slot, **_of_vector(vector))
    made["writeback/staged"] = _united("staged", schema.VECTORS)
    for path in sorted((FOLDER / "templates").glob("*/*.template")):
        name = path.relative_to(FOLDER / "templates").with_suffix("").as_posix()
        made[name] = _with_passages(name, path.read_text(encoding="utf-8"))
    made["writeback/missing"] = _united(
        "missing", [declared for declared in schema.VECTORS if declared.label != "User"]
    )
    return made


def _room(verb: str) -> str:
    return "tables" if verb == "tables" else "load"


def _filled(template: str, **values: str) -> str:
    text = Template((FOLDER / "templates" / f"{template}.template").read_text(encoding="utf-8"))
    lines = text.substitute(values).splitlines()
    return "\n".join([NOTICE.format(template, SCHEMA), *(line for line in lines if line.strip())]) + "\n"


def _with_passages(name: str, text: str) -> str:
    """Put passages into a statement, each as far in as the line where it is named; a passage may name others."""
    return f"{NOTICE.format(name, PASSAGES)}\n{_passages_in(text)}"


def _passages_in(text: str) -> str:
    return re.sub(r"^( *)(.*)@(\w+)", _passage, text, flags=re.M)


def _passage(named: re.Match[str]) -> str:
    indent, before, name = named.groups()
    lines = _passages_in((FOLDER.parent / PASSAGES / f"{name}.passage").read_text(encoding="utf-8")).splitlines()
    return f"{indent}{before}" + f"\n{indent}".join(lines)


def _united(template: str, vectors: tuple[Vector, ...] | list[Vector]) -> str:
    """Fill a template once for each table of vectors: one header, and the bodies as one answer."""
    filled = [_filled(template, **_of_vector(vector)).splitlines() for vector in vectors]
    header = [line for line in filled[0] if line.startswith("//")]
    bodies = ["\n".join(line for line in lines if not line.startswith("//")) for lines in filled]
    return "\n".join([*header, "\nUNION ALL\n".join(bodies)]) + "\n"


def _of_node(node: Node) -> dict[str, str]:
    names = [node.key.name, *(prop.name for prop in node.properties)]
    return {
        "label": node.label,
        "key": node.key.name,
        "columns": ", ".join(names),
        "set": _assigned("n", node.properties),
        "values": ",\n       ".join(f"n.{name} AS {name}" for name in names),
    }


def _of_relationship(rel: Relationship) -> dict[str, str]:
    names = [prop.name for prop in rel.properties]
    lists = [f"collect({_value(PACKED, 'r', prop)}) AS {prop.name}" for prop in rel.properties]
    return {
        "type": rel.type,
        "start_label": rel.start_label,
        "start_key": _key(rel.start_label),
        "start": rel.start,
        "end_label": rel.end_label,
        "end_key": _key(rel.end_label),
        "end": rel.end,
        "columns": ", ".join([rel.start, rel.end, *names]),
        "set": _assigned("r", rel.properties),
        "absent": "; -1 stands for an absent time"
        if any(prop.kind == "datetime" for prop in rel.properties)
        else "",
        "more_columns": "".join(f", {name}" for name in names),
        "more_lists": "".join(f",\n         {prop}" for prop in lists),
    }


def _of_vector(vector: Vector) -> dict[str, str]:
    return {
        "table": vector.table,
        "label": vector.label,
        "key": _key(vector.label),
        "property": vector.property,
        "indexed": vector.indexed or "",
        "description": vector.description,
    }


def _assigned(variable: str, properties: tuple[Property, ...]) -> str:
    assignments = (f"{variable}.{prop.name} = {_value(STORED, 'row', prop)}" for prop in properties)
    return "SET " + ",\n    ".join(assignments) if properties else ""


def _value(by_kind: dict[str, str], variable: str, prop: Property) -> str:
    return Template(by_kind.get(prop.kind, f"{variable}.@name")).substitute(name=prop.name)


def _key(label: str) -> str:
    return next(node.key.name for node in schema.NODES if node.label == label)


if __name__ == "__main__":
    for name, text in statements().items():
        (FOLDER / f"{name}.cypher").write_text(text, encoding="utf-8")
