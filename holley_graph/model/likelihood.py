"""The loss: exact softmax of every event over all products that fit the owner's vehicle.

Events of one vehicle in one time bin share their normaliser, so that the whole training set is one flat array
of (vehicle, bin, fitting product) cells and one scatter log-sum-exp, without sampling.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

import numpy as np
import torch
from torch import Tensor

from holley_graph.evaluation.targets import DAY
from holley_graph.snapshot.snapshot import Ints, Snapshot, laid_out

KIND_WEIGHTS = (0.1, 0.3, 1.0)
"""How much a view, a cart and an order count as a choice."""


@dataclass(frozen=True)
class Choices:
    """The training set of the population part.

    Attributes:
        fit_vehicle: [fitments] vehicle rows of the fitment pairs in use.
        fit_product: [fitments] product rows.
        fit: [cells] fitment of each cell.
        group: [cells] (vehicle, bin) that the cell competes in, ascending.
        time_bin: [cells] bin of popularity.
        weight: [cells] events that chose this cell.
        groups: number of (vehicle, bin) groups.
    """

    fit_vehicle: Tensor
    fit_product: Tensor
    fit: Tensor
    group: Tensor
    time_bin: Tensor
    weight: Tensor
    groups: int

    def to(self, device: torch.device) -> Choices:
        """Move every array."""
        moved = {f.name: getattr(self, f.name).to(device) for f in fields(self) if f.name != "groups"}
        return replace(self, **moved)

    @property
    def total(self) -> float:
        """Weighted number of events."""
        return float(self.weight.sum())


class ByVehicle:
    """A training set to take vehicles out of.

    Args:
        all: the training set; what belongs to one vehicle lies together in each of its arrays.

    Attributes:
        vehicles: [chosen for] rows of the vehicles that somebody chose for, ascending.
    """

    def __init__(self, all: Choices) -> None:
        self._all = all
        vehicle = all.fit_vehicle.numpy()
        cell = vehicle[all.fit.numpy()]
        first = np.flatnonzero(np.diff(all.group.numpy(), prepend=-1))
        self.vehicles: Ints = np.unique(vehicle)
        edges = np.append(self.vehicles, np.iinfo(np.int64).max)
        self._fits, self._cells, self._groups = (
            np.searchsorted(each, edges) for each in (vehicle, cell, cell[first])
        )

    def take(self, places: Ints) -> Choices:
        """Return all that was chosen for some vehicles, which are numbered anew; products keep their rows.

        Args:
            places: [n] places in `vehicles`.
        """
        fits, fit_sizes = self._of(self._fits, places)
        cells, cell_sizes = self._of(self._cells, places)
        groups, group_sizes = self._of(self._groups, places)

        def renumbered(numbers: Tensor, offsets: Ints, sizes: Ints) -> Tensor:
            moved = sizes.cumsum() - sizes - offsets[places]
            return numbers[cells] + torch.from_numpy(np.repeat(moved, cell_sizes))

        return Choices(
            fit_vehicle=torch.from_numpy(np.repeat(np.arange(len(places)), fit_sizes)),
            fit_product=self._all.fit_product[fits],
            fit=renumbered(self._all.fit, self._fits, fit_sizes),
            group=renumbered(self._all.group, self._groups, group_sizes),
            time_bin=self._all.time_bin[cells],
            weight=self._all.weight[cells],
            groups=len(groups),
        )

    @staticmethod
    def _of(offsets: Ints, places: Ints) -> tuple[Tensor, Ints]:
        sizes = offsets[places + 1] - offsets[places]
        return torch.from_numpy(laid_out(offsets[places], sizes)), sizes


def choices(snapshot: Snapshot, bins: int, bin_days: int) -> Choices:
    """Collect every event whose product fits the vehicle of its user."""
    vehicle = snapshot.user_vehicle[snapshot.event("user")]
    product, at, kind = (snapshot.event(c) for c in ("product", "at", "kind"))
    fit = snapshot.fitment(vehicle, product)
    fits = fit >= 0
    fit, kind, vehicle = fit[fits], kind[fits], vehicle[fits]
    time_bin = time_bins(at[fits], snapshot.as_of, bins, bin_days)

    group_key, group = np.unique(vehicle * bins + time_bin, return_inverse=True)
    cells_of, offsets = snapshot.fitting(group_key // bins)
    within = fit - snapshot.fit_offsets[vehicle]
    weight = np.bincount(offsets[group] + within, np.take(KIND_WEIGHTS, kind), minlength=len(cells_of))
    sizes = np.diff(offsets)
    used, cell_fit = np.unique(cells_of, return_inverse=True)
    return Choices(
        fit_vehicle=torch.from_numpy(snapshot.fits[used, 0].copy()),
        fit_product=torch.from_numpy(snapshot.fits[used, 1].copy()),
        fit=torch.from_numpy(cell_fit),
        group=torch.from_numpy(np.repeat(np.arange(len(group_key)), sizes)),
        time_bin=torch.from_numpy(np.repeat(group_key % bins, sizes)),
        weight=torch.from_numpy(weight.astype(np.float32)),
        groups=len(group_key),
    )


def time_bins(at: Ints, as_of: int, bins: int, bin_days: int) -> Ints:
    """Number time backwards from `as_of` in bins of `bin_days`; the last bin takes everything earlier."""
    return np.minimum((as_of - 1 - at) // (bin_days * DAY), bins - 1)


def scores(data: Choices, q: Tensor, z: Tensor, popularity: Tensor) -> Tensor:
    """[cells] score of each cell, from q [vehicles, dim], z [products, dim] and popularity [products, bins]."""
    affinity = (q[data.fit_vehicle] * z[data.fit_product]).sum(1)
    return affinity[data.fit] + popularity[data.fit_product[data.fit], data.time_bin]


def negative_log_likelihood(data: Choices, q: Tensor, z: Tensor, popularity: Tensor) -> Tensor:
    """Return the summed loss in nats.

    Args:
        data: the events.
        q: [vehicles, dim].
        z: [products, dim].
        popularity: [products, bins].
    """
    score = scores(data, q, z, popularity)
    return (data.weight * (log_normaliser(score, data.group, data.groups)[data.group] - score)).sum()


def log_normaliser(score: Tensor, group: Tensor, groups: int) -> Tensor:
    """[groups] the logarithm of the sum of exp(score) over the cells of each."""
    largest = torch.full((groups,), -torch.inf, device=score.device).scatter_reduce(
        0, group, score.detach(), "amax"
    )
    summed = torch.zeros(groups, device=score.device).index_add(0, group, (score - largest[group]).exp())
    return summed.log() + largest
