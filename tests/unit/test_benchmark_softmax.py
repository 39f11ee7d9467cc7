"""The gradient that benchmarks/softmax.py takes by hand is the one that differentiation finds."""

import numpy as np
import scipy.sparse as sp
import torch

from benchmarks import gowalla, softmax

TOUCHED = sp.random(40, 30, 0.2, format="csr", random_state=0)
TOUCHED.data[:] = 1


def test_the_slope_is_that_of_the_loss_but_for_half_precision() -> None:
    torch.manual_seed(0)
    unit = torch.nn.functional.normalize(torch.randn(70, 16)).requires_grad_()
    drawn, temperature = torch.randint(30, (25,)), 0.3
    user, item = (torch.from_numpy(rows).long() for rows in TOUCHED.nonzero())
    users, items = unit.split([40, 30])
    yes = (users @ items.T / temperature)[user, item]
    rivals = torch.logsumexp(users @ items[drawn].T / temperature, 1)[user]
    (torch.logaddexp(yes, rivals) - yes).sum().backward()
    slope = softmax._slope(unit.detach(), softmax.Interactions.of(TOUCHED), drawn, temperature)
    assert unit.grad is not None
    assert (slope - unit.grad).abs().max() < 0.02 * unit.grad.abs().max()


def test_two_camps_are_told_apart_and_what_was_touched_is_never_offered() -> None:
    rng = np.random.default_rng(0)
    dense = np.zeros((200, 60), bool)
    dense[:100, :30], dense[100:, 30:] = rng.random((100, 30)) < 0.4, rng.random((100, 30)) < 0.4
    seen, held = gowalla.validation(sp.csr_matrix(dense.astype(float)))
    assert np.array_equal((seen + held).toarray(), dense)
    figures: dict[str, float] = {}

    def look(_: int, query: torch.Tensor, item: torch.Tensor) -> None:
        figures.update(gowalla.recall_and_ndcg(gowalla.inner(query, item), seen, held))

    softmax.fit(seen, softmax.Options(dim=8, steps=20, drawn=50), 0, look)
    # 18 of their own camp's 30 are left to offer, so that all of it is within the first 20
    assert figures["Recall@20"] > 0.95
