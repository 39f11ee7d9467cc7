"""A Storage Read server that breaks as told, for what the emulator cannot play: it knows no offsets."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field

import grpc
import pyarrow as pa
from google.cloud.bigquery_storage_v1 import types

SERVICE = "google.cloud.bigquery.storage.v1.BigQueryRead"
BATCH = 100  # rows


@dataclass
class Storage:
    """Streams with the numbers 0, 1, 2 … dealt out in rows of `n`, and how they break."""

    rows: int
    streams: int = 3
    breaks: Callable[[int], grpc.StatusCode | None] = lambda batches: None
    """Told how many batches were sent so far by all streams; a status ends the stream that would send the next."""
    silent: threading.Event = field(default_factory=threading.Event)
    """Once set, nothing comes any more and nothing ends."""
    refuses: grpc.StatusCode | None = None
    """How a session is refused."""
    endpoint: str = ""
    sent: int = 0
    ended: threading.Event = field(default_factory=threading.Event)

    def session(self, request: types.CreateReadSessionRequest, context: grpc.ServicerContext) -> types.ReadSession:
        if self.refuses:
            context.abort(self.refuses, "no")
        names = [
            types.ReadStream(name=str(number)) for number in range(min(self.streams, request.max_stream_count))
        ]
        schema = types.ArrowSchema(serialized_schema=_batch([]).schema.serialize().to_pybytes())
        return types.ReadSession(name="s", streams=names, arrow_schema=schema)

    def read(
        self, request: types.ReadRowsRequest, context: grpc.ServicerContext
    ) -> Iterator[types.ReadRowsResponse]:
        rows_ = range(int(request.read_stream), self.rows, self.streams)[request.offset :]
        for start in range(0, len(rows_), BATCH):
            if self.silent.is_set():
                self.ended.wait(60)
            if status := self.breaks(self.sent):
                context.abort(status, "the connection is gone")
            self.sent += 1
            rows = _batch(list(rows_[start : start + BATCH]))
            content = types.ArrowRecordBatch(serialized_record_batch=rows.serialize().to_pybytes())
            yield types.ReadRowsResponse(arrow_record_batch=content, row_count=rows.num_rows)


@contextmanager
def serving(storage: Storage) -> Iterator[Storage]:
    """Listen on loopback."""
    server = grpc.server(ThreadPoolExecutor(16))
    methods = {
        "CreateReadSession": grpc.unary_unary_rpc_method_handler(
            storage.session, types.CreateReadSessionRequest.deserialize, types.ReadSession.serialize
        ),
        "ReadRows": grpc.unary_stream_rpc_method_handler(
            storage.read, types.ReadRowsRequest.deserialize, types.ReadRowsResponse.serialize
        ),
    }
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(SERVICE, methods),))
    storage.endpoint = f"127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
    server.start()
    try:
        yield storage
    finally:
        storage.ended.set()
        server.stop(1).wait()


def _batch(numbers: list[int]) -> pa.RecordBatch:
    return pa.record_batch({"n": pa.array(numbers, pa.int64())})
