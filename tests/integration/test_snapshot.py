"""The snapshot: exactly what the graph holds, and every earlier cut of it as if it had been taken then."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from holley_graph.errors import GraphStateError
from holley_graph.graph.client import Graph
from holley_graph.loaders import identity, sync
from holley_graph.loaders.files import FilesSource
from holley_graph.server.status import connect
from holley_graph.settings import Settings
from holley_graph.simulator.generate import generate
from holley_graph.snapshot import extract, parcel
from holley_graph.snapshot.snapshot import KINDS, Snapshot
from holley_graph.times import seconds
from tests.support.server import wipe
from tests.support.snapshots import assert_equal
from tests.support.sources import Rows, edited, home
from tests.support.worlds import graph_tables, snapshot

AS_OF = seconds("2026-01-01")
CUT = seconds("2025-11-15")


@dataclass(frozen=True)
class Snapshots:
    source: Path
    settings: Settings
    graph: Graph
    at_cut: Snapshot
    at_end: Snapshot


def before_the_cut(rows: Rows) -> Rows:
    return [row for row in rows if row["update_timestamp"] is None or row["update_timestamp"].timestamp() < CUT]


@pytest.fixture(scope="module")
def snapshots(server: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Snapshots]:
    """One source synced as of a cut, then as of its end; who people are does not change in between."""
    folder = tmp_path_factory.mktemp("snapshot")
    world = generate(folder / "world", users=1_000, as_of=AS_OF).folder
    source = edited(world, folder / "source", user_attributes=before_the_cut)
    settings = home(folder / "home")
    with connect(server) as graph:
        wipe(graph)
        results = []
        for as_of in (CUT, AS_OF):
            sync.sync(FilesSource(source), graph, settings, as_of=as_of)
            results.append(extract.take(graph, extract.options(settings.sync)))
        yield Snapshots(source, settings, graph, *results)


def test_a_snapshot_is_what_the_source_says(snapshots: Snapshots) -> None:
    key = identity.email_key(snapshots.settings)
    for as_of, snapshot_ in ((CUT, snapshots.at_cut), (AS_OF, snapshots.at_end)):
        tables = graph_tables(snapshots.source, snapshots.settings, as_of, key)
        assert_equal(snapshot_, snapshot(tables, snapshots.settings, as_of))


def test_derived_relationships_of_a_snapshot_are_those_of_the_graph_with_all_their_digits(
    snapshots: Snapshots,
) -> None:
    tables = graph_tables(snapshots.source, snapshots.settings, AS_OF, identity.email_key(snapshots.settings))
    for name in ("co_purchased", "co_viewed"):
        actual, expected = pairs(snapshots.at_end, name), tables[name].to_pydict()
        stored = dict(zip(zip(expected["sku"], expected["other_sku"], strict=True),
                          zip(expected["count"], expected["weight"], strict=True), strict=True))  # fmt: skip
        assert actual.keys() == stored.keys()
        np.testing.assert_array_equal([actual[k][0] for k in stored], [count for count, _ in stored.values()])
        weights = np.array([actual[k][1] for k in stored])
        np.testing.assert_allclose(weights, [weight for _, weight in stored.values()], atol=0.05 + 1e-12)
        assert np.unique(weights * 10 % 1).size > 10


def test_a_cut_is_the_snapshot_that_would_have_been_taken_then(snapshots: Snapshots) -> None:
    """Users who did nothing before the cut keep their row in the cut one, and products what was seen of them."""
    cut, then = snapshots.at_end.before(CUT), snapshots.at_cut
    assert cut.as_of == then.as_of
    assert events(cut) == events(then)
    assert len(events(then)) < len(events(snapshots.at_end))
    for name in ("co_purchased", "co_viewed"):
        actual, expected = pairs(cut, name), pairs(then, name)
        assert actual.keys() == expected.keys()
        np.testing.assert_allclose([actual[k] for k in expected], list(expected.values()), rtol=1e-12)
    assert set(then.user_ids.keys) <= set(cut.user_ids.keys)
    assert (cut.vehicles, cut.fits.tolist()) == (then.vehicles, then.fits.tolist())


def test_a_cut_knows_no_later_purchase_and_forgets_only_lines_that_a_later_line_hides(snapshots: Snapshots) -> None:
    """Of order lines past the boundary the graph keeps the latest alone: the one known difference of `bought`."""
    cut, then = bought(snapshots.at_end.before(CUT)), bought(snapshots.at_cut)
    latest = bought(snapshots.at_end)
    assert all(last < CUT for last in cut.values())
    assert cut.keys() <= then.keys()
    hidden = {pair for pair in then if cut.get(pair) != then[pair]}
    assert all(latest[pair] >= CUT for pair in hidden)
    ordered = {
        (u, s) for u, s, kind, at in events(snapshots.at_cut) if kind == "ORDERED" and at == then.get((u, s))
    }
    assert not hidden & ordered


def test_a_parcel_of_it_opens_as_it_was_sealed(snapshots: Snapshots, tmp_path: Path) -> None:
    assert_equal(parcel.open_parcel(parcel.write(snapshots.at_end, tmp_path / "parcel")), snapshots.at_end)


def test_a_snapshot_needs_a_finished_sync(graph: Graph) -> None:
    options = extract.options(Settings().sync)
    with pytest.raises(GraphStateError, match="empty"):
        extract.take(graph, options)
    graph.write("load/begin", run_id="r1")
    with pytest.raises(GraphStateError, match="under way or was killed"):
        extract.take(graph, options)
    graph.write("load/commit", run_id="r1", as_of=1_767_225_600, boundary=0, source="test")
    assert extract.take(graph, options).events.num_rows == 0


def test_a_sync_that_commits_while_a_snapshot_is_taken_spoils_it(graph: Graph) -> None:
    """Neo4j reads what is committed, not a view of one moment: the marker before and after must be the same."""
    graph.write("load/commit", run_id="r1", as_of=1_767_225_600, boundary=0, source="test")

    def interfere(what: str, done: int, of: int) -> None:
        if done == 1:
            graph.write("load/commit", run_id="r2", as_of=1_767_225_600, boundary=0, source="test")

    with pytest.raises(GraphStateError, match="while"):
        extract.take(graph, extract.options(Settings().sync), interfere)


def events(of: Snapshot) -> set[tuple[str, str, str, int]]:
    users, skus = of.user_ids.keys[of.event("user")], of.product_ids.keys[of.event("product")]
    kinds = [KINDS[kind] for kind in of.event("kind")]
    return set(zip(users, skus, kinds, of.event("at").tolist(), strict=True))


def bought(of: Snapshot) -> dict[tuple[str, str], int]:
    users, products = (of.bought.column(name).to_numpy() for name in ("user", "product"))
    pairs = zip(of.user_ids.keys[users], of.product_ids.keys[products], strict=True)
    return dict(zip(pairs, of.bought.column("last_at").to_pylist(), strict=True))


def pairs(of: Snapshot, name: str) -> dict[tuple[str, str], tuple[int, float]]:
    table: pa.Table = getattr(of, name)
    ends = (of.product_ids.keys[table.column(column).to_numpy()] for column in ("sku", "other_sku"))
    counts, weights = (table.column(column).to_pylist() for column in ("count", "weight"))
    return dict(zip(zip(*ends, strict=True), zip(counts, weights, strict=True), strict=True))
