"""Frozen text: equal texts are one vector, alike texts are near, and nothing is fetched."""

import numpy as np
import pytest
import torch

from holley_graph.model.architectures import text

WAYS = ["sentences", "n-grams"]
every_way = pytest.mark.parametrize("how", WAYS)


@every_way
def test_vectors_have_one_length_and_no_text_has_none(how: str) -> None:
    vectors = text.embed(["Brake Pad Set", "", "brake pad set"], how)
    assert vectors.shape == (3, text.WIDTH)
    np.testing.assert_allclose(vectors.norm(dim=1), [1, 0, 1], atol=1e-5)
    assert torch.equal(vectors[0], vectors[2])


@every_way
def test_what_shares_words_is_closer_than_what_does_not(how: str) -> None:
    pads, kit, cap = text.embed(["Brake Pad Set", "Brake Pad Kit", "Distributor Cap"], how)
    assert pads @ kit > pads @ cap + 0.2


def test_sentences_know_what_letters_do_not() -> None:
    for how, near in zip(WAYS, (True, False), strict=True):
        fuel, petrol, wheel = text.embed(["fuel", "petrol", "wheel"], how)
        assert bool(fuel @ petrol > fuel @ wheel + 0.1) == near


def test_without_text_there_is_no_coordinate_and_without_texts_no_vector() -> None:
    assert text.embed(["a", "b"], "none").shape == (2, 0)
    assert text.embed([], "n-grams").shape == (0, text.WIDTH)
