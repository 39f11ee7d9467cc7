"""PinSage: neighbourhoods from random walks, and a margin against ever harder negatives.

Ying et al., "Graph Convolutional Neural Networks for Web-Scale Recommender Systems" (KDD 2018). What makes a
neighbour is not an edge but how often short walks come by, and visit counts are the weights of the mean:

    N(n), α_n = the most visited products of walks over interactions, and their shares of the visits
    h_n = x_n + V · W · Σ_{p ∈ N(n)} α_np ReLU(Q x_p)
    own loss = Σ_{chosen} max(0, margin + s(v, negative) − s(v, chosen))

By default it learns by the likelihood that every model has, so that what differs is its messages alone. The paper's
own loss is an option: a negative fits the same vehicle; it is the best scored of a few drawn at random, first of
one, later of ever more: the curriculum. Two things differ from the paper: walks of vehicles start at their owners,
and x is the sum over hierarchies, not pixels and words.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import scipy.sparse as sp
import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch_geometric.data import HeteroData

from holley_graph.model.architectures.fitment_ranker import FitmentRanker, FitmentRankerConfig, Levels, Space
from holley_graph.model.architectures.layers import Message, gathered
from holley_graph.model.architectures.likelihood import Draw, TrainingSet, scores
from holley_graph.ragged import Ints, Ragged


@dataclass(frozen=True)
class PinSageConfig(FitmentRankerConfig):
    """What can be tuned."""

    walks: int = 50
    """Random walks per node."""
    hops: int = 2
    """Products that a walk comes by."""
    neighbours: int = 20
    """Most visited products that are kept."""
    own_loss: bool = False
    """Whether to learn by the paper's margin instead of the likelihood that every model has."""
    margin: float = 1.0
    """By how much a chosen product shall outscore its negative."""
    harder_every: int = 5
    """Epochs after which a negative is the best of one more."""
    hardest: int = 6
    """Draws that a negative is the best of at most."""

    space: ClassVar[Space] = FitmentRankerConfig.space | {
        "walks": (20, 200),
        "hops": (1, 4),
        "neighbours": (5, 50),
        "own_loss": [False, True],
        "margin": (0.3, 3.0),
        "harder_every": (2, 20),
        "hardest": (1, 16),
    }


class PinSage(FitmentRanker):
    """The two towers with importance-pooled neighbourhoods and a max-margin loss.

    Args:
        data: the graph, as `hetero_data` opens it.
        vehicle: levels of the vehicles.
        product: levels of the products.
        config: see there.
    """

    configuration = PinSageConfig

    def __init__(self, data: HeteroData, vehicle: Levels, product: Levels, config: PinSageConfig) -> None:
        super().__init__(data, vehicle, product, config)
        self.options = config
        seed = int(torch.randint(2**31, ()))
        for name, near in zip(("vehicle", "product"), neighbourhoods(data, config, seed), strict=True):
            self.register_buffer(f"near_{name}", near, persistent=False)
        self.layers = nn.ModuleDict(
            {name: nn.Linear(config.dim, config.dim, bias=False) for name in ("neighbour", "vehicle", "product")}
        )
        self.gates = nn.ModuleDict({name: Message(config.dim) for name in ("vehicle", "product")})

    def forward(self) -> tuple[Float[Tensor, "vehicles dim"], Float[Tensor, "products dim"]]:
        """Return q [vehicles, dim] and z [products, dim]."""
        q, z = self.vehicle(), self.product()
        message = torch.relu(self.layers["neighbour"](z))
        return q + self._pooled("vehicle", message), z + self._pooled("product", message)

    def loss(self, events: TrainingSet, draw: Draw) -> Float[Tensor, ""]:
        """Return the likelihood of every model, or the margins that are missing, summed over events."""
        if not self.options.own_loss:
            return super().loss(events, draw)
        candidates = min(1 + draw.epoch // self.options.harder_every, self.options.hardest)
        q, z = self()
        score = scores(events, q, z)
        chosen = torch.nonzero(events.weight)[:, 0]
        size = torch.bincount(events.vehicle, minlength=events.vehicles)
        start = (size.cumsum(0) - size)[events.vehicle[chosen]]
        place = torch.rand(len(chosen), candidates, device=score.device, generator=draw.random)
        negatives = start[:, None] + (place * size[events.vehicle[chosen]][:, None]).long()
        missing = torch.relu(self.options.margin + score[negatives].amax(1) - score[chosen])
        return (events.weight[chosen] * missing).sum()

    def _pooled(self, name: str, message: Float[Tensor, "products dim"]) -> Float[Tensor, "receivers dim"]:
        added: Tensor = self.gates[name](self.layers[name](gathered(getattr(self, f"near_{name}"), message)))
        return added


def neighbourhoods(
    data: HeteroData, config: PinSageConfig, seed: int
) -> tuple[Float[Tensor, "vehicles products"], Float[Tensor, "products products"]]:
    """Walk over interactions.

    Args:
        data: the graph.
        config: number and length of the walks, and how many neighbours are kept.
        seed: of the walks.

    Returns:
        CSR [vehicles, products] and [products, products]; rows sum to 1, or to 0 where no walk came anywhere.
    """
    rng = np.random.default_rng(seed)
    users, products, vehicles = (int(data[name].num_nodes) for name in ("user", "product", "vehicle"))
    user, product = data["user", "interacts", "product"].edge_index.numpy()
    owner, owned = data["user", "owns", "vehicle"].edge_index.numpy()
    to_products, to_users = Ragged.of(user, product, users), Ragged.of(product, user, products)

    def near(people: Ragged) -> Float[Tensor, "starts products"]:
        start = np.repeat(np.arange(len(people)), config.walks)
        here, visits = _step(people, start, rng), []
        for _ in range(config.hops):
            place = _step(to_products, here, rng)
            visits.append(np.stack([start, place])[:, place >= 0])
            here = _step(to_users, place, rng)
        return _shares(np.concatenate(visits, 1), (len(people), products), config.neighbours)

    return near(Ragged.of(owned, owner, vehicles)), near(to_users)


def _step(lists: Ragged, at: Ints, rng: np.random.Generator) -> Ints:
    """[walkers] a random member of the list of each, −1 where there is none."""
    here = np.maximum(at, 0)
    size = lists.size(here) if len(lists) else here
    able = (at >= 0) & (size > 0)
    place = np.full(len(at), -1)
    draws = (rng.random(int(able.sum())) * size[able]).astype(np.int64)
    place[able] = lists.values[lists.start(here[able]) + draws]
    return place


def _shares(
    visits: Int[np.ndarray, "2 visits"], shape: tuple[int, int], keep: int
) -> Float[Tensor, "starts products"]:
    """CSR of the `keep` most visited of each row, as shares of their visits."""
    counts = sp.csr_matrix((np.ones(visits.shape[1]), visits), shape=shape).tocoo()
    order = np.lexsort((counts.col, -counts.data, counts.row))
    row, column, count = counts.row[order], counts.col[order], counts.data[order]
    is_kept = np.arange(len(row)) - np.searchsorted(row, row) < keep
    row, column, count = row[is_kept], column[is_kept], count[is_kept]
    share = count / np.bincount(row, count, minlength=shape[0])[row]
    index = torch.from_numpy(np.stack([row, column]).astype(np.int64))
    return torch.sparse_coo_tensor(index, torch.from_numpy(share).float(), shape).coalesce().to_sparse_csr()
