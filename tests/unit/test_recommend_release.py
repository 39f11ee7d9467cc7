"""When the rows of a statement count, and when it is run again."""

from __future__ import annotations

from typing import Any

import pytest

from holley_graph.recommend.release import OneRelease


def rows(*skus: str, mixed: bool = False, flipping: bool = False) -> list[dict[str, Any]]:
    return [{"sku": sku, "mixed": mixed, "flipping": flipping} for sku in skus]


def plain(*skus: str) -> list[dict[str, Any]]:
    return [{"sku": sku} for sku in skus]


def test_rows_of_a_quiet_graph_count_at_once_and_lose_what_they_say_of_their_run() -> None:
    assert OneRelease().settled(rows("A", "B")) == plain("A", "B")


def test_mixed_rows_never_count_however_often_they_come() -> None:
    judge = OneRelease()
    assert [judge.settled(rows("A", mixed=True)) for _ in range(3)] == [None] * 3
    assert judge.settled(rows("A")) == plain("A")


def test_one_mixed_row_spoils_the_others() -> None:
    assert OneRelease().settled(rows("A") + rows("B", mixed=True)) is None


@pytest.mark.parametrize("skus", [("A", "B"), ()])
def test_while_a_release_goes_live_and_without_rows_the_same_must_come_twice_in_a_row(
    skus: tuple[str, ...],
) -> None:
    judge = OneRelease()
    assert judge.settled(rows(*skus, flipping=True)) is None
    assert judge.settled(rows("C", flipping=True)) is None
    assert judge.settled(rows(*skus, flipping=True)) is None
    assert judge.settled(rows(*skus, flipping=True)) == plain(*skus)


def test_what_came_before_mixed_rows_does_not_vouch_for_what_comes_after() -> None:
    judge = OneRelease()
    assert judge.settled(rows("A", flipping=True)) is None
    assert judge.settled(rows("A", mixed=True, flipping=True)) is None
    assert judge.settled(rows("A", flipping=True)) is None
