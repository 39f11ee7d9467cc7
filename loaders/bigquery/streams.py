"""A table as Arrow record batches: several Storage Read streams side by side into a bounded queue, or REST."""

from __future__ import annotations

import queue
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from threading import Event
from typing import Any

import pyarrow as pa
from google.api_core import exceptions as api
from google.api_core.retry import Retry, if_exception_type
from google.cloud import bigquery, bigquery_storage
from google.cloud.bigquery_storage_v1.services.big_query_read import BigQueryReadClient

from holley_graph.errors import SourceUnreachable
from holley_graph.loaders.bigquery import faults
from holley_graph.loaders.bigquery.connection import Connection

_WAITING = 2  # batches per stream that may wait for whoever reads: a batch has up to 10 MiB
_REST_ROWS = 20_000  # rows of a page
_NO_STORAGE = (api.PermissionDenied, api.MethodNotImplemented, api.ServiceUnavailable, api.RetryError)
"""Why a session cannot be had although the table can be read: no right to, not served, no way to the port."""
_BROKEN = (api.ServiceUnavailable, api.InternalServerError, api.ResourceExhausted, api.Cancelled, api.Unknown)
"""How a stream breaks that may be taken up again."""
_FIRST_PAUSE_S = 0.1


@dataclass(frozen=True)
class Reading:
    """A table's rows, and the way that they come."""

    by: str
    """`storage` or `rest`, with the reason."""
    schema: pa.Schema
    batches: Iterator[pa.RecordBatch]


def read(connection: Connection, table: bigquery.Table) -> Reading:
    """Begin to read all columns of a table.

    Raises:
        SourceUnreachable: while iterating: a stream broke and could not be taken up until the deadline.
    """
    what = f"reading {table.table_id}"
    if connection.storage is None:
        return _by_rest(connection, table, "rest: there is no storage endpoint")
    try:
        session = connection.storage.create_read_session(
            bigquery_storage.CreateReadSessionRequest(
                parent=f"projects/{connection.client.project}",
                read_session=bigquery_storage.ReadSession(
                    table=table.reference.to_bqstorage(), data_format=bigquery_storage.DataFormat.ARROW
                ),
                max_stream_count=connection.settings.streams,
            ),
            retry=Retry(if_exception_type(api.ServiceUnavailable), timeout=connection.settings.deadline_s),
            timeout=connection.call_s,
        )
    except _NO_STORAGE as error:
        return _by_rest(connection, table, f"rest: {type(error).__name__} of the Storage Read interface")
    schema = pa.ipc.read_schema(pa.py_buffer(session.arrow_schema.serialized_schema))
    names = [stream.name for stream in session.streams]
    return Reading("storage", schema, _Streams(connection, connection.storage, schema).read(what, names))


class _Streams:
    """Streams side by side; the queue holds them back while nobody takes."""

    def __init__(self, connection: Connection, client: BigQueryReadClient, schema: pa.Schema) -> None:
        self.client, self.schema, self.deadline_s = client, schema, connection.settings.deadline_s
        self.waiting: queue.Queue[pa.RecordBatch | Exception | None] = queue.Queue()
        self.stopped = Event()

    def read(self, what: str, names: list[str]) -> Iterator[pa.RecordBatch]:
        """Give batches of all streams as they come."""
        self.waiting.maxsize = _WAITING * len(names)
        with ThreadPoolExecutor(len(names) or 1, "bigquery-stream") as pool:
            try:
                pumps = [pool.submit(self._pump, name) for name in names]
                running = len(pumps)
                while running:
                    got = self._next(what)
                    if isinstance(got, Exception):
                        raise faults.of(got, what, self.deadline_s) from got
                    if got is None:
                        running -= 1
                    else:
                        yield got
                for pump in pumps:
                    pump.result()  # raises what is no fault of BigQuery's
            except BaseException:  # nobody takes rows any more: free threads that wait for some
                self.stopped.set()
                self.client.transport.close()
                raise

    def _next(self, what: str) -> pa.RecordBatch | Exception | None:
        try:
            return self.waiting.get(timeout=self.deadline_s * 1.5)  # a stream that gives up says so before
        except queue.Empty as error:
            raise SourceUnreachable(
                f"{what}: no rows for {self.deadline_s:g} s", "nothing was written; run the same command again"
            ) from error

    def _pump(self, name: str) -> None:
        """Read one stream to its end."""
        try:
            for message in self._messages(name):
                batch = pa.py_buffer(message.arrow_record_batch.serialized_record_batch)
                self._put(pa.ipc.read_record_batch(batch, self.schema))
        except faults.FAULTS as error:
            self._put(error)
        finally:
            self._put(None)

    def _messages(self, name: str) -> Iterator[Any]:
        """Take a stream that breaks up again at the row where it broke, until nothing has come for the deadline.

        The client has a way of its own to do so, which neither ends nor can be cancelled while it tries.
        """
        offset, progress, pause = 0, time.monotonic(), _FIRST_PAUSE_S
        while not self.stopped.is_set():
            try:
                for message in self.client.read_rows(read_stream=name, offset=offset, retry=None):
                    offset, progress, pause = offset + message.row_count, time.monotonic(), _FIRST_PAUSE_S
                    yield message
            except _BROKEN:
                if time.monotonic() - progress > self.deadline_s:
                    raise
                self.stopped.wait(pause)
                pause = min(pause * 2, self.deadline_s / 4)
            else:
                return

    def _put(self, item: pa.RecordBatch | Exception | None) -> None:
        while not self.stopped.is_set():
            try:
                self.waiting.put(item, timeout=0.2)
            except queue.Full:
                continue
            return


def _by_rest(connection: Connection, table: bigquery.Table, by: str) -> Reading:
    rows = connection.client.list_rows(
        table, page_size=_REST_ROWS, retry=connection.retry, timeout=connection.call_s
    )
    batches = rows.to_arrow_iterable()
    first = next(batches, None)
    schema = first.schema if first is not None else rows.to_arrow().schema

    def every() -> Iterator[pa.RecordBatch]:
        with faults.told(f"reading {table.table_id}", connection.settings.deadline_s):
            if first is not None:
                yield first
            yield from batches

    return Reading(by, schema, every())
