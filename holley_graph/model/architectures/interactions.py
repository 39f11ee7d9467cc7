"""Who did what, one edge per vehicle and product: how often, what kind, how long ago."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor
from torch_geometric.data import HeteroData

from holley_graph.counting.events import KIND_WEIGHTS
from holley_graph.times import DAY


@dataclass(frozen=True)
class Interactions:
    """Edges between vehicles and the products that their owners viewed, carted or ordered.

    Attributes:
        pair: [2, edges] vehicle and product.
        weight: [edges, kinds] frequency × type × decay: Σ_events type · 2^(−age / half-life), kind by kind.
    """

    pair: Int[Tensor, "2 edges"]
    weight: Float[Tensor, "edges kinds"]


def vehicle_interactions(data: HeteroData, half_life_days: float = math.inf) -> Interactions:
    """Gather the events of every owner of a vehicle.

    Args:
        data: the graph; events of users without a vehicle have no end.
        half_life_days: days after which an event counts half.
    """
    owner = torch.full((int(data["user"].num_nodes),), -1)
    owns = data["user", "owns", "vehicle"].edge_index
    owner[owns[0]] = owns[1]
    events = data["user", "interacts", "product"]
    user, product = events.edge_index
    known = owner[user] >= 0
    age = (data.as_of - events.time[known]).double() / (half_life_days * DAY)
    kind = events.kind[known]
    counts = torch.tensor(KIND_WEIGHTS, dtype=torch.double)[kind] * torch.exp2(-age)
    pair, edge = torch.stack([owner[user[known]], product[known]]).unique(dim=1, return_inverse=True)
    weight = torch.zeros(pair.shape[1], len(KIND_WEIGHTS), dtype=torch.double)
    return Interactions(pair, weight.index_put((edge, kind), counts, accumulate=True).float())


def heaviest(group: Int[Tensor, " edges"], weight: Float[Tensor, " edges"], keep: int) -> Bool[Tensor, " edges"]:
    """[edges] whether an edge is among the `keep` heaviest of its group; of equal ones the first."""
    order = torch.argsort(weight, descending=True, stable=True)
    order = order[torch.argsort(group[order], stable=True)]
    sorted_group = group[order]
    place = torch.arange(len(group)) - torch.searchsorted(sorted_group, sorted_group)
    is_heaviest = torch.zeros(len(group), dtype=torch.bool)
    is_heaviest[order] = place < keep
    return is_heaviest
