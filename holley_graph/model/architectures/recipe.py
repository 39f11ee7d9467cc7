"""A recipe: a model with its configuration."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import torch

from holley_graph.model.architectures.data import (
    Edges,
    Floats,
    Hierarchy,
    hetero_data,
    product_levels,
    vehicle_levels,
)
from holley_graph.model.architectures.fitment_ranker import FitmentRanker, FitmentRankerConfig
from holley_graph.model.architectures.models import architecture
from holley_graph.snapshot.snapshot import Snapshot


@dataclass(frozen=True)
class Recipe:
    """What to train.

    Attributes:
        model: one of `MODELS`.
        config: of that model.
        as_of: epoch seconds; what came before chose it, so that only what came later can judge it. None: unknown.
    """

    model: str
    config: FitmentRankerConfig
    as_of: int | None = None

    @classmethod
    def default(cls, model: str = "sage") -> Self:
        """Return a model with its default configuration."""
        return cls(model, architecture(model).configuration())

    def build(
        self, snapshot: Snapshot, edges: Edges, seed: int, popularity: Floats
    ) -> tuple[FitmentRanker, dict[str, Hierarchy]]:
        """Make the model of a snapshot with random parameters, and say what the rows of its tables stand for.

        Args:
            snapshot: whose graph it encodes.
            edges: of the price buckets.
            seed: of the parameters.
            popularity: [products] as it is counted.
        """
        torch.manual_seed(seed)
        vehicle, product = vehicle_levels(snapshot), product_levels(snapshot, edges)
        data = hetero_data(snapshot, popularity)
        model = architecture(self.model)(data, vehicle, product, self.config)
        return model, vehicle | product
