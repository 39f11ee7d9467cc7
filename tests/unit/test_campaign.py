"""A campaign's arms are stable and fair, and what came of them is counted by the stated rules."""

from __future__ import annotations

import hashlib
import re
from datetime import timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from holley_graph.campaign.intervals import needed, newcombe, wilson
from holley_graph.campaign.outcome import CampaignReport, pairs, rates, read_back
from holley_graph.campaign.page import page, verdict
from holley_graph.campaign.split import HOLD_OUT, Split, place
from holley_graph.errors import SourceError
from holley_graph.loaders import contracts, identity
from holley_graph.loaders.engine.engine import Engine
from holley_graph.settings import Settings
from tests.support.raw import at

EMAILS = [f"p{n}@x.com" for n in range(20_000)]


# ---- the split ---------------------------------------------------------------------------------------------------


def test_a_place_is_what_the_documents_say():
    number = int(hashlib.sha256(b"spring:ann@x.com").hexdigest()[:16], 16)
    assert place("spring", "ann@x.com") == pytest.approx(number / 2**64, abs=1e-15)


def test_arms_have_equal_shares_of_those_who_are_not_held_out():
    group = Split("spring", ("graph", "baseline", "hybrid"), 0.1).of(EMAILS)
    assert np.bincount(group) / len(EMAILS) == pytest.approx([0.3, 0.3, 0.3, 0.1], abs=0.015)


def test_two_campaigns_split_independently():
    one, other = (Split(name, ("a", "b"), 0.5).of(EMAILS) == 2 for name in ("spring", "summer"))
    assert (one & other).mean() == pytest.approx(0.25, abs=0.015)


@given(st.lists(st.text(min_size=1), min_size=1, max_size=6), st.integers(1, 4), st.sampled_from([0.0, 0.1, 0.99]))
def test_a_person_is_always_in_the_same_group(emails, arms, hold_out):
    split = Split("c", tuple("abcd"[:arms]), hold_out)
    groups = split.of(emails)
    assert [int(split.of([email])[0]) for email in emails] == groups.tolist()
    assert groups.max() <= arms
    assert hold_out or groups.max() < arms


def test_more_held_out_moves_nobody_out_of_the_hold_out():
    less, more = (Split("c", ("a",), share).of(EMAILS) == 1 for share in (0.1, 0.2))
    assert not (less & ~more).any()


# ---- intervals ---------------------------------------------------------------------------------------------------


def test_intervals_are_those_of_the_papers():
    """Newcombe 1998, both papers: 81 of 263; 56 of 70 less 48 of 80, method 10."""
    assert wilson(81, 263) == pytest.approx((0.2553, 0.3662), abs=5e-5)
    assert newcombe(56, 70, 48, 80) == pytest.approx((0.0524, 0.3339), abs=5e-5)


def test_the_sample_that_a_difference_takes_is_that_of_the_textbook():
    """Fleiss: 60 % against 70 % at 5 % and 80 % power takes 354 people in each group; the order does not matter."""
    assert needed(0.6, 0.7) == needed(0.7, 0.6) == 354
    assert needed(0.6, 0.6) is None
    assert needed(65 / 2_115, 65 / 2_116) is None  # two thousand million people would show it


def test_every_two_groups_are_compared():
    rows = [
        {"arm": name, "people": people, "ordered": ordered, "ordered_sent": 0}
        for name, people, ordered in (
            ("graph", 1000, 30),
            ("baseline", 1000, 20),
            ("hold-out", 100, 1),
            ("none", 0, 0),
        )
    ]
    by_key = {(pair["arm"], pair["other"]): pair for pair in pairs(rows) if pair["rate"] == "ordered"}
    assert set(by_key) == {("graph", "baseline"), ("graph", "hold-out"), ("baseline", "hold-out")}
    report = by_key["graph", "baseline"]
    assert (report["low"], report["high"]) == newcombe(30, 1000, 20, 1000)
    assert report["difference"] == pytest.approx(0.01) and report["needed"] == needed(0.03, 0.02)


@pytest.mark.parametrize(("days", "missing"), [(0, 14), (-1, 14), (13.5, 1), (14, 0), (30, 0)])
def test_days_that_the_last_sync_does_not_know_are_counted(days, missing):
    until = seconds(14 * DAY)
    assert (
        CampaignReport(Path("x"), seconds(timedelta()), 14, [], [], until, seconds(days * DAY)).missing_days
        == missing
    )


def test_nobody_asked_says_nothing():
    assert (wilson(0, 0), newcombe(0, 0, 1, 2)) == ((0.0, 1.0), (-1.0, 1.0))
    assert wilson(0, 10)[0] == 0 and wilson(10, 10)[1] == 1


# ---- what came of it ---------------------------------------------------------------------------------------------

START = at("2026-01-01")
DAY, HOUR = timedelta(days=1), timedelta(hours=1)


def sent(user, when=HOUR, clicked=None, mode="LIVE", treatment="t1"):
    sent_at = START + when
    at_ = None if clicked is None else sent_at + clicked
    return {
        "user_id": user,
        "treatment_id": treatment,
        "sent_at": sent_at,
        "clicked_at": at_,
        "skus": ["A1"],
        "mode": mode,
    }


def counted(tmp_path, rows, orders=(), events=(), table=None, ids=None):
    settings = Settings(home=tmp_path / "home")
    people = {"a": "graph", "b": "graph", "c": "graph", "d": "hold-out", "e": "hold-out"}
    clean = {
        "users": [{"user_id": name, "email": f"{name}@x.com"} for name in people]
        + [{"user_id": "a2", "email": "a@x.com"}]
        + [
            {"user_id": identity.as_kept(settings, name), "email": f"{who}@x.com"}
            for name, who in {"b@mail.tool": "b", **(ids or {})}.items()
        ],
        "orders": [
            {"email": f"{who}@x.com", "sku": sku, "at": [], "last_at": seconds(when)} for who, sku, when in orders
        ],
        "events": [
            {"user_id": who, "kind": kind, "sku": sku, "at": [seconds(when)], "count": 1}
            for who, sku, when, kind in events
        ],
    }
    known = {
        f"clean_{contract.name}": pa.Table.from_pylist(clean[contract.name], contract.schema)
        for contract in (contracts.USERS, contracts.ORDERS, contracts.EVENTS)
    }
    sheet = [
        {"email_lower": f"{who}@x.com", "arm": arm, "generated_at": START}
        | {f"rec_part_{n}": sku for n, sku in enumerate(("A1", "A2", "A3", None), 1)}
        for who, arm in [*people.items(), ("a", "graph")]  # two vehicles
    ]
    pq.write_table(pa.Table.from_pylist(sheet), tmp_path / "sent.parquet")
    moment = pa.timestamp("us", "UTC")
    schema = pa.schema(
        {"user_id": pa.string(), "treatment_id": pa.string(), "sent_at": moment, "clicked_at": moment,
         "skus": pa.list_(pa.string()), "mode": pa.string()}
    )  # fmt: skip
    pq.write_table(table or pa.Table.from_pylist(list(rows), schema), tmp_path / "treatments.parquet")
    with Engine(settings) as engine:
        report = read_back(engine, known, tmp_path / "sent.parquet", tmp_path, settings, seconds(14 * DAY))
    assert report.missing_days == 0
    return {row["arm"]: row for row in report.arms}


def seconds(when):
    return int((START + when).timestamp())


def test_people_are_counted_once_however_many_ids_and_vehicles_they_have(tmp_path):
    counts = counted(tmp_path, [sent("a"), sent("a2"), sent("b")])
    assert (counts["graph"]["people"], counts["graph"]["sent"], counts["hold-out"]["sent"]) == (3, 2, 0)


@pytest.mark.parametrize(
    "name", ["b", " b\u200b", "b@x.com", " B@X.com", "b@mail.tool", "B@Mail.Tool ", "\uff42@x.com"]
)
def test_a_person_is_found_by_id_and_by_address_however_they_are_spelled(tmp_path, name):
    graph = counted(tmp_path, [sent(name, clicked=HOUR)])["graph"]
    assert (graph["sent"], graph["clicked"]) == (1, 1)


def test_an_address_that_is_the_id_of_one_and_the_email_of_another_is_the_id(tmp_path):
    counts = counted(tmp_path, [sent("d@x.com"), sent("nobody@x.com")], ids={"d@x.com": "a"})
    assert (counts["graph"]["sent"], counts["hold-out"]["sent"]) == (1, 0)


def test_only_live_treatments_count(tmp_path):
    rows = [sent("a", clicked=HOUR, mode=mode) for mode in ("QA", "SIMULATION", None)] + [
        sent("b", clicked=HOUR, mode="live")
    ]
    graph = counted(tmp_path, rows)["graph"]
    assert (graph["sent"], graph["not_live"], graph["clicked"]) == (1, 1, 1)


@pytest.mark.parametrize(
    ("clicks", "clicked"),
    [
        ([timedelta(seconds=9.9)], False),
        ([timedelta(seconds=10)], True),
        ([timedelta(seconds=-5)], False),
        ([HOUR, HOUR + timedelta(seconds=1)], True),
        ([HOUR, HOUR + timedelta(seconds=1), HOUR + timedelta(seconds=2)], False),
        ([HOUR, HOUR + timedelta(seconds=1), HOUR + timedelta(seconds=2), 2 * HOUR], True),
    ],
)
def test_a_link_scanner_is_no_reader(tmp_path, clicks, clicked):
    graph = counted(tmp_path, [sent("a", clicked=click, treatment=f"t{n}") for n, click in enumerate(clicks)])[
        "graph"
    ]
    assert bool(graph["clicked"]) is clicked
    assert bool(graph["scanned"]) is (not clicked or len(clicks) > 3)


def test_what_is_outside_the_days_of_the_campaign_does_not_count(tmp_path):
    rows = [sent("a", when=-HOUR, clicked=2 * HOUR), sent("b", when=15 * DAY), sent("c", clicked=20 * DAY)]
    orders = [("a", "A1", -HOUR), ("b", "A1", 14 * DAY), ("c", "A1", 14 * DAY - HOUR)]
    graph = counted(tmp_path, rows, orders)["graph"]
    assert (graph["sent"], graph["clicked"], graph["ordered"]) == (1, 0, 1)


def test_orders_count_for_the_whole_arm_and_apart_where_they_are_what_was_sent(tmp_path):
    orders = [("a", "A1B", DAY), ("d", "Z9", DAY)]
    events = [("b", "Z9", DAY, "ORDERED"), ("c", "A1", DAY, "VIEWED")]
    counts = counted(tmp_path, [sent("a")], orders, events)
    assert [(counts[arm]["ordered"], counts[arm]["ordered_sent"]) for arm in ("graph", "hold-out")] == [
        (2, 1),
        (1, 0),
    ]
    rate = counts["graph"]["ordered_rate"]
    assert (rate["share"], rate["low"], rate["high"]) == (2 / 3, *wilson(2, 3))
    over = rate["over_hold_out"]
    assert over["difference"] == pytest.approx(2 / 3 - 1 / 2)
    assert (over["low"], over["high"]) == newcombe(2, 3, 1, 2)
    assert counts["graph"]["clicked_rate"]["share"] == 0
    assert counts["hold-out"]["clicked_rate"]["share"] is None
    assert counts["hold-out"]["ordered_rate"]["over_hold_out"] is None


def test_a_campaign_that_nobody_clicked_in_is_read(tmp_path):
    """A column without any value has no type in the file."""
    row = sent("a")
    del row["clicked_at"]
    untyped = pa.table({name: [value] for name, value in row.items()}).append_column("clicked_at", pa.nulls(1))
    counts = counted(tmp_path, [], table=untyped)
    assert (counts["graph"]["sent"], counts["graph"]["clicked"]) == (1, 0)


def test_a_missing_table_gets_one_line(tmp_path):
    with Engine() as engine, pytest.raises(SourceError, match="table treatments: expected"):
        read_back(engine, {}, tmp_path / "x.parquet", tmp_path, Settings(), 0)


# ---- the page ----------------------------------------------------------------------------------------------------


def outcome(orders, known=30, held_out=0):
    """A campaign of three groups of a thousand with so many orders each."""
    empty = {"not_live": 0, "scanned": 0, "clicked": 0, "ordered_sent": 0}
    rows = [
        {"arm": arm, "people": 1000, "sent": held_out if arm == HOLD_OUT else 900, "ordered": number, **empty}
        for arm, number in orders.items()
    ]
    arms = [row | rates(row, rows[-1]) for row in rows]
    until = seconds(14 * DAY)
    return CampaignReport(
        Path("mail.csv"), seconds(timedelta()), 14, arms, list(pairs(rows)), until, seconds(known * DAY)
    )


@pytest.mark.parametrize(
    ("orders", "look", "message"),
    [
        ({"graph": 90, "baseline": 40, HOLD_OUT: 40}, "good", "In graph, 5.00 points more people ordered"),
        ({"graph": 40, HOLD_OUT: 90}, "bad", "In graph, 5.00 points fewer people ordered"),
        ({"graph": 42, HOLD_OUT: 40}, "unsure", "No difference in orders is shown. It takes about"),
        ({"graph": 40}, "unsure", "There is one group only"),
    ],
)  # fmt: skip
def test_the_sentence_on_top_compares_with_the_hold_out(orders, look, message):
    sentence, looks = verdict(outcome(orders))
    assert looks == look and sentence.startswith(message)


def test_the_page_has_every_group_its_differences_and_what_to_be_careful_about():
    drawn = page(outcome({"graph": 90, HOLD_OUT: 40}, known=10, held_out=3))
    assert drawn.index("points more people ordered") < drawn.index("<h2>")
    assert "4 of 14 are missing" in drawn and "3 people were sent something" in drawn
    assert "graph − hold-out" in drawn and drawn.count("<svg") == 1
    assert not re.search(r"<(script|link)|src=|@import", drawn)


@pytest.mark.parametrize("known", [-3, 0])
def test_a_campaign_that_began_after_the_last_sync_has_no_figures_but_says_so(known):
    report = outcome({"graph": 0, HOLD_OUT: 0}, known=known)
    assert verdict(report)[0].startswith("Nothing is known of this campaign yet: the last sync knows orders until")
    drawn = page(report)
    assert "0.00" not in drawn and "<svg" not in drawn and "are missing" not in drawn
    assert "900" in drawn  # to how many it was sent
