"""A BigQuery emulator as a child process, from the venv that `make emulator` builds."""

from __future__ import annotations

import os
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from google.cloud import bigquery

from holley_graph.loaders.bigquery.connection import Connection
from holley_graph.loaders.bigquery.tables import reference
from holley_graph.loaders.contracts import BIGQUERY, RAW
from holley_graph.settings import BigQuery
from tests.support.server import free_ports

PYTHON = Path(__file__).parents[2] / ".venv-emulator" / "bin" / "python"
START_S = 60


@dataclass(frozen=True)
class Emulator:
    """A running emulator and where it answers."""

    process: subprocess.Popen[bytes]
    rest: str
    storage: str

    def settings(self, **more: object) -> BigQuery:
        """Settings that point at it."""
        report = {"project": "demo", "rest_endpoint": self.rest, "storage_endpoint": self.storage, "deadline_s": 60}
        return BigQuery.model_validate(report | more)


@contextmanager
def running(folder: Path) -> Iterator[Emulator]:
    """Start one, and stop it whatever happens."""
    if not PYTHON.exists():
        raise RuntimeError(f"{PYTHON} does not exist: run `make emulator`")
    rest, storage = free_ports(2)
    environment = os.environ | {
        "HOME": str(PYTHON.parents[1]),  # where `make emulator` unpacked its DuckDB extension
        "TMPDIR": str(folder),  # uploads are staged there
        "BQEMU_ENABLE_FORMAT_EXTENSIONS": "false",
    }
    command = [PYTHON, "-m", "bqemulator", "start", "--rest-port", str(rest), "--grpc-port", str(storage)]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [*command, "--project", "demo", "--log-level", "warning"], stdout=log, stderr=log, env=environment
        )
        try:
            _wait(process, f"http://127.0.0.1:{rest}/readyz", folder / "log")
            yield Emulator(process, f"http://127.0.0.1:{rest}", f"127.0.0.1:{storage}")
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _wait(process: subprocess.Popen[bytes], url: str, log: Path) -> None:
    end = time.monotonic() + START_S
    while True:
        try:
            urllib.request.urlopen(url, timeout=1)
        except OSError as error:
            if process.poll() is not None or time.monotonic() > end:
                raise RuntimeError(log.read_text()[-2000:]) from error
            time.sleep(0.1)
        else:
            return


def load(emulator: Emulator, folder: Path) -> None:
    """Fill its datasets with the raw tables of a folder, replacing what is there."""
    settings = emulator.settings()
    client = Connection(settings).client
    for dataset in (settings.events_dataset, settings.catalog_dataset, settings.scratch_dataset):
        client.create_dataset(dataset, exists_ok=True)
    client.close()
    for raw in RAW:
        replace(emulator, raw.name, pq.read_table(folder / f"{raw.name}.parquet"))


def replace(emulator: Emulator, name: str, rows: pa.Table, by: str | None = "client_event_timestamp") -> None:
    """Make one raw table anew, with the columns of `rows`; events are partitioned by column `by`."""
    settings = emulator.settings()
    client = Connection(settings).client
    table = bigquery.Table(reference(settings, "demo", name), [_field(field) for field in rows.schema])
    if name == "events" and by:
        table.time_partitioning = bigquery.TimePartitioning(field=by)
    client.delete_table(table, not_found_ok=True)
    client.create_table(table)
    append(client, table, rows)
    client.close()


def append(client: bigquery.Client, table: bigquery.Table, rows: pa.Table) -> None:
    """Add rows by a load job; Parquet keeps nesting, which other ways into this emulator do not."""
    if not rows.num_rows:
        return
    content = BytesIO()
    pq.write_table(rows, content)
    content.seek(0)
    config = bigquery.LoadJobConfig(source_format="PARQUET", write_disposition="WRITE_APPEND")
    client.load_table_from_file(content, table.reference, job_config=config).result()


def _field(field: pa.Field) -> bigquery.SchemaField:
    repeated = pa.types.is_list(field.type)
    inner = field.type.value_type if repeated else field.type
    fields = [_field(inner_field) for inner_field in inner] if pa.types.is_struct(inner) else ()
    kind = "STRUCT" if fields else "TIMESTAMP" if pa.types.is_timestamp(inner) else BIGQUERY.get(inner, "STRING")
    return bigquery.SchemaField(field.name, kind, "REPEATED" if repeated else "NULLABLE", fields=fields)
