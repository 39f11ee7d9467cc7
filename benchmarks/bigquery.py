"""Reading a result out of BigQuery into DuckDB, beside the client's own `list_rows().to_arrow()` on the same table.

    .venv/bin/python -m benchmarks.bigquery --rows 5000000

An emulator on this machine stands in for BigQuery, so the rows per second are the emulator's; the ratio is ours.
Each way runs in processes of its own, because peak memory is a process's; the first reading warms the emulator up
and does not count, and of the others the fastest does.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import duckdb
from google.cloud import bigquery, bigquery_storage

from benchmarks.record import record
from holley_graph.loaders.bigquery import landing, streams
from holley_graph.loaders.bigquery.connection import Connection
from holley_graph.settings import BigQuery
from tests.support import emulator

TABLE = "demo.scratch.result"
TURNS = 7
MADE = """
CREATE TABLE scratch.result AS
SELECT
  'clean' AS outcome, CONCAT('user-', CAST(MOD(n, 400000) AS STRING)) AS user_id, 'VIEWED' AS kind,
  CONCAT('SKU-', CAST(MOD(n, 25000) AS STRING)) AS sku, MOD(n, 120) AS day, [1760000000 + n] AS `at`, 1 AS count,
  99.5 AS price, CONCAT('https://images.example.org/', CAST(MOD(n, 25000) AS STRING)) AS image_url
FROM UNNEST(GENERATE_ARRAY(1, {rows})) AS n
"""


def read(connection: Connection, table: bigquery.Table) -> int:
    """Take every batch and keep none."""
    return sum(batch.num_rows for batch in streams.read(connection, table).batches)


def landed(connection: Connection, table: bigquery.Table) -> int:
    """Land rows as a sync does."""
    reading = streams.read(connection, table)
    with tempfile.TemporaryDirectory() as folder:
        return int(landing.land(reading.schema, reading.batches, Path(folder)).num_rows)


def asked(connection: Connection, table: bigquery.Table) -> int:
    """Land rows, and let DuckDB answer a first question about them."""
    reading = streams.read(connection, table)
    with tempfile.TemporaryDirectory() as folder, duckdb.connect() as into:
        into.register("result", landing.land(reading.schema, reading.batches, Path(folder)))
        clean = into.table("result").filter("outcome = 'clean'")
        return int(clean.aggregate("COUNT(user_id)").fetchall()[0][0])


def bare(connection: Connection, table: bigquery.Table) -> int:
    """Let the client make one Arrow table, by the Storage interface too."""
    assert connection.storage is not None
    storage = bigquery_storage.BigQueryReadClient(transport=connection.storage.transport)
    return int(connection.client.list_rows(table).to_arrow(bqstorage_client=storage).num_rows)


WAYS = {"read": read, "landed": landed, "asked": asked, "bare": bare}


def measure(way: str, rest: str, storage: str) -> None:
    """Read once; print rows, seconds and MiB above what was needed before."""
    connection = Connection(BigQuery(project="demo", rest_endpoint=rest, storage_endpoint=storage))
    table = connection.client.get_table(TABLE)
    idle = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    started = time.perf_counter()
    rows = WAYS[way](connection, table)
    seconds = time.perf_counter() - started
    print(rows, seconds, (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - idle) / 1024)


def _read(way: str, running: emulator.Emulator, rows: int) -> dict[str, float]:
    command = [sys.executable, "-m", "benchmarks.bigquery", "--way", way, running.rest, running.storage]
    printed = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
    seconds = float(printed[1])
    assert int(printed[0]) == rows
    return {
        "seconds": round(seconds, 2),
        "rows_per_s": round(rows / seconds),
        "peak_mib_above_idle": round(float(printed[2])),
    }


def _seconds(stages: dict[str, float]) -> float:
    return stages["seconds"]


def main() -> None:
    """Make the table, read it both ways, write the figures down."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=5_000_000)
    parser.add_argument("--way", nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.way:
        measure(*options.way)
        return
    with tempfile.TemporaryDirectory() as folder, emulator.running(Path(folder)) as running:
        client = Connection(running.settings()).client
        client.create_dataset("scratch")
        client.query(MADE.format(rows=options.rows)).result()
        _read("bare", running, options.rows)
        turns = [(way, _read(way, running, options.rows)) for _ in range(TURNS) for way in WAYS]
    figures = {way: min((stages for turn_way, stages in turns if turn_way == way), key=_seconds) for way in WAYS}
    bare_rows = figures["bare"]["rows_per_s"]
    phases = ("read", "landed", "asked")
    ratios = {f"{way}_over_bare": round(figures[way]["rows_per_s"] / bare_rows, 2) for way in phases}
    record(f"bigquery-{options.rows}", {"rows": options.rows, **figures, **ratios})


if __name__ == "__main__":
    main()
