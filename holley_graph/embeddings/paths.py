"""What a person's own history says of a part, beside what the vectors say: sums over short paths, in nats.

A path leads from a person over a product that they viewed, carted or ordered to a part that shares something:

    term_k(person, part) = log(1 + gain · Σ_j 2^(−age_j / half-life))    over the events j whose paths are of kind k
    score += Σ_k weight_k · term_k

"Exactly the same base SKU" and "exactly the same part type" do not fit into vectors of 64 numbers. The larger the
gain, the more the first event says, and the less a second one adds.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Self

import numpy as np
import numpy.typing as npt

from holley_graph.errors import ParcelError
from holley_graph.keys import find

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
FILE = "paths.json"
KINDS = ("same_part", "same_type", "same_type_ordered", "same_sku")
"""Paths to parts of a base SKU or a part type that was viewed or carted, of a part type that was ordered, and to
the very SKU that was viewed or carted."""


@dataclass(frozen=True)
class Trail:
    """What some people did: one line for each of their products, ordered apart from viewed or carted.

    Attributes:
        person: [lines] a number.
        product: [lines] row of the catalogue.
        ordered: [lines] ordered, or viewed or carted.
        strength: [lines] Σ 2^(−age / half-life) of the events.
    """

    person: Ints
    product: Ints
    ordered: npt.NDArray[np.bool_]
    strength: Floats


@dataclass(frozen=True)
class Paths:
    """The weights of the paths.

    Attributes:
        same_part: nats for each `term` of that kind.
        same_type: the same.
        same_type_ordered: the same.
        same_sku: the same.
        half_life_days: after which an event counts half.
        gain: of the strength of events.
    """

    same_part: float = 0.0
    same_type: float = 0.0
    same_type_ordered: float = 0.0
    same_sku: float = 0.0
    half_life_days: float = 30.0
    gain: float = 1.0

    @property
    def weights(self) -> Floats:
        """[kinds] in the order of `KINDS`."""
        return np.array([getattr(self, name) for name in KINDS])

    def score(self, reached: Reached, person: Ints, product: Ints) -> Floats:
        """[n] what the own history of each person adds to the score of each part.

        Args:
            reached: by what they did, with this half-life.
            person: [n] numbers as in the trail.
            product: [n] rows of the catalogue.
        """
        total: Floats = np.log1p(self.gain * reached.strengths(person, product)) @ self.weights
        return total

    def save(self, folder: Path) -> None:
        """Write it into a run folder."""
        (folder / FILE).write_text(json.dumps(asdict(self)))

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read it from a run folder; one that has none follows no paths.

        Raises:
            ParcelError: the file is unreadable.
        """
        try:
            return cls(**json.loads((folder / FILE).read_text()))
        except FileNotFoundError:
            return cls()
        except (OSError, ValueError, TypeError) as error:
            raise ParcelError(f"{folder / FILE} is unreadable: {error}", "holley-graph train") from error


class Reached:
    """What trails reach: the strength of each person's lines by base SKU and part type, sorted to be looked up.

    Args:
        trail: of some people.
        base: [catalogue] a number that products of one base SKU share.
        part_type: [catalogue] a number that products of one part type share.

    Attributes:
        sums: of each kind.
    """

    def __init__(self, trail: Trail, base: Ints, part_type: Ints) -> None:
        looked, sku = ~trail.ordered, np.arange(len(base))
        kinds = ((base, looked), (part_type, looked), (part_type, trail.ordered), (sku, looked))
        self.sums = [Sums(trail, group, lines) for group, lines in kinds]

    def strengths(self, person: Ints, product: Ints) -> Floats:
        """[n, kinds] the strength of the events on the paths of each kind, from each person to each part."""
        return np.stack([sums.of(person, product) for sums in self.sums], axis=1)


class Sums:
    """Strengths of some lines by person and group of their product.

    Attributes:
        group: [catalogue] of each product.
        groups: how many there are.
        keys: [sums] person · groups + group, ascending.
        strength: [sums + 1] of the lines of each; the last is 0, for what is not there.
    """

    def __init__(self, trail: Trail, group: Ints, lines: npt.NDArray[np.bool_]) -> None:
        self.group, self.groups = group, int(group.max(initial=0)) + 1
        keys = trail.person[lines] * self.groups + group[trail.product[lines]]
        self.keys, line = np.unique(keys, return_inverse=True)
        self.strength = np.append(np.bincount(line, trail.strength[lines], len(self.keys)), 0.0)

    def of(self, person: Ints, product: Ints) -> Floats:
        """[n] the strength of each person's lines whose product is of the group of each part."""
        wanted = person * self.groups + self.group[product]
        return self.strength[find(self.keys, wanted)]  # −1 is the last: nothing
