"""What a finished run still knows how to encode: its parameters, found again by the keys of another snapshot.

A row of a table belongs to a make, a part type or a SKU, not to a number. Another snapshot numbers them anew and
has some that the run never saw: an unknown make or part type is the mean of all, and whatever is unknown below adds
nothing, as most of what is rare adds next to nothing after training.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq
import torch
from jaxtyping import Float
from safetensors import SafetensorError
from safetensors.torch import load_file
from safetensors.torch import save as serialized
from torch import Tensor

from holley_graph.counting import utility
from holley_graph.counting.utility import Utility
from holley_graph.errors import ParcelError
from holley_graph.keys import find_text
from holley_graph.model.architectures.data import Hierarchy
from holley_graph.model.architectures.fitment_ranker import FitmentRanker

WEIGHTS, LEVELS = "weights.safetensors", "levels.parquet"
ROTATION = "rotation"
"""[dim, dim] among the parameters: what turns the vectors that they make into those that are served."""
SCALE = "scale"
"""[] among the parameters: what the vectors of vehicles are multiplied by."""
TOP = ("make", "part_type")
"""Levels that nothing stands above: their mean is what is known of an unseen one."""

Keys = dict[str, npt.NDArray[np.object_]]


@dataclass(frozen=True)
class Encoder:
    """A run's parameters, and what their rows stand for.

    Attributes:
        state: parameters by name.
        keys: level to the key of each row of its tables.
        edges: of the price buckets.
        counted: effects that were counted; none for a graph without vehicles.
    """

    state: dict[str, Tensor]
    keys: Keys
    edges: npt.NDArray[np.float64]
    counted: Utility | None = None

    def save(self, folder: Path) -> None:
        """Write it into a run folder."""
        edges = torch.from_numpy(self.edges.copy())
        parameters = {name: values.contiguous() for name, values in self.state.items()} | {"price_edges": edges}
        (folder / WEIGHTS).write_bytes(serialized(parameters))
        level = pa.array([name for name, values in self.keys.items() for _ in values], pa.string())
        key = pa.array(np.concatenate([np.empty(0, object), *self.keys.values()]), pa.string())
        pq.write_table(pa.table({"level": level.dictionary_encode(), "key": key}), folder / LEVELS)
        if self.counted:
            self.counted.save(folder)

    def fill(self, model: FitmentRanker, levels: dict[str, Hierarchy]) -> None:
        """Give a model the parameters of the run, each row to whom it belongs.

        Args:
            model: of another snapshot; what the run has no parameters for stays as it is.
            levels: of that snapshot, vehicles' and products'.

        Raises:
            ParcelError: the run is of another shape.
        """
        own = model.state_dict()
        for name, value in own.items():
            old = self.state.get(name)
            if old is None:
                continue
            _, _, level = name.partition(".tables.")
            if level:
                old = self._rows(level, old, levels[level])
            if old.shape != value.shape:
                raise ParcelError(
                    f"its {name} is {list(old.shape)}, not {list(value.shape)}", "train without --warm"
                )
            own[name] = old.to(value.device)
        model.load_state_dict(own)

    def _rows(self, level: str, old: Float[Tensor, "_ width"], wanted: Hierarchy) -> Float[Tensor, "rows width"]:
        """[rows of the level, width] the run's rows in another order, and the rule for those that it never saw."""
        row = find_text(self.keys[level], wanted.keys)
        unknown = old.mean(0) if level in TOP else torch.zeros(old.shape[1])
        return torch.where(torch.from_numpy(row >= 0)[:, None], old[row], unknown)


def load(folder: Path) -> Encoder:
    """Read the encoder of a run folder.

    Raises:
        ParcelError: it has none, as runs of earlier versions and of graphs without vehicles.
    """
    try:
        state = load_file(folder / WEIGHTS)
        read = pq.read_table(folder / LEVELS)
    except (OSError, ValueError, SafetensorError) as error:
        raise ParcelError(f"{folder.name} keeps nothing to encode with", "holley-graph train") from error
    level, key = (read.column(c).to_numpy(zero_copy_only=False).astype(object) for c in ("level", "key"))
    keys = {name: key[level == name] for name in dict.fromkeys(level)}
    if not keys:
        raise ParcelError(
            f"{folder.name} is of a graph without vehicles: it encodes nothing but what it saw",
            "holley-graph train",
        )
    return Encoder(state, keys, state.pop("price_edges").numpy(), utility.load(folder))
