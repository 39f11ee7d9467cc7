"""Every statement file runs on the real server with valid parameters and returns what its header says."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import neo4j
import pytest

from holley_graph.embeddings.paths import Paths
from holley_graph.errors import GraphStateError, QueryFileError
from holley_graph.graph import migrations, queries
from holley_graph.graph.client import Graph
from holley_graph.graph.schema import NODES, RELATIONSHIPS, Node
from holley_graph.graph.tables import read_tables
from holley_graph.loaders import sync
from holley_graph.loaders.files import FilesSource
from holley_graph.server import lifecycle, preflight
from holley_graph.server.layout import Layout
from holley_graph.settings import Settings, Sync
from holley_graph.times import seconds
from tests.support import newest, raw
from tests.support.held import DECLARED
from tests.support.server import small, wipe
from tests.support.sources import home

DIM = 4
USER, SKU, OTHER, VEHICLE = "u1", "A1", "B2", "1969|FORD|F-150"
LOOKER, NEAR = "u3", "1970|FORD|F-150"
RULES = {"k": 4, "per_part_type": 2, "rules": []}
STAGED = {"make": ["FORD"], "product": [SKU, OTHER], "product_anchor": [SKU], "user": [USER],
          "vehicle": [VEHICLE, NEAR], "vehicle_model": ["FORD|F-150"]}  # fmt: skip
VECTOR = [0.1, 0.2, 1.0, 0.0]

Parameters = dict[str, dict[str, Any]]


def source(folder: Path) -> Path:
    """Two parts of two vehicles, viewed, added to cart and bought together by two people; a third looked at one."""
    owns = {"v1_year": "1969", "v1_make": "Ford", "v1_model": "F-150"}
    seen = [("VIEWED PRODUCT", "ProductId"), ("CART UPDATE", "Items_1.ProductId"), ("ORDERED PRODUCT", "ProductId")]
    return raw.write(
        folder,
        {
            "user_attributes": [
                raw.attributes(u, raw.at("2025-09-02"), email=f"{u}@example.org", **owns | {"v1_year": year})
                for u, year in ((USER, "1969"), ("u2", "1969"), (LOOKER, "1970"))
            ],
            "fitment": [raw.fitment(year, "Ford", "F-150", [SKU, OTHER]) for year in ("1969", "1970")],
            "items": [raw.item(SKU, "Carburetor"), raw.item(OTHER, "Carburetor")],
            "events": [
                raw.event(u, name, raw.at(f"2025-10-0{day}"), **{key: sku, "ImageUrl": "https://example.org/a"})
                for u in (USER, "u2")
                for day, (name, key) in enumerate(seen, 1)
                for sku in (SKU, OTHER)
            ]
            + [raw.event(LOOKER, "VIEWED PRODUCT", raw.at("2025-10-04"), ProductId=SKU)],
        },
    )


def keys(table: str) -> list[str]:
    declared = DECLARED[table]
    return [declared.key.name] if isinstance(declared, Node) else [declared.start, declared.end]


def parameters(tables: Mapping[str, Any], node_ids: list[int]) -> Parameters:
    """Statement to its parameters, in an order in which each finds what it needs."""
    rows = {name: table.to_pylist() for name, table in tables.items()}
    names = [declared.table for declared in (*NODES, *RELATIONSHIPS)]
    nothing: dict[str, Any] = {}
    done = ("viewed", "carted", "ordered")
    return {
        "server/ready": nothing,
        "server/status": nothing,
        "server/health": nothing,
        "server/gds": nothing,
        "server/indexes": nothing,
        "server/migrations": nothing,
        "server/record_migration": {"version": 900, "name": "x", "checksum": "y"},
        "server/await_indexes": nothing,
        **{f"tables/{name}": nothing for name in names},
        **{f"snapshot/{name}": nothing for name in (*done, "users", "owns", "products", "vehicles", "fits")},
        "snapshot/late_purchases": {"boundary": 0},
        "load/holds_data": nothing,
        "load/marker": nothing,
        "load/begin": {"run_id": "r0"},
        **{f"load/{name}": {"rows": rows[name]} for name in names},
        **{
            f"load/reweigh_{name}": {"rows": [{"sku": SKU, "weights": {OTHER: 0.5}}]}
            for name in ("co_purchased", "co_viewed")
        },
        "load/empty_times": nothing,
        **{f"load/weigh_{name}": {"reference": 1_700_000_000, "base": 1.0, "decay": 0.0} for name in done},
        "load/weights_version": {"weights_version": "x"},
        "load/commit": {"run_id": "r0", "as_of": 1_767_225_600, "boundary": 0, "source": "here"},
        "server/work": nothing,
        "writeback/release_staged": {"run_id": "old", "dim": DIM, "product_norm": 1.0, **asdict(Paths())},
        **{
            f"writeback/stage_{name}": {"number": 1, "rows": [{"key": key, "vector": VECTOR} for key in staged]}
            for name, staged in STAGED.items()
        },
        "writeback/stage_lift": {"number": 1, "rows": [{"key": VEHICLE, "lifts": {SKU: 0.5}}]},
        "writeback/staged": {"slot": "a", "dim": DIM},
        "writeback/missing": {"slot": "a"},
        "writeback/missing_lift": {"slot": "a"},
        "writeback/mark_active": nothing,
        **{
            f"writeback/index_{name}_{slot}": {"dim": DIM}
            for name in ("product", "vehicle", "user")
            for slot in ("a", "b", "c")
        },
        "writeback/offline_indexes": nothing,
        "writeback/probe": {"slot": "a", "queries": [VECTOR], "k": 2},
        "writeback/release_live": {"number": 1},
        "writeback/releases": nothing,
        "server/live_release": nothing,
        "recommend/known": {"user_id": USER, "vehicle_id": None, "sku": SKU},
        "recommend/user": {"user_id": USER, "exclude_days": 1, "release": None, **RULES},
        "recommend/vehicle": {"vehicle_id": VEHICLE, "release": None, **RULES},
        "recommend/vehicle_by_name": {"year": 1969, "name": "FORD F-150"},
        "recommend/popular": {"user_id": USER, "exclude_days": 1, **RULES},
        "recommend/without_vehicle": {"user_id": USER, "exclude_days": 1, "candidates": 5, **RULES},
        "recommend/similar": {"sku": SKU, "k": 4, "candidates": 5, "rules": []},
        "recommend/intent": {"user_id": LOOKER, "exclude_days": 1, "seeds": 5, **RULES},
        "recommend/owners": {"user_id": LOOKER, "exclude_days": 1, "candidates": 5, **RULES},
        "recommend/discovery": {"user_id": LOOKER, "exclude_days": 1, "candidates": 5, **RULES},
        "recommend/drawing": {"user_id": LOOKER, "sku": OTHER, "k": 5},
        "recommend/next": {"sku": SKU, "candidates": 5, **RULES},
        "recommend/explain": {"user_id": USER, "sku": OTHER, "exclude_days": 365},
        "recommend/reasons": {"user_id": USER, "vehicle_id": VEHICLE, "skus": [SKU, OTHER], "min_people": 2},
        "web/user_with_reasons": {"user_id": USER, "exclude_days": 1, "min_people": 2, "release": None, **RULES},
        "recommend/typical_users": nothing,
        "browse/fitment_path": {"user_id": USER},
        "browse/fits_vehicle": {"vehicle_id": VEHICLE},
        "browse/vehicles_of_part": {"sku": SKU},
        "browse/compare_parts": {"sku": SKU, "other_sku": OTHER},
        "browse/co_purchase": {"sku": SKU, "k": 4},
        "browse/fitment_gaps": {"least_owners": 1, "most_eligible": 9, "k": 4},
        "browse/release_changes": {"vehicles": 3, "k": 4},
        "browse/data_quality": {"examples": 2},
        "browse/recommended": {"user_id": USER, "k": 4, "per_part_type": 2, "exclude_days": 1},
        "browse/release_changes_for": {"user_id": USER, "k": 4, "per_part_type": 2, "exclude_days": 1},
        "browse/losing_parts": {"vehicles": 3, "best": 4, "k": 4},
        "browse/owners_alike": {"user_id": LOOKER, "k": 4, "candidates": 5},
        "browse/demand_gaps": {"most_vehicles": 9, "k": 4},
        "browse/schema": nothing,
        "server/typical": nothing,
        "find/vehicles": {"words": "*:*", "k": 4},
        "find/parts": {"words": "*:*", "k": 4},
        "find/cards": {"skus": [SKU, OTHER]},
        "find/people_by_vehicle": {"vehicle_id": VEHICLE, "k": 4},
        "find/people_by_email": {"email_hash": rows["user"][0]["email_hash"], "k": 4},
        "find/near_vehicles": {"words": "frod~", "k": 4},
        "find/near_parts": {"words": "carburator~", "k": 4},
        "find/near_users": {"beginning": "u", "k": 4},
        "forget/search": {"user_ids": [USER], "email_hash": None},
        "gds/keys": {"ids": node_ids},
        "gds/project": {
            "name": "statements",
            "cut": 1_767_225_600,
            "pairs": [{"type": "CO_PURCHASED", "sku": SKU, "other_sku": OTHER, "weight": 1.0}],
        },
        "writeback/drop_index": {"name": "product_embedding_a"},
        "writeback/clear": {"slot": "a"},
        "writeback/clear_lift": {"slot": "a"},
        "writeback/release_freed": {"number": 1},
        "forget/delete": {"user_ids": [USER], "email_hash": None},
        **{f"load/sweep_{name}": {"rows": tables[name].select(keys(name)).to_pylist()} for name in reversed(names)},
    }


@pytest.fixture(scope="module")
def newest_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    with newest.running(tmp_path_factory.mktemp("newest") / "home") as settings:
        yield settings


DEPRECATED = {
    "embedded": {"id"},
    "CYPHER 5": {"id"},
    "CYPHER 25": {"id", "db.index.vector.queryNodes"},
}
"""What statements use that a server warns of as deprecated: the embedded one, and the newest by its language."""


@pytest.fixture(params=DEPRECATED)
def server_kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def any_graph(server_kind: str, request: pytest.FixtureRequest) -> Iterator[Graph]:
    """An empty database of the embedded server, or of the newest with a language as its default."""
    if server_kind == "embedded":
        yield request.getfixturevalue("graph")
        return
    with newest.speaking(request.getfixturevalue("newest_server"), server_kind) as connected:
        wipe(connected)
        yield connected


def deprecated(summary: neo4j.ResultSummary) -> set[str]:
    notes = (note for note in summary.gql_status_objects if note.raw_classification == "DEPRECATION")
    return {note.status_description.split(" is deprecated")[0].split()[-1] for note in notes}


EMPTY = {"writeback/offline_indexes"}
"""Statements with columns that find no row here: to find one would be a fault."""


def test_every_statement_runs_and_returns_the_columns_of_its_header(
    any_graph: Graph, server_kind: str, tmp_path: Path
) -> None:
    graph, warned = any_graph, set[str]()
    folder = source(tmp_path / "source")
    sync.sync(
        FilesSource(folder),
        graph,
        home(tmp_path / "home", sync=Sync(allow_empty=("orders",))),
        as_of=seconds("2026-01-01"),
    )
    with graph.driver.session(notifications_min_severity="WARNING") as session:
        # the store gives the ids of deleted nodes to new ones, now or later: no number is safe to name here
        node_ids = session.run("MATCH (p:Product) RETURN id(p)").value()
        table = parameters(read_tables(graph), node_ids)
        assert set(table) == set(queries.names())
        for name, values in table.items():
            query = queries.load(name)
            assert set(values) == set(query.params), name
            if name == "writeback/offline_indexes":
                session.run("CALL db.awaitIndexes(60)").consume()
            result = session.run(neo4j.Query(query.text, metadata={"token": "t1"}), values)  # type: ignore[arg-type]
            assert tuple(result.keys()) == query.returns, name
            rows = list(result)
            warned |= deprecated(result.consume())
            assert bool(rows) == bool(query.returns and name not in EMPTY), name
        left = session.run("MATCH (n) RETURN DISTINCT labels(n)[0] AS l ORDER BY l").value()
    assert warned == DEPRECATED[server_kind]
    assert left == ["Migration", "Release", "Sync"]  # the sweeps removed every row that the loads wrote


# ---- migrations ------------------------------------------------------------------------------------------------


def schema(graph: Graph) -> tuple[list[str], list[str]]:
    with graph.driver.session() as session:
        constraints = session.run("SHOW CONSTRAINTS YIELD name RETURN name ORDER BY name").value()
        return constraints, session.run("SHOW INDEXES YIELD name, state RETURN name + state ORDER BY name").value()


def applied(graph: Graph) -> list[tuple[int, str]]:
    with graph.driver.session() as session:
        return session.run("MATCH (m:Migration) RETURN [m.version, toString(m.applied_at)] ORDER BY 1").value()


def test_migrations_are_applied_once(graph: Graph) -> None:
    files = migrations.available()
    assert migrations.pending(graph) == files
    assert migrations.apply(graph) == files
    first, times = schema(graph), applied(graph)
    assert {f"{name}_key" for name in ("user", "vehicle", "vehicle_model", "make", "product", "part_type")} <= set(
        first[0]
    )
    assert all(name.endswith("ONLINE") for name in first[1])
    assert (migrations.pending(graph), migrations.apply(graph)) == ([], [])
    assert (schema(graph), applied(graph)) == (first, times)


def test_an_edited_or_removed_migration_is_refused_and_nothing_is_applied(graph: Graph) -> None:
    files = migrations.available()
    migrations.apply(graph, files[:1])
    before = schema(graph)
    edited = [migrations.Migration(1, files[0].name, "0" * 64, files[0].statements), *files[1:]]
    for wrong in (edited, files[1:]):
        with pytest.raises(QueryFileError, match="V001"):
            migrations.apply(graph, wrong)
    assert schema(graph) == before


def test_a_migration_killed_between_its_statements_goes_on(graph: Graph) -> None:
    files = migrations.available()
    graph.define(files[0].statements[0])
    graph.define(files[0].statements[1])
    assert migrations.apply(graph) == files
    half = schema(graph)
    with graph.driver.session() as session:
        session.run("MATCH (m:Migration {version: 2}) DELETE m").consume()
    assert migrations.apply(graph) == files[1:2]
    assert schema(graph) == half


def test_keys_are_unique(graph: Graph) -> None:
    migrations.apply(graph)
    for node in NODES:
        with graph.driver.session() as session:
            session.run(f"CREATE (:{node.label} {{{node.key.name}: 'x'}})").consume()
            with pytest.raises(neo4j.exceptions.ConstraintError):
                session.run(f"CREATE (:{node.label} {{{node.key.name}: 'x'}})").consume()


# ---- a store of another line -----------------------------------------------------------------------------------


def test_a_store_of_another_line_is_refused_either_way(
    newest_server: Settings, server: Settings, tmp_path: Path
) -> None:
    expected, copy = Layout.of(newest_server), small(tmp_path / "home")
    Layout.of(copy).create()
    (Layout.of(copy).root / "data" / "databases" / "system").mkdir(parents=True)
    shutil.copy(expected.arguments, Layout.of(copy).arguments)
    assert expected.started_before
    with pytest.raises(GraphStateError, match=r"Neo4j 2026\.08\.1, which is another line than this Neo4j 5\.26"):
        lifecycle.up(copy)
    with pytest.raises(
        GraphStateError, match=r"Neo4j 5\.26\.\d+, which is another line than this Neo4j 2026\.08\.1"
    ):
        preflight.refuse_other_line(Layout.of(server), "2026.08.1")
