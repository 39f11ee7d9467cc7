"""Everybody with a vehicle, sorted once by an engine that spills and read block by block: never all in memory."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from holley_graph.loaders import parquet
from holley_graph.loaders.engine.engine import Engine, Relation, Rows
from holley_graph.loaders.engine.warehouse import Warehouse
from holley_graph.loaders.sync_tables import SyncTables
from holley_graph.settings import Settings
from holley_graph.times import DAY

_READS = ("owns", "user", "vehicle", "product", "fits", "ordered", "carted", "viewed", "co_purchased")

_NO_VECTORS = pa.schema({"key": pa.string(), "row": pa.int64()}).empty_table()


@dataclass(frozen=True)
class Block:
    """Some owners, whole addresses at whole vehicles.

    Attributes:
        owners: columns of `export/owners.sql`, in its order.
        purchases: person, sku, base_sku, lately.
        chosen: row, sku, did, at, last_at.
    """

    owners: pa.Table
    purchases: pa.Table
    chosen: pa.Table


class Audience:
    """The owners of one sync, until closed.

    Args:
        sync_tables: the sync.
        settings: memory, the home, and for how long a purchase keeps a part out.
        vectors: file of the users, in order, who have a vector of their own; none: nobody has.
        user_id: nobody but this user.
        one_per_email: of an address with several vehicles, those who own one of them (`export/owners.sql`).
        warehouse: where the statements about people run; none: here.
    """

    def __init__(
        self,
        sync_tables: SyncTables,
        settings: Settings,
        *,
        vectors: Path | None = None,
        user_id: str | None = None,
        one_per_email: bool = False,
        warehouse: Warehouse | None = None,
    ) -> None:
        self.engine = Engine(settings)
        self.warehouse = warehouse
        self.tables: dict[str, Any] = {name: sync_tables.file(name) for name in _READS}
        self.tables |= {"clean_users": sync_tables.clean("users"), "vectors": self._rows_of(vectors)}
        one = {"user_id": user_id, "one_per_email": one_per_email}
        self.owners = self.keep("owners", "row", **one, min_products=settings.baseline.min_products)
        lately = sync_tables.as_of - settings.recommend.exclude_days * DAY
        self.purchases = self.keep("purchases", "person", from_s=lately)
        self.chosen = self.keep("chosen", "row")

    def keep(self, name: str, order: str, **values: Any) -> Relation:
        """Run statement `export/NAME`; later ones read its rows as table `NAME`. Return them sorted by a column."""
        if self.warehouse is None:
            with self.engine.rows(f"export/{name}", self.tables, **values) as rows:
                self.tables[name] = stored = self.engine.store(rows.order(f'"{order}"'))
            return stored
        self.tables[name] = self.warehouse.keep(f"export/{name}", self.tables, **values)
        rows = self.engine.read(self.warehouse.read(self.tables[name]))
        return self.engine.store(rows.order(f'"{order}"'))

    def _rows_of(self, vectors: Path | None) -> Rows:
        """Say in which row of a file of vectors each key is."""
        if vectors is None:
            return _NO_VECTORS
        keys = self.engine.duckdb.read_parquet(parquet.literal(vectors), file_row_number=True)
        return keys.project("key, file_row_number AS row")

    def __len__(self) -> int:
        """Count the owners."""
        return int(self.owners.aggregate("count(*)").fetchall()[0][0])

    def buyers(self) -> pa.Table:
        """Count who bought what: make, model, sku, buyers; without a model of a make, without a make everybody."""
        return self.keep("buyers", "sku").to_arrow_table()

    def co_purchased(self, least: int) -> pa.Table:
        """Say which product leads on to which, by so many people: sku, other_sku, weight, sorted."""
        return self.engine.run("export/co_purchased", self.tables, least=least)

    def blocks(self, people: int) -> Iterator[Block]:
        """Read everybody, so many addresses at vehicles at a time."""
        last = self.owners.aggregate("coalesce(max(person), -1)").fetchall()[0][0]
        for start in range(0, last + 1, people):
            wanted = f"person BETWEEN {start} AND {start + people - 1}"
            owners, purchases, chosen = (
                rows.filter(wanted).order(order).to_arrow_table()
                for rows, order in ((self.owners, '"row"'), (self.purchases, "person"), (self.chosen, '"row"'))
            )
            yield Block(owners, purchases, chosen)

    def close(self) -> None:
        """Let go of memory and disk."""
        self.engine.close()
