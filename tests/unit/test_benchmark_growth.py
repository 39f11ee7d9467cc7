"""The benchmark of growth says which steps grow faster than people do, and ends a step that holds too much."""

import json
from pathlib import Path

import pytest

from benchmarks import growth, growth_curve


def test_the_exponent_of_what_grows_with_the_square_is_two() -> None:
    assert growth_curve.exponent([(10, 3.0), (100, 300.0), (1_000, 30_000.0)]) == pytest.approx(2)


def test_a_step_that_grows_faster_than_people_is_marked_and_all_are_drawn(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for users, gate, train in ((100, 2.0, 1.0), (1_000, 60.0, 5.0)):
        steps = {
            "train": {"seconds": 9.0, "core_s": train, "peak_gib": 0.5, "home_peak_gib": 1.0},
            "gate": {"seconds": 9.0, "core_s": gate, "peak_gib": 0.5, "home_peak_gib": 1.0},
        }
        (tmp_path / f"growth-{users}.json").write_text(json.dumps({"users": users, "steps": steps}))
    growth_curve.draw(tmp_path, list(growth.STEPS))
    lines = {line[:16].strip(): line for line in capsys.readouterr().out.splitlines()}
    assert "core_s 1.48 !" in lines["gate"] and "core_s 0.70," in lines["train"] and "night" not in lines
    assert (tmp_path / "growth.png").stat().st_size > 1_000


def test_a_step_that_holds_more_than_it_may_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    loop = growth.Loop(users=20, products=None, home=tmp_path, memory_gib=1e-6)
    loop.out.mkdir(parents=True)
    monkeypatch.setattr(growth, "EVERY_S", 0.01)
    assert loop._watched(["http.server", "0"])["ended"] == "it held more than 1e-06 GiB"
