"""A trained model: the vectors that it gives, and how it came to them."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import torch
from jaxtyping import Float
from torch import Tensor

from holley_graph.counting.utility import Counted
from holley_graph.embeddings.paths import Paths
from holley_graph.model.architectures.fitment_ranker import FitmentRanker
from holley_graph.model.architectures.history import History
from holley_graph.model.inference.encoder import ROTATION, Encoder


@dataclass
class Curve:
    """Loss per pass over the data, and validation values at the passes that were checked.

    Attributes:
        steps_per_epoch: full-batch steps that an epoch counts as.
        loss: per event, of each pass.
        checked: passes, from 1.
        validation: value after each of them.
    """

    steps_per_epoch: int = 1
    loss: list[float] = field(default_factory=list)
    checked: list[int] = field(default_factory=list)
    validation: list[float] = field(default_factory=list)


@dataclass(frozen=True)
class TrainedModel:
    """A trained model's vectors.

    Attributes:
        q: [vehicles, dim].
        z: [products, dim].
        popularity: [products] in the weeks after the snapshot.
        lift: [fitments] of the snapshot.
        history: the user layer.
        paths: weights of a user's own paths.
        anchor: [products, dim] what buying a product says of the next one, where the model has such vectors.
        encoder: all that it takes to encode others.
        loss: per event, in nats, penalty included.
        curve: of the loss.
        counted: what training started from; none of a model that was read from a run.
    """

    q: Float[Tensor, "vehicles dim"]
    z: Float[Tensor, "products dim"]
    popularity: Float[Tensor, " products"]
    lift: Float[Tensor, " fitments"]
    history: History
    paths: Paths
    anchor: Float[Tensor, "products dim"] | None
    encoder: Encoder
    loss: float
    curve: Curve
    counted: Counted | None = None


def served(model: FitmentRanker) -> tuple[Float[Tensor, "vehicles dim"], Float[Tensor, "products dim"]]:
    """Encode everybody: q [vehicles, dim] and z [products, dim], on the CPU."""
    with torch.no_grad():
        q, z = model()
    return q.cpu(), z.cpu()


def rescaled(trained: TrainedModel, scale: float) -> TrainedModel:
    """Multiply the vectors of vehicles."""
    return replace(trained, q=trained.q * scale)


def rotated(trained: TrainedModel, by: Float[Tensor, "dim dim"]) -> TrainedModel:
    """Rotate all vectors of a model, and what its history layer makes of them.

    Args:
        trained: the model.
        by: [dim, dim] orthogonal; it stays with the encoder, whose parameters know nothing of it.
    """
    history = type(trained.history)(len(by))
    with torch.no_grad():
        history.weights.copy_(by.T @ trained.history.weights @ by)
    return replace(
        trained,
        q=trained.q @ by,
        z=trained.z @ by,
        anchor=None if trained.anchor is None else trained.anchor @ by,
        history=history.requires_grad_(False),
        encoder=replace(trained.encoder, state=trained.encoder.state | {ROTATION: by}),
    )
