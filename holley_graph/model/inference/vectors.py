"""From a trained model to what is written back: tables of vectors, and the lift of fitments."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch

from holley_graph.embeddings import table
from holley_graph.embeddings.lift import Lift
from holley_graph.embeddings.table import Table, Tables
from holley_graph.model.architectures.fitment_ranker import FitmentRankerConfig
from holley_graph.model.architectures.history import history_means
from holley_graph.model.inference.trained import TrainedModel
from holley_graph.snapshot.snapshot import ORDERED, Snapshot


def tables(snapshot: Snapshot, trained: TrainedModel, config: FitmentRankerConfig) -> Tables:
    """Assemble the embedding tables of a run.

    A model's or make's vector is the mean of its vehicles': what is known of a year that nobody has seen yet.
    A product's anchor vector is the model's own, else what buying it adds to a buyer beside less of the same: its
    inner product with a product's vector says how likely that one is bought next.
    """
    with torch.no_grad():
        users = _users(snapshot, trained, config)
        bought = trained.history.weights[ORDERED]
        others = bought - bought.diagonal().mean() * torch.eye(config.dim)
        residual = trained.z @ others / (1 + config.history_prior)
        anchor = residual if trained.anchor is None else trained.anchor
    vehicles = trained.q.numpy()
    make = snapshot.vehicles.column("make").to_numpy(zero_copy_only=False).astype(object)
    model = make + "|" + snapshot.vehicles.column("model").to_numpy(zero_copy_only=False).astype(object)
    named = {
        "product": Table(snapshot.product_ids.keys, table.products(trained.z.numpy(), trained.popularity.numpy())),
        "product_anchor": Table(snapshot.product_ids.keys, table.queries(anchor.numpy())),
        "vehicle": Table(snapshot.vehicle_ids.keys, table.queries(vehicles)),
        "vehicle_model": _means(model, vehicles),
        "make": _means(make, vehicles),
        "user": Table(snapshot.user_ids.keys, table.queries(users)),
    }
    vehicle, product = snapshot.fits.T
    lift = Lift(snapshot.vehicle_ids.keys, snapshot.product_ids.keys, vehicle, product, trained.lift.numpy())
    return Tables(named, lift, trained.paths)


def _users(snapshot: Snapshot, trained: TrainedModel, config: FitmentRankerConfig) -> npt.NDArray[np.float32]:
    """[users, dim] the vehicle's vector (zero without a vehicle) plus what the history adds."""
    rows = np.arange(snapshot.users.num_rows)
    means = history_means(snapshot, trained.z, rows, np.full(len(rows), snapshot.as_of), config)
    owned = torch.from_numpy(snapshot.user_vehicle)
    base = torch.zeros(len(rows), config.dim)
    base[owned >= 0] = trained.q[owned[owned >= 0]]
    return np.asarray((base + trained.history(means)).numpy())


def _means(group: npt.NDArray[np.object_], vectors: npt.NDArray[np.float32]) -> Table:
    keys, member = np.unique(group, return_inverse=True)
    sums = np.zeros((len(keys), vectors.shape[1]))
    np.add.at(sums, member, vectors)
    counts = np.bincount(member, minlength=len(keys))[:, None]
    return Table(keys, table.queries((sums / np.maximum(counts, 1)).astype(np.float32)))
