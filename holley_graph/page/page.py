"""Fills templates. Every value is escaped, so what stands in the data is text on a page, too."""

from __future__ import annotations

from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from holley_graph import amounts

STYLE = Path(__file__).with_name("style.css")


@cache
def style() -> str:
    """Return the style sheet."""
    return STYLE.read_text(encoding="utf-8")


def render(template: str, **values: Any) -> str:
    """Fill a template of a room, for example `web/person.html`."""
    return _environment().get_template(template).render(values)


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(STYLE.parents[1]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    environment.globals["style"] = Markup(style())  # noqa: S704 - our own file
    environment.globals["version"] = version("holley-graph")
    environment.filters |= {
        "money": amounts.money,
        "counted": amounts.counted,
        "duration": amounts.duration,
        "vehicle": lambda vehicle_id: vehicle_id.replace("|", " "),
        "when": lambda time: time[:16].replace("T", " ") + " UTC" if time else "never",
    }
    return environment
