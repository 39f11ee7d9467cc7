"""Neighbour sampling against first principles: real edges, none twice, as many as asked, evenly, numbered."""

import numpy as np
import pytest
import torch
from scipy.stats import chisquare

from holley_graph.model.architectures.sampler import Numbering, Sampler, Subgraph, draw
from holley_graph.ragged import Ragged

LIKES, LIKED = ("cat", "likes", "dog"), ("dog", "likes", "cat")
SIZES = {"cat": 50, "dog": 40}


def drawn_graph(seed: int = 0) -> dict[tuple[str, str, str], Ragged]:
    """Degrees from none to 30."""
    rng = np.random.default_rng(seed)
    graph = {}
    for sender, relation, receiver in (LIKES, LIKED):
        degrees = [0, 30, *rng.integers(0, 31, SIZES[receiver] - 2)]
        lists = [rng.permutation(SIZES[sender])[:degree] for degree in degrees]
        offsets = np.concatenate([[0], np.cumsum(degrees)])
        graph[sender, relation, receiver] = Ragged(offsets, np.concatenate(lists))
    return graph


GRAPH = drawn_graph()
DOGS = np.arange(SIZES["dog"])


def heard(part: Subgraph, relation: tuple[str, str, str]) -> dict[int, list[int]]:
    """Receiver to what it hears, in rows of the whole graph."""
    adjacency = part.edges[relation]
    senders, receivers = part.nodes[relation[0]], part.nodes[relation[2]]
    lists = adjacency.col_indices().split(adjacency.crow_indices().diff().tolist())
    return {row: senders[list_].tolist() for row, list_ in zip(receivers.tolist(), lists, strict=True)}


def around(seeds: dict[str, np.ndarray], key: int = 1, most: int = 5, hops: int = 1) -> Subgraph:
    return Sampler(GRAPH, SIZES, dict.fromkeys(GRAPH, most), hops).around(seeds, np.uint64(key))[0]


@pytest.mark.parametrize("most", [1, 5, 30, None])
def test_every_drawn_edge_is_one_and_none_is_drawn_twice_and_few_neighbours_all_come(most: int | None) -> None:
    graph = GRAPH[LIKES]
    degree, senders = draw(graph, DOGS[::-1], most, np.uint64(7))
    whole = np.diff(graph.offsets)[::-1]  # 0 and 30 among them
    assert degree.tolist() == (whole if most is None else np.minimum(whole, most)).tolist()
    for row, neighbours in zip(DOGS[::-1], np.split(senders, degree.cumsum()[:-1]), strict=True):
        there = graph.values[graph.offsets[row] : graph.offsets[row + 1]]
        assert len(set(neighbours)) == len(neighbours)
        assert set(neighbours) <= set(there)


def test_every_subset_is_as_likely_as_any_other() -> None:
    """Two of five: ten subsets, 6,000 nodes that are alike, and the same with 6,000 keys for one node."""
    nodes = Ragged(np.arange(0, 5 * 6_000 + 1, 5), np.tile(np.arange(5), 6_000))
    by_node = draw(nodes, np.arange(6_000), 2, np.uint64(3))[1]
    by_key = np.concatenate([draw(nodes, np.array([4]), 2, np.uint64(key))[1] for key in range(6_000)])
    for senders in (by_node, by_key):
        pairs = np.sort(senders.reshape(-1, 2), 1)
        _, count = np.unique(pairs[:, 0] * 5 + pairs[:, 1], return_counts=True)
        assert len(count) == 10
        assert chisquare(count).pvalue > 0.01


def test_what_a_node_hears_follows_from_the_key_and_not_from_the_company() -> None:
    alone, among = around({"dog": DOGS[20:21]}), around({"cat": np.arange(50), "dog": DOGS})
    assert heard(alone, LIKES)[20] == heard(among, LIKES)[20]
    assert heard(among, LIKES) != heard(around({"dog": DOGS}, key=2), LIKES)
    other = heard(among, LIKED)
    assert any(other[row] != senders for row, senders in heard(among, LIKES).items())


def test_two_hops_are_heard_from_the_seeds_outwards_and_the_last_ones_hear_nobody() -> None:
    part = around({"dog": DOGS[:2]}, hops=2)
    dogs, cats = part.nodes["dog"].tolist(), part.nodes["cat"].tolist()
    assert dogs[:2] == [0, 1]
    assert len(set(dogs)) == len(dogs)
    near = heard(part, LIKES)
    assert set(cats) == {cat for dog in (0, 1) for cat in near[dog]}
    assert set(dogs) == {0, 1} | {dog for senders_ in heard(part, LIKED).values() for dog in senders_}
    assert {row for row, senders in near.items() if senders} <= {0, 1}
    once = around({"dog": DOGS[:2]})
    assert {dog: heard(once, LIKES)[dog] for dog in (0, 1)} == {dog: near[dog] for dog in (0, 1)}
    assert not any(heard(once, LIKED).values())


def test_numbers_are_given_in_order_of_first_use_and_forgotten_when_told() -> None:
    numbering = Numbering(10)
    assert numbering.number(np.array([7, 2, 7, 5])).tolist() == [0, 1, 0, 2]
    assert numbering.number(np.array([9, 2])).tolist() == [3, 1]
    assert numbering.rows.tolist() == [7, 2, 5, 9]
    numbering.clear()
    assert numbering.number(np.array([2])).tolist() == [0]


def test_seeds_without_neighbours_and_no_seeds_at_all_are_parts_too() -> None:
    lonely = np.flatnonzero(np.diff(GRAPH[LIKES].offsets) == 0)
    part = around({"dog": lonely})
    assert part.nodes["dog"].tolist() == lonely.tolist()
    assert part.edges[LIKES].shape == (len(lonely), 0)
    assert torch.equal(around({"dog": lonely[:0]}).nodes["dog"], torch.empty(0, dtype=torch.long))
