"""BigQuery fails in the middle: tried again until the deadline, then a clear end, and nothing was written."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.cloud import bigquery

from holley_graph.errors import AccessDenied, HolleyGraphError, SourceError, SourceUnreachable, TooExpensive
from holley_graph.graph.client import Graph
from holley_graph.loaders import feeds, sync, value_rules
from holley_graph.loaders.bigquery import streams
from holley_graph.loaders.bigquery.connection import Connection
from holley_graph.loaders.bigquery.source import BigQuerySource
from holley_graph.loaders.engine.engine import Engine
from holley_graph.settings import BigQuery, load
from holley_graph.times import seconds
from tests.support import emulator, proxy, raw
from tests.support.emulator import Emulator
from tests.support.held import assert_same, held
from tests.support.proxy import Answer, Proxy, Request, refused
from tests.support.sources import expected
from tests.support.storage import Storage, serving

AS_OF = seconds("2025-10-01")
SEPT = raw.at("2025-09-10")
SMALL = {
    "user_attributes": [raw.attributes("u", SEPT, Email="ann@example.org", v1_year="1969")],
    "fitment": [raw.fitment("1969", "F", "M", ["A1"])],
    "items": [raw.item("A1", "Carburetor")],
    "events": [raw.event("u", "Viewed Product", SEPT, ProductId="A1")],
    "orders": [raw.order("A1", "ann@example.org", "Friday, January 10, 2025")],
}
DEADLINE_S = 4
RUN = "20251001T000000-sync-ab12"
Ask = Callable[[], Answer]
Rule = Callable[[Request, Ask], Answer]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return raw.write(tmp_path_factory.mktemp("failures") / "raw", SMALL)


@pytest.fixture(scope="module")
def loaded(bigquery_emulator: Emulator, folder: Path) -> Emulator:
    emulator.load(bigquery_emulator, folder)
    return bigquery_emulator


@pytest.fixture
def edge(loaded: Emulator) -> Iterator[Proxy]:
    with proxy.before(loaded.rest) as proxy_:
        yield proxy_


def source_of(running: Emulator, home: Path, **more: Any) -> BigQuerySource:
    return BigQuerySource(load(home=home, bigquery=running.settings(**more)))


def extract(source: BigQuerySource) -> feeds.Extract:
    return feeds.extract(source, source.settings, AS_OF, lambda *_: None, run_id=RUN)


def first(rule: Rule, times: int = 1) -> Rule:
    """Apply a rule to the first calls that it has an answer for, then let everything through."""
    left = [times]

    def limited(request: Request, ask: Ask) -> Answer:
        if left[0] <= 0:
            return ask()
        requests: list[bool] = []

        def through() -> Answer:
            requests.append(True)
            return ask()

        answer = rule(request, through)
        left[0] -= not requests
        return answer

    return limited


def on_queries(answer: Answer) -> Rule:
    return lambda request, ask: answer if request.query and not request.query.get("dryRun") else ask()


def ended(reason: str, message: str) -> Rule:
    """Let a query's job be there and have failed."""

    def rule(request: Request, ask: Ask) -> Answer:
        if not request.query or request.query.get("dryRun"):
            return ask()
        job = {"configuration": request.query, "jobReference": request.body["jobReference"]}
        error = {"reason": reason, "message": message}
        return 200, {**job, "status": {"state": "DONE", "errorResult": error, "errors": [error]}}

    return rule


# ---- what passes -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "trouble",
    [
        pytest.param(lambda request, ask: refused(503, "backendError", "try again"), id="503"),
        pytest.param(on_queries(refused(403, "rateLimitExceeded", "too many")), id="rate"),
        pytest.param(ended("jobBackendError", "the job broke"), id="job"),
    ],
)
def test_trouble_of_the_moment_is_tried_again(edge: Proxy, loaded: Emulator, tmp_path: Path, trouble: Rule) -> None:
    edge.rule = first(trouble, 2)
    source = source_of(loaded, tmp_path, rest_endpoint=edge.rest, deadline_s=30)
    with source.open(None, RUN, lambda *_: None) as opened:  # type: ignore[arg-type]  # no row is read
        opened.scratch.jobs.run("probe", "SELECT 1 AS one", {})
    assert edge.rule is not None


# ---- what does not ---------------------------------------------------------------------------------------------

DENIED = {
    "Access Denied: Table demo:company_1950.events: User does not have permission to query table "
    "demo:company_1950.events, or perhaps it does not exist.":
        "the permission bigquery.tables.getData on demo:company_1950.events is missing",
    "Access Denied: Table demo:company_1950.events: Permission bigquery.tables.get denied on table "
    "demo:company_1950.events (or it may not exist).":
        "the permission bigquery.tables.get on demo:company_1950.events is missing",
    "Access Denied: Project demo: User does not have bigquery.jobs.create permission in project demo.":
        "the permission bigquery.jobs.create on demo is missing",
    "Access Denied: Dataset demo:holley_graph_scratch: Permission bigquery.tables.create denied on dataset "
    "demo:holley_graph_scratch (or it may not exist).":
        "the permission bigquery.tables.create on demo:holley_graph_scratch is missing",
}  # fmt: skip


@pytest.mark.parametrize(
    ("rule", "error", "message"),
    [
        (on_queries(refused(403, "quotaExceeded", "Quota exceeded: bytes per day")), SourceUnreachable,
         "query users: quotaExceeded: Quota exceeded: bytes per day"),
        (lambda request, ask: refused(503, "backendError", "gone fishing"), SourceUnreachable, "gone fishing"),
        (ended("stopped", "Job execution was cancelled: User requested cancellation"), SourceUnreachable,
         "query users: the job was cancelled"),
        (ended("bytesBilledLimitExceeded", "Query exceeded limit for bytes billed: 107374182400."), TooExpensive,
         "query users: Query exceeded limit"),
        (lambda request, ask: refused(401, "authError", "Invalid Credentials"), AccessDenied,
         "the credentials are expired or refused"),
        *((on_queries(refused(403, "accessDenied", why)), AccessDenied, text) for why, text in DENIED.items()),
    ],
    ids=["quota", "503", "cancelled", "bytes", "expired", "getData", "get", "jobs", "create"],
)  # fmt: skip
def test_trouble_that_stays_ends_within_the_deadline_and_says_what_is_wrong(
    edge: Proxy, loaded: Emulator, tmp_path: Path, rule: Rule, error: type[HolleyGraphError], message: str
) -> None:
    edge.rule = rule
    started = time.monotonic()
    with pytest.raises(error) as stopped:
        # where the emulator is asked first, it may be busy
        patience = DEADLINE_S if message == "gone fishing" else 60
        extract(source_of(loaded, tmp_path, rest_endpoint=edge.rest, deadline_s=patience))
    assert message in str(stopped.value)
    assert stopped.value.hint
    assert "http" not in str(stopped.value)
    assert time.monotonic() - started < 300  # the client's own patience is ten minutes


def test_a_missing_scratch_dataset_is_named(loaded: Emulator, tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"scratch dataset demo\.nowhere: not found"):
        extract(source_of(loaded, tmp_path, scratch_dataset="nowhere"))


def test_a_stream_that_ends_early_is_read_again_and_then_refused(
    edge: Proxy, loaded: Emulator, tmp_path: Path
) -> None:
    """The table knows that it has a row more than ever comes."""

    def one_more(request: Request, ask: Ask) -> Answer:
        code, document = ask()
        if request.method == "GET" and "/tables/20251001T000000" in request.path:
            document["numRows"] = str(int(document["numRows"]) + 1)
        return code, document

    edge.rule = one_more
    source = source_of(loaded, tmp_path, rest_endpoint=edge.rest, deadline_s=60)
    statement = r"reading items: the stream ended after 2 of 3 rows, 3 times"
    values = value_rules.values(source.settings, AS_OF)
    with (
        Engine() as engine,
        pytest.raises(SourceUnreachable, match=statement),
        source.open(engine, RUN, lambda *_: None) as opened,
    ):
        opened.run("items", {}, **values)
    assert edge.asked[-1].path.partition("?")[0].endswith("_items"), edge.asked[-1]


# ---- streams ---------------------------------------------------------------------------------------------------

TABLE = bigquery.Table("demo.holley_graph_scratch.numbers")


def numbers(storage: Storage) -> list[int]:
    """Read everything; the REST side answers nobody, for it is not asked."""
    report = {"project": "demo", "rest_endpoint": "http://127.0.0.1:9", "deadline_s": DEADLINE_S}
    connection = Connection(BigQuery.model_validate({**report, "storage_endpoint": storage.endpoint}))
    try:
        reading = streams.read(connection, TABLE)
        assert reading.by == "storage"
        return sorted(n for batch in reading.batches for n in batch.column(0).to_pylist())
    finally:
        connection.close()


@pytest.mark.parametrize("status", [grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.INTERNAL])
def test_a_stream_that_breaks_is_taken_up_where_it_broke(status: grpc.StatusCode) -> None:
    broken = iter([False, False, True, False, True, True])
    with serving(Storage(2_000, breaks=lambda sent: status if next(broken, False) else None)) as storage:
        assert numbers(storage) == list(range(2_000))  # none is missing, none came twice
    assert next(broken, None) is None


@pytest.mark.parametrize("sent", [0, 5])
def test_streams_that_break_for_good_end_within_the_deadline(sent: int) -> None:
    removed = Storage(2_000, breaks=lambda n: grpc.StatusCode.UNAVAILABLE if n >= sent else None)
    assert seconds_until_it_ends(removed, "reading numbers: no answer within 4 s: the connection is gone") < 30


def test_streams_that_fall_silent_end_within_the_deadline() -> None:
    silent = Storage(2_000)
    silent.silent.set()
    assert seconds_until_it_ends(silent, "reading numbers: no rows for 4 s") < 30


def seconds_until_it_ends(storage: Storage, message: str) -> float:
    started = time.monotonic()
    with serving(storage), pytest.raises(SourceUnreachable, match=message):
        numbers(storage)
    return time.monotonic() - started


def test_without_the_right_to_sessions_rows_come_by_rest(loaded: Emulator, tmp_path: Path) -> None:
    with serving(Storage(0, refuses=grpc.StatusCode.PERMISSION_DENIED)) as storage:
        source = source_of(loaded, tmp_path, storage_endpoint=storage.endpoint)
        assert extract(source).clean("items").num_rows == 1
    assert source.notes[0] == "users: 2 rows by rest: PermissionDenied of the Storage Read interface"


# ---- the whole sync --------------------------------------------------------------------------------------------


def test_a_sync_whose_bigquery_dies_while_rows_come_leaves_the_graph_alone_and_is_run_again(
    folder: Path, tmp_path: Path, graph: Graph
) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
    with emulator.running(tmp_path / "one") as running:
        emulator.load(running, folder)
        source = source_of(running, tmp_path / "home", deadline_s=15)

        def progress(what: str, done: int, of: int) -> None:
            if what == "read fitment":
                running.process.kill()

        with pytest.raises(SourceUnreachable):
            sync.sync(source, graph, source.settings, as_of=AS_OF, progress=progress)
        assert graph.read("load/holds_data")[0]["holds_data"] is False
        assert graph.read("load/marker") == []
    with emulator.running(tmp_path / "two") as running:
        emulator.load(running, folder)
        source = source_of(running, tmp_path / "home", deadline_s=60)
        sync.sync(source, graph, source.settings, as_of=AS_OF)
        assert_same(held(graph), expected(folder, source.settings, AS_OF))
