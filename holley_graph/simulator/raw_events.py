"""The raw `events` table: names, nested properties and every spelling that they come in."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from holley_graph.simulator import timeline
from holley_graph.simulator.catalogue import SERVICE, SimulatedCatalogue
from holley_graph.simulator.raw import RawProperty, Traps, property_lists, times, write
from holley_graph.simulator.raw_catalog import UNPRICED_EVERY, UNPRICED_REST
from holley_graph.simulator.raw_orders import UNKNOWN_SKUS
from holley_graph.simulator.scene import Scene
from holley_graph.simulator.schemas import SCHEMAS
from holley_graph.simulator.sessions import Visits, crawl
from holley_graph.simulator.timeline import BLANK_SKU, CART, NO_SKU, NOBODY, OTHER, PLACED, WEBSITE, Timeline

EVENT_NAMES = [  # by kind; the first is usual
    ["Viewed Product", "VIEWED PRODUCT", "viewed product"],
    ["Cart Update", "CART UPDATE", "cart update"],
    ["Ordered Product", "ORDERED PRODUCT", "ordered product"],
    ["Placed Order", "PLACED ORDER", "placed order"],
    ["Consumer Website Order", "CONSUMER WEBSITE ORDER", "consumer website order"],
    ["Page View", "Checkout Started", "Active on Site"],
]
SKU_NAMES = ["ProductId", "ProductID", "ProdId", "productid", "PRODID"]
PRICE_NAMES = ["Price", "ItemPrice"]
MOST_ITEMS = 8
Ints = npt.NDArray[np.int64]


def build(folder: Path, scene: Scene, ids: pa.Array, visited: Visits, traps: Traps) -> int:
    """Write the table; returns rows.

    Args:
        folder: of the source.
        scene: whose parts they are, and whose crawlers look at all of them.
        ids: what the events of each person go by.
        visited: what everybody else did.
        traps: counts what is planted.
    """
    rng, size = scene.config.stream("raw events"), scene.catalogue.size
    extra = size + np.arange(len(SERVICE) + len(UNKNOWN_SKUS))
    services, unknown = np.split(extra, [len(SERVICE)])
    line = timeline.build(visited, crawl(scene), rng)
    line = timeline.with_traps(line, scene.config.as_of, services, unknown, rng, traps)
    EventWriter(scene.catalogue, ids, rng, traps).write(folder, line)
    return int(line.at.size)


class EventWriter:
    """What every part of the table is built from."""

    def __init__(
        self, catalogue: SimulatedCatalogue, ids: pa.Array, rng: np.random.Generator, traps: Traps
    ) -> None:
        clean = pa.concat_arrays([catalogue.sku, pa.array(SERVICE), pa.array(UNKNOWN_SKUS)])
        # each SKU as it is, in the other case, and with spaces around it; then the blank
        padded = pc.binary_join_element_wise(" ", clean, "  ", "")
        self.text = pa.concat_arrays([clean, pc.utf8_swapcase(clean), padded, pa.array([""])])
        self.known, self.catalogue, self.ids, self.rng, self.traps = len(clean), catalogue, ids, rng, traps

    def write(self, folder: Path, line: Timeline) -> None:
        """Write the table in order of arrival."""
        order = np.argsort(line.inserted, kind="stable")
        write(folder, "events", order.size, lambda part: self._table(line.take(order[part])))

    def _table(self, line: Timeline) -> pa.Table:
        event = np.repeat(np.arange(line.at.size), np.diff(line.offset))
        nth = np.arange(event.size) - line.offset[event]
        blank = pa.array(["", "  "]).take(pa.array(np.abs(line.user) % 2))
        user = pc.if_else(
            pa.array(line.user < NOBODY), blank, self.ids.take(pa.array(line.user, mask=line.user < 0))
        )
        choice = np.where(self.rng.random(line.kind.size) < 0.8, 0, self.rng.integers(0, 3, line.kind.size))
        choice = np.where(line.kind == OTHER, np.arange(line.kind.size) % 3, choice)
        names = pa.array([name for spellings in EVENT_NAMES for name in spellings]).take(
            pa.array(line.kind * 3 + choice)
        )
        kind = line.kind[event]
        properties = [
            self._skus(event, kind, nth, line.sku),
            *self._prices(event, kind, nth, line.sku),
            self._images(event, kind, nth, line.sku),
            self._channel(line.at.size),
        ]
        columns = [user, names, times(line.at), times(line.inserted), property_lists(line.at.size, properties)]
        return pa.Table.from_arrays(columns, schema=SCHEMAS["events"])

    def _skus(self, event: Ints, kind: Ints, nth: Ints, sku: Ints) -> RawProperty:
        """The SKU under one of its names; a third of the whole-number ones in long_value."""
        named = sku != NO_SKU  # those lack the property itself
        event, kind, nth, sku = event[named], kind[named], nth[named], sku[named]
        chance = self.rng.random(sku.size)
        form = np.select([chance < 0.01, chance < 0.02], [1, 2], 0)
        place = np.where(sku == BLANK_SKU, len(self.text) - 1, form * self.known + sku)
        in_catalogue = (sku >= 0) & (sku < self.catalogue.size)
        numeric = self.catalogue.numeric[np.where(in_catalogue, sku, 0)] & in_catalogue
        moved = numeric & (form == 0) & (self.rng.random(sku.size) < 0.33)
        self.traps["event.sku_in_long"] += int(np.count_nonzero(moved))
        value = self.text.take(pa.array(place))
        clean = self.text.take(pa.array(np.where(sku == BLANK_SKU, len(self.text) - 1, sku)))
        self.traps["event.sku_misspelt"] += int(pc.sum(pc.not_equal(value, clean)).as_py() or 0)
        long = pc.if_else(pa.array(moved), value, None).cast(pa.int64())
        spelling = np.where(self.rng.random(sku.size) < 0.7, 0, self.rng.integers(0, len(SKU_NAMES), sku.size))
        self.traps["event.property_spelling"] += int(np.count_nonzero(spelling * _single(kind)))
        return RawProperty(
            event,
            _names(SKU_NAMES, "ProductId", spelling, kind, nth),
            pc.if_else(pa.array(moved), None, value),
            long,
        )

    def _prices(self, event: Ints, kind: Ints, nth: Ints, sku: Ints) -> list[RawProperty]:
        """What it cost: sometimes on sale, sometimes as text; website orders name no price."""
        has = (sku >= 0) & (sku < self.catalogue.size) & (kind != WEBSITE) & (sku % UNPRICED_EVERY != UNPRICED_REST)
        event, kind, nth, sku = event[has], kind[has], nth[has], sku[has]
        price = np.round(self.catalogue.price[sku] * self.rng.choice([1.0, 0.9], sku.size, p=[0.85, 0.15]), 2)
        written = self.rng.random(sku.size) < 0.08
        self.traps["event.price_as_text"] += int(np.count_nonzero(written))
        names = _names(PRICE_NAMES, "ItemPrice", (sku % 5 == 0).astype(np.int64), kind, nth)
        text = pa.array(np.char.mod("%.2f", price[written]))
        number, words = np.flatnonzero(~written), np.flatnonzero(written)
        return [
            RawProperty(event[number], names.take(pa.array(number)), double=pa.array(price[number])),
            RawProperty(event[words], names.take(pa.array(words)), string=text),
        ]

    def _images(self, event: Ints, kind: Ints, nth: Ints, sku: Ints) -> RawProperty:
        """The image, in nine of ten deliveries."""
        has = (sku >= 0) & (sku < self.catalogue.size) & (kind != WEBSITE) & (self.rng.random(sku.size) < 0.9)
        event, kind, nth, image = event[has], kind[has], nth[has], self.catalogue.image.take(pa.array(sku[has]))
        for start, name in {
            "//": "without_scheme",
            "http://": "http",
            "ftp://": "ftp",
            "broken:": "broken",
        }.items():
            self.traps[f"event.image_{name}"] += int(pc.sum(pc.starts_with(image, start)).as_py() or 0)
        plain = np.zeros(event.size, dtype=np.int64)
        return RawProperty(event, _names(["ImageUrl"], "ImageUrl", plain, kind, nth), string=image)

    def _channel(self, events: int) -> RawProperty:
        """A property that nobody needs."""
        some = np.flatnonzero(self.rng.random(events) < 0.3)
        value = pa.array(["web", "app"]).take(pa.array(some % 2))
        return RawProperty(
            some, pa.array(["Channel"]).take(pa.array(np.zeros(some.size, dtype=np.int64))), string=value
        )


def _single(kind: Ints) -> npt.NDArray[np.bool_]:
    """Events of one product name it without a number."""
    return np.asarray(~np.isin(kind, [CART, PLACED, WEBSITE]))


def _names(single: list[str], of_item: str, spelling: Ints, kind: Ints, nth: Ints) -> pa.Array:
    """`ProductId`, `Items_3.ProductId` or `SKUs_3`, as the kind of event wants it."""
    items = [f"Items_{n}.{of_item}" for n in range(MOST_ITEMS)]
    vocabulary = pa.array([*single, *items, *(f"SKUs_{n}" for n in range(MOST_ITEMS))])
    first = len(single) + np.where(kind == WEBSITE, MOST_ITEMS, 0)
    return vocabulary.take(pa.array(np.where(_single(kind), spelling, first + nth)))
