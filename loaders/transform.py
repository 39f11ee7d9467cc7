"""Clean tables to graph tables: one per node and relationship type of the schema, sorted by key."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from holley_graph.graph.schema import NODES, PAIRS, RELATIONSHIPS
from holley_graph.graph.tables import arrow_schema
from holley_graph.loaders import ageing, derive, identity
from holley_graph.loaders.engine import statements
from holley_graph.loaders.engine.engine import Engine, Rows
from holley_graph.loaders.feeds import Extract
from holley_graph.settings import Settings
from holley_graph.times import DAY

_SCHEMAS = {declared.table: arrow_schema(declared) for declared in (*NODES, *RELATIONSHIPS)}
_PAIR_DIGITS = 1
"""Digits behind the point that weights of pairs keep: what c people say is uncertain by about 1/√c, and with every
buyer more the digits behind change in all of them."""


@dataclass(frozen=True)
class EarlierTables:
    """Graph tables that an earlier sync made by the same rules, and where what they follow from is another now."""

    tables: Mapping[str, pa.Table]
    members: Path
    """File of who stood behind an address: no table of the graph, since it knows addresses."""
    same: frozenset[str]
    """Clean tables that are as they were."""
    people: pa.Array | None
    """User ids of whose events alone are others; none: anybody's, or weights count to another time."""

    @property
    def nobody_new(self) -> bool:
        """Whether the same people stand behind the same addresses."""
        return bool(_follow(self.same, "members"))

    @property
    def partly(self) -> frozenset[str]:
        """Tables of which only the rows of `people` can be others."""
        if self.people is None:
            return frozenset()
        same = self.same | {"clean_events"} | _follow(self.same, "members")
        return frozenset(name for name in ageing.TABLES if _follow(same, name))


def members(extracted: Extract, key: bytes, held: EarlierTables | None = None) -> pa.Table:
    """Say who stands behind an address: `email`, `user_id`, `email_hash`.

    Args:
        extracted: clean tables.
        key: HMAC key for addresses (`identity.email_key`).
        held: tables of an earlier sync; theirs is read where it would come again.
    """
    if held and held.nobody_new:
        return pq.read_table(held.members)
    return extracted.engine.run("graph/members", extracted.tables, **identity.pads(key))


def graph_tables(
    extracted: Extract,
    behind: pa.Table,
    settings: Settings,
    as_of: int,
    key: bytes,
    held: EarlierTables | None = None,
    timed: Callable[[str, float], None] = lambda table, seconds: None,
) -> dict[str, pa.Table]:
    """Make every graph table.

    Args:
        extracted: clean tables.
        behind: who stands behind an address (`members`).
        settings: boundary, weights, eligibility and limits.
        as_of: decides what ages count to (`ageing.reference`); that of the extract.
        key: HMAC key for addresses (`identity.email_key`).
        held: tables that need not be made again, as a whole or for most people; the result is the same without.
        timed: told the seconds that each table took.

    Returns:
        Table name (`Node.table`, `Relationship.table`) to rows with that type's key columns and properties, sorted
        by key. Times are epoch seconds. What has not changed is the very table of `held`.
    """
    known = _values(settings, as_of, key)
    engine, made = extracted.engine, dict[str, pa.Table]()
    was, same = held.tables if held else {}, held.same if held else frozenset()
    same |= _follow(same, "members")
    for name in _in_order():
        started = time.perf_counter()
        same |= _follow(same, name)
        tables: dict[str, Rows] = {**extracted.tables, "members": behind, **made}
        values = known | {"base": ageing.base(name, settings.weights)} if name in ageing.TABLES else known
        if name in same and name in was:
            made[name] = was[name]
        elif held and name in held.partly:
            made[name] = _partly(engine, name, tables, values, was[name], held.people)
        else:
            made[name] = _made(engine, name, tables, values)
        timed(name, time.perf_counter() - started)
    sync = settings.sync
    pairs: dict[str, tuple[tuple[str, ...], Callable[[], pa.Table]]] = {
        "co_purchased": (
            ("ordered", "user"),
            lambda: derive.co_purchased(engine, _by_person(made), sync.co_purchase_max_skus),
        ),
        "co_viewed": (
            ("viewed",),
            lambda: derive.co_viewed(engine, made["viewed"], sync.session_gap_minutes, sync.session_max_skus),
        ),
    }
    for name, (of, derived) in pairs.items():
        started = time.perf_counter()
        as_it_was = all(made[source] is was.get(source) for source in of)
        made[name] = was[name] if as_it_was else _in_schema(name, _rounded(derived()))
        timed(name, time.perf_counter() - started)
    return {declared.table: made[declared.table] for declared in (*NODES, *RELATIONSHIPS)}


@cache
def _in_order() -> tuple[str, ...]:
    """Name the tables that have a statement, those first that another one reads."""
    derived = {pair.table for pair in PAIRS}
    names = [declared.table for declared in (*NODES, *RELATIONSHIPS) if declared.table not in derived]
    reads = {name: set(statements.load(f"graph/{name}").reads).intersection(names) for name in names}
    return tuple(TopologicalSorter(reads).static_order())


def _follow(same: frozenset[str], name: str) -> frozenset[str]:
    """Name the table if all that its statement reads is the same."""
    return frozenset({name}) if same.issuperset(statements.load(f"graph/{name}").reads) else frozenset()


def _made(engine: Engine, name: str, tables: Mapping[str, Rows], values: Mapping[str, Any]) -> pa.Table:
    return _in_schema(name, engine.run(f"graph/{name}", tables, **values))


def _partly(
    engine: Engine,
    name: str,
    tables: Mapping[str, Rows],
    values: Mapping[str, Any],
    was: pa.Table,
    people: pa.Array,
) -> pa.Table:
    """Make the rows of some people, and put them among those that the others have: nobody's depend on another's."""
    whose = engine.read(pa.table({"user_id": people})).set_alias("whose")
    read_rows: dict[str, Rows] = {}
    for table in {"clean_events", "members"}.intersection(statements.load(f"graph/{name}").reads):
        read_rows[table] = engine.read(tables[table]).join(whose, "user_id", how="semi")
    rows = _made(engine, name, {**tables, **read_rows}, values)
    of_people = pc.is_in(was["user_id"], value_set=people)
    if rows.equals(was.filter(of_people)):
        return was
    others = engine.read(was).join(whose, "user_id", how="anti")
    order = "user_id, sku"  # sorting what nearly is costs next to nothing
    return _in_schema(name, others.union(engine.read(rows)).order(order).to_arrow_table())


def _by_person(made: Mapping[str, pa.Table]) -> pa.Table:
    ordered = made["ordered"].select(["user_id", "sku", "at"])
    return ordered.append_column("person", derive.people(ordered["user_id"], made["user"]))


def _rounded(pairs: pa.Table) -> pa.Table:
    at = pairs.column_names.index("weight")
    return pairs.set_column(at, "weight", pc.round(pairs["weight"], _PAIR_DIGITS))


def _in_schema(name: str, table: pa.Table) -> pa.Table:
    columns = _SCHEMAS.get(name)
    return table.select(columns.names).cast(columns) if columns else table


def _values(settings: Settings, as_of: int, key: bytes) -> dict[str, Any]:
    half_life = settings.weights.half_life_days
    eligibility = settings.eligibility
    return identity.pads(key) | {
        "reference_s": ageing.reference(as_of, settings.weights),
        "decay": 0.0 if half_life is None else 1 / (half_life * DAY),
        "time_zone": settings.sync.time_zone,
        "min_price": eligibility.min_price,
        "unknown_price": eligibility.unknown_price,
        "require_image": eligibility.require_image,
        "unknown_type_min_price": eligibility.unknown_type_min_price,
    }
