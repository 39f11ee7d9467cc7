"""What commands print for a person, from reports that are made up here: each figure is checked by hand."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import click
import pytest

from holley_graph.campaign.outcome import CampaignReport
from holley_graph.cli import Context, campaign, evaluate, export, gate, night, rules, sync, train
from holley_graph.export.effect import Effect, RulesReport
from holley_graph.export.everybody import ExportReport
from holley_graph.gate.gate import Finding, GateReport
from holley_graph.loaders.report import SyncReport
from holley_graph.night.record import Record
from holley_graph.times import seconds


@pytest.fixture
def printed(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return what was printed since the last call, with spaces and line ends as one space."""
    monkeypatch.setenv("COLUMNS", "200")
    return lambda: re.sub(r"\s+", " ", capsys.readouterr().out)


def feed(name: str, **counts: Any) -> dict[str, Any]:
    empty = {"read": 0, "rejected": {}, "ignored": {}, "added": 0, "changed": 0, "removed": 0}
    return {"name": name} | empty | counts


def synced(mode: str, *feeds: dict[str, Any], **other: Any) -> SyncReport:
    plain: dict[str, Any] = {"seconds": 61.26, "stages": {}, "cost": [], "notes": []}
    return SyncReport("run-1", seconds("2026-01-01"), mode, list(feeds), **plain | other)


def test_a_sync_says_per_feed_what_was_read_and_why_rows_were_not_taken(printed: Any) -> None:
    letters = {"user.bad_year": 3, "user.no_id": 4}
    sync.show(
        synced("changes", feed("user_attributes", read=1_204, rejected=letters, ignored={"older": 9}, added=2))
    )
    text = printed()
    assert "Sync run-1, as of 2026-01-01 00:00 UTC, changes, 61.3 s" in text
    assert "user_attributes 1,204 7 9 2 0 0" in text
    assert "rejected user.bad_year 3" in text and "ignored older 9" in text
    assert text.endswith("next: holley-graph rejects show run-1 ")


@pytest.mark.parametrize(
    ("mode", "ending"),
    [
        ("bulk", "next: holley-graph train "),
        ("unchanged", "those of the last sync next: holley-graph train "),
        ("dry-run", "removed ─"),
        ("tables", "removed ─"),
    ],
)
def test_what_comes_next_depends_on_whether_the_graph_was_written(mode: str, ending: str, printed: Any) -> None:
    sync.show(synced(mode, feed("events", read=5)))
    text = printed()
    assert text.endswith(ending) if ending.startswith(("next", "those")) else "next:" not in text, text


def test_costs_are_added_up_and_notes_are_said(printed: Any) -> None:
    cost = [
        {"query": "events", "bytes": 3 * 2**30, "price": 0.02},
        {"query": "orders", "bytes": 2**29, "price": 0.01},
    ]
    sync.show(synced("dry-run", cost=cost, notes=["column X is unknown"]))
    text = printed()
    assert "events 3.0 GiB $0.02" in text and "together 3.5 GiB $0.03" in text
    assert "column X is unknown" in text
    sync.show_costs([])
    assert printed() == "reading this source costs nothing "


def comparison(**other: Any) -> dict[str, Any]:
    metrics = {"HR@4": 0.7, "MRR@4": 0.5, "NDCG@4": 0.55, "NDCG@10": 0.6, "recall@4": 0.4}
    lift = {"difference": 0.1234, "relative": 0.25, "low": 0.05, "high": 0.2}
    plain = {"run": metrics, "popularity": dict.fromkeys(metrics, 0.3), "users": 163, "days": 30}
    return plain | {"MRR@4 over popularity": lift, "calibration": None} | other


def test_a_run_is_printed_beside_popularity_with_its_interval(printed: Any) -> None:
    train.show_comparison("Held out", comparison())
    text = printed()
    assert "Held out: 163 people who bought in the 30 days after the cut" in text
    assert "MRR@4 0.500 0.300" in text
    assert "MRR@4 over popularity: +0.1234 (+25.0%), 95 % interval +0.0500 … +0.2000" in text
    assert "purchase rate" not in text


def test_one_person_is_no_people_and_rates_are_in_percent_and_points(printed: Any) -> None:
    rates = {"said": 0.0148, "happened": 0.0171, "error": 0.004}
    train.show_comparison("Held out", comparison(users=1, calibration=rates))
    text = printed()
    assert "1 person who bought" in text
    assert "predicted purchase rate 1.48%, actual 1.71%; mean calibration error 0.40 points" in text


@pytest.mark.parametrize(
    ("choices", "basis"),
    [(1, "this explains 1 cart or order of other people best"), (0, "too few carts and orders to estimate it")],
)
def test_weights_of_events_say_what_they_rest_on(choices: int, basis: str, printed: Any) -> None:
    train._show_weights({"viewed": 0.5, "carted": 1.25, "ordered": 1.0, "choices": choices})
    assert printed() == f"a view counts 0.50, a cart 1.25 and an order 1.00 choices: {basis} "


def test_drift_names_the_release_and_counts_owners(printed: Any) -> None:
    moved = {"product": {"both": 1_500, "cosine": 0.991, "move": 0.02}}
    train._show_drift("run-0", {"moved": moved, "top_four_changed": 0.034, "owners": 1})
    text = printed()
    assert "Moved from run-0" in text and "parts 1,500 0.991 0.020" in text
    assert "the best four parts changed for 3.4% of 1 owner" in text


def judged(**other: Any) -> dict[str, Any]:
    values = {"HR@4": 0.6, "MRR@4": 0.4, "NDCG@10": 0.5}
    document: dict[str, Any] = {
        "rankers": {"v5.18": values, "run": values | {"MRR@4": 0.55}},
        "champion": "v5.18",
        "segments": {"history": {"cold": {"rankers": {n: {"MRR@4": 0.2} for n in ("v5.18", "run")}}}},
        "over_champion": {"run": {"difference": 0.15, "low": -0.01, "high": 0.31}},
        "over_counting": {"run": {"difference": 0.01, "low": -0.02, "high": 0.04}},
        "lists": {"v5.18": {"coverage": 0.2}, "run": {"coverage": 0.3}},
        "users": 1,
        "cuts": [0, 1],
        "target": "ordered",
    }
    return document | other


def test_rankers_are_compared_with_the_champion_which_has_no_difference_to_itself(printed: Any) -> None:
    evaluate._show(judged())
    text = printed()
    assert "1 question about ordered parts, at 2 cuts" in text
    assert "run 0.600 0.550 0.500 0.200 0.300 0.150 -0.010 … +0.310" in text
    assert "v5.18 0.600 0.400 0.500 0.200 0.200 – –" in text
    assert "run over counting: MRR@4 +0.010, 95 % interval -0.020 … +0.040" in text


def test_without_cold_people_and_without_v518_the_gaps_are_said(printed: Any) -> None:
    document = judged(champion="popularity", segments={"history": {}}, over_counting={})
    document["rankers"] = {"popularity": document["rankers"]["v5.18"]}
    document["lists"] = {"popularity": {"coverage": 0.1}}
    evaluate._show(document)
    text = printed()
    assert "popularity 0.600 0.400 0.500 – 0.100 – –" in text
    assert "v5.18 is left out: the tables of the last sync are not in this home" in text


@pytest.mark.parametrize(("outcomes", "code"), [(["go"], 0), (["go", "no-go"], 1), (["too little to say"], 19)])
def test_the_exit_code_is_that_of_the_first_verdict_that_is_not_go(
    outcomes: list[str], code: int, printed: Any
) -> None:
    verdicts = {f"r{n}": {"outcome": outcome, "reasons": ["because"]} for n, outcome in enumerate(outcomes)}
    done = type("Conclusion", (), {"document": judged(verdicts=verdicts), "path": Path("evaluations/x")})()
    with pytest.raises(SystemExit) as end:
        evaluate._show_all(done, with_verdict=True, as_json=False)
    assert end.value.code == code
    text = printed()
    assert all(f"r{n}: {outcome} because" in text for n, outcome in enumerate(outcomes))


def finding(name: str, passed: bool | None, severity: Any = "CRITICAL", *offenders: dict[str, Any]) -> Finding:
    return Finding(name, severity, f"rule {name}", passed, len(offenders), list(offenders))


def checked(*findings: Finding) -> GateReport:
    broken = any(check.passed is False and check.severity == "CRITICAL" for check in findings)
    return GateReport(Path("mail.csv"), None, "files:raw", 0, 1_204, not broken, list(findings), 2.04)


def test_a_file_that_may_be_sent_says_so_with_its_rows(printed: Any) -> None:
    gate.show(checked(finding("fits", True), finding("users", None, "HIGH")))
    text = printed()
    assert "mail.csv against files:raw" in text and "CRITICAL rule fits passed 0" in text
    assert "mail.csv may be sent (1,204 rows, 2.0 s) next: holley-graph campaign " in text


def test_a_file_that_must_not_be_sent_lists_its_offenders(printed: Any) -> None:
    offender = {"row": 7, "vehicle_id": "v", "sku": "A", "found": "costs 1"}
    gate.show(checked(finding("prices", False, "CRITICAL", offender)))
    text = printed()
    assert "rule prices row vehicle id sku found" in text.replace("─", "").replace("vehicle_id", "vehicle id")
    assert "7 v A costs 1" in text and "must not be sent: a CRITICAL rule is broken" in text


def test_facts_that_do_not_fit_a_screen_are_left_to_json(printed: Any) -> None:
    facts = [{"found": f"make {n}: 1 row"} for n in range(gate.MOST_FACTS + 5)]
    gate.show(checked(finding("facts", True, "INFO", *facts)))
    text = printed()
    assert f"make {gate.MOST_FACTS - 1}: 1 row" in text and f"make {gate.MOST_FACTS}: 1 row" not in text


def test_rules_say_what_each_costs_in_predicted_purchases(printed: Any) -> None:
    effects = [Effect("spring", "pin", 3, 1_000, 1_000, -0.021), Effect("all rules", "", 3, 1_000, 1_000, 0.0)]
    rules.show(RulesReport(4_749, effects))
    text = printed()
    assert "Rules, on an export of 4,749 rows" in text
    assert "spring pin 3 1,000 1,000 -2.1%" in text and "all rules 3 1,000 1,000 +0.0%" in text


def exported(**other: Any) -> ExportReport:
    plain = ExportReport(
        Path("a mail.csv"), "graph", "run-1", "wide", 10, 12, 11, 1, 0, {"user": 30}, None, 0, 1.25
    )
    return type(plain)(**{**vars(plain), **other})


def test_an_export_says_what_was_left_out_and_quotes_its_file_in_the_next_command(printed: Any) -> None:
    export.show(exported())
    text = printed()
    assert "users with a vehicle 12" in text and "left out: too few parts 1" in text and "user 30" in text
    assert "keep it private" in text and "hold-out" not in text
    assert text.endswith("next: holley-graph gate 'a mail.csv' ")


def test_an_export_with_a_hold_out_says_whom_not_to_send_to(printed: Any) -> None:
    export.show(exported(hold_out=Path("hold-out.csv"), hold_out_rows=1))
    assert "1 row of the hold-out in hold-out.csv: do not send them anything" in printed()


def rate(share: float | None) -> dict[str, Any]:
    return {"share": share, "low": 0.01, "high": 0.03}


def test_a_campaign_shows_shares_with_intervals_and_a_dash_where_nothing_was_sent(printed: Any) -> None:
    counts = dict.fromkeys(("people", "sent", "not_live", "scanned", "clicked", "ordered", "ordered_sent"), 5)
    rates = {"clicked_rate": rate(0.02), "ordered_rate": rate(0.02), "ordered_sent_rate": rate(None)}
    pair = {"arm": "graph", "other": "baseline", "rate": "ordered", "needed": 1_204}
    pair |= {"difference": 0.004, "low": -0.001, "high": 0.009}
    arms = [{"arm": "graph", **counts, **rates}, {"arm": "baseline", **counts, **rates}]
    campaign.show(CampaignReport(Path("mail.csv"), 0, 28, arms, [pair], 28 * 86_400, 28 * 86_400))
    text = printed()
    assert "mail.csv, 28 days" in text
    assert "graph 2.00% (1.00% … 3.00%) 2.00% (1.00% … 3.00%) –" in text
    assert "graph less baseline ordered anything +0.40 (-0.10 … +0.90) 1,204" in text
    campaign.show(CampaignReport(Path("mail.csv"), 0, 28, arms, [pair], 28 * 86_400, 0))
    text = printed()
    assert "%" not in text and "less" not in text and "Nothing is known of this campaign yet" in text


def test_the_history_of_nights_fits_a_terminal(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    steps = {"train": {"run_id": "20261127T222608-sage-8b52", "warm": True}, "export": {"rows": 475_000}}
    one = Record.begin(tmp_path, seconds("2026-01-02"), {"source": "files:x", "to": "m.csv", "live_before": None})
    for name, result in steps.items():
        one.remember(name, result)
    one.ended("too little to say")
    night._history(Context({"home": tmp_path}, False), as_json=False)
    assert "2026-01-02  too little to say  20261127T222608-sage-8b52  yes   475,000" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-01-31", "2026-01-31"),
        ("2026-01-31T12:00:00Z", "2026-01-31T12:00:00"),
        ("2026-01-31T12:00:00+02:00", "2026-01-31T10:00:00"),
        ("2026-01-31T12:00:00.9", "2026-01-31T12:00:00"),
    ],
)
def test_a_time_is_utc_unless_it_says_otherwise_and_loses_its_fraction(text: str, moment: str) -> None:
    assert sync.EpochSeconds().convert(text, None, None) == seconds(moment)


@pytest.mark.parametrize("text", ["", "yesterday", "2026-02-30", "31.01.2026", "1767225600"])
def test_a_text_that_is_no_time_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(click.BadParameter, match="write 2026-01-31"):
        sync.EpochSeconds().convert(text, None, None)
