"""Reads the file of rules and refuses what it does not understand.

    out_of_stock = ["4150-1"]            # or out_of_stock_file = "stock.txt": one SKU a line

    [[rule]]
    name = "Spring carburetors"
    do = "boost"                         # pin, keep, boost, bury or exclude
    times = 2.0
    part_type = "Carburetor"
    make = ["FORD", "MERCURY"]
    from = 2026-03-01
    until = 2026-03-31

A rule speaks about parts and vehicles for which every condition that it states holds; a list holds when one of its
values does.
"""

from __future__ import annotations

import difflib
import math
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass, fields
from datetime import date
from pathlib import Path
from typing import Any

from holley_graph import files, spelling
from holley_graph.errors import SettingsError

DOES = ("pin", "keep", "boost", "bury", "exclude")
_DESCRIBED = "docs/marketing.md describes the file of rules"
OUT_OF_STOCK = "out of stock"
"""Name of the rule that the list of SKUs makes."""
_SPELLED = {
    "sku": spelling.upper,
    "brand": lambda text: spelling.normal(text).lower(),
    "part_type": lambda text: spelling.normal(text).lower(),
    "vehicle": lambda text: " ".join(spelling.upper(text).replace("|", " ").split()),
    "make": spelling.upper,
}
"""Conditions that are lists of names, and how a name compares."""
CONDITIONS = tuple(_SPELLED)
_TOML = {"from_": "from"}


@dataclass(frozen=True)
class Rule:
    """One rule.

    Attributes:
        name: what exports and reports call it.
        do: one of `DOES`.
        sku, brand, part_type, price_from, price_below: which parts; empty or none is any. A part without a known
            price meets no condition on prices.
        vehicle, make: of which vehicles' owners.
        from_, until: first and last day; none is open.
        slots: parts of an answer that a pin or a keep asks for.
        share: the same as a share of the answer, for keep.
        times: for boost, how many times as likely to be bought the part counts.
    """

    name: str
    do: str
    sku: tuple[str, ...] = ()
    brand: tuple[str, ...] = ()
    part_type: tuple[str, ...] = ()
    price_from: float | None = None
    price_below: float | None = None
    vehicle: tuple[str, ...] = ()
    make: tuple[str, ...] = ()
    from_: date | None = None
    until: date | None = None
    slots: int = 1
    share: float | None = None
    times: float = 1.0

    def active(self, day: date) -> bool:
        """Say whether it holds on a day."""
        return (self.from_ is None or self.from_ <= day) and (self.until is None or day <= self.until)

    def asks_for(self, k: int) -> int:
        """Count the parts that must be its own in an answer of k; 0 unless it pins or keeps."""
        if self.do not in ("pin", "keep"):
            return 0
        return self.slots if self.share is None else math.ceil(self.share * k)

    @property
    def adds(self) -> float:
        """What is added to a score, in nats."""
        return math.log(self.times) if self.do == "boost" else 0.0

    def as_parameter(self, k: int) -> dict[str, Any]:
        """Return it as the statements of `cypher/recommend/` take it."""
        values: dict[str, Any] = {
            "name": self.name, "do": self.do, "slots": self.asks_for(k), "adds": self.adds,
            "price_from": self.price_from, "price_below": self.price_below,
        }  # fmt: skip
        return values | {name: list(getattr(self, name)) for name in _SPELLED}


@dataclass(frozen=True)
class Rules:
    """Every rule of a file, in its order."""

    rules: tuple[Rule, ...] = ()

    def on(self, day: date) -> tuple[Rule, ...]:
        """Return the rules that hold on a day."""
        return tuple(rule for rule in self.rules if rule.active(day))


def read(file: Path | None) -> Rules:
    """Read a file of rules; no file, no rules.

    Raises:
        SettingsError: it is missing, is not TOML, or says what nobody understands.
    """
    if file is None:
        return Rules()
    try:
        document = tomllib.loads(files.content(file).decode())
    except (OSError, ValueError) as error:
        raise SettingsError(f"{file}: {error}", _DESCRIBED) from error
    _known(file.name, document, ("rule", "out_of_stock", "out_of_stock_file"))
    rules = [_rule(file.name, number, entry) for number, entry in enumerate(_tables(file, document), 1)]
    unavailable = _out_of_stock(file, document)
    names = [rule.name for rule in rules]
    twice = next((name for name in names if names.count(name) > 1 or name == OUT_OF_STOCK), None)
    if twice:
        raise SettingsError(f"{file.name}: two rules are called {twice!r}", "give one of them another name")
    return Rules((*rules, Rule(OUT_OF_STOCK, "exclude", sku=unavailable)) if unavailable else tuple(rules))


def parameters(file: Path | None, k: int, day: date) -> list[dict[str, Any]]:
    """Return the rules of a day as the statements of `cypher/recommend/` take them."""
    return [rule.as_parameter(k) for rule in read(file).on(day)]


def _tables(file: Path, document: dict[str, Any]) -> list[dict[str, Any]]:
    tables = document.get("rule", [])
    if not isinstance(tables, list) or not all(isinstance(entry, dict) for entry in tables):
        raise SettingsError(f"{file.name}: each rule begins with [[rule]]", _DESCRIBED)
    return tables


def _rule(file: str, number: int, entry: dict[str, Any]) -> Rule:
    where = f"{file}, rule {entry.get('name', number)!r}"
    keys = [_TOML.get(field.name, field.name) for field in fields(Rule)]
    _known(where, entry, keys)
    if not isinstance(entry.get("name"), str) or entry.get("do") not in DOES:
        raise SettingsError(f"{where}: a rule needs a name, and do = one of {', '.join(DOES)}", _DESCRIBED)
    entries = {"from_" if key == "from" else key: value for key, value in entry.items()}
    rule = Rule(**{key: _value(where, key, value) for key, value in entries.items()})
    for key, actions in (("slots", ("pin", "keep")), ("share", ("keep",)), ("times", ("boost",))):
        if key in entry and rule.do not in actions:
            raise SettingsError(f"{where}: {key} is for {' and '.join(actions)}, not for {rule.do}", _DESCRIBED)
    if rule.do == "boost" and "times" not in entry:
        raise SettingsError(f"{where}: boost needs times", "times = 2.0")
    if rule.do == "keep" and not {"slots", "share"} & set(entry):
        raise SettingsError(f"{where}: keep needs slots or share", _DESCRIBED)
    return rule


def _value(where: str, key: str, value: Any) -> Any:
    """Check one value of a rule and spell it as it compares."""
    if key in _SPELLED:
        texts = [value] if isinstance(value, str) else value
        if isinstance(texts, list) and texts and all(isinstance(text, str) and text.strip() for text in texts):
            return tuple(_SPELLED[key](text) for text in texts)
        raise SettingsError(f"{where}: {key} is a text or a list of texts", _DESCRIBED)
    number = isinstance(value, int | float) and not isinstance(value, bool)
    right = {
        "from_": type(value) is date,
        "until": type(value) is date,
        "slots": number and value in (1, 2, 3, 4),
        "share": number and 0 < value <= 1,
        "times": number and 1 <= value <= 1e6,
        "price_from": number,
        "price_below": number,
    }
    if not right.get(key, True):
        message = f"{where}: {key.rstrip('_')} = {value!r} is not allowed"
        raise SettingsError(message, _DESCRIBED)
    return value


def _out_of_stock(file: Path, document: dict[str, Any]) -> tuple[str, ...]:
    skus = document.get("out_of_stock", [])
    if not isinstance(skus, list) or not all(isinstance(sku, str) for sku in skus):
        raise SettingsError(f"{file.name}: out_of_stock is a list of SKUs", 'out_of_stock = ["SKU"]')
    if named := document.get("out_of_stock_file"):
        path = file.parent / str(named)
        try:
            skus = skus + files.content(path).decode().splitlines()
        except (OSError, ValueError) as error:
            raise SettingsError(
                f"{file.name}: {path}: {error}", "out_of_stock_file names a text file, one SKU a line"
            ) from error
    return tuple(dict.fromkeys(spelled for sku in skus if (spelled := spelling.upper(sku))))


def _known(where: str, entry: dict[str, Any], keys: Iterable[str]) -> None:
    for key in entry:
        if key not in keys:
            raise SettingsError(f"{where}: nothing is called {key!r}", nearest(key, keys))


def nearest(name: str, known: Iterable[str]) -> str:
    """Say which names are near to one that is not known."""
    near = difflib.get_close_matches(name, list(known), 3, 0.5)
    return f"did you mean {' or '.join(near)}?" if near else ""
