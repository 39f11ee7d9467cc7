"""The loss: exact softmax of every choice over all products that fit the owner's vehicle, on top of counting.

    P(p | v) = softmax over what fits v of  effects(v, p) + q_v · z_p

All choices of a vehicle's owners share their normaliser, so that the whole training set is one flat array of
fitments and one scatter log-sum-exp, without sampling. Time is no part of it: tastes are taken to last, and what
moves is the counted trend, which is added when a release is served.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields, replace

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from holley_graph.counting.utility import Counted
from holley_graph.ragged import laid_out
from holley_graph.snapshot.snapshot import Ints, Snapshot


@dataclass(frozen=True)
class Draw:
    """What a loss depends on beside parameters and events: with an equal one it is measured twice alike.

    Attributes:
        step: number of the step, from 0; batches and folds go by it.
        epoch: steps that the parameters have seen with this one, those of an earlier run included; how hard
            negatives are goes by it.
        random: of all that is drawn, on the device of the model.
    """

    step: int
    epoch: int
    random: torch.Generator


@dataclass(frozen=True)
class TrainingSet:
    """The training set of a model: every fitment of the vehicles that somebody chose for.

    Attributes:
        vehicle: [fitments] vehicle rows, ascending.
        product: [fitments] product rows.
        offset: [fitments] log utility by counting, without the trend.
        weight: [fitments] weighted number of choices.
        vehicles: number of vehicles that `vehicle` numbers.
    """

    vehicle: Int[Tensor, " fitments"]
    product: Int[Tensor, " fitments"]
    offset: Float[Tensor, " fitments"]
    weight: Float[Tensor, " fitments"]
    vehicles: int

    def to(self, device: torch.device) -> TrainingSet:
        """Move every array."""
        moved = {f.name: getattr(self, f.name).to(device) for f in fields(self) if f.name != "vehicles"}
        return replace(self, **moved)

    @property
    def total(self) -> float:
        """Weighted number of choices."""
        return float(self.weight.sum())


class VehicleGroups:
    """A training set to take vehicles out of.

    Args:
        choices: the training set.

    Attributes:
        vehicles: [chosen for] rows of the vehicles that somebody chose for, ascending.
    """

    def __init__(self, choices: TrainingSet) -> None:
        self._choices = choices
        self.vehicles: Ints
        self.vehicles, self._starts, self._sizes = np.unique(
            choices.vehicle.numpy(), return_index=True, return_counts=True
        )

    def take(self, places: Ints) -> TrainingSet:
        """Return all that was chosen for some vehicles, which are numbered anew; products keep their rows.

        Args:
            places: [n] places in `vehicles`.
        """
        rows = torch.from_numpy(laid_out(self._starts[places], self._sizes[places]))
        return TrainingSet(
            vehicle=torch.from_numpy(np.repeat(np.arange(len(places)), self._sizes[places])),
            product=self._choices.product[rows],
            offset=self._choices.offset[rows],
            weight=self._choices.weight[rows],
            vehicles=len(places),
        )


def training_set(snapshot: Snapshot, counted: Counted) -> TrainingSet:
    """Collect what was chosen among what fits."""
    vehicle = snapshot.fits[:, 0]
    used = np.bincount(vehicle, counted.choices, snapshot.vehicles.num_rows)[vehicle] > 0
    return TrainingSet(
        vehicle=torch.from_numpy(vehicle[used]),
        product=torch.from_numpy(snapshot.fits[used, 1]),
        offset=torch.from_numpy(counted.effects.summed()[used].astype(np.float32)),
        weight=torch.from_numpy(counted.choices[used].astype(np.float32)),
        vehicles=snapshot.vehicles.num_rows,
    )


def scores(
    data: TrainingSet, q: Float[Tensor, "vehicles dim"], z: Float[Tensor, "products dim"]
) -> Float[Tensor, " fitments"]:
    """[fitments] the score of each, from q [vehicles, dim] and z [products, dim]."""
    return data.offset + (q[data.vehicle] * z[data.product]).sum(1)


def scores_of(
    offsets: Ints, candidate: Ints, z: Float[Tensor, "products dim"]
) -> Callable[[Float[Tensor, "askers dim"]], Float[Tensor, " candidates"]]:
    """Return what scores the candidates of each asker by a vector of the asker.

    It makes no copy of a vector for each candidate: at full size there are three million of them.

    Args:
        offsets: [askers + 1] where the candidates of each begin and end.
        candidate: [candidates] product rows.
        z: [products, dim].
    """
    rows, columns = torch.from_numpy(offsets), torch.from_numpy(candidate)
    pattern = torch.sparse_csr_tensor(rows, columns, z.new_zeros(len(candidate)), (len(offsets) - 1, len(z)))

    def scored(vectors: Float[Tensor, "askers dim"]) -> Float[Tensor, " candidates"]:
        values: Tensor = torch.sparse.sampled_addmm(pattern, vectors, z.T, beta=0.0).values()
        return values

    return scored


def negative_log_likelihood(
    data: TrainingSet, q: Float[Tensor, "vehicles dim"], z: Float[Tensor, "products dim"]
) -> Float[Tensor, ""]:
    """Return the summed loss in nats.

    Args:
        data: the choices.
        q: [vehicles, dim].
        z: [products, dim].
    """
    score = scores(data, q, z)
    return (data.weight * (log_normaliser(score, data.vehicle, data.vehicles)[data.vehicle] - score)).sum()


def log_normaliser(
    score: Float[Tensor, " members"], group: Int[Tensor, " members"], groups: int
) -> Float[Tensor, " groups"]:
    """[groups] the logarithm of the sum of exp(score) over the members of each; −inf where a group has none."""
    largest = torch.full((groups,), -torch.inf, device=score.device, dtype=score.dtype).scatter_reduce(
        0, group, score.detach(), "amax"
    )
    summed = torch.zeros(groups, device=score.device, dtype=score.dtype).index_add(
        0, group, (score - largest[group]).exp()
    )
    return summed.log() + largest
