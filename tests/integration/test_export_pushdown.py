"""Ranking in a warehouse gives the rows of the local ranking, cell by cell."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from holley_graph.campaign.split import Split
from holley_graph.cli import cli
from holley_graph.errors import AccessDenied, SettingsError
from holley_graph.export.everybody import export
from holley_graph.loaders.bigquery.connection import Connection
from holley_graph.loaders.bigquery.warehouse import opened
from holley_graph.loaders.engine.engine import Engine
from holley_graph.loaders.engine.warehouse import Warehouse
from holley_graph.server.layout import Layout
from holley_graph.settings import Settings
from tests.support import proxy
from tests.support.emulator import Emulator
from tests.support.live import NOW, Live, Rows, keys, open_live, slots
from tests.support.proxy import Answer, Request, refused


class Apart:
    """DuckDB as a warehouse: an engine of its own, whose rows come over as a table."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def keep(self, name: str, tables: Mapping[str, Any], /, **values: Any) -> Any:
        return self.engine.keep(name, tables, **values)

    def read(self, rows: Any, /) -> pa.Table:
        return rows.to_arrow_table()


@pytest.fixture(scope="module")
def live(server: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    with open_live(server, tmp_path_factory.mktemp("pushdown")) as opened:
        yield opened


@pytest.fixture(params=["duckdb", "bigquery"])
def warehouse(request: pytest.FixtureRequest, live: Live, bigquery_emulator: Emulator) -> Iterator[Warehouse]:
    if request.param == "duckdb":
        with Engine() as engine:
            yield Apart(engine)
        return
    settings = live.settings.model_copy(update={"bigquery": bigquery_emulator.settings()})
    client = Connection(settings.bigquery).client
    client.create_dataset(settings.bigquery.scratch_dataset, exists_ok=True)
    with opened(settings) as warehouse:
        yield warehouse
    assert list(client.list_tables(settings.bigquery.scratch_dataset)) == []
    client.close()


def same(local: Rows, remote: Rows) -> None:
    """Every cell equal; scores to 1e-5."""
    by_key = {keys(row): row for row in remote}
    assert len(local) == len(by_key) == len(remote)
    for row in local:
        other = by_key[keys(row)]
        scores = [f"rec{n}_score" for n in range(1, 5)]
        assert {k: v for k, v in row.items() if k not in scores} == {
            k: v for k, v in other.items() if k not in scores
        }
        assert slots(row, "rec{n}_score") == pytest.approx(slots(other, "rec{n}_score"), abs=1e-5)


def test_everybody_gets_the_same_row(live: Live, warehouse: Warehouse, tmp_path: Path) -> None:
    local = live.export(tmp_path / "here.parquet", paths=True)
    remote = live.export(tmp_path / "there.parquet", paths=True, warehouse=warehouse)
    same(local, remote)
    tiers = {tier for row in remote for tier in slots(row, "rec{n}_pop_source")}
    assert tiers == {"user", "vehicle", "segment", "make", "global"}


RULES = """
out_of_stock = ["{first}"]

[[rule]]
name = "pinned"
do = "pin"
part_type = "{kinds[0]}"
make = "{make}"

[[rule]]
name = "two of four"
do = "keep"
share = 0.5
part_type = "{kinds[1]}"

[[rule]]
name = "more of these"
do = "boost"
times = 3.0
part_type = "{kinds[2]}"

[[rule]]
name = "last"
do = "bury"
price_from = 300
"""


def test_rules_of_every_kind_act_alike(live: Live, warehouse: Warehouse, tmp_path: Path) -> None:
    before = live.export(tmp_path / "without.parquet")
    kinds = [
        kind for kind, _ in Counter(t for row in before for t in slots(row, "rec{n}_part_type")).most_common(3)
    ]
    make = Counter(row["v1_make"] for row in before).most_common(1)[0][0]
    rules = tmp_path / "rules.toml"
    rules.write_text(RULES.format(first=before[0]["rec_part_1"], kinds=kinds, make=make))
    recommend = live.settings.recommend.model_copy(update={"rules_file": rules})
    ruled = replace(live, settings=live.settings.model_copy(update={"recommend": recommend}))
    local = ruled.export(tmp_path / "here.parquet")
    same(local, ruled.export(tmp_path / "there.parquet", warehouse=warehouse))
    spoke = {rule for row in local for rule in slots(row, "rec{n}_rule")}
    assert spoke >= {"pinned", "two of four", "more of these"} and local != before


def test_a_hold_out_and_one_row_per_email_are_the_same(live: Live, warehouse: Warehouse, tmp_path: Path) -> None:
    split = Split("spring", ("graph",), 0.2)
    made = [
        export(live.graph, live.settings, tmp_path / name, NOW, split=split, one_per_email=True, warehouse=there)
        for name, there in (("here.parquet", None), ("there.parquet", warehouse))
    ]
    for part in ("path", "hold_out"):
        same(*(pq.read_table(getattr(report, part)).to_pylist() for report in made))
    counts = [(r.owners, r.people, r.too_few, r.other_id, r.tiers, r.hold_out_rows) for r in made]
    assert counts[0] == counts[1] and counts[0][5]


def test_another_ranker_is_refused(live: Live, warehouse: Warehouse, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="ranks by the live release only"):
        live.export(tmp_path / "b.parquet", ranker="baseline", warehouse=warehouse)


def test_the_command_ranks_in_bigquery_and_the_gate_finds_the_same(
    live: Live, server: Settings, bigquery_emulator: Emulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Connection(bigquery_emulator.settings()).client.create_dataset("holley_graph_scratch", exists_ok=True)
    where = {"BIGQUERY__PROJECT": "demo", "BIGQUERY__REST_ENDPOINT": bigquery_emulator.rest, "GATE__MIN_USERS": "1"}
    for name, value in where.items():
        monkeypatch.setenv(f"HOLLEY_GRAPH_{name}", value)
    command = ["--home", live.settings.home, "--uri", f"bolt://127.0.0.1:{server.server.bolt_port}"]
    command += ["--password-file", Layout.of(server).password_file]

    def run(*more: object) -> dict[str, Any]:
        done = CliRunner().invoke(cli, [str(word) for word in (*command, *more, "--json")])
        assert done.exit_code in (0, 1), done.output
        return json.loads(done.stdout)

    verdicts = []
    for engine in ("local", "bigquery"):
        file = tmp_path / f"{engine}.parquet"
        assert run("export", "--engine", engine, "--out", file, "--generated-at", NOW.isoformat())["rows"]
        verdicts.append({check["name"]: check["passed"] for check in run("gate", file)["checks"]})
    same(*(pq.read_table(tmp_path / f"{engine}.parquet").to_pylist() for engine in ("local", "bigquery")))
    assert verdicts[0] == verdicts[1]


def test_a_failed_export_leaves_nothing_in_the_scratch_dataset(
    live: Live, bigquery_emulator: Emulator, tmp_path: Path
) -> None:
    def denied(request: Request, ask: Callable[[], Answer]) -> Answer:
        query = (request.query or {}).get("query", {}).get("query", "")
        return refused(403, "accessDenied", "Access Denied: no") if "of_orders" in query else ask()

    client = Connection(bigquery_emulator.settings()).client
    client.create_dataset("holley_graph_scratch", exists_ok=True)
    with proxy.before(bigquery_emulator.rest) as edge:
        edge.rule = denied
        through = live.settings.model_copy(update={"bigquery": bigquery_emulator.settings(rest_endpoint=edge.rest)})
        with pytest.raises(AccessDenied), opened(through) as warehouse:
            live.export(tmp_path / "none.parquet", warehouse=warehouse)
    assert list(client.list_tables("holley_graph_scratch")) == []
    assert list(tmp_path.iterdir()) == []
