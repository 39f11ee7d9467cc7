"""Ranking for everybody where the data is: the same rules and the same score as SQL, run by a warehouse.

The local ranking (`rank.Ranking`) and this one give the same recommendations; reasons, rows and files are made of
them by the same code.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from holley_graph import spill
from holley_graph.embeddings import table
from holley_graph.export.audience import Audience
from holley_graph.export.catalogue import Catalogue, rows_of
from holley_graph.export.inputs import Inputs
from holley_graph.export.marked import Marks
from holley_graph.export.owners import Owners
from holley_graph.export.rank import Picks, Tally
from holley_graph.export.rankers import NONE, TIERS, numbers
from holley_graph.settings import Settings
from holley_graph.times import DAY

KINDS = {"product": "product", "vehicle": "vehicle", "vehicle_model": "segment", "make": "make"}
"""Tables of vectors, and what the statements call them: the tier that each answers for."""
_ROWS = 100_000
"""Vectors that are in memory at once on their way into a file."""
_EMBEDDINGS = pa.schema({"kind": pa.string(), "key": pa.string(), "vector": pa.list_(pa.float64())})


class Pushdown:
    """The live release's ranking, run by the warehouse of an audience.

    Args:
        read: the sync and the release.
        audience: opened on a warehouse; `buyers` has run.
        catalogue: of the same sync.
        marks: marketing's rules over it.
        settings: rules of an answer, and the home.
        slots: parts of an answer.
    """

    def __init__(
        self, read: Inputs, audience: Audience, catalogue: Catalogue, marks: Marks, settings: Settings, slots: int
    ) -> None:
        self.read, self.audience, self.catalogue, self.settings = read, audience, catalogue, settings
        self.slots = slots
        assert read.run is not None  # noqa: S101  the graph ranks by a release
        audience.tables |= {
            "embeddings": embeddings(read, read.run, spill.folder(settings.home.absolute())),
            "lift": _plain(read.tables.lift.as_table()),
            **_rules(marks, slots),
        }

    def everybody(
        self, blocks: Iterable[Owners], min_parts: int, min_products: int, tally: Tally
    ) -> Iterator[tuple[Owners, Picks]]:
        """Rank for owners; arguments and result are those of `Ranking.everybody`."""
        self._run("askers")
        self._run("scored", as_of_s=self.read.sync_tables.as_of, **self._paths())
        self._run("ranked", slots=self.slots, per_part_type=self.settings.recommend.per_part_type)
        answers = self.audience.keep("answers", "person", min_parts=min_parts, min_products=min_products)
        for owners in blocks:
            people = f"person BETWEEN {owners.person[0]} AND {owners.person[-1]}"
            block = answers.filter(people).order('"row", slot').to_arrow_table()
            picks, outcome = self._picks(block), np.asarray(block["outcome"])
            tally.owners += len(owners)
            tally.too_few += int((outcome == "too_few").sum())
            tally.other_id += int((outcome == "other_id").sum())
            yield owners, picks

    def _run(self, name: str, **values: Any) -> None:
        tables = self.audience.tables
        assert self.audience.warehouse is not None  # noqa: S101  whoever makes one opens the audience on it
        tables[name] = self.audience.warehouse.keep(f"export/{name}", tables, **values)

    def _paths(self) -> dict[str, float]:
        paths = self.read.tables.paths
        weights = {
            name: getattr(paths, name) for name in ("same_part", "same_type", "same_type_ordered", "same_sku")
        }
        return weights | {"gain": paths.gain, "half_life_s": paths.half_life_days * DAY}

    def _picks(self, answers: pa.Table) -> Picks:
        """Lay out what came back of one block, a row for each slot, as the local ranking does."""
        first = answers["row"][0].as_py()
        sent = answers.filter(pc.equal(answers["outcome"], "row"))
        owner, place = np.unique(sent["row"].to_numpy() - first, return_inverse=True)
        slot = sent["slot"].to_numpy() - 1
        columns = {
            "product": (rows_of(sent["sku"], self.catalogue.products["sku"]), -1),
            "score": (sent["score"].to_numpy(), np.nan),
            "tier": (np.asarray(numbers(sent["tier"])), NONE),
            "rule": (sent["rule"].to_numpy(), -1),
        }
        laid = {}
        for name, (values, nothing) in columns.items():
            laid[name] = np.full((len(owner), self.slots), nothing)
            laid[name][place, slot] = values
        return Picks(owner, **laid, chance=np.zeros(len(owner)))


def embeddings(read: Inputs, run: Path, folder: Path) -> Path:
    """Write every vector that may answer into one file: kind, key, vector. Users pass through in pieces."""
    path = folder / "embeddings.parquet"
    with pq.ParquetWriter(path, _EMBEDDINGS, compression="zstd") as file:
        for name, kind in KINDS.items():
            if name in read.tables:
                file.write_table(_vectors(kind, read.tables[name].keys, read.tables[name].vectors))
        vectors, start = table.mapped(run, "user"), 0
        for batch in pq.ParquetFile(run / "keys_user.parquet").iter_batches(_ROWS, columns=["key"]):
            file.write_table(_vectors(TIERS[0], batch.column(0), vectors[start : start + len(batch)]))
            start += len(batch)
    return path


def _vectors(kind: str, keys: Any, vectors: table.Vectors) -> pa.Table:
    width = vectors.shape[1]
    numbers_ = pa.array(np.ascontiguousarray(vectors, np.float64).ravel())
    lists = pa.ListArray.from_arrays(np.arange(len(vectors) + 1, dtype=np.int32) * width, numbers_)
    named = keys if isinstance(keys, pa.Array) else pa.array(keys, pa.string())
    return pa.table([pa.repeat(kind, len(vectors)), named, lists], schema=_EMBEDDINGS)


def _plain(lifts: pa.Table) -> pa.Table:
    """Spell keys out, and numbers in the width of the statements."""
    return lifts.cast(pa.schema({"vehicle_id": pa.string(), "sku": pa.string(), "lift": pa.float64()}))


def _rules(marks: Marks, slots: int) -> dict[str, pa.Table]:
    """Lay out rules as tables: what each does, and about which parts and vehicles it speaks."""
    rules = marks.rules
    does = {
        "rule": pa.array(range(len(rules)), pa.int64()),
        "does": pa.array([rule.do for rule in rules], pa.string()),
        "adds": pa.array([rule.adds for rule in rules], pa.float64()),
        "slots": pa.array([rule.asks_for(slots) for rule in rules], pa.int64()),
    }
    parts = _named(marks.parts, marks.catalogue.products["sku"], "sku")
    vehicles = _named(marks.vehicles, marks.catalogue.vehicles["vehicle_id"], "vehicle_id")
    return {"rules": pa.table(does), "rule_parts": parts, "rule_vehicles": vehicles}


def _named(marked: Any, keys: Any, name: str) -> pa.Table:
    rule, row = np.nonzero(marked)
    return pa.table({"rule": pa.array(rule, pa.int64()), name: keys.take(pa.array(row)).cast(pa.string())})
