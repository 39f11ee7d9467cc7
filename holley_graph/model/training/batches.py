"""What a step of training looks at: everything, or some vehicles with their choices and the part around them.

A batch has all that its vehicles' owners ever chose, and every product that fits them: the softmax stays exact, for
fitment is a constraint. Only messages are thinned, to `MOST` neighbours per relation. With B batches to a pass,

    loss of a batch = (B · Σ_{v in the batch} nll(v) + penalty) / events

so that over a pass its gradients average to that of the full batch. One process of several has its share of the sum
and of the penalty.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import ceil

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from holley_graph.model.architectures.fitment_ranker import FitmentRanker
from holley_graph.model.architectures.likelihood import Draw, TrainingSet, VehicleGroups, negative_log_likelihood
from holley_graph.model.architectures.sampler import Sampler, Subgraph, hashed
from holley_graph.model.training.execution import Execution
from holley_graph.ragged import Ragged
from holley_graph.snapshot.snapshot import Ints

MOST = 10
"""Neighbours that a node hears of one relation."""


class Whole:
    """The full batch.

    Args:
        model: what is trained.
        events: what it learns from, on the model's device.
        execution: see there.
    """

    count = 1
    """Steps to a pass."""

    def __init__(self, model: FitmentRanker, events: TrainingSet, execution: Execution) -> None:
        self.model, self.events, self.execution = model, events, execution

    def loss(self, draw: Draw) -> Float[Tensor, ""]:
        """Return the loss per event, penalty included."""
        with self.execution.precision():
            return (self.model.loss(self.events, draw) + self.model.penalty()) / max(self.events.total, 1)


@dataclass(frozen=True)
class Batch:
    """Some vehicles.

    Attributes:
        choices: of their owners; vehicles and products by their numbers in `part`.
        part: what they and the products that fit them hear from.
    """

    choices: TrainingSet
    part: Subgraph


class Batches:
    """The vehicles somebody chose for, in other batches each pass; all follows from the seed and the step.

    Args:
        model: what is trained.
        events: what it learns from, on the CPU.
        execution: how many vehicles a batch has, and whose share this is.
        seed: of the order and of the neighbours.
    """

    def __init__(self, model: FitmentRanker, events: TrainingSet, execution: Execution, seed: int) -> None:
        assert execution.batch is not None  # noqa: S101  who asks for batches says of which size
        self.model, self.events, self.execution, self.total = model, events, execution, max(events.total, 1)
        self._seed = seed % 2**32
        self._choices = VehicleGroups(events)
        self.count = max(1, ceil(len(self._choices.vehicles) / execution.batch))
        self._sampler = _sampler(model)
        self._order: tuple[int, Ints] = (-1, np.empty(0, np.int64))

    def loss(self, draw: Draw) -> Float[Tensor, ""]:
        """Return this process's share of a batch's loss per event, penalty included."""
        batch = self.batch(draw.step)
        device = self.execution.device
        choices, part = batch.choices.to(device), batch.part.to(device)
        with self.execution.precision():
            chosen = negative_log_likelihood(choices, *self.model.within(part))
            return (self.count * chosen + self.model.penalty() / self.execution.processes.count) / self.total

    def batch(self, step: int) -> Batch:
        """Open this process's share of a batch."""
        turn, place = divmod(step, self.count)
        if self._order[0] != turn:
            self._order = turn, np.random.default_rng([self._seed, turn]).permutation(len(self._choices.vehicles))
        chosen = self.execution.processes.shard(np.array_split(self._order[1], self.count)[place])
        choices = self._choices.take(chosen)
        seeds = {"vehicle": self._choices.vehicles[chosen], "product": choices.product.numpy()}
        part, numbers = self._sampler.around(seeds, hashed(np.uint64(self._seed), step))
        return Batch(replace(choices, product=torch.from_numpy(numbers["product"])), part)


def _sampler(model: FitmentRanker) -> Sampler:
    """Sample what carries messages in a model."""
    sizes = {"vehicle": len(model.vehicle.tables["vehicle"]), "product": len(model.product.tables["product"])}
    graph = {}
    for (sender, relation, receiver), adjacency in model.adjacencies().items():
        sizes[receiver], sizes[sender] = adjacency.shape
        arrays = (indices.cpu().numpy() for indices in (adjacency.crow_indices(), adjacency.col_indices()))
        graph[sender, relation, receiver] = Ragged(*arrays)
    return Sampler(graph, sizes, dict.fromkeys(graph, MOST), model.hops)
