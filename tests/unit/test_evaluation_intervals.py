"""Intervals hold the truth as often as they say, and a verdict changes exactly at what is demanded."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from scipy.stats import binom

from holley_graph.errors import ParcelError
from holley_graph.evaluation import bootstrap, paired, registry, verdict
from holley_graph.evaluation.verdict import GO, NO_GO, TOO_LITTLE, Verdict
from tests.support.runs import manifest

STUDIES = 300


def test_the_interval_of_95_per_cent_holds_the_truth_in_95_of_100_studies() -> None:
    rng, truth, hits, studies = np.random.default_rng(0), 0.3, 0, 1_500
    for study in range(studies):
        drawn = rng.normal(truth, 1.0, 100)
        low, high = bootstrap.interval(bootstrap.resampled(drawn, np.ones(len(drawn)), 400, seed=study))
        hits += low <= truth <= high
    assert hits / studies == pytest.approx(0.945, abs=0.015)


def test_a_difference_of_the_smallest_size_is_shown_in_four_of_five_studies() -> None:
    rng, hits = np.random.default_rng(1), 0
    for study in range(STUDIES):
        noise = rng.normal(0, 1.0, 120)
        smallest = paired.compare(noise, np.zeros(120), np.arange(120), seed=study)["smallest"]
        fresh = rng.normal(smallest, 1.0, 120)
        hits += paired.compare(fresh, np.zeros(120), np.arange(120), seed=study)["low"] > 0
    low, high = binom.interval(1 - 1e-4, STUDIES, 0.8)
    assert low <= hits <= high


def test_resamples_are_means_over_cases_and_not_over_users() -> None:
    """One user with one case of 10 and one with nine cases of 0: a draw has the mean 10, 1 or 0."""
    means = bootstrap.resampled(np.array([10.0, 0.0]), np.array([1.0, 9.0]), 2_000)
    values, counts = np.unique(means, return_counts=True)
    assert values.tolist() == [0.0, 1.0, 10.0]
    assert (counts / 2_000).tolist() == pytest.approx([0.25, 0.5, 0.25], abs=0.05)


def test_resamples_come_in_the_number_that_was_wanted_and_again_the_same() -> None:
    total = np.random.default_rng(2).random(30)
    first, again = (bootstrap.resampled(total, np.ones(30), bootstrap.BLOCK * 2 + 1, seed=4) for _ in range(2))
    np.testing.assert_array_equal(first, again)
    assert len(first) == bootstrap.BLOCK * 2 + 1
    assert not np.array_equal(first, bootstrap.resampled(total, np.ones(30), len(first), seed=5))


def test_the_spread_of_resampled_means_is_the_standard_error() -> None:
    total = np.random.default_rng(3).normal(0, 2.0, 500)
    spread = bootstrap.resampled(total, np.ones(500), 4_000).std()
    assert spread == pytest.approx(total.std() / math.sqrt(500), rel=0.05)


def document(
    overall: float = 0.5, cold: float = 0.5, make: float = 0.5, users: int = 50, **lift: float
) -> dict[str, Any]:
    """A study of 1,000 questions; `make` is the lift of a make with so many users."""

    def part(relative: float, size: int) -> dict[str, Any]:
        usual = {"low": 0.01, "high": 1.0, "smallest": 0.001}
        run = {"difference": relative / 2, "relative": relative, **usual, **lift}
        return {"users": size, "over_champion": {"run": run}, "rankers": {"v5.18": {"MRR@4": 0.5}}}

    return {
        "champion": "v5.18",
        **part(overall, 1_000),
        "segments": {"history": {"cold": part(cold, 950)}, "make": {"FORD": part(make, users)}},
        "lists": {"run": {"coverage": 0.5}, "v5.18": {"coverage": 0.5}},
        "cuts": [{}],
        "buyers": [{"as_of": "2026-01-01T00:00:00Z", "users": 1_000}],
    }


@pytest.mark.parametrize(
    ("figure", "demanded"),
    [
        ("overall", verdict.LEAST_OVERALL),
        ("cold", verdict.LEAST_COLD),
        ("make", verdict.WORST_SEGMENT),
    ],
)
def test_what_is_demanded_exactly_is_enough_and_a_hair_less_is_not(figure: str, demanded: float) -> None:
    assert verdict.decide(document(**{figure: demanded}), "run").outcome == GO
    assert verdict.decide(document(**{figure: math.nextafter(demanded, -1)}), "run").outcome == NO_GO


def test_an_interval_that_begins_at_nothing_shows_nothing() -> None:
    assert verdict.decide(document(low=0.0), "run").outcome == NO_GO
    assert verdict.decide(document(low=1e-9), "run").outcome == GO


@pytest.mark.parametrize(("users", "outcome"), [(50, NO_GO), (49, GO)])
def test_a_segment_speaks_from_a_twentieth_of_the_questions_on(users: int, outcome: str) -> None:
    assert verdict.decide(document(make=-0.9, users=users), "run").outcome == outcome


@pytest.mark.parametrize(("smallest", "outcome"), [(0.05, NO_GO), (0.051, TOO_LITTLE)])
def test_a_sample_that_could_show_what_is_demanded_says_no_go(smallest: float, outcome: str) -> None:
    """A tenth of .5 is demanded, which is .05."""
    assert verdict.decide(document(overall=0.09, smallest=smallest), "run").outcome == outcome


def test_an_interval_that_ends_below_what_is_demanded_says_no_go_however_small_the_sample() -> None:
    weak = document(overall=0.09, smallest=10.0, high=0.049)
    assert verdict.decide(weak, "run").outcome == NO_GO
    assert verdict.decide(document(overall=0.09, smallest=10.0, high=0.6), "run").outcome == TOO_LITTLE


def test_without_cold_people_there_is_too_little_to_say_of_them() -> None:
    warm = document()
    del warm["segments"]["history"]["cold"]
    decided = verdict.decide(warm, "run")
    assert (decided.outcome, decided.reasons[1]) == (TOO_LITTLE, "too little to say: no cold user was asked about")


def test_a_challenger_that_is_judged_anew_and_fails_challenges_no_more(tmp_path) -> None:  # type: ignore[no-untyped-def]
    run, other = manifest("run"), manifest("other", config={"dim": 8})
    registry.record_verdict(tmp_path, run, Verdict(GO, ["go: fine"]), "e1")
    registry.record_verdict(tmp_path, other, Verdict(NO_GO, ["no-go: worse"]), "e2")
    assert registry.read(tmp_path)["challenger"] == "run"
    registry.record_verdict(tmp_path, run, Verdict(TOO_LITTLE, ["too little to say: few"]), "e3")
    known = registry.read(tmp_path)
    assert known["challenger"] is None
    assert known["verdicts"][registry.recipe(run)]["evaluation"] == "e3"
    assert set(known["verdicts"]) == {registry.recipe(run), registry.recipe(other)}


def test_a_recipe_is_its_model_and_its_configuration() -> None:
    names = {
        registry.recipe(manifest(run, model=model, config={"dim": dim}))
        for run, model, dim in (("a", "sage", 8), ("b", "sage", 8), ("c", "gat", 8), ("d", "sage", 16))
    }
    assert len(names) == 3


def test_a_registry_that_was_changed_by_hand_is_refused_and_says_what_to_do(tmp_path) -> None:  # type: ignore[no-untyped-def]
    registry.promote(tmp_path, "run")
    file = tmp_path / registry.FILE
    file.write_text(file.read_text().replace('"run"', '"other"'))
    with pytest.raises(ParcelError) as error:
        registry.read(tmp_path)
    assert "verdicts have to be asked for again" in str(error.value.hint)


def test_what_a_killed_training_leaves_is_no_run(tmp_path) -> None:  # type: ignore[no-untyped-def]
    for name in ("b", "a"):
        (tmp_path / name).mkdir()
        manifest(name).save(tmp_path / name)
    for name in ("c.partial", "d.old"):
        (tmp_path / name).mkdir()
    (tmp_path / registry.FILE).write_text("{}")
    assert [run.run_id for run in registry.manifests(tmp_path)] == ["a", "b"]
