"""BigQuery as a source: Google's own clients against an emulator, beside DuckDB on the same rows."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pytest
from google.cloud import bigquery

from holley_graph.gate import tables
from holley_graph.graph.client import Graph
from holley_graph.loaders import accounts, feeds, sync
from holley_graph.loaders.bigquery.connection import Connection
from holley_graph.loaders.bigquery.source import BigQuerySource
from holley_graph.loaders.engine.engine import Engine
from holley_graph.loaders.files import FilesSource
from holley_graph.progress import silent
from holley_graph.settings import BigQuery, Settings, Sync, load
from holley_graph.simulator.generate import generate
from holley_graph.times import seconds
from tests.support import dirt, emulator, raw
from tests.support.emulator import Emulator
from tests.support.held import assert_same, held
from tests.support.sources import expected

AS_OF = seconds("2026-01-01")
SEPT = raw.at("2025-09-10")
SMALL = {
    "user_attributes": [
        raw.attributes("u", SEPT, Email="ann@example.org", v1_year="1969", v1_make="F", v1_model="M")
    ],
    "fitment": [raw.fitment("1969", "F", "M", ["A1"])],
    "items": [raw.item("A1", "Carburetor")],
    "events": [raw.event("u", "Viewed Product", SEPT, ProductId="A1")],
    "orders": [raw.order("A1", "ann@example.org", "Friday, January 10, 2025")],
}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return generate(tmp_path_factory.mktemp("bigquery") / "world", users=60, as_of=AS_OF).folder


@pytest.fixture
def client(bigquery_emulator: Emulator) -> Iterator[bigquery.Client]:
    connection = Connection(bigquery_emulator.settings())
    yield connection.client
    connection.close()


def settings_of(running: Emulator, home: Path, **more: object) -> Settings:
    by_key = {name: value for name, value in more.items() if name in BigQuery.model_fields}
    rest = {name: value for name, value in more.items() if name not in by_key}
    return load(home=home, bigquery=running.settings(**by_key), **rest)


def extract(source: feeds.Source, settings: Settings, as_of: int = AS_OF) -> feeds.Extract:
    return feeds.extract(source, settings, as_of, lambda *_: None, run_id="20260101T000000-sync-ab12")


def scratch(client: bigquery.Client) -> list[str]:
    return [table.table_id for table in client.list_tables("holley_graph_scratch")]


# ---- one SQL, two engines --------------------------------------------------------------------------------------


def dirty(folder: Path) -> Path:
    """Several random worlds poured together: more of every trap."""
    worlds = [dirt.world(random.Random(seed)) for seed in range(8)]
    return raw.write(folder, {name: [row for world in worlds for row in world[name]] for name in raw.RAW_NAMES})


@pytest.mark.parametrize("data", ["demo", "dirt"])
def test_every_clean_table_and_account_is_the_same_from_both_engines(
    bigquery_emulator: Emulator, world: Path, tmp_path: Path, client: bigquery.Client, data: str
) -> None:
    folder = world if data == "demo" else dirty(tmp_path / "raw")
    as_of = AS_OF if data == "demo" else dirt.AS_OF
    emulator.load(bigquery_emulator, folder)
    settings = settings_of(bigquery_emulator, tmp_path / "home", sync=Sync(boundary=dirt.BOUNDARY))
    by_bigquery = extract(BigQuerySource(settings), settings, as_of)
    by_duckdb = extract(FilesSource(folder), settings, as_of)
    for feed in feeds.FEEDS:
        name = feed.clean.name
        assert by_bigquery.clean(name).num_rows > 0
        assert by_bigquery.clean(name).equals(by_duckdb.clean(name)), name
        assert rejected(by_bigquery, name) == rejected(by_duckdb, name)
    assert by_bigquery.waiting().equals(by_duckdb.waiting())
    assert [told(account) for account in by_bigquery.accounts] == [told(account) for account in by_duckdb.accounts]
    assert scratch(client) == []


def test_the_gate_sees_the_same_in_both_engines(
    bigquery_emulator: Emulator, tmp_path: Path, client: bigquery.Client
) -> None:
    folder = dirty(tmp_path / "raw")
    emulator.load(bigquery_emulator, folder)
    settings = settings_of(bigquery_emulator, tmp_path / "home", sync=Sync(boundary=dirt.BOUNDARY))
    for name, rows in asked(BigQuerySource(settings), settings).items():
        assert rows == asked(FilesSource(folder), settings)[name] != [], name
    assert scratch(client) == []


def asked(source: feeds.Source, settings: Settings) -> dict[str, list[tuple[object, ...]]]:
    """What the gate reads of raw tables, by view."""
    with Engine(settings) as engine:
        seen = tables.see(tables.SourceTables(engine, {}), source, settings, dirt.AS_OF, silent).tables
        return {name: sorted(seen[name].fetchall(), key=str) for name in tables.SEEN}


def told(account: accounts.FeedAccount) -> object:
    return account.name, account.read, account.items, account.rejected, account.ignored, account.until


def rejected(extracted: feeds.Extract, name: str) -> list[tuple[str | None, ...]]:
    """Dead letters without their source row: engines spell JSON each in its own way."""
    rows = extracted.tables[f"rejected_{name}"].project("reason, value, email").fetchall()
    return sorted(rows, key=str)


def test_a_sync_gives_the_graph_that_the_files_give_and_says_how_rows_came(
    bigquery_emulator: Emulator, world: Path, tmp_path: Path, graph: Graph
) -> None:
    emulator.load(bigquery_emulator, world)
    settings = settings_of(bigquery_emulator, tmp_path / "home")
    seen: dict[str, tuple[int, int]] = {}
    report = sync.sync(
        BigQuerySource(settings), graph, settings, as_of=AS_OF,
        progress=lambda what, done, of: seen.__setitem__(what, (done, of)),
    )  # fmt: skip
    assert_same(held(graph), expected(world, settings, AS_OF))
    assert [note.partition(":")[0] for note in report.notes] == [feed.clean.name for feed in feeds.FEEDS]
    assert all(note.endswith("rows by storage") for note in report.notes)
    rows = next(int(note.split()[1].replace(",", "")) for note in report.notes if note.startswith("events"))
    assert seen["read events"] == (rows, rows)
    assert seen["read events, bytes"][0] == seen["read events, bytes"][1] > rows
    again = sync.sync(BigQuerySource(settings), graph, settings, as_of=AS_OF)
    assert [feed["added"] + feed["changed"] + feed["removed"] for feed in again.feeds] == [0] * 5


def test_since_last_asks_for_nothing_again_that_has_not_changed_and_gives_the_same_graph(
    bigquery_emulator: Emulator, world: Path, tmp_path: Path, graph: Graph, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of its tables an emulator cannot say whether they changed: here they have not."""
    monkeypatch.setattr(BigQuerySource, "digests", lambda _: dict.fromkeys(raw.RAW_NAMES, "as it was"))
    emulator.load(bigquery_emulator, world)
    settings = settings_of(bigquery_emulator, tmp_path / "home")
    sync.sync(BigQuerySource(settings), graph, settings, as_of=AS_OF - 3600)
    report = sync.sync(BigQuerySource(settings), graph, settings, as_of=AS_OF, since_last=True)
    assert report.notes[1] == "unchanged and not read: orders, user_attributes"
    assert [note.partition(":")[0] for note in report.notes[2:]] == ["fitment", "items", "events"]
    assert_same(held(graph), expected(world, settings, AS_OF))


# ---- reading ---------------------------------------------------------------------------------------------------


def test_without_a_storage_endpoint_rows_come_by_rest_and_the_report_says_so(
    bigquery_emulator: Emulator, tmp_path: Path
) -> None:
    folder = raw.write(tmp_path / "raw", SMALL)
    emulator.load(bigquery_emulator, folder)
    settings = settings_of(bigquery_emulator, tmp_path / "home", storage_endpoint=None)
    source = BigQuerySource(settings)
    extract_ = extract(source, settings)
    assert extract_.clean("events").equals(extract(FilesSource(folder), settings).clean("events"))
    assert all("rest: there is no storage endpoint" in note for note in source.notes)


def test_an_empty_result_has_its_columns_either_way(bigquery_emulator: Emulator, tmp_path: Path) -> None:
    empty = {name: rows for name, rows in SMALL.items() if name != "fitment"} | {"events": []}
    emulator.load(bigquery_emulator, raw.write(tmp_path / "raw", empty))
    for storage in (bigquery_emulator.storage, None):
        settings = settings_of(
            bigquery_emulator,
            tmp_path / "home",
            storage_endpoint=storage,
            sync=Sync(allow_empty=("events", "fitment")),
        )
        extract_ = extract(BigQuerySource(settings), settings)
        assert (extract_.clean("events").num_rows, extract_.clean("fitment").num_rows) == (0, 0)
        assert extract_.clean("items").num_rows == 1


def test_optional_columns_may_be_missing_and_nested_ones_in_any_order(
    bigquery_emulator: Emulator, tmp_path: Path, client: bigquery.Client
) -> None:
    emulator.load(bigquery_emulator, raw.write(tmp_path / "raw", SMALL))
    text, number = ("property_name", "string_value"), pa.struct(
        [("double_value", pa.float64()), ("long_value", pa.int64()), ("added_later", pa.string()),
         ("property_name", pa.string()), ("string_value", pa.string())]
    )  # fmt: skip
    rows = [
        {**row, "event_properties": [{name: prop[name] for name in (*text, "long_value", "double_value")}
                                     for prop in row["event_properties"]]}
        for row in SMALL["events"]
    ]  # fmt: skip
    time = pa.timestamp("us", "UTC")
    schema = pa.schema(
        [("event_name", pa.string()), ("user_id", pa.string()), ("client_event_timestamp", time),
         ("auxia_insertion_timestamp", time), ("event_properties", pa.list_(number))]
    )  # fmt: skip
    emulator.replace(bigquery_emulator, "events", pa.Table.from_pylist(rows, schema))
    settings = settings_of(bigquery_emulator, tmp_path / "home")
    (row,) = extract(BigQuerySource(settings), settings).clean("events").to_pylist()
    assert (row["user_id"], row["sku"], row["kind"]) == ("u", "A1", "VIEWED")
