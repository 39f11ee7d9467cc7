"""A study says who is better, by how much and for whom; worked by hand where that is possible."""

from __future__ import annotations

import json
import math
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from holley_graph.baselines.rankers import BASELINES
from holley_graph.errors import GraphStateError, ReleaseCheckFailed
from holley_graph.evaluation import conclusion, list_metrics, paired, registry, report, study, summary, verdict
from holley_graph.evaluation.segments import segments
from holley_graph.evaluation.verdict import Verdict
from holley_graph.page.page import style
from holley_graph.snapshot.snapshot import ORDERED
from tests.support import planted
from tests.support.runs import manifest

CUT = planted.AS_OF - 30 * planted.DAY
WORLD = planted.world(users=900, models=3, years=4)
FULL = WORLD.snapshot


def truth(task: study.RankingTask, past: object) -> np.ndarray:
    return WORLD.utility[task.vehicle[task.owner], task.candidate]


def against(task: study.RankingTask, past: object) -> np.ndarray:
    return -truth(task, past)


RANKERS = {
    "popularity": BASELINES["popularity"],
    "v5.18": BASELINES["random"],
    "best": truth,
    "worst": against,
}
CUTS = [study.cut(FULL, at, RANKERS) for at in study.rolling(FULL, 2)]
DOCUMENT = summary.measure(CUTS, {"about": "a planted world"})


def test_rolling_cuts_are_a_window_apart_and_leave_a_window() -> None:
    assert study.rolling(FULL, 3) == [planted.AS_OF - days * planted.DAY for days in (90, 60, 30)]


def test_a_cut_with_nobody_to_ask_says_so() -> None:
    with pytest.raises(GraphStateError, match="nobody to ask"):
        study.cut(FULL, planted.AS_OF - 400 * planted.DAY, RANKERS)


def test_every_ranker_is_measured_on_the_same_questions() -> None:
    assert DOCUMENT["users"] == sum(len(cut.task.user) for cut in CUTS)
    assert DOCUMENT["distinct_users"] <= DOCUMENT["users"]
    for kind, parts in DOCUMENT["segments"].items():
        assert sum(part["users"] for part in parts.values()) == DOCUMENT["users"], kind
    actual = DOCUMENT["rankers"]
    assert (
        actual["worst"]["MRR@4"]
        < actual["v5.18"]["MRR@4"]
        < actual["popularity"]["MRR@4"]
        < actual["best"]["MRR@4"]
    )
    parts = DOCUMENT["segments"]["history"].values()
    mean = sum(part["users"] * part["rankers"]["best"]["MRR@4"] for part in parts) / DOCUMENT["users"]
    assert mean == pytest.approx(actual["best"]["MRR@4"])


def test_a_run_is_held_beside_counting_too_where_counting_was_asked() -> None:
    rankers = {"popularity": RANKERS["popularity"], "counting": RANKERS["worst"], "best": truth}
    lifts = summary.measure([study.cut(FULL, CUT, rankers)], {"configs": {"best": {}}})["over_counting"]
    assert list(lifts) == ["best"]
    assert lifts["best"]["low"] > 0
    assert DOCUMENT["over_counting"] == {}


def test_the_interval_of_a_paired_difference_is_that_of_its_standard_error() -> None:
    rng = np.random.default_rng(0)
    expected, gain = rng.random(2_000), rng.normal(0.1, 0.3, 2_000)
    difference = paired.compare(expected + gain, expected, np.arange(2_000))
    error = gain.std() / math.sqrt(2_000)
    assert difference["difference"] == pytest.approx(gain.mean())
    assert difference["high"] - difference["low"] == pytest.approx(2 * 1.96 * error, rel=0.1)
    assert difference["smallest"] == pytest.approx(2.8 * error, rel=0.1)
    assert difference["relative"] == pytest.approx(gain.mean() / expected.mean())


def test_questions_about_one_user_are_drawn_together() -> None:
    """The same 200 answers four times over know no more than once."""
    rng = np.random.default_rng(1)
    gain = rng.normal(0, 1, 200)
    once = paired.compare(gain, np.zeros(200), np.arange(200))
    four = paired.compare(np.tile(gain, 4), np.zeros(800), np.tile(np.arange(200), 4))
    assert four["high"] - four["low"] == pytest.approx(once["high"] - once["low"], rel=0.1)


def test_users_are_cold_warm_or_hot_by_their_last_sign_of_life() -> None:
    history = segments(CUTS[-1:])["history"]
    cut = CUTS[-1]
    last = {
        int(u): max(at for at in cut.past.event("at")[cut.past.event("user") == u])
        for u in np.unique(cut.past.event("user"))
    }
    for i, user in enumerate(cut.task.user.tolist()):
        days = (cut.at - last[user]) / planted.DAY if user in last else None
        wanted = "cold" if days is None else "hot" if days <= 90 else "warm"
        assert [name for name, mask in history.items() if mask[i]] == [wanted]


def test_lists_are_described_as_worked_out_by_hand() -> None:
    """One user; the list holds the two most ordered candidates, of which the champion's list has one."""
    cut = study.Cut(CUT, CUTS[-1].task, FULL.before(CUT))
    task = cut.task
    first = task.offsets[0], task.offsets[1]
    counts = BASELINES["popularity"](task, cut.past)[first[0] : first[1]]
    best = task.candidate[first[0] : first[1]][np.lexsort((np.arange(len(counts)), -counts))]
    lists = np.full((len(task.user), 4), -1)
    expected = lists.copy()
    lists[0, :2], expected[0, :2] = best[:2], [best[0], best[5]]
    described = list_metrics.describe([cut], lists, expected)
    kinds = np.array(cut.past.products["part_type"].to_pylist())[best[:2]]
    assert described["coverage"] == pytest.approx(2 / len(np.unique(task.candidate)))
    assert described["diversity"] == float(kinds[0] != kinds[1])
    assert described["overlap"] == 0.5
    below = [(counts < c).mean() + (counts == c).mean() / 2 for c in np.sort(counts)[::-1][:2]]
    assert described["popularity_bias"] == pytest.approx(np.mean(below))


def test_what_everybody_buys_is_no_news() -> None:
    described = DOCUMENT["lists"]
    assert described["popularity"]["novelty"] < described["v5.18"]["novelty"]
    assert described["popularity"]["popularity_bias"] > 0.9
    assert described["v5.18"]["popularity_bias"] == pytest.approx(0.5, abs=0.05)
    assert described["v5.18"]["overlap"] == 1


def part(users: int, relative: float, low: float = 0.01, smallest: float = 0.02) -> dict[str, Any]:
    """Users of whom the champion has an MRR@4 of .5."""
    lift = {"difference": relative / 2, "low": low, "high": 1.0, "relative": relative, "smallest": smallest}
    return {"users": users, "over_champion": {"r": lift}, "rankers": {"v5.18": {"MRR@4": 0.5}}}


def judged(
    overall: float = 0.2,
    cold: float = 0.3,
    make: float = 0.0,
    coverage: float = 0.5,
    low: float = 0.01,
    smallest: float = 0.02,
) -> Verdict:
    document = {
        "champion": "v5.18",
        **part(1_000, overall, low, smallest),
        "segments": {
            "history": {"cold": part(800, cold, smallest=smallest)},
            "make": {
                "FORD": part(50, make, smallest=smallest),
                "TESLA": part(49, -0.9),  # too few to stop anything
            },
        },
        "lists": {"r": {"coverage": coverage}, "v5.18": {"coverage": 0.5}},
        "cuts": [{}, {}],
        "buyers": [{"as_of": f"2026-0{month}-01T00:00:00Z", "users": 600} for month in range(9, 0, -1)],
    }
    return verdict.decide(document, "r")


@pytest.mark.parametrize(
    ("weak", "about"),
    [
        ({"overall": 0.09}, "overall"),
        ({"low": -0.001}, "overall"),
        ({"cold": 0.19}, "cold"),
        ({"make": -0.06}, "make FORD"),
        ({"coverage": 0.49}, "coverage"),
    ],
)
def test_one_broken_rule_is_no_go_and_the_reason_says_which(weak: dict[str, float], about: str) -> None:
    assert judged().go
    verdict = judged(**weak)
    broken = [reason for reason in verdict.reasons if reason.startswith("no-go")]
    assert not verdict.go
    assert len(broken) == 1
    assert about in broken[0]


@pytest.mark.parametrize(
    ("weak", "about"),
    [
        ({"overall": 0.09}, "overall"),
        ({"low": -0.001}, "overall"),
        ({"cold": 0.1}, "cold"),
        ({"make": -0.06}, "make"),
    ],
)
def test_what_so_few_buyers_cannot_show_is_too_little_to_say(weak: dict[str, float], about: str) -> None:
    """A rule demands a difference that only a larger sample would show."""
    verdict = judged(**weak, smallest=0.15)
    (short,) = (reason for reason in verdict.reasons if not reason.startswith("go"))
    assert (verdict.outcome, verdict.go) == ("too little to say", False)
    assert short.startswith(f"too little to say: {'worst segment is ' * (about == 'make')}{about}")
    assert judged(**weak, smallest=0.15, coverage=0.49).outcome == "no-go"
    assert judged(smallest=0.15).go  # a difference that is large enough shows anyway


def test_too_little_to_say_names_how_many_it_takes_and_which_cuts_have_them() -> None:
    """.05 is demanded and .1 shows: four times the questions, so four times the cuts."""
    reason = judged(overall=0.09, smallest=0.1).reasons[0]
    assert "takes about 4,000. backtest --cuts 8 reaches back to 2026-02-01 and would ask about as many" in reason
    reason = judged(overall=0.09, smallest=0.15).reasons[0]
    assert "takes about 9,000. all 9 months that the graph knows hold 5,400 buyers: wait" in reason


def test_without_the_champion_there_is_nothing_to_beat() -> None:
    assert not verdict.decide({**DOCUMENT, "champion": "popularity"}, "best").go


def test_a_verdict_holds_for_every_run_of_its_recipe(tmp_path: Path) -> None:
    tested, live, other = (manifest(name, config={"dim": dim}) for name, dim in (("a", 8), ("b", 8), ("c", 16)))
    registry.record_verdict(tmp_path, tested, Verdict("no-go", ["go: fine", "no-go: coverage"]), "e1")
    with pytest.raises(ReleaseCheckFailed, match="no-go: coverage"):
        registry.require_go(tmp_path, live)
    registry.require_go(tmp_path, other)  # never judged
    registry.record_verdict(tmp_path, tested, Verdict("too little to say", ["too little to say: overall"]), "e3")
    with pytest.raises(ReleaseCheckFailed, match="too little to say: overall"):
        registry.require_go(tmp_path, live)
    registry.record_verdict(tmp_path, tested, Verdict("go", ["go: fine"]), "e2")
    registry.require_go(tmp_path, live)
    assert registry.read(tmp_path)["challenger"] == "a"
    registry.promote(tmp_path, "a")
    assert (registry.read(tmp_path)["champion"], registry.read(tmp_path)["challenger"]) == ("a", None)


def test_a_conclusion_is_kept_as_a_report_that_needs_nothing_else(tmp_path: Path) -> None:
    done = conclusion.conclude(CUTS, FULL, {"best": manifest("run-1")}, tmp_path, with_verdict=True)
    assert {path.name for path in done.path.iterdir()} == {"report.html", "evaluation.json"}
    assert json.loads((done.path / "evaluation.json").read_text()) == json.loads(json.dumps(done.document))
    html = (done.path / "report.html").read_text()
    assert not [word for word in ("<script", "<link", "src=", "@import") if word in html]
    assert html.count("<svg") == 2 + len(DOCUMENT["segments"])
    assert html.index('class="verdict') < html.index("<h2") and "best: " in html
    assert all(name in html for name in (*RANKERS, "run-1", done.document["data"]["events_sha256"]))
    assert list(done.document["verdicts"]) == ["best"]
    at, users = FULL.event("at"), FULL.event("user")
    newest = (
        (FULL.event("kind") == ORDERED) & (at >= FULL.as_of - 30 * planted.DAY) & (FULL.user_vehicle[users] >= 0)
    )
    assert done.document["buyers"][0]["users"] == len(np.unique(users[newest]))
    assert registry.read(tmp_path / "runs")["verdicts"]


def test_the_sentence_on_top_says_whether_anything_is_shown() -> None:
    names = [name for name in RANKERS if name != DOCUMENT["champion"]]

    def said(low: float, high: float) -> tuple[str, str]:
        lift = {"difference": (low + high) / 2, "low": low, "high": high, "relative": 0.5, "smallest": 0.1}
        return report.verdict(DOCUMENT | {"verdicts": {}, "over_champion": {names[0]: lift}})

    assert [said(*ends)[1] for ends in ((0.1, 0.2), (-0.2, -0.1), (-0.1, 0.2))] == ["good", "bad", "unsure"]
    assert "no difference to be seen" in said(-0.1, 0.2)[0]


def test_the_lists_of_a_report_show_title_and_image_beside_the_number(tmp_path: Path) -> None:
    def cards(skus: list[str]) -> list[dict[str, Any]]:
        more = {"part_type": "Carburetor", "image_url": "https://example.org/a.jpg", "price": 1.0}
        return [{"sku": sku, "title": f"Title of {sku}", **more} for sku in skus]

    done = conclusion.conclude(CUTS, FULL, {}, tmp_path, with_verdict=False, cards=cards)
    html = (done.path / "report.html").read_text()
    first = done.document["samples"][0]["lists"]["best"][0].split(" ")[0]
    assert f"Title of {first}" in html and 'src="https://example.org/a.jpg"' in html


def test_an_index_lists_every_evaluation_newest_first(tmp_path: Path) -> None:
    names = [conclusion.conclude(CUTS, FULL, {}, tmp_path, with_verdict=False).path.name for _ in range(2)]
    html = (tmp_path / "evaluations" / "index.html").read_text()
    assert re.findall(r'href="([^"]*)/report.html"', html) == sorted(names, reverse=True)


def test_eleven_rankers_have_eleven_colours() -> None:
    for colours in (style().partition("prefers-color-scheme: dark")[part] for part in (0, 2)):
        shades = re.findall(r"--c\d+: (#\w+);", colours)
        assert len(set(shades)) == len(shades) >= 11
