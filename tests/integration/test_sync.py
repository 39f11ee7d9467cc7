"""Sync: the graph holds what the source says, and nothing else is touched."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from holley_graph.errors import RejectedTooMuch, SourceError
from holley_graph.graph.client import Graph
from holley_graph.graph.tables import arrow_schema, read_tables
from holley_graph.loaders import sync, sync_tables
from holley_graph.loaders.files import FilesSource
from holley_graph.loaders.report import SyncReport
from holley_graph.server.status import connect
from holley_graph.settings import Eligibility, Settings, Sync, Weights
from holley_graph.simulator.generate import generate
from holley_graph.times import DAY, moment, seconds
from holley_graph.workflows.sync import offline_import
from tests.support import raw, sources
from tests.support.held import DECLARED, Held, assert_same, held, of_tables
from tests.support.server import small, wipe
from tests.support.sources import Rows, edited, expected, home
from tests.support.worlds import graph_tables

AS_OF = seconds("2026-01-01")
USERS = 300


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Raw tables of a small world with every trap."""
    return generate(tmp_path_factory.mktemp("sync") / "world", users=USERS, as_of=AS_OF).folder


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return home(tmp_path / "home")


@dataclass(frozen=True)
class Loaded:
    graph: Graph
    settings: Settings
    report: SyncReport
    held: Held


@pytest.fixture(scope="module")
def loaded(server: Settings, source: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Loaded]:
    """The source synced once, for the tests that leave the graph as it is; they come first in this file."""
    settings = home(tmp_path_factory.mktemp("loaded") / "home")
    with connect(server) as graph:
        wipe(graph)
        report = run(source, graph, settings)
        yield Loaded(graph, settings, report, held(graph))


def run(
    folder: Path, graph: Graph, settings: Settings, as_of: int = AS_OF, dry_run: bool = False, **more: bool
) -> SyncReport:
    return sync.sync(FilesSource(folder), graph, settings, as_of=as_of, dry_run=dry_run, **more)


def written(report: SyncReport) -> dict[str, dict[str, int]]:
    """Counts of the feeds that wrote something."""
    counts = {f["name"]: {k: f[k] for k in ("added", "changed", "removed") if f[k]} for f in report.feeds}
    return {name: count for name, count in counts.items() if count}


def marker(graph: Graph) -> dict[str, object]:
    with graph.driver.session() as session:
        return dict(session.run("MATCH (s:Sync) RETURN properties(s)").single(strict=True)[0])


# ---- the graph equals an independent expectation ---------------------------------------------------------------


def test_the_graph_holds_exactly_what_the_source_says(source: Path, loaded: Loaded) -> None:
    graph, settings, report = loaded.graph, loaded.settings, loaded.report
    wanted = expected(source, settings, AS_OF)
    assert_same(held(graph), wanted)
    assert report.mode == "changes"
    assert sum(counts["added"] for counts in written(report).values()) == sum(map(len, wanted.values()))
    with graph.driver.session() as session:
        labels = set(session.run("MATCH (n) UNWIND labels(n) AS l RETURN DISTINCT l").value())
        rows = session.run("MATCH (n) RETURN count(n)").single(strict=True)[0]
    nodes = ("user", "vehicle", "vehicle_model", "make", "product", "part_type")
    assert labels == {"User", "Vehicle", "VehicleModel", "Make", "Product", "PartType", "Sync", "Migration"}
    assert rows == sum(len(wanted[name]) for name in nodes) + 5  # one Sync, four migrations


def test_what_is_exported_is_what_was_loaded(source: Path, loaded: Loaded) -> None:
    graph = loaded.graph
    tables = read_tables(graph)
    assert_same(of_tables(tables), held(graph), relative=0)
    assert all(table.schema == arrow_schema(DECLARED[name]) for name, table in tables.items())


def test_no_address_stands_in_the_graph(source: Path, loaded: Loaded) -> None:
    graph = loaded.graph
    with graph.driver.session() as session:
        texts = session.run("MATCH (n) UNWIND keys(n) AS k WITH toStringOrNull(n[k]) AS t "
                            "WHERE t CONTAINS '@' RETURN t").value()  # fmt: skip
    assert texts == []


def test_the_marker_says_what_was_taken(source: Path, loaded: Loaded) -> None:
    graph, settings, report = loaded.graph, loaded.settings, loaded.report
    marker_ = marker(graph)
    assert (marker_["state"], marker_["run_id"], marker_["source"]) == ("complete", report.run_id, str(source))
    assert marker_["as_of"].to_native() == moment(AS_OF)  # type: ignore[attr-defined]
    assert [path.name for path in (settings.home / "taken").iterdir()] == [report.run_id]


# ---- a second sync ---------------------------------------------------------------------------------------------


def test_second_sync_of_same_source_writes_nothing(source: Path, loaded: Loaded) -> None:
    graph, settings, first = loaded.graph, loaded.settings, loaded.report
    before = marker(graph)
    second = run(source, graph, settings)
    assert (second.mode, written(second)) == ("unchanged", {})
    assert marker(graph) == before
    names = ("name", "read", "rejected", "ignored", "seconds")
    assert [{k: f[k] for k in names} for f in second.feeds] == [{k: f[k] for k in names} for f in first.feeds]


# ---- refusals: nothing is written ------------------------------------------------------------------------------


def test_dry_run_says_what_would_change_and_writes_nothing(source: Path, loaded: Loaded, tmp_path: Path) -> None:
    graph, settings, message = loaded.graph, loaded.settings, marker(loaded.graph)
    letters = sorted((settings.home / "rejects").iterdir())
    changed = edited(source, tmp_path / "changed", items=lambda rows: rows[1:])
    dry = run(changed, graph, settings, dry_run=True)
    assert dry.mode == "dry-run"
    assert written(dry)["items"]["removed"] > 0
    assert (held(graph), marker(graph)) == (loaded.held, message)
    assert [path.name for path in (settings.home / "taken").iterdir()] == [loaded.report.run_id]
    assert sorted((settings.home / "rejects").iterdir()) == letters
    assert run(source, graph, settings).mode == "unchanged"


def bad_years(rows: Rows) -> Rows:
    return [row | {"v1_year": "nineteen"} if i % 2 else row for i, row in enumerate(rows)]


def test_too_many_rejects_leave_the_graph_as_it_was(source: Path, loaded: Loaded, tmp_path: Path) -> None:
    graph, settings, message = loaded.graph, loaded.settings, marker(loaded.graph)
    broken = edited(source, tmp_path / "broken", fitment=bad_years)
    with pytest.raises(RejectedTooMuch, match=r"fitment: .*fitment\.bad_year"):
        run(broken, graph, settings)
    assert (held(graph), marker(graph)) == (loaded.held, message)
    letters = list((settings.home / "rejects").glob("*/fitment.parquet"))
    assert len(letters) == 2  # the refused sync says which rows they were


def without_items(folder: Path) -> None:
    (folder / "items.parquet").unlink()


def cut_short(folder: Path) -> None:
    path = folder / "events.parquet"
    path.write_bytes(path.read_bytes()[:1000])


def no_rows(folder: Path) -> None:
    raw.write(folder / "none", {})
    (folder / "none" / "items.parquet").replace(folder / "items.parquet")


def other_columns(folder: Path) -> None:
    (folder / "items.parquet").write_bytes((folder / "orders.parquet").read_bytes())


@pytest.mark.parametrize(
    ("damage", "named"),
    [(without_items, "items"), (cut_short, "events"), (no_rows, "items"), (other_columns, "PartNumber")],
)
def test_a_damaged_source_is_named_and_leaves_the_graph_as_it_was(
    source: Path, loaded: Loaded, tmp_path: Path, damage: Callable[[Path], None], named: str
) -> None:
    graph, settings, message = loaded.graph, loaded.settings, marker(loaded.graph)
    broken = edited(source, tmp_path / "broken")
    damage(broken)
    with pytest.raises(SourceError, match=named):
        run(broken, graph, settings)
    assert (held(graph), marker(graph)) == (loaded.held, message)
    assert run(source, graph, settings).mode == "unchanged"


# ---- changes -----------------------------------------------------------------------------------------------------


def test_many_transactions_and_one_give_the_same_graph(source: Path, graph: Graph, tmp_path: Path) -> None:
    settings = home(tmp_path, sync=Sync(batch_rows=97, atomic_rows=0))
    run(source, graph, settings)
    assert_same(held(graph), expected(source, settings, AS_OF))


def test_a_dry_run_says_exactly_what_the_sync_then_does(
    source: Path, graph: Graph, settings: Settings, tmp_path: Path
) -> None:
    """First, unchanged, and read since the last one: with what came, what went and what is another."""

    def both(folder: Path, as_of: int, since_last: bool) -> tuple[str, dict[str, dict[str, int]]]:
        message = run(folder, graph, settings, as_of, dry_run=True, since_last=since_last)
        did = run(folder, graph, settings, as_of, since_last=since_last)
        assert told(message) == told(did)
        return message.mode, written(message)

    begun = AS_OF - 30 * DAY
    mode, all_of_it = both(source, begun, since_last=False)
    everything = held(graph)
    assert mode == "dry-run"
    assert {kind for counts in all_of_it.values() for kind in counts} == {"added"}
    assert sum(counts["added"] for counts in all_of_it.values()) == sum(map(len, everything.values()))
    assert both(source, begun, since_last=False) == ("unchanged", {})
    later = edited(source, tmp_path / "later", fitment=lambda rows: rows[5:])
    mode, changes = both(later, AS_OF, since_last=True)
    assert mode == "dry-run"
    assert changes["fitment"]["removed"] > 0
    assert changes["events"]["added"] > 0
    assert changes["events"]["changed"] > 0


def told(report: SyncReport) -> list[dict[str, object]]:
    """What a report says of the feeds, but for the time that they took."""
    return [{key: value for key, value in feed.items() if key != "seconds"} for feed in report.feeds]


@pytest.mark.parametrize("lost", ["nothing", "taken"])
def test_a_comparison_of_an_unchanged_source_finds_no_row(
    source: Path, graph: Graph, settings: Settings, tmp_path: Path, lost: str
) -> None:
    """A setting that changes the fingerprint and no row forces it; what is lost is read back from the graph."""
    run(source, graph, settings)
    before = held(graph)
    key = (settings.home / "email.key").read_bytes()
    if lost != "nothing":
        shutil.rmtree(settings.home / ("taken" if lost == "taken" else ""))
        settings.home.mkdir(exist_ok=True)
        (settings.home / "email.key").write_bytes(key)
    other = settings.model_copy(update={"sync": Sync(memory_mb=1024)})
    report = run(source, graph, other)
    assert (report.mode, written(report)) == ("changes", {})
    assert held(graph) == before
    assert run(source, graph, other).mode == "unchanged"


def test_what_changed_is_written_and_nothing_else_is_touched(
    source: Path, graph: Graph, settings: Settings, tmp_path: Path
) -> None:
    run(source, graph, settings)
    before = held(graph)
    skus = sorted(sku for (sku,) in before["product"])
    lonely = next(
        s for s in skus if not any(s in key for t in ("fits", "viewed", "carted", "ordered") for key in before[t])
    )
    renamed = next(s for s in skus if s != lonely)

    def items(rows: Rows) -> Rows:
        fitment = [row for row in rows if (row["PartNumber"] or "").strip().upper() != lonely]
        for row in fitment:
            if (row["PartNumber"] or "").strip().upper() == renamed:
                row["Title"] = "zzz renamed"
        return [*fitment, {"PartNumber": "NEW-1X9", "PartType": fitment[0]["PartType"], "Tags": None}]

    changed = edited(source, tmp_path / "changed", items=items)
    with graph.driver.session() as session:
        session.run("MATCH (p:Product) WHERE p.sku <> $s SET p.planted = p.sku", s=lonely).consume()
        session.run("MATCH ()-[r:FITS]->() SET r.planted = 1").consume()
    report = run(changed, graph, settings)
    assert written(report)["items"] == {"added": 2, "changed": 1, "removed": 2}  # the product and its OF_TYPE
    assert set(written(report)) == {"items"}
    assert_same(held(graph), expected(changed, settings, AS_OF))
    with graph.driver.session() as session:
        planted = session.run("MATCH (p:Product) WHERE p.planted = p.sku RETURN count(p)").single(strict=True)[0]
        fits = session.run("MATCH ()-[r:FITS {planted: 1}]->() RETURN count(r)").single(strict=True)[0]
    assert (planted, fits) == (len(skus) - 1, len(before["fits"]))


def test_every_kind_of_change_arrives(source: Path, graph: Graph, tmp_path: Path) -> None:
    """Users move away, vehicles change, orders vanish, events come: the graph follows, whatever it held before."""
    settings = home(tmp_path / "home", sync={"max_removed_share": 1})
    run(source, graph, settings)
    changed = edited(
        source,
        tmp_path / "changed",
        user_attributes=lambda rows: rows[len(rows) // 2 :],
        orders=lambda rows: rows[::2],
        events=lambda rows: rows[len(rows) // 3 :],
        fitment=lambda rows: rows[:-10],
        items=lambda rows: rows[5:],
    )
    report = run(changed, graph, settings)
    assert_same(held(graph), expected(changed, settings, AS_OF))
    assert all(any(f["removed"] for f in report.feeds if f["name"] == name) for name in written(report))
    run(source, graph, settings)
    assert_same(held(graph), expected(source, settings, AS_OF))


def test_every_load_and_sweep_statement_run_twice_gives_the_same_graph(
    source: Path, graph: Graph, settings: Settings
) -> None:
    tables = graph_tables(source, settings, AS_OF)
    from holley_graph.graph import load, migrations
    from holley_graph.loaders import change
    from holley_graph.loaders.engine.engine import Engine

    migrations.apply(graph)
    empty = change.empty_tables()
    for old, new in ((empty, tables), (tables, empty)):
        with Engine() as engine:
            changes = {name: changed.change for name, changed in change.compare(engine, old, new).items()}
        for step, _ in load.steps(changes, 5_000):
            graph.transaction([step])
            graph.transaction([step])
        assert_same(held(graph), of_tables(new), relative=0)


# ---- time ------------------------------------------------------------------------------------------------------


def test_within_a_half_life_a_later_sync_leaves_what_has_not_changed(
    source: Path, graph: Graph, settings: Settings
) -> None:
    run(source, graph, settings)
    with graph.driver.session() as session:
        session.run("MATCH ()-[r:VIEWED|CARTED|ORDERED]->() SET r.weight = -1").consume()
    later = AS_OF + 5 * DAY
    report = run(source, graph, settings, later)
    same = [row for table in ("viewed", "carted", "ordered") for row in held(graph)[table].values()]
    assert sum(row["weight"] == -1 for row in same) > 0.9 * len(same)
    assert report.mode == "changes"
    assert marker(graph)["as_of"].to_native() == moment(later)  # type: ignore[attr-defined]


def test_moving_as_of_past_a_half_life_refreshes_the_weights_of_untouched_relationships(
    source: Path, graph: Graph, settings: Settings
) -> None:
    run(source, graph, settings)
    later = AS_OF + 45 * DAY + 7 * 3600
    before = held(graph)
    report = run(source, graph, settings, later)
    contents = held(graph)
    assert_same(contents, expected(source, settings, later))
    same = before["ordered"].keys() & contents["ordered"].keys()
    counted = [key for key in same if before["ordered"][key]["at"]]
    assert counted
    assert all(contents["ordered"][key]["weight"] < before["ordered"][key]["weight"] for key in counted)
    assert sum(f["changed"] for f in report.feeds) < len(counted)  # weights are not rows to write
    back = run(source, graph, settings, AS_OF)
    assert back.mode == "changes"
    assert_same(held(graph), before)


@pytest.mark.parametrize(
    "weights", [Weights(half_life_days=None, view=1, cart=1, order=1), Weights(half_life_days=3)]
)
def test_other_weights_are_refreshed_without_writing_rows(
    source: Path, graph: Graph, settings: Settings, weights: Weights
) -> None:
    run(source, graph, settings)
    other = settings.model_copy(update={"weights": weights})
    assert written(run(source, graph, other)) == {}
    assert_same(held(graph), expected(source, other, AS_OF))
    if weights.half_life_days is None:
        assert all(row["weight"] == row["count"] for row in held(graph)["viewed"].values())


def test_eligibility_follows_its_settings(source: Path, graph: Graph, settings: Settings) -> None:
    run(source, graph, settings)
    before = held(graph)["product"]
    report = run(source, graph, settings.model_copy(update={"eligibility": Eligibility(min_price=200)}))
    after = held(graph)["product"]
    lost = {key for key in before if before[key]["eligible"] and before[key].get("price", 50) < 200}
    assert lost
    assert {key for key in before if before[key]["eligible"] != after[key]["eligible"]} == lost
    assert written(report) == {"items": {"changed": len(lost)}}


def test_since_last_reads_what_is_new_and_a_full_sync_sees_what_was_deleted(
    source: Path, graph: Graph, settings: Settings, tmp_path: Path
) -> None:
    first, window = AS_OF - 30 * DAY, moment(AS_OF - (30 + settings.sync.late_days) * DAY)
    run(source, graph, settings, first)

    def old(row: dict[str, object]) -> bool:
        return row["client_event_timestamp"] is not None and row["client_event_timestamp"] < window  # type: ignore[operator]

    def without_old(rows: Rows) -> Rows:
        """Some early events are gone, a late one came, and the catalogue is another."""
        late = next(row for row in rows if old(row) and row["user_id"] and row["event_name"] == "VIEWED PRODUCT")
        removed = [row for row in rows if old(row)][::7]
        return [row for row in rows if row not in removed] + [late | {"client_event_timestamp": window}]

    now = edited(source, tmp_path / "now", events=without_old, items=lambda rows: rows[30:])
    as_if_nothing_was_deleted = edited(
        now,
        tmp_path / "kept",
        events=lambda rows: [*(row for row in rows if not old(row)), *filter(old, sources.rows(source, "events"))],
    )
    some = sync.sync(FilesSource(now), graph, settings, as_of=AS_OF, since_last=True)
    assert some.notes == [
        f"events are read from {window:%Y-%m-%d} on",
        "unchanged and not read: user_attributes",  # orders are held against the catalogue, which is another
    ]
    assert_same(held(graph), expected(as_if_nothing_was_deleted, settings, AS_OF))
    again = sync.sync(FilesSource(now), graph, settings, as_of=AS_OF, since_last=True)
    assert again.mode == "unchanged"
    assert run(now, graph, settings).mode == "changes"
    assert_same(held(graph), expected(now, settings, AS_OF))


# ---- what a sync left ------------------------------------------------------------------------------------------


def test_an_unsealed_parcel_is_not_trusted(source: Path, graph: Graph, settings: Settings) -> None:
    report = run(source, graph, settings)
    left = sync_tables.open_tables(settings.home, report.run_id)
    assert left is not None
    assert_same(of_tables(left.tables()), held(graph))
    assert json.loads((left.path / "manifest.json").read_text())["as_of"] == moment(AS_OF).isoformat()
    (left.path / "manifest.json").unlink()
    assert sync_tables.open_tables(settings.home, report.run_id) is None
    again = run(source, graph, settings)
    assert (again.mode, written(again)) == ("changes", {})


def test_a_graph_without_vehicles_is_a_legal_graph(graph: Graph, tmp_path: Path) -> None:
    settings = home(tmp_path / "home", sync=Sync(allow_empty=("user_attributes", "fitment", "orders")))
    folder = raw.write(
        tmp_path / "source",
        {
            "items": [raw.item("A1"), raw.item("A2")],
            "events": [raw.event("u", "VIEWED PRODUCT", raw.at("2025-10-01"), ProductId=s) for s in ("A1", "A2")],
        },
    )
    run(folder, graph, settings)
    contents: Held = held(graph)
    assert_same(contents, expected(folder, settings, AS_OF))
    assert (len(contents["vehicle"]), len(contents["viewed"]), len(contents["co_viewed"])) == (0, 2, 1)


# ---- bulk ------------------------------------------------------------------------------------------------------


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Settings]:
    """A server of its own: the offline import stops and starts it."""
    from holley_graph.server import lifecycle

    settings = small(tmp_path / "home")
    lifecycle.up(settings)
    yield settings
    lifecycle.down(settings)


def test_bulk_import_and_batches_give_the_same_graph(source: Path, own: Settings, tmp_path: Path) -> None:
    def late(rows: Rows) -> Rows:
        return [
            *rows,
            *(raw.order(row["ITEM"], "late@example.org", "Friday, November 14, 2025") for row in rows[:9]),
        ]

    source = edited(source, tmp_path / "late", orders=late)  # purchases without a counted time
    with connect(own) as graph:
        first = sync.sync(FilesSource(source), graph, own, as_of=AS_OF, bulk=offline_import(own))
        bulk = held(graph)
        assert first.mode == "bulk"
        assert_same(bulk, expected(source, own, AS_OF))
        assert marker(graph)["state"] == "complete"
        assert sync.sync(FilesSource(source), graph, own, as_of=AS_OF, bulk=offline_import(own)).mode == "unchanged"
        # killed after the import and before the marker: the graph is all there, but for lists that the import drops
        with graph.driver.session() as session:
            session.run("MATCH (s:Sync) DELETE s").consume()
            empty = session.run("MATCH ()-[r:ORDERED]->() WHERE r.at = [] REMOVE r.at RETURN count(r)")
            assert empty.single(strict=True)[0] > 0
        again = sync.sync(FilesSource(source), graph, own, as_of=AS_OF, bulk=offline_import(own))
        assert again.mode == "changes"
        assert_same(held(graph), bulk)  # weights were refreshed in the server: the same to the last digits
        wipe(graph)
        shutil.rmtree(own.home / "taken")
        assert sync.sync(FilesSource(source), graph, own, as_of=AS_OF).mode == "changes"
        assert_same(held(graph), bulk)
