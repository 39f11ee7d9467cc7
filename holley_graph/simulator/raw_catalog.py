"""The raw `fitment` and `items` tables and their traps."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from holley_graph.simulator.catalogue import BRANDS, SERVICE, SimulatedCatalogue
from holley_graph.simulator.raw import Traps, misspelt, planted, write
from holley_graph.simulator.scene import Scene
from holley_graph.simulator.schemas import PRODUCT, SCHEMAS

UNPRICED_EVERY, UNPRICED_REST = 50, 7  # SKU codes whose events never name a price
EMPTY_LISTS = 8  # vehicles listed with no product at all


def fitment(folder: Path, scene: Scene, traps: Traps) -> int:
    """Write one row per vehicle with fitment plus the broken ones; returns rows."""
    rng, vehicles = scene.config.stream("raw fitment"), scene.vehicles
    catalogue, fits = scene.catalogue, scene.fits
    sound = vehicles.with_fitment
    listed = np.concatenate([np.arange(sound), vehicles.year.size - 1 - np.arange(EMPTY_LISTS)])
    copies = {
        "fitment.duplicate_row": planted(sound, 0.01),
        "fitment.bad_year": planted(sound, 0.004),
        "fitment.no_vehicle": planted(sound, 0.004),
    }
    traps.update(copies)
    row = np.concatenate([listed, *(rng.integers(0, sound, n) for n in copies.values())])
    lengths = np.diff(fits.offset)[row]
    traps["fitment.empty_list"] += int(np.count_nonzero(lengths == 0))
    begin = np.cumsum(lengths) - lengths
    item = np.repeat(fits.offset[row] - begin, lengths) + np.arange(int(lengths.sum()))
    text = misspelt(rng, catalogue.sku.take(pa.array(fits.sku[item])), 0.02, traps, "fitment.sku_misspelt")
    year, make, model = (
        pa.array(column[row]).cast(pa.string()) for column in (vehicles.year, vehicles.make, vehicles.model)
    )
    bad = np.arange(row.size) - listed.size - copies["fitment.duplicate_row"]
    is_bad_year = (bad >= 0) & (bad < copies["fitment.bad_year"])
    no_vehicle = bad >= copies["fitment.bad_year"]
    wrong_year = pa.array(["1969.5", "abc", "", None]).take(pa.array(np.abs(bad) % 4))
    missing = pa.array([None, "", " "]).take(pa.array(np.abs(bad) % 3))
    table = pa.table(
        {
            "v1_year": pc.if_else(pa.array(is_bad_year), wrong_year, year),
            "v1_make": pc.if_else(
                pa.array(no_vehicle & (bad % 2 == 0)),
                missing,
                misspelt(rng, make, 0.05, traps, "fitment.make_misspelt"),
            ),
            "v1_model": pc.if_else(
                pa.array(no_vehicle & (bad % 2 == 1)),
                missing,
                misspelt(rng, model, 0.05, traps, "fitment.model_misspelt"),
            ),
            "products": _lists(rng, lengths, text, listed.size, traps),
        },
        schema=SCHEMAS["fitment"],
    )
    write(folder, "fitment", table.num_rows, lambda part: table.slice(part.start, part.stop - part.start))
    return int(table.num_rows)


def _lists(
    rng: np.random.Generator, lengths: np.typing.NDArray[np.int64], text: pa.Array, listed: int, traps: Traps
) -> pa.Array:
    """Product lists; some get an item more that has no number, or the same product twice."""
    holes, twice = planted(listed, 0.02), planted(listed, 0.02)
    traps["fitment.no_sku"] += holes
    traps["fitment.duplicate_product"] += twice
    some = rng.choice(np.flatnonzero(lengths[: listed - EMPTY_LISTS]), holes + twice)
    last = np.cumsum(lengths) - 1
    extra = np.bincount(some, minlength=lengths.size)
    nothing = pa.array([None, "", " "]).take(pa.array(np.arange(holes) % 3))
    again = text.take(pa.array(last[some[holes:]]))
    row = np.concatenate([np.repeat(np.arange(lengths.size), lengths), some])
    order = np.argsort(row, kind="stable")
    numbers = pa.concat_arrays([text, nothing, again]).take(pa.array(order))
    offset = np.zeros(lengths.size + 1, dtype=np.int32)
    np.cumsum(lengths + extra, out=offset[1:])
    return pa.ListArray.from_arrays(pa.array(offset), pa.StructArray.from_arrays([numbers], fields=list(PRODUCT)))


def items(folder: Path, scene: Scene, traps: Traps) -> int:
    """Write the catalogue, second rows for some SKUs, and the service SKUs; returns rows."""
    rng, catalogue = scene.config.stream("raw items"), scene.catalogue
    listed = np.flatnonzero(~catalogue.fitment_only)
    traps["items.only_in_fitment"] += int(catalogue.fitment_only.sum())
    traps["items.only_in_items"] += int(catalogue.items_only.sum())
    traps["items.service_sku"] += len(SERVICE)
    traps.update(_spellings(catalogue))
    second = rng.choice(listed, planted(listed.size, 0.01), replace=False)
    traps["items.second_part_type"] += second.size
    row = np.concatenate([listed, second])
    again = np.arange(row.size) >= listed.size
    kind = catalogue.types["name"].combine_chunks().take(pa.array(catalogue.part_type[row]))
    blank = (rng.random(row.size) < 0.02) & ~again & ~np.isin(row, second)
    blank[:3] = ~np.isin(row[:3], second)
    traps["items.no_part_type"] += int(blank.sum())
    nothing = pa.array([None, "", " "]).take(pa.array(np.arange(row.size) % 3))
    smaller = pa.array(["AA Clearance", None, ""]).take(pa.array(np.arange(row.size) % 3))
    brand = pa.array(list(BRANDS)).take(pa.array(catalogue.brand[row]))
    style = pa.array(
        [
            "",
            ", black",
            ", red",
            ", gray",
            ", polished",
            " kit",
            ", satin black",
            ", polished finish",
            ", chrome",
            ", raw",
        ]
    )
    tags = pa.array([None, "", "new", "featured, new", "clearance"]).take(pa.array(rng.integers(0, 5, row.size)))
    worn = pa.array(["Refurbished", "clearance, refurbished", "REFURBISHED unit"]).take(pa.array(row % 3))
    traps["items.refurbished"] += int(catalogue.refurbished[listed].sum())
    table = pa.table(
        {
            "PartNumber": misspelt(rng, catalogue.sku.take(pa.array(row)), 0.02, traps, "items.sku_misspelt"),
            "PartType": pc.if_else(pa.array(again), smaller, pc.if_else(pa.array(blank), nothing, kind)),
            "Tags": pc.if_else(pa.array(catalogue.refurbished[row] & ~again), worn, tags),
            "Title": pc.binary_join_element_wise(brand, " ", kind, style.take(pa.array(catalogue.suffix[row])), ""),
            "Brand": brand,
        },
        schema=SCHEMAS["items"],
    )  # fmt: skip
    service = {"PartNumber": SERVICE, "PartType": ["Service"] * len(SERVICE), "Title": SERVICE}
    extra = {name: service.get(name, [None] * len(SERVICE)) for name in SCHEMAS["items"].names}
    whole = pa.concat_tables([table, pa.table(extra, schema=SCHEMAS["items"])])
    write(folder, "items", whole.num_rows, lambda part: whole.slice(part.start, part.stop - part.start))
    return int(whole.num_rows)


def _spellings(catalogue: SimulatedCatalogue) -> dict[str, int]:
    """SKUs of the world (wherever they are listed) whose spelling is a trap of its own."""
    return {
        "sku.colour_variant": int(np.isin(catalogue.suffix, range(1, 5)).sum()),
        "sku.display_variant": int((catalogue.suffix >= 5).sum()),
        "sku.letter_is_no_colour": int(
            pc.sum(pc.match_substring_regex(catalogue.sku, "^[A-Z]{3}-[A-Z]L[BRGP]$")).as_py()
        ),
        "sku.whole_number": int(catalogue.numeric.sum()),
        "sku.never_priced": int((np.arange(catalogue.size) % UNPRICED_EVERY == UNPRICED_REST).sum()),
    }
