"""LightGCN without vehicles: its gradient is that of its loss, and `train` serves what it learns."""

from pathlib import Path

import numpy as np
import scipy.sparse as sp
import torch

from benchmarks import gowalla
from holley_graph.embeddings import table
from holley_graph.model.architectures import lightgcn_users
from holley_graph.model.architectures.lightgcn_users import LightGCNUsersConfig
from holley_graph.model.architectures.recipe import Recipe
from holley_graph.model.training.plan import Plan
from holley_graph.model.training.train import train
from tests.unit.test_model_catalogue import SHOP

TOUCHED = sp.random(40, 30, 0.2, format="csr", random_state=0)
TOUCHED.data[:] = 1


def test_the_slope_is_that_of_the_loss_but_for_half_precision() -> None:
    torch.manual_seed(0)
    unit = torch.nn.functional.normalize(torch.randn(70, 16)).requires_grad_()
    drawn, temperature = torch.randint(30, (25,)), 0.3
    user, item = (torch.from_numpy(rows).long() for rows in TOUCHED.nonzero())
    users, items = unit.split([40, 30])
    yes = (users @ items.T / temperature)[user, item]
    others = torch.logsumexp(users @ items[drawn].T / temperature, 1)[user]
    (torch.logaddexp(yes, others) - yes).sum().backward()
    both = lightgcn_users.BothWays.of(TOUCHED)
    slope = lightgcn_users._slope(unit.detach(), both, drawn, temperature)
    assert unit.grad is not None
    assert (slope - unit.grad).abs().max() < 0.02 * unit.grad.abs().max()


def test_two_camps_are_told_apart_and_what_was_touched_is_never_offered() -> None:
    rng = np.random.default_rng(0)
    dense = np.zeros((200, 60), bool)
    dense[:100, :30], dense[100:, 30:] = rng.random((100, 30)) < 0.4, rng.random((100, 30)) < 0.4
    seen, held = gowalla.validation(sp.csr_matrix(dense.astype(float)))
    assert np.array_equal((seen + held).toarray(), dense)
    config = LightGCNUsersConfig(dim=8, steps=20, drawn=50)
    figures = gowalla.recall_and_ndcg(gowalla.lightgcn(seen, config, 0), seen, held)
    # 18 of their own camp's 30 are left to offer, so that all of it is within the first 20
    assert figures["Recall@20"] > 0.95


def test_without_vehicles_a_run_of_lightgcn_is_lightgcn_and_the_same_seed_gives_it_again(tmp_path: Path) -> None:
    first, second = (train(SHOP, tmp_path, Plan(Recipe.default("lightgcn"), seed=3)) for _ in range(2))
    assert (first.manifest.model, first.manifest.config) == ("lightgcn", LightGCNUsersConfig().__dict__)
    actual, expected = table.load(first.path), table.load(second.path)
    for name in ("product", "product_anchor", "user"):
        np.testing.assert_array_equal(actual[name].vectors, expected[name].vectors)
    # everybody paid two visits to groups of four products: whoever touched one is offered the others
    scores = actual["user"].vectors @ actual["product"].vectors.T
    seen = np.zeros(scores.shape, bool)
    seen[SHOP.event("user"), SHOP.event("product")] = True
    group = np.arange(scores.shape[1]) // 4
    scores[seen] = -np.inf
    best = group[scores.argmax(1)]
    assert np.mean([best[user] in group[seen[user]] for user in range(len(best))]) > 0.9
