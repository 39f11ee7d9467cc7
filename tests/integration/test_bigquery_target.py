"""A file of results into BigQuery: all of it or nothing of it, counted before it is put in place."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner
from google.api_core.exceptions import NotFound
from google.cloud import bigquery

from holley_graph.cli import cli
from holley_graph.errors import AccessDenied, SettingsError, SourceUnreachable
from holley_graph.export.rows import wide_schema
from holley_graph.graph.client import Graph
from holley_graph.loaders import sync
from holley_graph.loaders.bigquery import target
from holley_graph.loaders.bigquery.connection import Connection
from holley_graph.loaders.files import FilesSource
from holley_graph.server.layout import Layout
from holley_graph.settings import Settings, load
from holley_graph.simulator.generate import generate
from holley_graph.times import seconds
from holley_graph.workflows.deliver import checked, deliver, suffix
from tests.support import proxy, raw
from tests.support.emulator import Emulator
from tests.support.proxy import Answer, Request, refused

TABLE = "results.recommendations"
RUN = "20260101T000000-export-ab12"


@pytest.fixture
def client(bigquery_emulator: Emulator) -> Iterator[bigquery.Client]:
    connection = Connection(bigquery_emulator.settings())
    connection.client.create_dataset("holley_graph_scratch", exists_ok=True)
    connection.client.create_dataset("results", exists_ok=True)
    connection.client.delete_table(f"demo.{TABLE}", not_found_ok=True)
    yield connection.client
    connection.close()


@pytest.fixture
def settings(bigquery_emulator: Emulator, tmp_path: Path) -> Settings:
    return load(home=tmp_path / "home", bigquery=bigquery_emulator.settings())


def file(folder: Path, *emails: str, day: int = 1) -> Path:
    """A wide table with these addresses."""
    when = raw.at("2026-01-01") + timedelta(days=day)
    rows = [
        {"email_lower": email, "v1_year": 1969, "rec1_price": 50.5, "rec_part_1": "A1", "generated_at": when}
        for email in emails
    ]
    pq.write_table(pa.Table.from_pylist(rows, wide_schema()), folder / "wide.parquet")
    return folder / "wide.parquet"


def held(client: bigquery.Client) -> list[tuple[object, ...]]:
    text = f"SELECT t.email_lower, t.rec1_price, t.rec4_reason, t.generated_at FROM demo.{TABLE} AS t ORDER BY 1, 4"
    return [tuple(row.values()) for row in client.query(text).result()]


def row(email: str, day: int) -> tuple[object, ...]:
    return email, 50.5, None, raw.at("2026-01-01") + timedelta(days=day)


def test_a_file_makes_the_table_is_appended_to_it_or_replaces_it(
    client: bigquery.Client, settings: Settings, tmp_path: Path
) -> None:
    made = target.load(settings, file(tmp_path, "a@x", "b@x"), TABLE, RUN, replace=False)
    assert (made.table, made.rows) == (f"demo.{TABLE}", 2)
    target.load(settings, file(tmp_path, "c@x", day=2), TABLE, RUN, replace=False)
    assert held(client) == [row("a@x", 1), row("b@x", 1), row("c@x", 2)]
    target.load(settings, file(tmp_path, "d@x", day=3), TABLE, RUN, replace=True)
    assert held(client) == [row("d@x", 3)]
    assert [field.name for field in client.get_table(f"demo.{TABLE}").schema] == wide_schema().names
    assert [
        table.table_id for table in client.list_tables("holley_graph_scratch") if "export" in table.table_id
    ] == []


def test_an_export_is_gated_and_loaded_and_one_that_must_not_be_sent_is_not(
    client: bigquery.Client, bigquery_emulator: Emulator, server: Settings, graph: Graph, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    as_of = seconds("2026-01-01")
    settings = load(home=tmp_path / "home")
    world = generate(tmp_path / "world", users=300, as_of=as_of).folder
    sync.sync(FilesSource(world), graph, settings, as_of=as_of)
    limits = {"GATE__MAX_FIRST_SHARE": "1", "GATE__MIN_VARIETY": "0", "BIGQUERY__PROJECT": "demo"}
    limits |= {"BIGQUERY__REST_ENDPOINT": bigquery_emulator.rest}
    for name, value in limits.items():
        monkeypatch.setenv(f"HOLLEY_GRAPH_{name}", value)
    where = ["--home", settings.home, "--uri", f"bolt://127.0.0.1:{server.server.bolt_port}"]
    where += ["--password-file", Layout.of(server).password_file]
    command = [
        *where,
        "export",
        "--ranker",
        "baseline",
        "--out",
        tmp_path / "wide.parquet",
        "--to",
        f"bigquery:{TABLE}",
    ]
    refused_ = CliRunner().invoke(cli, [*map(str, command)])  # far fewer users than a release has
    assert refused_.exit_code == 1, refused_.output
    assert "must not be sent" in refused_.output
    with pytest.raises(NotFound):
        client.get_table(f"demo.{TABLE}")
    monkeypatch.setenv("HOLLEY_GRAPH_GATE__MIN_USERS", "1")
    sent = CliRunner().invoke(cli, [*map(str, command), "--json"])
    assert sent.exit_code == 0, sent.output
    assert json.loads(sent.stdout)["sent"]["rows"] == len(held(client)) > 0


def test_a_night_replaces_the_rows_of_its_table(
    client: bigquery.Client, settings: Settings, tmp_path: Path
) -> None:
    to = checked(f"bigquery:{TABLE}")
    for day in (1, 2, 2):
        deliver(settings, file(tmp_path, "a@x", day=day), to, f"2026010{day}T000000-night")
    assert held(client) == [row("a@x", 2)]
    assert suffix(to) == ".parquet"


def fewer(request: Request, ask: Callable[[], Answer]) -> Answer:
    code, document = ask()
    if request.method == "GET" and "_export" in request.path and "numRows" in document:
        document["numRows"] = "1"
    return code, document


def denied(request: Request, ask: Callable[[], Answer]) -> Answer:
    statement = (
        "Access Denied: Table demo:results.recommendations: Permission bigquery.tables.updateData denied on table"
    )
    return refused(403, "accessDenied", statement) if request.query else ask()


def denied_and_not_even_cleaned_up(request: Request, ask: Callable[[], Answer]) -> Answer:
    return refused(503, "backendError", "try later") if request.method == "DELETE" else denied(request, ask)


@pytest.mark.parametrize(
    ("rule", "error", "message"),
    [
        (denied_and_not_even_cleaned_up, AccessDenied, r"bigquery\.tables\.updateData on"),
        (fewer, SourceUnreachable, r"1 of 2 rows arrived; demo\.results\.recommendations is as it was"),
        (denied, AccessDenied, r"bigquery\.tables\.updateData on demo:results\.recommendations is missing"),
    ],
)
def test_a_load_that_fails_leaves_the_table_as_it_was(
    client: bigquery.Client, settings: Settings, bigquery_emulator: Emulator, tmp_path: Path,
    rule: proxy.Rule, error: type[Exception], message: str,
) -> None:  # fmt: skip
    target.load(settings, file(tmp_path, "a@x"), TABLE, RUN, replace=True)
    with proxy.before(bigquery_emulator.rest) as edge:
        edge.rule = rule
        through = settings.bigquery.model_copy(update={"rest_endpoint": edge.rest})
        with pytest.raises(error, match=message):
            target.load(
                settings.model_copy(update={"bigquery": through}),
                file(tmp_path, "b@x", "c@x"),
                TABLE,
                RUN,
                replace=True,
            )
    assert held(client) == [row("a@x", 1)]


def test_the_statement_that_puts_it_in_place_partitions_by_day(
    client: bigquery.Client, settings: Settings, bigquery_emulator: Emulator, tmp_path: Path
) -> None:
    with proxy.before(bigquery_emulator.rest) as edge:
        through = settings.bigquery.model_copy(update={"rest_endpoint": edge.rest})
        config = settings.model_copy(update={"bigquery": through})
        target.load(config, file(tmp_path, "a@x"), TABLE, RUN, replace=True)
    (query,) = [question.query for question in edge.asked if question.query]
    assert "PARTITION BY DATE(`generated_at`)" in query["query"]["query"]
    assert query["labels"]["run_id"] == RUN.lower()


@pytest.mark.parametrize("where", ["recommendations", ".recommendations", "results."])
def test_what_is_no_table_is_refused(settings: Settings, tmp_path: Path, where: str) -> None:
    with pytest.raises(SettingsError, match=r"is no dataset\.table"):
        target.load(settings, file(tmp_path, "a@x"), where, RUN, replace=True)


def test_a_file_without_a_date_is_refused(settings: Settings, tmp_path: Path) -> None:
    pq.write_table(pa.table({"email_lower": ["a@x"]}), tmp_path / "wide.parquet")
    with pytest.raises(SettingsError, match="no column generated_at"):
        target.load(settings, tmp_path / "wide.parquet", TABLE, RUN, replace=True)
