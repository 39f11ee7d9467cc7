"""Which vehicles a world has, and how many people drive each: real year-make-models, bent to performance."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow.csv

from holley_graph.simulator.config import WorldConfig

VEHICLE_FILE = Path(__file__).with_name("vehicles.csv")
EVERYBODYS_DREAM = "1969|CHEVROLET|CAMARO"

# How much a make weighs in the customer base of a performance parts retailer; the rest weigh OTHER_MAKE.
MAKE_WEIGHT = {
    "CHEVROLET": 10.0, "FORD": 9.0, "DODGE": 4.0, "GMC": 3.0, "PONTIAC": 3.0, "JEEP": 2.0, "PLYMOUTH": 2.0,
    "RAM": 2.0, "BUICK": 1.5, "OLDSMOBILE": 1.5, "CHRYSLER": 1.2, "MERCURY": 1.0, "CADILLAC": 0.8,
    "TOYOTA": 0.8, "HONDA": 0.8, "NISSAN": 0.6, "SHELBY": 0.6, "AM GENERAL": 0.1, "PETERBILT": 0.01,
}  # fmt: skip
OTHER_MAKE = 0.12
MODEL_WEIGHT = {
    "CAMARO": 12.0, "MUSTANG": 12.0, "CORVETTE": 7.0, "F-150": 6.0, "SILVERADO": 6.0, "FIREBIRD": 6.0,
    "CHALLENGER": 6.0, "CHARGER": 6.0, "GTO": 6.0, "BRONCO": 4.0, "IMPALA": 4.0, "MALIBU": 3.0,
    "SIERRA": 4.0, "C10": 6.0, "CHEVELLE": 8.0, "NOVA": 5.0, "EL CAMINO": 5.0, "WRANGLER": 4.0,
    "RANGER": 2.0, "F-250": 3.0, "CUTLASS": 5.0, "CUTLASS SUPREME": 4.0, "MONTE CARLO": 4.0,
    "BLAZER": 3.0, "THUNDERBIRD": 2.0, "S-10 PICKUP": 3.0, "RAM 1500": 4.0, "1500": 3.0, "TAHOE": 2.0,
    "REGAL": 2.5, "BARRACUDA": 5.0, "GRAND PRIX": 2.0, "VIPER": 3.0,
}  # fmt: skip


@dataclass(frozen=True)
class Vehicles:
    """Year-make-models sorted by make, model, year: `[with fitment …]` first, then `[without]`."""

    year: npt.NDArray[np.int64]
    make: npt.NDArray[np.str_]
    model: npt.NDArray[np.str_]
    weight: npt.NDArray[np.float64]  # share of owners among the vehicles with fitment, 0 for the others
    with_fitment: int

    @property
    def ids(self) -> npt.NDArray[np.str_]:
        """`YEAR|MAKE|MODEL`."""
        return np.char.add(
            np.char.add(self.year.astype("U4"), np.char.add("|", self.make)), np.char.add("|", self.model)
        )

    def groups(self) -> dict[str, npt.NDArray[np.int64]]:
        """Number the segments that share tastes: `make`, `model`, `window` (five years), `sibling` (both)."""
        _, make = np.unique(self.make, return_inverse=True)
        _, model = np.unique(np.char.add(np.char.add(self.make, "|"), self.model), return_inverse=True)
        _, window = np.unique(self.year // 5, return_inverse=True)
        _, sibling = np.unique(model * 10_000 + self.year // 5, return_inverse=True)
        return {"make": make, "model": model, "window": window, "sibling": sibling}


def choose(config: WorldConfig) -> Vehicles:
    """Draw the vehicles with fitment without replacement by how popular they are; keep the rest of the list."""
    year, make, model = _read()
    rng = config.stream("vehicles")
    weight = _popularity(year, make, model) * rng.lognormal(0.0, 0.6, year.size)
    dream = (year == 1969) & (make == "CHEVROLET") & (model == "CAMARO")
    weight[dream] = weight.max()
    rank = np.argsort(-(np.log(weight) + rng.gumbel(size=weight.size) + np.where(dream, 100, 0)), kind="stable")
    chosen, others = np.sort(rank[: config.sizes.vehicles]), np.sort(rank[config.sizes.vehicles :])
    order = np.concatenate([chosen, others])
    share = weight[order]
    share[config.sizes.vehicles :] = 0
    return Vehicles(year[order], make[order], model[order], share / share.sum(), config.sizes.vehicles)


def _read() -> tuple[npt.NDArray[np.int64], npt.NDArray[np.str_], npt.NDArray[np.str_]]:
    """The real list, sorted by make, model, year."""
    text = pyarrow.csv.ConvertOptions(
        column_types={"year": "int64", "make": "string", "model": "string"}, strings_can_be_null=False
    )
    table = pyarrow.csv.read_csv(VEHICLE_FILE, convert_options=text)
    table = table.sort_by([("make", "ascending"), ("model", "ascending"), ("year", "ascending")])
    names = [np.array(table[column].to_pylist(), dtype=np.str_) for column in ("make", "model")]
    return table["year"].to_numpy(), names[0], names[1]


def _popularity(
    year: npt.NDArray[np.int64], make: npt.NDArray[np.str_], model: npt.NDArray[np.str_]
) -> npt.NDArray[np.float64]:
    """Weight of a vehicle: its make, its model, and classics before young ones."""
    makes, at_make = np.unique(make, return_inverse=True)
    models, at_model = np.unique(model, return_inverse=True)
    by_make = np.array([MAKE_WEIGHT.get(name, OTHER_MAKE) for name in makes])[at_make]
    by_model = np.array([MODEL_WEIGHT.get(name, 1.0) for name in models])[at_model]
    era = np.select([year < 1950, year < 1975, year < 1988, year < 2016], [0.5, 4.0, 1.8, 1.2], 0.5)
    return np.asarray(by_make * by_model * era, dtype=np.float64)
