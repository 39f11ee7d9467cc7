"""What stops a sync from BigQuery, and that it stops before anything is written: drift, cost, rights, failures."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from holley_graph.errors import (
    SourceError,
    TooExpensive,
)
from holley_graph.loaders import feeds
from holley_graph.loaders.bigquery.connection import Connection
from holley_graph.loaders.bigquery.source import BigQuerySource
from holley_graph.loaders.bigquery.tables import reference
from holley_graph.loaders.engine import statements
from holley_graph.settings import Settings, load
from holley_graph.times import seconds
from tests.support import emulator, proxy, raw
from tests.support.emulator import Emulator
from tests.support.proxy import Answer, Proxy, Request

AS_OF = seconds("2025-10-01")
SEPT = raw.at("2025-09-10")
SMALL = {
    "user_attributes": [raw.attributes("u", SEPT, Email="ann@example.org", v1_year="1969")],
    "fitment": [raw.fitment("1969", "F", "M", ["A1"])],
    "items": [raw.item("A1", "Carburetor")],
    "events": [raw.event("u", "Viewed Product", SEPT, ProductId="A1")] * 4,
    "orders": [raw.order("A1", "ann@example.org", "Friday, January 10, 2025")],
}
RUN = "20251001T000000-sync-ab12"
Ask = Callable[[], Answer]


@pytest.fixture
def loaded(bigquery_emulator: Emulator, tmp_path: Path) -> Emulator:
    emulator.load(bigquery_emulator, raw.write(tmp_path / "raw", SMALL))
    return bigquery_emulator


@pytest.fixture
def edge(loaded: Emulator) -> Iterator[Proxy]:
    with proxy.before(loaded.rest) as proxy_:
        yield proxy_


def settings(running: Emulator, home: Path, edge: Proxy | None = None, **more: object) -> Settings:
    through = {"rest_endpoint": edge.rest} if edge else {}
    return load(home=home, bigquery=running.settings(**through, **more))


def extract(settings: Settings, **more: Any) -> feeds.Extract:
    return feeds.extract(BigQuerySource(settings), settings, AS_OF, lambda *_: None, run_id=RUN, **more)


def queries(edge: Proxy) -> list[dict[str, Any]]:
    return [question.query for question in edge.asked if question.query]


# ---- contract drift --------------------------------------------------------------------------------------------


def changed(running: Emulator, folder: Path, name: str, change: Callable[[pa.Table], pa.Table]) -> None:
    table = pa.Table.from_pylist(
        SMALL[name], next(raw.schema(raw_table) for raw_table in raw.RAW if raw_table.name == name)
    )
    emulator.replace(running, name, change(table))


@pytest.mark.parametrize(
    ("name", "change", "message"),
    [
        ("items", lambda t: t.drop_columns(["Tags"]),
         "table items, column Tags: expected STRING, found no such column"),
        ("fitment", lambda t: t.set_column(0, "v1_year", pa.array([1969])),
         "table fitment, column v1_year: expected STRING, found INT64"),
        ("orders", lambda t: t.set_column(0, "ITEM", pa.array([["A1"]])),
         "table orders, column ITEM: expected STRING, found ARRAY<STRING>"),
        ("fitment", lambda t: t.set_column(3, "products", pa.array([[{"product_number": 7}]])),
         "table fitment, column products.product_number: expected STRING, found INT64"),
        ("fitment", lambda t: t.set_column(3, "products", pa.array([[{"number": "A1"}]])),
         "table fitment, column products.product_number: expected STRING, found no such column"),
        ("orders", lambda t: t.slice(0, 0), "table orders: expected rows, found none"),
    ],
)  # fmt: skip
def test_a_table_that_drifted_stops_before_any_query_with_table_column_expected_and_found(
    edge: Proxy, loaded: Emulator, tmp_path: Path, name: str, change: Callable[[pa.Table], pa.Table], message: str
) -> None:
    changed(loaded, tmp_path, name, change)
    with pytest.raises(SourceError) as stopped:
        extract(settings(loaded, tmp_path / "home", edge))
    assert message in str(stopped.value)
    assert queries(edge) == []


def test_a_table_that_is_gone_is_named(loaded: Emulator, tmp_path: Path) -> None:
    connection = Connection(loaded.settings())
    connection.client.delete_table(reference(loaded.settings(), "demo", "events"))
    with pytest.raises(
        SourceError,
        match=r"table events: expected demo\.company_1950\.ingestion_unified_schema_incremental, found no such",
    ):
        extract(settings(loaded, tmp_path / "home"))


@pytest.mark.parametrize(("had", "stops"), [({"events": 4}, False), ({"events": 8}, False), ({"events": 9}, True)])
def test_rows_that_are_gone_stop_when_they_are_too_many(
    loaded: Emulator, tmp_path: Path, had: dict[str, int], stops: bool
) -> None:
    source = BigQuerySource(settings(loaded, tmp_path / "home"))
    plan = lambda: feeds.costs(source, source.settings, AS_OF, before=had)  # noqa: E731
    if stops:
        with pytest.raises(SourceError, match=r"table events: expected at least 4 rows .* saw 9\), found 4"):
            plan()
    else:
        plan()


def test_a_new_column_is_noted_and_ignored(loaded: Emulator, tmp_path: Path) -> None:
    changed(loaded, tmp_path, "items", lambda t: t.append_column("Shade", pa.array(["red"])))
    extract_ = extract(settings(loaded, tmp_path / "home"))
    assert {name: table.unknown for name, table in extract_.found.items() if table.unknown} == {"items": ("Shade",)}
    assert extract_.clean("items").num_rows == 1


# ---- cost ------------------------------------------------------------------------------------------------------


def reads(sizes: dict[str, int]) -> Callable[[Request, Ask], Answer]:
    """Estimate queries as a billed project would; the emulator says 0 of every one."""

    def rule(request: Request, ask: Ask) -> Answer:
        code, document = ask()
        if request.query.get("dryRun"):
            name = next(name for name in sizes if f"-{name}-" in request.body["jobReference"]["jobId"])
            document["statistics"]["totalBytesProcessed"] = str(sizes[name])
            document["statistics"].setdefault("query", {})["totalBytesProcessed"] = str(sizes[name])
        return code, document

    return rule


SIZES = {"users": 2**30, "fitment": 2**20, "items": 0, "events": 2**40, "orders": 2**35}


def test_costs_are_said_per_query_at_the_settable_price_and_nothing_is_run(
    edge: Proxy, loaded: Emulator, tmp_path: Path
) -> None:
    edge.rule = reads(SIZES)
    config = settings(loaded, tmp_path / "home", edge, price_per_tib=5.0, max_bytes_billed=2**41)
    costs = feeds.costs(BigQuerySource(config), config, AS_OF)
    assert {cost.query: cost.bytes for cost in costs} == SIZES
    assert {cost.query: cost.price for cost in costs}["events"] == 5.0
    assert {cost.query: cost.price for cost in costs}["users"] == round(5 / 1024, 4)
    assert [query["dryRun"] for query in queries(edge)] == [True] * 5


def test_a_query_over_the_cap_stops_before_any_runs_with_the_figure_and_the_setting(
    edge: Proxy, loaded: Emulator, tmp_path: Path
) -> None:
    edge.rule = reads(SIZES)
    with pytest.raises(
        TooExpensive, match=r"query events would read 1,099,511,627,776 bytes, bigquery\.max_bytes_b"
    ):
        extract(settings(loaded, tmp_path / "home", edge))
    assert all(query["dryRun"] for query in queries(edge))


def test_what_reads_the_clean_catalogue_is_asked_again_when_that_is_there(
    edge: Proxy, loaded: Emulator, tmp_path: Path
) -> None:
    requests: list[str] = []

    def rule(request: Request, ask: Ask) -> Answer:
        if request.query.get("dryRun"):
            requests.append(request.body["jobReference"]["jobId"])
        return reads({**SIZES, "orders": 2**35 + sum("-orders-" in entry for entry in requests)})(request, ask)

    edge.rule = rule
    extract_ = extract(settings(loaded, tmp_path / "home", edge, max_bytes_billed=2**41))
    assert {cost.query: cost.bytes for cost in extract_.costs} == {**SIZES, "orders": 2**35 + 2}
    texts = [query["query"]["query"] for query in queries(edge)]
    events = [text for text in texts if statements.load("events").text in text]
    assert ["LIMIT 0" in text for text in events] == [True, False, False]


def test_every_job_has_the_cap_and_the_run_id_and_names_its_columns(
    edge: Proxy, loaded: Emulator, tmp_path: Path
) -> None:
    extract(settings(loaded, tmp_path / "home", edge))
    assert len(queries(edge)) == 12  # five estimates, two again when the catalogue is there, five runs
    for query in queries(edge):
        assert query["query"]["maximumBytesBilled"] == str(100 * 2**30)
        assert query["labels"] == {"tool": "holley-graph", "run_id": RUN.lower()}
        assert "SELECT *" not in query["query"]["query"]
    ran = [query["query"]["query"] for query in queries(edge) if not query.get("dryRun")]
    assert all("expiration_timestamp" in text.partition("AS\n")[0] for text in ran)
    assert all(statements.load(feed.clean.name).text in text for feed, text in zip(feeds.FEEDS, ran, strict=True))


def test_events_partitioned_by_arrival_are_read_from_some_days_before_the_window_on(
    edge: Proxy, loaded: Emulator, tmp_path: Path
) -> None:
    config = settings(loaded, tmp_path / "home", edge)
    feeds.costs(BigQuerySource(config), config, AS_OF)
    by_event = queries(edge)[3]["query"]
    assert "e.client_event_timestamp >= @since AND e.client_event_timestamp < @as_of" in by_event["query"]
    assert "partition_from" not in str(by_event)
    table = next(parameter for parameter in raw.RAW if parameter.name == "events")
    rows = pa.Table.from_pylist(SMALL["events"], raw.schema(table))
    emulator.replace(loaded, "events", rows, by="auxia_insertion_timestamp")
    feeds.costs(BigQuerySource(config), config, AS_OF)
    by_arrival = queries(edge)[8]["query"]
    by_key = {
        parameter["name"]: parameter["parameterValue"]["value"] for parameter in by_arrival["queryParameters"]
    }
    assert "auxia_insertion_timestamp >= @partition_from" in by_arrival["query"]
    assert by_key["partition_from"].startswith("2025-08-29")  # sync.late_days before the boundary
