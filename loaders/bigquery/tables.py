"""The raw tables where they are: found, held against the contract, and offered to statements by logical name."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pyarrow as pa
from google.api_core.exceptions import NotFound
from google.cloud import bigquery
from google.cloud.bigquery.retry import DEFAULT_RETRY
from sqlglot import exp

from holley_graph.errors import SourceError
from holley_graph.loaders import contracts
from holley_graph.loaders.bigquery import faults
from holley_graph.loaders.bigquery.connection import Connection
from holley_graph.loaders.contracts import RawTable
from holley_graph.loaders.source import SourceTable
from holley_graph.settings import BigQuery

PARTITION_FROM = "partition_from"
"""Parameter that a bound raw table may compare its partition column with."""

_DROP_S = 5.0  # for a table that would expire by itself
_HINT = "docs/contract.md lists the tables and columns of a source"
_SAME = {"INTEGER": "INT64", "FLOAT": "FLOAT64", "BOOLEAN": "BOOL", "RECORD": "STRUCT"}


@dataclass(frozen=True)
class Raw:
    """One raw table that was found to be as the contract says."""

    contract: RawTable
    table: bigquery.Table

    @property
    def found(self) -> SourceTable:
        """Say what is there."""
        known = {name.lower() for name in self.contract.columns | self.contract.optional}
        unknown = tuple(field.name for field in self.table.schema if field.name.lower() not in known)
        return SourceTable(self.table.num_rows, unknown)

    @property
    def partition(self) -> tuple[str, str] | None:
        """Name and type of a partition column that no statement compares by itself; none if there is none."""
        by = self.table.time_partitioning
        if by is None or by.field == "client_event_timestamp":
            return None
        if by.field is None:
            return "_PARTITIONTIME", "TIMESTAMP"
        return by.field, next(field.field_type for field in self.table.schema if field.name == by.field)

    def bound(self) -> exp.Select:
        """Select the contract's columns by name; what is optional and missing is NULL."""
        fields = {field.name.lower(): field for field in self.table.schema}
        columns = [
            _column(name, type_, fields.get(name.lower()))
            for name, type_ in (self.contract.columns | self.contract.optional).items()
        ]
        selected = exp.select(*columns).from_(name_of(self.table.reference))
        if self.partition is None:
            return selected
        column = exp.column(self.partition[0])
        recent = exp.GTE(this=column, expression=exp.Parameter(this=exp.var(PARTITION_FROM)))
        # rows of the streaming buffer, or without a time, are in no partition
        return selected.where(exp.or_(recent, exp.Is(this=column.copy(), expression=exp.null())))


def find(connection: Connection) -> dict[str, Raw]:
    """Find every raw table and hold its schema against the contract.

    Raises:
        SourceError: a table is gone, or a column missing or of another type.
    """
    return {table.name: Raw(table, _found(connection, table)) for table in contracts.RAW}


def scratch(connection: Connection) -> bigquery.DatasetReference:
    """Find the dataset for intermediate tables.

    Raises:
        SourceError: there is none.
    """
    dataset = dataset_of(connection.settings.scratch_dataset, connection.client.project)
    what = f"scratch dataset {dataset.project}.{dataset.dataset_id}"
    try:
        connection.client.get_dataset(dataset, retry=connection.retry, timeout=connection.call_s)
    except NotFound as error:
        raise SourceError(
            f"{what}: not found",
            f"bq mk --dataset {dataset.project}:{dataset.dataset_id}, beside the other datasets",
        ) from error
    except faults.FAULTS as error:
        raise faults.of(error, what, connection.settings.deadline_s) from error
    return dataset


def drop(connection: Connection, table: bigquery.Table) -> bool:
    """Remove an intermediate table; say whether that worked.

    It expires by itself, and whatever a run that is about to end has to say is more important.
    """
    try:
        connection.client.delete_table(
            table, not_found_ok=True, retry=DEFAULT_RETRY.with_timeout(_DROP_S), timeout=_DROP_S
        )
    except faults.FAULTS:
        return False
    return True


def name_of(reference: bigquery.TableReference) -> exp.Table:
    """Spell a table for a statement, quoted."""
    parts = (reference.table_id, reference.dataset_id, reference.project)
    return exp.Table(
        **dict(zip(("this", "db", "catalog"), (exp.to_identifier(p, quoted=True) for p in parts), strict=True))
    )


def nothing(name: str, type_: pa.DataType) -> exp.Expr:
    """Spell a column without a value."""
    return exp.cast(exp.null(), spelled(type_), dialect="bigquery").as_(name, quoted=True)


def _found(connection: Connection, table: RawTable) -> bigquery.Table:
    where = reference(connection.settings, connection.client.project, table.name)
    try:
        remote = connection.client.get_table(where, retry=connection.retry, timeout=connection.call_s)
    except NotFound as error:
        raise SourceError(f"table {table.name}: expected {where}, found no such table", _HINT) from error
    except faults.FAULTS as error:
        raise faults.of(error, f"table {table.name}, {where}", connection.settings.deadline_s) from error
    fields = {field.name.lower(): field for field in remote.schema}
    for name, expected in (table.columns | table.optional).items():
        field = fields.get(name.lower())
        for path, wanted, is_ in _differences(name, expected, field, name in table.optional):
            raise SourceError(
                f"table {table.name}, column {path}: expected {wanted}, found {is_} in {where}", _HINT
            )
    return remote


def reference(settings: BigQuery, project: str, name: str) -> bigquery.TableReference:
    """Say where a raw table is by the settings."""
    feed = next(feed for feed in contracts.FEEDS if feed.raw == name)
    dataset, table = getattr(settings, f"{feed.dataset}_dataset"), getattr(settings, f"{name}_table")
    return dataset_of(dataset, project).table(table)


def dataset_of(name: str, project: str) -> bigquery.DatasetReference:
    """Read `dataset`, or `project.dataset` for one of another project."""
    where, _, dataset = name.rpartition(".")
    return bigquery.DatasetReference(where or project, dataset)


def _differences(
    path: str, expected: pa.DataType, field: bigquery.SchemaField | None, optional: bool = False
) -> Iterator[tuple[str, str, str]]:
    """Name what a column has otherwise than the contract: path, expected type, found type."""
    if field is None:
        if not optional:
            yield path, spelled(expected), "no such column"
        return
    repeated = field.mode == "REPEATED"
    kind = _SAME.get(field.field_type, field.field_type)
    is_ = f"ARRAY<{kind}>" if repeated else kind
    inner = expected.value_type if pa.types.is_list(expected) else expected
    wanted = "STRUCT" if pa.types.is_struct(inner) else spelled(inner)
    if (repeated, kind) != (pa.types.is_list(expected), wanted):
        yield path, spelled(expected), is_
    elif wanted == "STRUCT":
        fields = {column.name.lower(): column for column in field.fields}
        for part in inner:
            yield from _differences(f"{path}.{part.name}", part.type, fields.get(part.name.lower()))


def spelled(type_: pa.DataType) -> str:
    """Spell an Arrow type as BigQuery does."""
    if pa.types.is_list(type_):
        return f"ARRAY<{spelled(type_.value_type)}>"
    if pa.types.is_struct(type_):
        return f"STRUCT<{', '.join(f'{part.name} {spelled(part.type)}' for part in type_)}>"
    return "TIMESTAMP" if pa.types.is_timestamp(type_) else contracts.BIGQUERY[type_]


def _column(name: str, type_: pa.DataType, field: bigquery.SchemaField | None) -> exp.Expr:
    if field is None:
        return nothing(name, type_)
    column = exp.column(field.name)
    if pa.types.is_list(type_) and [part.name for part in field.fields] != [part.name for part in type_.value_type]:
        # more fields than the contract's, or in another order: a statement joins these arrays with some of its own
        parts = [exp.column(part.name, "part").as_(part.name) for part in type_.value_type]
        unnested = exp.Unnest(expressions=[column], alias=exp.TableAlias(columns=[exp.to_identifier("part")]))
        rebuilt = exp.select(*parts).from_(unnested)
        rebuilt.set("kind", "STRUCT")
        return exp.Array(expressions=[rebuilt]).as_(name)
    return column.as_(name) if field.name != name else column
