"""What people are called in the raw tables: user ids and email addresses, none of anybody real."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from holley_graph.simulator.config import WorldConfig
from holley_graph.simulator.population import Population

FIRST = [
    "ada", "ben", "carla", "dan", "ella", "finn", "gina", "hank", "ida", "jon", "kate", "leo",
    "mia", "ned", "olga", "pete", "quinn", "rosa", "sam", "tess", "uma", "vic", "wes", "yara",
    "zoe",
]  # fmt: skip
LAST = [
    "archer", "baker", "carter", "dyer", "ellis", "fisher", "grant", "hayes", "irwin", "jensen",
    "keller", "larsen", "mason", "nolan", "owens", "parker", "reyes", "stone", "turner", "vance",
    "webb", "young",
]  # fmt: skip
DOMAINS = ["@example.org", "@example.com", "@mail.example.org", "@shop.example.com"]
NUMERIC_IDS = 0.1  # share of user ids that are whole numbers


def user_ids(config: WorldConfig, population: Population) -> tuple[pa.Array, pa.Array]:
    """Ids of the users `[users]`, and what each person's events go by `[persons]` (guests: null)."""
    shared = population.person.size - population.own
    ids = _ids(config.stream("names"), population.persons + shared)
    number = np.arange(population.persons)
    guest = (number >= population.own) & (number < population.own + population.guests)
    users = np.concatenate([ids[: population.own], ids[population.persons :]])
    return pa.array(users), pa.array(ids[: population.persons], mask=guest)


def _ids(rng: np.random.Generator, size: int) -> npt.NDArray[np.str_]:
    """Distinct ids, most like a UUID, some whole numbers."""
    text = np.frombuffer(b"0123456789abcdef", dtype=np.uint8)[rng.integers(0, 16, (size, 36))]
    text[:, [8, 13, 18, 23]] = ord("-")
    uuid = np.ascontiguousarray(text).view("S36").ravel().astype("U36")
    number = (100_000_000 + 7 * rng.permutation(size)).astype("U36")
    return np.where(rng.random(size) < NUMERIC_IDS, number, uuid)


def emails(population: Population) -> pa.Array:
    """One address per person `[persons]`; only users and guests ever show theirs."""
    number = np.arange(population.persons)
    first = pa.array(FIRST).take(pa.array(number % len(FIRST)))
    last = pa.array(LAST).take(pa.array(number // len(FIRST) % len(LAST)))
    domain = pa.array(DOMAINS).take(pa.array(number % 7 % len(DOMAINS)))
    return pc.binary_join_element_wise(
        pc.binary_join_element_wise(first, last, "."), pa.array(number.astype("U9")), domain, ""
    )
