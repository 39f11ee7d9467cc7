"""Neighbour sampling in whole columns: the part of a graph that some nodes hear from, a few neighbours each.

Hamilton, Ying & Leskovec, "Inductive Representation Learning on Large Graphs" (NeurIPS 2017), section 3.1: a node
hears at most so many of its neighbours per relation, drawn uniformly and without replacement (Floyd's algorithm, in
Bentley & Floyd, "A sample of brilliance", CACM 1987), hop by hop outwards from the seeds.

What is drawn for a node follows from the key, the relation and the node alone, by a hash instead of a stream of
random numbers. One key is one thinned graph, of which every call opens the part that its seeds need: who else is in
the batch, which process asks and what was drawn before make no difference.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from jaxtyping import Float, Int
from torch import Tensor

from holley_graph.ragged import Ints, Ragged, laid_out

Hashes = npt.NDArray[np.uint64] | np.uint64
Relation = tuple[str, str, str]

GOLDEN = np.uint64(0x9E3779B97F4A7C15)
"""2⁶⁴ over the golden ratio: neighbouring numbers become far ones."""


@dataclass(frozen=True)
class Subgraph:
    """A part of a graph, with numbers of its own.

    Attributes:
        nodes: type to the rows of its nodes in the whole graph, in order of first use.
        edges: relation to CSR [receivers, senders] in numbers of the part.
    """

    nodes: dict[str, Int[Tensor, " _"]]
    edges: dict[Relation, Float[Tensor, "_ _"]]

    def to(self, device: torch.device) -> Subgraph:
        """Move every array."""
        return Subgraph(
            {name: rows.to(device) for name, rows in self.nodes.items()},
            {relation: adjacency.to(device) for relation, adjacency in self.edges.items()},
        )


class Numbering:
    """Numbers for the rows of one node type, given in order of first use.

    Args:
        size: rows that there are.
    """

    def __init__(self, size: int) -> None:
        self.rows: Ints = np.empty(0, np.int64)
        self._number = np.full(size, -1)
        self._place = np.empty(size, np.int64)

    def number(self, rows: Ints) -> Ints:
        """Return the number of each row, new ones to those that have none."""
        new = rows[self._number[rows] < 0]
        # of equal rows the last assignment stays, which backwards is the first use
        self._place[new[::-1]] = np.arange(len(new))[::-1]
        new = new[self._place[new] == np.arange(len(new))]
        self._number[new] = len(self.rows) + np.arange(len(new))
        self.rows = np.concatenate([self.rows, new])
        return self._number[rows]

    def clear(self) -> None:
        """Forget all numbers."""
        self._number[self.rows] = -1
        self.rows = self.rows[:0]


class Sampler:
    """Draws parts of one graph.

    Args:
        graph: its relations: of each receiver the rows of those who send to it.
        sizes: type to the number of its nodes.
        most: relation to how many neighbours a node hears at most; a relation that is not there sends all.
        hops: how far messages travel.
    """

    def __init__(
        self,
        graph: Mapping[Relation, Ragged],
        sizes: Mapping[str, int],
        most: Mapping[Relation, int],
        hops: int,
    ) -> None:
        self.graph, self.most, self.hops = graph, most, hops
        self.numbering = {name: Numbering(size) for name, size in sizes.items()}

    def around(self, seeds: Mapping[str, Ints], key: Hashes) -> tuple[Subgraph, dict[str, Ints]]:
        """Draw what some nodes hear from.

        Args:
            seeds: type to rows, repeats allowed.
            key: same key, same neighbours of a node.

        Returns:
            The part, seeds first, and each seed's number in it.
        """
        numbers = {name: self.numbering[name].number(rows) for name, rows in seeds.items()}
        degrees: dict[Relation, list[Ints]] = {relation: [] for relation in self.graph if self.hops}
        senders: dict[Relation, list[Ints]] = {relation: [] for relation in degrees}
        heard = dict.fromkeys(self.numbering, 0)
        for _ in range(self.hops):
            reached = {name: len(numbering.rows) for name, numbering in self.numbering.items()}
            for turn, (relation, neighbours) in enumerate(self.graph.items()):
                sender, _, receiver = relation
                rows = self.numbering[receiver].rows[heard[receiver] : reached[receiver]]
                degree, sent = draw(neighbours, rows, self.most.get(relation), hashed(key, turn))
                degrees[relation].append(degree)
                senders[relation].append(self.numbering[sender].number(sent))
            heard = reached
        nodes = {name: torch.from_numpy(numbering.rows) for name, numbering in self.numbering.items()}
        edges = {}
        for relation in degrees:
            shape = len(nodes[relation[2]]), len(nodes[relation[0]])
            edges[relation] = _csr(degrees[relation], senders[relation], shape)
        for numbering in self.numbering.values():
            numbering.clear()
        return Subgraph(nodes, edges), numbers


def draw(neighbours: Ragged, rows: Ints, most: int | None, key: Hashes) -> tuple[Ints, Ints]:
    """Draw neighbours of some nodes.

    Args:
        neighbours: the relation.
        rows: [n] receivers.
        most: neighbours of each at most; none: all of them.
        key: of the draw.

    Returns:
        [n] how many each has, and their rows laid end to end.
    """
    start, degree = neighbours.start(rows), neighbours.size(rows)
    size = degree if most is None else np.minimum(degree, most)
    edge = laid_out(start, size)
    if most is not None:
        many = degree > most
        place = _distinct(rows[many], degree[many], most, key)
        edge[np.repeat(many, size)] = (start[many, None] + place).ravel()
    return size, neighbours.values[edge]


def hashed(key: Hashes, more: Ints | int) -> Hashes:
    """Hash a key and something more to 64 bits that look like chance (Steele et al., SplitMix64, OOPSLA 2014)."""
    with np.errstate(over="ignore"):
        bits: Hashes = key + (np.asarray(more).astype(np.uint64) + np.uint64(1)) * GOLDEN
        bits = (bits ^ (bits >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        bits = (bits ^ (bits >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return bits ^ (bits >> np.uint64(31))


def _distinct(rows: Ints, degree: Ints, most: int, key: Hashes) -> Ints:
    """[n, most] different places below each degree, every subset as likely as any other."""
    own = hashed(key, rows)
    chosen = np.empty((most, len(rows)), np.int64)
    for column in range(most):
        last = degree - most + column
        place = (hashed(own, column) % (last + 1).astype(np.uint64)).astype(np.int64)
        repeated = (chosen[:column] == place).any(0)
        chosen[column] = np.where(repeated, last, place)
    return chosen.T


def _csr(degrees: list[Ints], senders: list[Ints], shape: tuple[int, int]) -> Float[Tensor, "receivers senders"]:
    """[receivers, senders] ones: receivers in order of their numbers, those of the last hop hear nobody."""
    degree = np.concatenate(degrees)
    offsets = np.zeros(shape[0] + 1, np.int64)
    offsets[1 : len(degree) + 1] = degree.cumsum()
    offsets[len(degree) + 1 :] = degree.sum()
    columns = torch.from_numpy(np.concatenate(senders))
    return torch.sparse_csr_tensor(torch.from_numpy(offsets), columns, torch.ones(len(columns)), shape)
