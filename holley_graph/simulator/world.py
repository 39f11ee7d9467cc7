"""A generated world opened again: what it was made of, and the truth that no raw table tells."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from holley_graph.errors import NotFound, ParcelError
from holley_graph.simulator.choice import Chooser, People, Shoppers
from holley_graph.simulator.config import Strengths
from holley_graph.simulator.memory import Memory
from holley_graph.simulator.taste import Truth
from holley_graph.times import seconds

Ints = npt.NDArray[np.int64]
Ids = Sequence[str] | npt.NDArray[np.str_]
SIDECAR, TRUTH = "world.json", "truth.npz"


@dataclass(frozen=True)
class Choices:
    """Rows of probabilities: those of row r are `[offsets[r]:offsets[r + 1]]`, SKUs ascending by code, sum 1."""

    offsets: Ints  # [rows + 1]
    skus: Ints  # [pairs] codes into `World.skus`
    probabilities: npt.NDArray[np.float32]  # [pairs]


@dataclass(frozen=True)
class World:
    """A folder with five raw tables, and what lies behind them."""

    folder: Path
    meta: dict[str, Any]  # seed, sizes, as_of, strengths, planted traps
    arrays: dict[str, npt.NDArray[Any]]

    @classmethod
    def open(cls, folder: Path) -> Self:
        """Open a folder that `generate` wrote.

        Raises:
            ParcelError: the folder has no world in it.
        """
        paths = folder / SIDECAR, folder / TRUTH
        if not all(path.is_file() for path in paths):
            raise ParcelError(f"{folder} holds no generated world", "make one with the generator first")
        with np.load(paths[1], allow_pickle=False) as archive:
            return cls(folder, json.loads(paths[0].read_text()), dict(archive))

    @property
    def traps(self) -> dict[str, int]:
        """Planted traps by name."""
        return dict(self.meta["traps"])

    @property
    def as_of(self) -> int:
        """The end of the world's known time, exclusive."""
        return seconds(self.meta["as_of"])

    @cached_property
    def skus(self) -> npt.NDArray[np.str_]:
        """SKUs by code, clean."""
        return self._text("skus")

    @cached_property
    def user_ids(self) -> npt.NDArray[np.str_]:
        """Ids with attribute rows."""
        return self._text("user_ids")

    @cached_property
    def vehicle_ids(self) -> npt.NDArray[np.str_]:
        """`YEAR|MAKE|MODEL` by vehicle number."""
        return self._text("vehicle_ids")

    def purchases(self) -> tuple[Ints, Ints, Ints]:
        """True purchases of users' own persons: user number (into `user_ids`), SKU code, epoch seconds."""
        return tuple(self.arrays[f"purchase_{name}"] for name in ("person", "sku", "at"))  # type: ignore[return-value]

    def choice_probabilities(
        self,
        *,
        at: int,
        users: Ids | None = None,
        vehicles: Ids | None = None,
        hidden: bool = True,
    ) -> Choices:
        """Say with which probability each part that fits is bought next, as of a time.

        Args:
            at: epoch seconds; knows every view and purchase strictly before it; popularity is that of this moment.
            users: user ids; a user without a (sound) vehicle gets an empty row.
            vehicles: instead of users: an owner of each about whom nothing else is known.
            hidden: count the user's personal taste, which only their behaviour betrays; without it the answer
                is what could be known at best of a person of whom only history and vehicle are seen.

        Raises:
            NotFound: an id that this world does not have.
            ValueError: not exactly one of `users` and `vehicles`.
        """
        if (users is None) == (vehicles is None):
            raise ValueError("give users or vehicles, one of the two")
        if users is not None:
            number = self._numbers("user_ids", users)
            person, vehicle = self.arrays["user_person"][number], self.arrays["user_vehicle"][number]
            memory = self._memory(person, at)
        else:
            vehicle = self._numbers("vehicle_ids", () if vehicles is None else vehicles)
            person, memory = np.zeros(vehicle.size, dtype=np.int64), Memory.empty(vehicle.size)
        known = np.where(vehicle >= 0, vehicle, self.arrays["vehicle_ids"].size)  # one row more, with nothing in it
        shoppers = Shoppers(person, known, np.full(person.size, at), memory)
        return Choices(*self._chooser(hidden and users is not None).probabilities(shoppers))

    def _chooser(self, hidden: bool) -> Chooser:
        arrays = self.arrays
        values: dict[str, Any] = {field.name: arrays[f"truth_{field.name}"] for field in fields(Truth)}
        values["begin"] = int(values["begin"])
        values["fit_offset"] = np.append(values["fit_offset"], values["fit_offset"][-1])
        taste, project = arrays["taste"], arrays["project"]
        people = People(taste, project) if hidden else People(np.zeros_like(taste), np.full_like(project, -1))
        return Chooser(Truth(**values), people, Strengths(**self.meta["strengths"]))

    def _memory(self, person: Ints, when: int) -> Memory:
        """What these persons did before a time, one row each; a person may stand in several rows."""
        distinct, row = np.unique(person, return_inverse=True)
        logs = []
        for name in ("purchase", "view"):
            who, sku, at = (self.arrays[f"{name}_{column}"] for column in ("person", "sku", "at"))
            place = np.minimum(np.searchsorted(distinct, who), max(distinct.size - 1, 0))
            selected = (distinct[place] == who) & (at < when) if distinct.size else np.zeros(who.size, dtype=bool)
            logs.append((place[selected], sku[selected], at[selected]))
        return Memory.of_log(distinct.size, *logs).rows(row)

    def _text(self, name: str) -> npt.NDArray[np.str_]:
        return np.asarray(np.char.decode(self.arrays[name], "utf-8"))

    def _numbers(self, name: str, wanted: Ids) -> Ints:
        """Numbers of ids, in the order asked for."""
        all_ids = self.arrays[name]
        encoded = np.char.encode(np.array(wanted, dtype=np.str_), "utf-8") if len(wanted) else all_ids[:0]
        order = np.argsort(all_ids, kind="stable")
        place = order[np.minimum(np.searchsorted(all_ids, encoded, sorter=order), all_ids.size - 1)]
        strange = np.flatnonzero(all_ids[place] != encoded)
        if strange.size:
            raise NotFound(
                f"this world has no {wanted[int(strange[0])]!r}", f"{self.folder / SIDECAR} says what it has"
            )
        return np.asarray(place, dtype=np.int64)
