"""Every figure of a study beside a loop in plain Python over users and parts."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import combinations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from holley_graph.evaluation import calibration, list_metrics, metrics, study, trails
from holley_graph.evaluation.segments import segments
from holley_graph.evaluation.targets import RankingTask, future_choices
from holley_graph.snapshot.snapshot import KINDS, ORDERED, Snapshot
from tests.support import planted

FULL = planted.world(users=400, makes=3, models=2, years=3).snapshot
CUT = planted.AS_OF - 30 * planted.DAY
NAMES = ("HR", "NDCG", "MRR", "recall")


def drawn_task(seed: int) -> tuple[RankingTask, np.ndarray]:
    """Users with one to nine candidates, of which at least one is a target; scores with ties."""
    rng = np.random.default_rng(seed)
    size = rng.integers(1, 10, 6)
    is_target = rng.random(size.sum()) < 0.3
    offsets = np.concatenate([[0], np.cumsum(size)])
    is_target[offsets[:-1]] = True
    candidate = np.concatenate([rng.permutation(30)[:n] for n in size])
    task = RankingTask(np.arange(6), np.zeros(6, np.int64), offsets, candidate, is_target, rng.random(6) < 0.5)
    return task, rng.integers(0, 4, len(candidate)).astype(float)


def best_first(task: RankingTask, scores: np.ndarray, user: int) -> list[tuple[int, bool]]:
    """The parts of a user with whether each is a target, as somebody would sort them by hand."""
    rows = range(task.offsets[user], task.offsets[user + 1])
    order = sorted(rows, key=lambda row: (-scores[row], task.candidate[row]))
    return [(int(task.candidate[row]), bool(task.is_target[row])) for row in order]


def by_hand(places: list[bool], k: int) -> tuple[float, float, float, float]:
    """Hit rate, NDCG, MRR and recall of one list at k."""
    hits = [place for place, target in enumerate(places[:k], 1) if target]
    ideal = sum(1 / math.log2(place + 1) for place in range(1, min(sum(places), k) + 1))
    gain = sum(1 / math.log2(place + 1) for place in hits)
    return float(bool(hits)), gain / ideal, 1 / hits[0] if hits else 0.0, len(hits) / sum(places)


@given(st.integers(0, 10_000), st.integers(1, 8))
def test_every_metric_is_that_of_a_list_sorted_by_hand(seed: int, k: int) -> None:
    task, scores = drawn_task(seed)
    position = metrics.ranks(task, scores)
    values, lists = metrics.per_user(task, position, k), metrics.first(task, position, k)
    for user in range(len(task.user)):
        ranked = best_first(task, scores, user)
        assert [part for part in lists[user].tolist() if part >= 0] == [part for part, _ in ranked[:k]]
        wanted = by_hand([target for _, target in ranked], k)
        assert [values[f"{name}@{k}"][user] for name in NAMES] == pytest.approx(wanted)


@given(st.integers(0, 10_000))
def test_a_longer_list_finds_no_less(seed: int) -> None:
    task, scores = drawn_task(seed)
    position = metrics.ranks(task, scores)
    for name in ("HR", "MRR", "recall"):
        by_length = [metrics.per_user(task, position, k)[f"{name}@{k}"] for k in (1, 3, 10)]
        assert (np.diff(by_length, axis=0) >= 0).all(), name


def candidates_by_hand(full: Snapshot, at: int, kind: int) -> dict[int, dict[int, bool]]:
    """Who chose something new that fits and is eligible, and all of the candidates of each."""
    user, product, kinds, when = (full.event(name).tolist() for name in ("user", "product", "kind", "at"))
    events = list(zip(user, product, kinds, when, strict=True))
    fits = {int(v): {int(p) for w, p in full.fits if w == v} for v in range(full.vehicles.num_rows)}
    eligible = full.products["eligible"].to_pylist()
    base = full.products["base_sku"].to_pylist()
    tasks = {}
    for u in range(full.users.num_rows):
        had = {base[p] for w, p, k, t in events if w == u and k == ORDERED and t < at}
        open_to = {p for p in fits[int(full.user_vehicle[u])] if eligible[p] and base[p] not in had}
        end = at + 30 * planted.DAY
        chosen = {p for w, p, k, t in events if w == u and k == kind and at <= t < end} & open_to
        if chosen:
            tasks[u] = {p: p in chosen for p in open_to}
    return tasks


@pytest.mark.parametrize("kind", ["ORDERED", "VIEWED"])
def test_a_task_has_the_people_and_candidates_of_a_loop_over_everybody(kind: str) -> None:
    task = future_choices(FULL, CUT, 30, KINDS.index(kind))
    wanted = candidates_by_hand(FULL, CUT, KINDS.index(kind))
    assert task.user.tolist() == sorted(wanted)
    for number, user in enumerate(task.user.tolist()):
        rows = slice(task.offsets[number], task.offsets[number + 1])
        pairs = zip(task.candidate[rows].tolist(), task.is_target[rows].tolist(), strict=True)
        assert dict(pairs) == wanted[user]


def test_buyers_of_a_window_are_the_people_who_ordered_in_it() -> None:
    windows = study.buyers(FULL)
    events = list(zip(*(FULL.event(name).tolist() for name in ("user", "kind", "at")), strict=True))
    for number, window in enumerate(windows):
        end = FULL.as_of - number * 30 * planted.DAY
        people = {u for u, kind, at in events if kind == ORDERED and end - 30 * planted.DAY <= at < end}
        assert window["users"] == len(people), window["as_of"]
    assert [window["as_of"] for window in windows[:2]] == ["2025-12-02T00:00:00Z", "2025-11-02T00:00:00Z"]


def test_a_window_of_buyers_is_closed_at_its_start_and_open_at_its_end() -> None:
    start = FULL.as_of - 30 * planted.DAY
    at = pa.array([FULL.as_of - 1, start, start - 1])
    columns = {"user": [0, 1, 2], "product": [0, 0, 0], "kind": pa.array([ORDERED] * 3, pa.int8()), "at": at}
    windows = study.buyers(replace(FULL, events=pa.table(columns).cast(FULL.events.schema)))
    assert [window["users"] for window in windows] == [2, 1]


TASK = future_choices(FULL, CUT, 30)
PAST = FULL.before(CUT)
ASKED = study.Cut(CUT, TASK, PAST)
LISTS = metrics.first(TASK, metrics.ranks(TASK, np.random.default_rng(0).random(len(TASK.candidate))), 4)
OTHERS = metrics.first(TASK, metrics.ranks(TASK, np.random.default_rng(1).random(len(TASK.candidate))), 4)


def test_what_lists_are_like_is_what_a_loop_over_them_says() -> None:
    described = list_metrics.describe([ASKED], LISTS, OTHERS)
    part_type = PAST.products["part_type"].to_pylist()
    orders = np.bincount(PAST.event("product")[PAST.event("kind") == ORDERED], minlength=len(part_type)).tolist()
    total = sum(orders) + 0.5 * len(orders)
    news, places, differ, shared, listed = [], [], [], 0, set()
    for user, (own, other_list) in enumerate(zip(LISTS.tolist(), OTHERS.tolist(), strict=True)):
        candidates = TASK.candidate[TASK.offsets[user] : TASK.offsets[user + 1]].tolist()
        for part in own:
            below = sum(orders[other] < orders[part] for other in candidates)
            equal = sum(orders[other] == orders[part] for other in candidates)
            places.append((below + equal / 2) / len(candidates))
            news.append(-math.log2((orders[part] + 0.5) / total))
        differ += [part_type[a] != part_type[b] for a, b in combinations(own, 2)]
        shared += len(set(own) & set(other_list))
        listed |= set(own)
    assert described == pytest.approx(
        {
            "coverage": len(listed) / len(set(TASK.candidate.tolist())),
            "novelty": np.mean(news),
            "diversity": np.mean(differ),
            "popularity_bias": np.mean(places),
            "overlap": shared / LISTS.size,
        }
    )


def test_segments_part_people_by_make_and_by_how_many_own_their_vehicle() -> None:
    parts = segments([ASKED])
    make, owners = PAST.vehicles["make"].to_pylist(), PAST.vehicles["owners"].to_pylist()
    makes = [make[vehicle] for vehicle in TASK.vehicle]
    large = {name for name in makes if makes.count(name) >= 0.05 * len(makes)}
    for name, mask in parts["make"].items():
        wanted = [(m == name if name in large else m not in large) for m in makes]
        assert mask.tolist() == wanted, name
    counts = [owners[vehicle] for vehicle in TASK.vehicle]
    low, high = np.quantile(counts, [1 / 3, 2 / 3])
    wanted = ["rare" if n <= low else "usual" if n <= high else "common" for n in counts]
    for name, mask in parts["vehicle"].items():
        assert mask.tolist() == [other == name for other in wanted], name
    for kind, masks in parts.items():
        assert (np.sum(list(masks.values()), axis=0) == 1).all(), kind


def test_a_trail_has_what_happened_before_and_halves_with_every_half_life() -> None:
    at, user, kind = FULL.event("at"), FULL.event("user"), FULL.event("kind")
    person, part = int(user[at < CUT][0]), int(FULL.event("product")[at < CUT][0])
    strengths = trails.reached(FULL, CUT, 10.0).strengths(np.array([person]), np.array([part]))[0]
    base, part_type = FULL.products["base_sku"].to_pylist(), FULL.products["part_type"].to_pylist()
    wanted = [0.0] * 4
    for u, p, k, t in zip(user, FULL.event("product"), kind, at, strict=True):
        if u == person and t < CUT:
            strength = 0.5 ** ((CUT - t) / (10 * planted.DAY))
            wanted[0] += strength * (k != ORDERED and base[p] == base[part])
            wanted[1] += strength * (k != ORDERED and part_type[p] == part_type[part])
            wanted[2] += strength * (k == ORDERED and part_type[p] == part_type[part])
            wanted[3] += strength * (k != ORDERED and p == part)
    assert strengths.tolist() == pytest.approx(wanted)
    assert sum(wanted) > 0


@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=40), st.integers(1, 12))
def test_reliability_leaves_out_no_case_and_its_bins_rise(cases: list[tuple[float, bool]], bins: int) -> None:
    probability, happened = (list(column) for column in zip(*cases, strict=True))
    table = calibration.reliability(probability, happened, bins)
    assert table.cases.sum() == len(cases)
    assert table.cases.max() - table.cases.min() <= 1
    assert (np.diff(table.predicted) >= -1e-12).all()
    assert float(table.predicted @ table.cases) == pytest.approx(sum(probability))
    assert float(table.happened @ table.cases) == pytest.approx(sum(happened))
    assert 0 <= table.error <= 1
