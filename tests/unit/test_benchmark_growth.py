"""The benchmark of growth says which steps grow faster than people do, and ends a step that holds too much."""

import json
from pathlib import Path

import duckdb
import pytest

from benchmarks import copies, growth, growth_curve
from holley_graph.loaders import parquet
from holley_graph.simulator import generate


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
    loop = growth.Loop(users=20, world=[], home=tmp_path, memory_gib=1e-6)
    loop.out.mkdir(parents=True)
    monkeypatch.setattr(growth, "EVERY_S", 0.01)
    assert loop._watched(["http.server", "0"])["ended"] == "it held more than 1e-06 GiB"


def test_copies_of_a_world_share_vehicles_and_neither_people_nor_parts(tmp_path: Path) -> None:
    generate(tmp_path / "one", users=40, seed=3)
    copies.copy(tmp_path / "one", tmp_path / "three", 3)

    def values(world: str, table: str, column: str) -> list[str]:
        rows = duckdb.read_parquet([str(path) for path in parquet.files(tmp_path / world, table)])
        return [" ".join(str(value) for value in row).upper() for row in rows.project(column).fetchall()]

    named = {"user_attributes": "trim(user_id)", "items": "trim(PartNumber)", "orders": "trim(SHIP_TO_EMAIL)"}
    for table, column in named.items():
        three, one = (set(values(world, table, column)) - {"", "NONE"} for world in ("three", "one"))
        assert len(three) == 3 * len(one) > 0
    vehicle = "trim(v1_year), trim(v1_make), trim(v1_model)"
    assert set(values("three", "fitment", vehicle)) == set(values("one", "fitment", vehicle))
    parts = {world: set(values(world, "items", "trim(PartNumber)")) for world in ("one", "three")}
    unknown = {
        world: sum(part not in known for part in values(world, "orders", "trim(ITEM)"))
        for world, known in parts.items()
    }
    assert unknown["three"] == 3 * unknown["one"] < len(values("three", "orders", "trim(ITEM)")) / 2


def test_the_newest_hundredth_of_the_events_is_hidden_for_a_while(tmp_path: Path) -> None:
    loop = growth.Loop(users=400, world=[], home=tmp_path, memory_gib=1)
    generate(loop.raw, users=400, seed=3)
    cut, before = loop._moments()[0], duckdb.read_parquet(loop._events()).fetchall()
    with loop._newest_hidden():
        older = duckdb.read_parquet(loop._events())
        assert 0.9 * len(before) < len(older.fetchall()) < len(before)
        ((newest,),) = older.aggregate("max(client_event_timestamp)").fetchall()
        assert newest.isoformat() < cut
    assert duckdb.read_parquet(loop._events()).fetchall() == before
    assert sorted(path.name for path in loop.raw.iterdir()).count("all-events") == 0
