"""Commands that write, killed at random moments and run again: graph, home and registry are as if it never was.

A longer run of the same is `benchmarks.kills`.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from benchmarks import kills
from benchmarks.kill_world import World
from benchmarks.kills import CLIENT, SERVER

SEED = 1
VICTIMS = {
    "sync in batches": SERVER,
    "sync --since-last": CLIENT,
    "writeback": SERVER,
    "rollback": CLIENT,
    "embed": CLIENT,
    "export": CLIENT,
    "forget": SERVER,
}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with kills.opened(tmp_path_factory.mktemp("killed")) as opened:
        yield opened


@pytest.mark.parametrize("command", VICTIMS)
def test_what_a_killed_client_or_server_left_is_mended_by_the_same_command(world: World, command: str) -> None:
    (trial,) = kills.trials(world, command, [VICTIMS[command]], SEED)
    assert trial.outcome in (kills.EQUAL, kills.REPAIRED), trial.why
