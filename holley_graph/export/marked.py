"""What marketing's rules say of the parts that fit a vehicle, as arrays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from holley_graph.errors import SettingsError
from holley_graph.export.catalogue import Catalogue
from holley_graph.export.choose import Floats, choose
from holley_graph.keys import Ints
from holley_graph.rules.text import OUT_OF_STOCK, Rule, nearest

Bools = npt.NDArray[np.bool_]
FAR = 1e6
"""Farther apart than any two scores: what is pinned or kept stands above all others, what is buried below."""


@dataclass(frozen=True)
class Marked:
    """The rules that speak about owners of one vehicle, and about which of its parts.

    Attributes:
        rules: in the order of the file.
        parts: [rules, parts] whether each speaks about each part.
        number: [rules] its place among all rules.
    """

    rules: Sequence[Rule]
    parts: Bools
    number: Ints

    def of(self, do: str) -> Bools:
        """[parts] whether a rule of a kind speaks about each."""
        chosen = np.array([rule.do == do for rule in self.rules], bool)
        marked: Bools = self.parts[chosen].any(axis=0)
        return marked

    @property
    def adds(self) -> Floats:
        """[parts] what boosts add to the score of each."""
        return np.array([rule.adds for rule in self.rules]) @ self.parts

    def held(self, order: Floats, family: Ints, k: int) -> tuple[Bools, Bools]:
        """Choose what pins and keeps ask for: the best parts of each rule, one of a family.

        Args:
            order: [people, parts] higher is better, −inf is out.
            family: [parts] the display key of each, as a number.
            k: parts of an answer.

        Returns:
            [rules, people, parts] what is held by each rule, and [people, parts] what is pinned.
        """
        held = np.zeros((len(self.rules), *order.shape), bool)
        pinned = np.zeros(order.shape, bool)
        every = np.arange(order.shape[1])
        for place, rule in enumerate(self.rules):
            if slots := rule.asks_for(k):
                score = np.where(self.parts[place], order, -np.inf)
                picks = choose(score, family, every, len(every) + 1, slots)
                row, slot = np.nonzero(picks >= 0)
                held[place, row, picks[row, slot]] = True
                if rule.do == "pin":
                    pinned |= held[place]
        return held, pinned

    def spoken(self, held: Bools) -> Ints:
        """[people, parts] number of the first rule that speaks about each part as it is ranked, −1 for none."""
        spoke = np.full(held.shape[1:], -1)
        for place in reversed(range(len(self.rules))):
            acts = held[place] if self.rules[place].asks_for(1) else self.parts[place]
            spoke = np.where(acts, self.number[place], spoke)
        return spoke


class Marks:
    """Rules of a day over the catalogue of one sync.

    Args:
        rules: that hold on the day.
        catalogue: of the sync.

    Raises:
        SettingsError: a rule names a SKU, brand, part type, vehicle or make that the sync does not know.
    """

    def __init__(self, rules: Sequence[Rule], catalogue: Catalogue) -> None:
        self.rules, self.catalogue = rules, catalogue
        products, vehicles = catalogue.products, catalogue.vehicles
        self._names = {
            "sku": products["sku"],
            "brand": pc.utf8_lower(pc.fill_null(products["brand"], "")),
            "part_type": pc.utf8_lower(products["part_type"]),
            "vehicle": pc.replace_substring(vehicles["vehicle_id"], "|", " "),
            "make": vehicles["make"],
        }
        for rule in rules:
            self._check(rule)
        parts, about = (
            [self._parts(rule) for rule in rules],
            [self._about(rule, ("vehicle", "make")) for rule in rules],
        )
        self.parts = np.array(parts, bool).reshape(len(rules), products.num_rows)
        self.vehicles = np.array(about, bool).reshape(len(rules), vehicles.num_rows)

    def at(self, vehicle: int) -> Marked | None:
        """Return what is said about the parts that fit a vehicle; nothing where no rule speaks."""
        if not len(self.rules):
            return None
        parts = self.parts[:, self.catalogue.fits[vehicle]]
        number = np.flatnonzero(self.vehicles[:, vehicle] & parts.any(axis=1))
        if not len(number):
            return None
        return Marked([self.rules[place] for place in number.tolist()], parts[number], number)

    def _parts(self, rule: Rule) -> Bools:
        about = self._about(rule, ("sku", "brand", "part_type"))
        price = self.catalogue.products["price"].to_numpy()
        if rule.price_from is not None:
            about = about & (price >= rule.price_from)
        if rule.price_below is not None:
            about = about & (price < rule.price_below)
        return about

    def _about(self, rule: Rule, conditions: Sequence[str]) -> Bools:
        about = np.ones(len(self._names[conditions[0]]), bool)
        for condition in conditions:
            if wanted := getattr(rule, condition):
                about &= pc.is_in(self._names[condition], pa.array(wanted)).to_numpy(zero_copy_only=False)
        return about

    def _check(self, rule: Rule) -> None:
        """Refuse names that nothing has; a list of what is out of stock may name anything."""
        for condition, column in self._names.items() if rule.name != OUT_OF_STOCK else ():
            for wanted in getattr(rule, condition):
                if not pc.is_in(pa.scalar(wanted), value_set=_values(column)).as_py():
                    near = nearest(wanted, _values(column).to_pylist())
                    raise SettingsError(f"rule {rule.name!r}: no {condition.replace('_', ' ')} {wanted!r}", near)


def _values(column: Any) -> pa.Array:
    return pc.unique(column).drop_null()
