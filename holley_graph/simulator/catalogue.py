"""The products of a world: families in colours and kits, part types, brands, prices and images."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv

from holley_graph.simulator.config import WorldConfig

PART_TYPE_FILE = Path(__file__).with_name("part_types.csv")
COLOURS = ["B", "R", "G", "P"]
DISPLAYS = ["-KIT", "-BLK", "-POL", "-CHR", "-RAW"]
SUFFIXES = ["", *COLOURS, *DISPLAYS]
SERVICE = [
    "EXT-1YR", "EXT-2YR", "EXT-3YR", "GIFT-25", "GIFT-50", "GIFT-100", "WARRANTY-STD", "WARRANTY-PLUS",
    "SERVICE-TUNE", "SERVICE-DYNO", "PREAUTH-1", "PREAUTH-2",
]  # fmt: skip
BRANDS = {  # invented names and the letters that their part numbers begin with
    "Ironpeak": "IP", "Redbarn Racing": "RB", "Torqueline": "TL", "Blackwell Motorsport": "BW",
    "Sunset Speed": "SS", "Delta Induction": "DI", "Quarterhorse": "QH", "Nightjar Ignition": "NJ",
    "Bluestem": "BS", "Rivet & Rye": "RV", "Highline Exhaust": "HX", "Copperhead Cams": "CC",
    "Westfork": "WF", "Old Mill Carburetion": "OM", "Falcon Ridge": "FR", "Stagger Wing": "SW",
    "Lodestar": "LS", "Overdrive Works": "OW", "Piston Alley": "PA", "Gravel Road": "GR",
    "Northgate EFI": "NG", "Hammerhead": "HH", "Lakeside Cooling": "LC", "Two Lane": "TW",
    "Vantage Fuel": "VF", "Keystone Chassis": "KC", "Anvil Brake": "AB", "Prairie Light": "PL",
    "Zephyr Boost": "ZB", "Mainspring": "MS",
}  # fmt: skip


@dataclass(frozen=True)
class SimulatedCatalogue:
    """One entry per SKU, sorted by family; a family is what is bought once, whatever its colour or kit."""

    sku: pa.Array  # clean spelling
    family: npt.NDArray[np.int64]
    suffix: npt.NDArray[np.int64]  # into SUFFIXES
    part_type: npt.NDArray[np.int64]  # into `types`
    brand: npt.NDArray[np.int64]  # into BRANDS
    price: npt.NDArray[np.float64]
    image: pa.Array  # as events show it: https, //host, http or broken
    numeric: npt.NDArray[np.bool_]  # the SKU is a whole number
    refurbished: npt.NDArray[np.bool_]
    items_only: npt.NDArray[np.bool_]  # fits nothing
    fitment_only: npt.NDArray[np.bool_]  # missing from the items table
    unseen: npt.NDArray[np.bool_]  # never shown to a crawler: price and image often stay unknown
    families: int
    types: pa.Table  # name, price, share, peak_month, then

    @property
    def size(self) -> int:
        """SKUs, service SKUs apart."""
        return len(self.sku)

    def listed(self, fitting: npt.NDArray[np.int64]) -> SimulatedCatalogue:
        """Say which SKUs fit nothing after all; those must stand in the items table, or nobody knows them."""
        fits = np.isin(np.arange(self.size), fitting)
        return replace(self, items_only=~fits, fitment_only=self.fitment_only & fits)


def build(config: WorldConfig) -> SimulatedCatalogue:
    """Draw families until the catalogue has its size, then number and price them, and give them images."""
    rng = config.stream("catalogue")
    as_double = pyarrow.csv.ConvertOptions(column_types={"share": "double"})
    types = pyarrow.csv.read_csv(PART_TYPE_FILE, convert_options=as_double)
    share = types["share"].to_numpy()
    style = _styles(rng, config.sizes.skus)
    family, suffix = _variants(rng, style, config.sizes.skus)
    families = int(family[-1]) + 1
    style = style[:families]
    part_type = rng.choice(share.size, families, p=share / share.sum())
    part_type[: min(share.size, families)] = np.arange(min(share.size, families))  # each type at least once
    brand = np.minimum((rng.pareto(1.1, families) * 3).astype(np.int64), len(BRANDS) - 1)
    price = types["price"].to_numpy()[part_type] * rng.lognormal(0.0, 0.35, families)
    only_items = rng.random(families) < 0.04
    spread = rng.lognormal(0.0, 0.06, family.size)
    columns: dict[str, Any] = {
        "sku": _numbers(style, brand, family, suffix),
        "image": _images(rng, family.size),
        "numeric": (style[family] == 2) & (suffix == 0),
        "refurbished": rng.random(family.size) < 0.03,
        "items_only": only_items[family],
        "fitment_only": (rng.random(family.size) < 0.03) & ~only_items[family],
        "unseen": rng.random(family.size) < 0.12,
    }
    cents = np.round(np.maximum(price[family] * spread, 4.0), 2)
    return SimulatedCatalogue(
        family=family, suffix=suffix, part_type=part_type[family], brand=brand[family], price=cents,
        families=families, types=types, **columns,
    )  # fmt: skip


def _styles(rng: np.random.Generator, families: int) -> npt.NDArray[np.int64]:
    """How a family is numbered: RA0031, 12-1083, 500031, or ABC-XLB (a letter that is no colour)."""
    return rng.choice(4, families, p=[0.45, 0.3, 0.2, 0.05])


def _variants(
    rng: np.random.Generator, style: npt.NDArray[np.int64], skus: int
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """The family and suffix of each SKU, exactly `skus` of them; lettered families have no colours."""
    has = np.zeros((style.size, len(SUFFIXES)), dtype=bool)
    has[:, 0] = True
    coloured, dressed = rng.random(style.size) < 0.14, rng.random(style.size) < 0.12
    has[:, 1:5] = (rng.random((style.size, 4)) < 0.45) & (coloured & (style != 3))[:, None]
    has[:, 5:] = (rng.random((style.size, 5)) < 0.3) & dressed[:, None]
    family, suffix = np.nonzero(has)
    return family[:skus], suffix[:skus]


def _numbers(
    style: npt.NDArray[np.int64],
    brand: npt.NDArray[np.int64],
    family: npt.NDArray[np.int64],
    suffix: npt.NDArray[np.int64],
) -> pa.Array:
    """Part numbers, unique because each style writes the family's number in full."""
    number = np.arange(style.size)
    text = number.astype("U8")
    prefix = np.array(list(BRANDS.values()))[brand]
    letters = np.array(list("ACDEFHJKLMNSTUVWXYZQ"))  # base 20
    plain = np.char.add(prefix, np.char.zfill(text, 4))
    dashed = np.char.add(np.char.add((10 + number % 89).astype("U3"), "-"), (1000 + number // 89).astype("U8"))
    whole = (500_000 + number).astype("U8")
    word = letters[number // 8000 % 20]
    for place in (letters[number // 400 % 20], letters[number // 20 % 20], "-", letters[number % 20], "L"):
        word = np.char.add(word, place)
    word = np.char.add(word, np.array(COLOURS)[number % 4])
    base = np.select([style == 0, style == 1, style == 2], [plain, dashed, whole], word)
    return pa.array(np.char.add(base[family], np.array(SUFFIXES)[suffix]))


def _images(rng: np.random.Generator, size: int) -> pa.Array:
    """Image addresses: mostly https, some without scheme or plain http, some that are no address."""
    path = pc.binary_join_element_wise(
        "pictures.example.com/parts/", pa.array(np.arange(size).astype("U8")), ".jpg", ""
    )
    schemes = pa.array(["https://", "//", "http://", "ftp://", "broken:"])
    return pc.binary_join_element_wise(
        schemes.take(pa.array(rng.choice(5, size, p=[0.82, 0.08, 0.06, 0.02, 0.02]))), path, ""
    )
