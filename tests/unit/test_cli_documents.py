"""What commands print: one JSON document for programs, lines of 80 columns for people, and the exit code."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from rich.cells import cell_len

from holley_graph.cli import cli, server
from holley_graph.embeddings.writeback import WritebackReport
from holley_graph.export.effect import Effect, RulesReport
from holley_graph.export.everybody import ExportReport
from holley_graph.gate.gate import Finding, GateReport
from holley_graph.loaders.bigquery.target import Loaded
from holley_graph.loaders.report import SyncReport
from holley_graph.loaders.source import Cost
from holley_graph.server.status import KEYS
from holley_graph.workflows.embed import EmbedReport
from tests.support.rows import Rows

RUN = "20261127T181717-sage-3022"
SYNC = SyncReport(
    "20261127T181000-sync-09fb", 1_767_225_600, "changes",
    [
        {
            "name": "user_attributes", "read": 1_475_000, "rejected": {"user.bad_year": 1_204},
            "ignored": {"older": 7}, "added": 290_000, "changed": 12_000, "removed": 4, "seconds": 3.2,
        }
    ],
    61.3, {}, [{"query": "events since the last sync", "bytes": 3 * 2**30, "price": 0.02}],
    ["column Colour of items is unknown"],
)  # fmt: skip
EXPORT = ExportReport(
    Path("mail.parquet"), "graph", RUN, "wide", 471_000, 475_000, 472_000, 3_000, 1_000,
    {"user": 1_300_000, "vehicle": 500_000}, None, 0, 211.3,
)  # fmt: skip
GATE = GateReport(
    Path("mail.parquet"), None, "sync 20261127T181000-sync-09fb and files:raw", 0, 471_000, True,
    [Finding("fits", "CRITICAL", "every part fits the vehicle of its row", True, 0, [])], 12.5,
)  # fmt: skip
BROKEN = GateReport(
    Path("mail.parquet"), None, "files:raw", 0, 471_000, False,
    [
        Finding(
            "fits", "CRITICAL", "every part fits the vehicle of its row", False, 1,
            [{"row": 7, "vehicle_id": "1969|CHEVROLET|CAMARO", "sku": "RB0436-POL", "found": "does not fit"}],
        )
    ],
    12.5,
)  # fmt: skip
STAGED = {
    "product": 25_000,
    "product_anchor": 25_000,
    "vehicle": 9_700,
    "vehicle_model": 900,
    "make": 60,
    "user": 290_000,
}
WRITTEN = WritebackReport(
    RUN, STAGED | {"lift": 397_000}, dict.fromkeys([*STAGED, "lift"], 0), 0.998, {"staging": 9.0}
)
EMBEDDED = EmbedReport(
    RUN, {"product": 3, "lift": 40}, {"product": 3, "lift": 40}, {"part_type": ["Turbo Blanket"]}
)
RULES = RulesReport(471_000, [Effect("Spring carburetors for everybody", "boost", 120, 90_000, 91_000, -0.002)])
REPLAYED = {"feed": "events", "reason": "event.no_time", "rejected": 3, "still": 1, "gone": 2}

REPORTS: dict[str, tuple[str, Any, Any]] = {
    "sync --source files:raw": ("workflows.sync.sync", SYNC, SYNC.as_dict()),
    "plan --source files:raw": ("workflows.sync.sync", SYNC, SYNC.as_dict()),
    "plan --source bigquery --free": (
        "workflows.sync.costs", (Cost("events", 2**40, 6.25),), {"cost": [asdict(Cost("events", 2**40, 6.25))]},
    ),
    "export --out mail.parquet": ("workflows.export.export", EXPORT, EXPORT.as_dict()),
    "gate {folder}/mail.parquet": ("workflows.gate.check", GATE, GATE.as_dict()),
    f"writeback {RUN}": ("workflows.release.write_back", WRITTEN, asdict(WRITTEN)),
    "rollback": ("workflows.release.roll_back", (RUN, "r0"), {"live": RUN, "previous": "r0"}),
    "embed --new": ("workflows.embed.embed_new", EMBEDDED, asdict(EMBEDDED)),
    "rejects replay run-1 --source files:raw": (
        "workflows.sync.replay",
        [REPLAYED],
        {"action": "replay", "rows": [REPLAYED]},
    ),
    "rules check": ("export.effect.check", RULES, RULES.as_dict()),
}  # fmt: skip
"""What is typed to the function that works, its report, and the document that a program reads."""


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "mail.parquet").write_bytes(b"")
    (tmp_path / "rules.toml").write_text("")
    monkeypatch.setenv("HOLLEY_GRAPH_RECOMMEND__RULES_FILE", str(tmp_path / "rules.toml"))
    monkeypatch.setattr("holley_graph.workflows.connection.connect", lambda *_: Rows())
    return tmp_path / "home"


def typed(home: Path, patch: pytest.MonkeyPatch, line: str, function: str, report: Any, *more: str) -> Result:
    patch.setattr(f"holley_graph.{function}", lambda *_, **__: report)
    runner = CliRunner(env={"HOLLEY_GRAPH_HOME": str(home), "COLUMNS": "80"})
    return runner.invoke(cli, [*line.format(folder=home.parent).split(), *more])


@pytest.mark.parametrize("line", REPORTS)
def test_a_program_reads_the_report_as_one_document(line: str, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    function, report, document = REPORTS[line]
    result = typed(home, monkeypatch, line, function, report, "--json")
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout) == json.loads(json.dumps(document, default=str))


@pytest.mark.parametrize("line", REPORTS)
def test_a_person_reads_the_same_in_80_columns(line: str, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    function, report, _ = REPORTS[line]
    result = typed(home, monkeypatch, line, function, report)
    assert result.exit_code == 0, result.output
    assert not result.stdout.startswith("{")
    lines = [text for text in result.stdout.splitlines() if str(home.parent) not in text]
    assert lines and max(map(cell_len, lines)) <= 80
    assert result.stdout.strip().splitlines()[-1].startswith("next: ") or line.split()[0] in (
        "plan",
        "rules",
        "gate",
        "rejects",
    )


@pytest.mark.parametrize("more", [[], ["--json"]])
def test_a_file_that_must_not_be_sent_ends_with_one(
    more: list[str], home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    line = "gate {folder}/mail.parquet"
    assert typed(home, monkeypatch, line, "workflows.gate.check", BROKEN, *more).exit_code == 1
    assert typed(home, monkeypatch, line, "workflows.gate.check", GATE, *more).exit_code == 0


@pytest.mark.parametrize(
    ("verdict", "sent", "code"), [(BROKEN, None, 1), (GATE, Loaded("shop.mail.parts", 471_000, True), 0)]
)
def test_an_export_that_the_gate_refuses_is_written_and_not_sent(
    verdict: GateReport, sent: Loaded | None, code: int, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("holley_graph.workflows.export.send", lambda *_, **__: (verdict, sent))
    line = "export --out mail.parquet --to bigquery:mail.parts"
    result = typed(home, monkeypatch, line, "workflows.export.export", EXPORT)
    assert result.exit_code == code and isinstance(result.exception, SystemExit | None)
    assert ("must not be sent" in result.stdout, "are now shop.mail.parts" in result.stdout) == (
        not sent,
        bool(sent),
    )
    if sent:
        document = typed(home, monkeypatch, line, "workflows.export.export", EXPORT, "--json")
        assert json.loads(document.stdout)["sent"] == asdict(sent)


def test_a_page_of_the_gate_is_written_whatever_it_says(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = home.parent / "gate.html"
    line = f"gate {{folder}}/mail.parquet --html {page}"
    assert typed(home, monkeypatch, line, "workflows.gate.check", BROKEN).exit_code == 1
    assert page.read_text().startswith("<!") and "RB0436-POL" in page.read_text()


def test_a_run_that_was_in_the_graph_already_says_so(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    again = WritebackReport(RUN, {}, {}, None, {})
    result = typed(home, monkeypatch, f"writeback {RUN}", "workflows.release.write_back", again)
    assert "its vectors were in the graph already" in result.stdout


def test_nothing_new_is_said_in_one_line(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    none = EmbedReport(RUN, {"product": 0}, {"product": 0}, {})
    result = typed(home, monkeypatch, "embed --new", "workflows.embed.embed_new", none)
    assert result.stdout == f"nothing is new: {RUN} has a vector for everything in the graph\n"


@pytest.mark.parametrize(
    ("outcome", "code"), [("delivered", 0), ("no-go", 1), ("too little to say", 19), ("gate failed", 1)]
)
def test_a_night_ends_with_the_code_of_its_outcome(
    outcome: str, code: int, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from holley_graph.night.record import Record

    request = {"source": "files:raw", "to": "mail.csv", "live_before": None}
    record = Record.begin(home, 1_767_225_600, request)
    for step in ("writeback", "gate", "deliver"):
        result = {"run_id": RUN, "recall": 0.99, "passed": True, "failed": [], "rows": 7, "seconds": 1.0}
        record.remember(step, result)
    record.ended(outcome)
    line = "night --source files:raw --to mail.csv"
    printed = typed(home, monkeypatch, line, "workflows.night.night", record, "--json")
    assert printed.exit_code == code, printed.output
    document = json.loads(printed.stdout)
    assert (document["outcome"], document["path"]) == (outcome, str(record.folder))
    assert typed(home, monkeypatch, line, "workflows.night.night", record).exit_code == code


STATE: dict[str, Any] = dict.fromkeys(KEYS) | {"running": False, "indexes": None}
UP = STATE | {
    "running": True, "version": "5.26.30", "edition": "community", "gds_version": "2.13.9", "bolt_uri": "bolt://x",
    "http_uri": "http://x", "user": "neo4j", "password_file": "p", "pid": 12_345, "rss_bytes": 2**30,
    "store_bytes": 2**20, "relationships": 1_204, "indexes": [{"name": "anchors", "state": "POPULATING"}],
    "labels": {"User": 6_069, "Vehicle": 702, "Product": 9, "VehicleModel": 3, "Make": 2},
}  # fmt: skip
SYNCED = {
    "run_id": "s1",
    "finished_at": "2026-11-27T18:13:00Z",
    "source": "files:raw",
    "as_of": "2026-01-01T00:00:00Z",
}


@pytest.mark.parametrize(
    ("state", "uri", "says", "following"),
    [
        (STATE, None, "the server is down", "up"),
        (STATE | {"pid": 7}, None, "process 7 does not answer: it is starting, or it hangs", "doctor"),
        (STATE, "bolt://db", "no Neo4j answers at bolt://db", "doctor"),
        (UP, None, "last sync       none yet", "sync --source files:DIR"),
        (UP | {"last_sync": SYNCED}, None, "live release    none yet", "train"),
        (UP, None, "index anchors is POPULATING", "sync --source files:DIR"),
    ],
)
def test_the_status_says_what_is_missing_and_what_to_type_next(
    state: dict[str, Any], uri: str | None, says: str, following: str, capsys: pytest.CaptureFixture[str]
) -> None:
    from holley_graph.graph.schema import NODES

    labels = {node.label: (state["labels"] or {}).get(node.label, 0) for node in NODES}
    server.show(state | {"labels": labels}, uri)
    lines = capsys.readouterr().out.splitlines()
    assert says in lines and lines[-1] == f"next: holley-graph {following}"


def test_a_server_that_has_everything_names_the_release_and_what_to_ask_it(
    capsys: pytest.CaptureFixture[str],
) -> None:
    from holley_graph.graph.schema import NODES

    whole = UP | {
        "last_sync": SYNCED,
        "live_release": RUN,
        "indexes": [],
        "labels": {node.label: 1 for node in NODES},
    }
    server.show(whole, None)
    text = capsys.readouterr().out
    assert "finished 2026-11-27 18:13 UTC" in text and f"live release    {RUN}" in text
    assert text.endswith("next: holley-graph find vehicles\n")
    assert "memory              1.0 GiB" in text and "process             12345" in text
