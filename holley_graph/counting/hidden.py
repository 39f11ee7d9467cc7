"""Hidden people: what the events of everybody else say of the carts and orders of a fifth of the people.

Later time is thin in a shop where few purchases are known after the boundary, and people who choose then looked
before. Hidden people chose in the same days as everybody else, and what they did themselves is not known.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from holley_graph.counting.events import distinct, trend_bins
from holley_graph.snapshot.snapshot import VIEWED, Ints, Snapshot

Floats = npt.NDArray[np.float64]
HIDDEN_SHARE = 0.2
FEWEST_CHOICES = 50
"""Hidden choices below which nothing is concluded."""


@dataclass(frozen=True)
class HiddenChoices:
    """What hidden people carted and ordered since the first view or cart.

    Attributes:
        rest: all that is known without the events of these people.
        chosen: [choices] rows of fitments.
        bin: [choices] bins backwards from `as_of`.
    """

    rest: Snapshot
    chosen: Ints
    bin: Ints

    @property
    def enough(self) -> bool:
        """Whether anything may be concluded from them."""
        return len(self.chosen) >= FEWEST_CHOICES

    @cached_property
    def fitment(self) -> Ints:
        """[candidates] rows of fitments: all that fits the vehicle, for one choice after the other."""
        return self._candidates[0]

    @property
    def offsets(self) -> Ints:
        """[choices + 1] where the candidates of each choice begin and end."""
        return self._candidates[1]

    @cached_property
    def candidate_bin(self) -> Ints:
        """[candidates] the bin of the choice."""
        return np.repeat(self.bin, np.diff(self.offsets))

    def nats(self, utility: Floats) -> float:
        """Log likelihood of the choices.

        Args:
            utility: [candidates] log utility of each.
        """
        starts, sizes = self.offsets[:-1], np.diff(self.offsets)
        largest = np.maximum.reduceat(utility, starts)
        total = np.add.reduceat(np.exp(utility - np.repeat(largest, sizes)), starts)
        is_chosen = self.fitment == np.repeat(self.chosen, sizes)
        return float(utility[is_chosen].sum() - (largest + np.log(total)).sum())

    @cached_property
    def _candidates(self) -> tuple[Ints, Ints]:
        return self.rest.fitting(self.rest.fits[self.chosen, 0])


def hide(snapshot: Snapshot) -> HiddenChoices:
    """Hide a fifth of the people, drawn by chance; all ids of a person are hidden, or none is."""
    person = snapshot.person
    drawn = np.random.default_rng(0).random(int(person.max(initial=0)) + 1) < HIDDEN_SHARE
    hidden = drawn[person][snapshot.event("user")]
    rest = replace(snapshot, events=snapshot.events.filter(pa.array(~hidden)))
    chosen = hidden & (snapshot.event("kind") != VIEWED)
    events = distinct(replace(snapshot, events=snapshot.events.filter(pa.array(chosen))))
    usable = (events.fitment >= 0) & (events.bin < trend_bins(rest))
    return HiddenChoices(rest, events.fitment[usable], events.bin[usable])
