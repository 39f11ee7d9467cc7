"""The raw `orders` table: every line that was bought before the boundary, and the traps among them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from holley_graph.simulator.catalogue import SERVICE
from holley_graph.simulator.raw import Traps, misspelt, planted, write
from holley_graph.simulator.scene import Scene
from holley_graph.simulator.schemas import SCHEMAS
from holley_graph.simulator.shopping import ActionLog
from holley_graph.times import DAY

UNKNOWN_SKUS = [f"ZZ-{number}X" for number in range(9000, 9040)]
MONTHS = [
    "January", "February", "March", "April", "May", "June", "July", "August", "September",
    "October", "November", "December",
]  # fmt: skip
PAST_BOUNDARY_SHARE = 0.3  # of the later purchases that also stand in the orders table
Ints = npt.NDArray[np.int64]


def build(folder: Path, scene: Scene, email: pa.Array, ordered: ActionLog, later: ActionLog, traps: Traps) -> int:
    """Write the table.

    Args:
        folder: of the source.
        scene: whose parts they are.
        email: address by person.
        ordered: lines before the boundary.
        later: purchases of users from the boundary on.
        traps: counts what is planted.

    Returns:
        Rows written.
    """
    rng, skus = scene.config.stream("raw orders"), scene.catalogue.sku
    past = np.flatnonzero(rng.random(later.person.size) < PAST_BOUNDARY_SHARE)
    traps["order.past_boundary"] += past.size
    late = ActionLog(
        later.person[past], later.sku[past], later.at[past], later.group[past] + int(ordered.group.max()) + 1
    )
    clean = ActionLog.joined(ordered, late)
    table = pa.table(
        {
            "ITEM": misspelt(rng, skus.take(pa.array(clean.sku)), 0.02, traps, "order.sku_misspelt"),
            "SHIP_TO_EMAIL": misspelt(rng, email.take(pa.array(clean.person)), 0.05, traps, "order.email_misspelt"),
            "ORDER_DATE": _dates(clean.at),
            "ORDER_NUMBER": pc.binary_join_element_wise("SO", pa.array((100_000 + clean.group).astype("U12")), ""),
        },
        schema=SCHEMAS["orders"],
    )
    whole = pa.concat_tables(
        [table, *_traps(rng, table.slice(0, ordered.at.size), scene.config.as_of, traps)]
    ).combine_chunks()
    whole = whole.take(pa.array(rng.permutation(whole.num_rows)))
    write(folder, "orders", whole.num_rows, lambda part: whole.slice(part.start, part.stop - part.start))
    return int(whole.num_rows)


def _dates(at: Ints) -> pa.Array:
    """`Friday, January 10, 2025` for epoch seconds; English whatever the machine speaks."""
    days = np.arange(at.min() // DAY, at.max() // DAY + 1)
    date = pa.array((days * DAY).astype("datetime64[s]"))
    weekdays = pa.array(["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"])
    months = pa.array(MONTHS)
    month = months.take(pc.subtract(pc.month(date), 1))
    numbers = [pc.cast(part, pa.string()) for part in (pc.day(date), pc.year(date))]
    text = pc.binary_join_element_wise(
        weekdays.take(pc.day_of_week(date)), pc.binary_join_element_wise(month, numbers[0], " "), numbers[1], ", "
    )
    return text.take(pa.array(at // DAY - days[0]))


def _traps(rng: np.random.Generator, table: pa.Table, as_of: int, traps: Traps) -> list[pa.Table]:
    """Copies of sound lines with one thing wrong each, so that the sound ones stay as they were."""
    nothing = [None, "", "  "]
    after = _dates(as_of + DAY * np.arange(3)).to_pylist()
    faults = {
        "order.bad_date": ("ORDER_DATE", ["2025-01-10", "Friday January", "Smarch 13, 2024", None, ""], 0.002),
        "order.no_item": ("ITEM", nothing, 0.002),
        "order.no_email": ("SHIP_TO_EMAIL", nothing, 0.003),
        "order.unknown_sku": ("ITEM", UNKNOWN_SKUS, 0.003),
        "order.service_sku": ("ITEM", SERVICE, 0.006),
        "order.at_or_after_as_of": ("ORDER_DATE", after, 0.0),
    }
    broken = []
    for name, (column, values, share) in faults.items():
        count = planted(table.num_rows, share)
        copy = table.take(pa.array(rng.integers(0, table.num_rows, count)))
        wrong = pa.array(values, pa.string()).take(pa.array(np.arange(count) % len(values)))
        broken.append(copy.set_column(table.schema.get_field_index(column), column, wrong))
        traps[name] += count
    return broken
