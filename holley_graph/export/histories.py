"""What paths over people's own history add to the parts that fit their vehicles, for a block of owners at once.

A person did few things, and many parts fit a vehicle. So each thing is led to the parts that share something with
it, instead of asking for each part what the person did.
"""

from __future__ import annotations

import numpy as np

from holley_graph.embeddings.paths import Floats, Paths, Sums
from holley_graph.export.owners import Owners
from holley_graph.keys import Ints
from holley_graph.ragged import Ragged, laid_out

CELLS = 1 << 20
"""People times parts that are looked up at once."""


class Histories:
    """The scores of the last owners that were asked for, and of those after them.

    Args:
        paths: of the release.
        fits: [vehicles] parts of the catalogue.
    """

    def __init__(self, paths: Paths, fits: Ragged) -> None:
        self.paths, self.fits = paths, fits
        self._owners: Owners | None = None
        self._first = self._end = 0
        self._sorted: list[tuple[Ints, Ints]] = []

    def of(self, owners: Owners, people: Ints, parts: int) -> Floats:
        """[people, parts] what the history of each adds to each part of their vehicle.

        Args:
            owners: among whom the people are.
            people: rows of owners of one vehicle, in any order.
            parts: how many fit it.
        """
        result = np.zeros((len(people), parts))
        active = np.flatnonzero(owners.active[people])
        if owners.reached is None or not len(active) or not parts:
            return result
        if owners is not self._owners or people.min() < self._first or people.max() >= self._end:
            self._look_up(owners, int(people.min()), int(people.max()) + 1)
        start = self._start[people[active] - self._first]
        result[active] = self._scores[start[:, None] + np.arange(parts)]
        return result

    def _look_up(self, owners: Owners, first: int, end: int) -> None:
        assert owners.reached is not None  # noqa: S101  the caller looked
        size = np.where(owners.active[first:], self.fits.size(owners.vehicle[first:]), 0)
        end = max(end, first + int(np.searchsorted(np.cumsum(size), CELLS, side="right")))
        size = size[: end - first]
        self._start, self._scores = np.cumsum(size) - size, np.zeros(int(size.sum()))
        self._owners, self._first, self._end = owners, first, end
        if not self._sorted:  # groups are the catalogue's, so they are those of every block
            self._sorted = [self._sort(sums) for sums in owners.reached.sums]
        for weight, sums, (keys, order) in zip(self.paths.weights, owners.reached.sums, self._sorted, strict=True):
            lines = slice(*np.searchsorted(sums.keys, np.array([first, end]) * sums.groups))
            person, group = np.divmod(sums.keys[lines], sums.groups)
            wanted = owners.vehicle[person] * sums.groups + group
            start = np.searchsorted(keys, wanted)
            count = np.searchsorted(keys, wanted, side="right") - start
            line = np.repeat(np.arange(len(wanted)), count)
            part = order[laid_out(start, count)] - self.fits.start(owners.vehicle[person])[line]
            strength = sums.strength[lines][line]
            self._scores[self._start[person[line] - first] + part] += weight * np.log1p(self.paths.gain * strength)

    def _sort(self, sums: Sums) -> tuple[Ints, Ints]:
        """Sort what fits: vehicle · groups + group, ascending, and the index of each into `fits.values`."""
        keys = self.fits.row * sums.groups + sums.group[self.fits.values]
        order = np.argsort(keys, kind="stable")
        return keys[order], order
