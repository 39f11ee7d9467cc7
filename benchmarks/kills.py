"""Every command that writes, killed at random moments and run again: does the same command mend what it left?

    python -m benchmarks.kills --points 200

The client is killed by SIGKILL, or the server is, and started again. A trial begins from a state that is known, and
graph, home and registry are compared with the state that the command leaves when nobody disturbs it.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

from benchmarks.kill_world import State, World, made
from benchmarks.record import record
from holley_graph.errors import HolleyGraphError
from holley_graph.server import lifecycle, process
from holley_graph.server.layout import Layout
from tests.support import clean

ROOMS = (
    "cli.sync", "cli.release", "cli.embed", "cli.forget", "cli.export", "forget.forget", "workflows.embed",
    "workflows.export", "workflows.release", "workflows.sync",
)  # fmt: skip
CLIENT, SERVER = "client", "server"
EQUAL, REPAIRED, STUCK = "equal", "repaired", "stuck"
MOST_S = 180
"""A command that takes longer counts as one that ended with an error."""

# imported once, so that a kill falls into the work and not into the imports
clean.import_before("benchmarks.kill_world", *(f"holley_graph.{room}" for room in ROOMS))


@dataclass(frozen=True)
class Trial:
    """What one kill did.

    Attributes:
        command: of `World.commands`.
        victim: client or server.
        moment: seconds after which it was killed.
        outcome: `equal` (nothing was done, or all of it), `repaired` by the same command, or `stuck`.
        why: what differs when it is stuck.
    """

    command: str
    victim: str
    moment: float
    outcome: str
    why: str = ""

    def __str__(self) -> str:
        return f"{self.command}: {self.victim} at {self.moment:.2f} s: {self.outcome} {self.why}"


def trials(world: World, command: str, victims: Sequence[str], seed: int) -> Iterator[Trial]:
    """Run a command undisturbed once, then once for each victim, from the same state each time.

    Raises:
        RuntimeError: a trial did not begin from the state of the first, or the command fails undisturbed.
    """
    draw = random.Random(f"{command} {seed}")  # noqa: S311  no secret
    before = world.prepare(command)
    started = time.monotonic()
    code = run(world, command)
    whole_s = time.monotonic() - started
    after = world.state()
    if code:
        raise RuntimeError(f"{command} ends with exit code {code}, undisturbed")
    for victim in victims:
        began = world.prepare(command)
        if began != before:
            raise RuntimeError(f"{command} begins from another state: {_difference(began, before)}")
        yield _trial(world, command, victim, draw.uniform(0, whole_s), (before, after))


def _trial(world: World, command: str, victim: str, moment: float, states: tuple[State, State]) -> Trial:
    """Kill somebody at a moment, run the command again, and hold the state against those before and after."""
    try:
        run(world, command, victim, moment)
        at_kill = world.state()
        code = run(world, command)
        mended = world.state()
    except HolleyGraphError as error:
        return Trial(command, victim, moment, STUCK, str(error))
    if code or mended != states[1]:
        why = f"exit code {code}; {_difference(mended, states[1])}"
        return Trial(command, victim, moment, STUCK, why)
    return Trial(command, victim, moment, EQUAL if at_kill in states else REPAIRED)


def run(world: World, command: str, victim: str = "", moment: float = 0) -> int:
    """Run a command in a process of its own and kill somebody after a while; return its exit code."""
    arguments = (world.arguments(command), world.folder / "console.log")
    child = clean.CLEAN.Process(target=_command, args=arguments)
    child.start()
    try:
        if victim:
            child.join(moment)
            _kill(child, victim, world)
        child.join(MOST_S)
    finally:
        child.kill()  # whoever has ended does not mind
        child.join()
    lifecycle.up(world.settings)
    return child.exitcode or 0


def _kill(child: BaseProcess, victim: str, world: World) -> None:
    if victim == CLIENT:
        child.kill()
    else:
        _kill_server(world)


def _kill_server(world: World) -> None:
    """Kill the server and start it again; a bulk load may have stopped it just now."""
    layout = Layout.of(world.settings)
    server = process.find(layout)
    if server is None:
        return
    os.kill(server.pid, signal.SIGKILL)
    while process.find(layout) is not None:
        time.sleep(0.05)
    lifecycle.up(world.settings)


def _command(arguments: list[str], log: Path) -> None:
    with log.open("a") as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    from holley_graph.cli import main

    print("$", *arguments, flush=True)
    sys.argv = ["holley-graph", *arguments]
    main()


def _difference(state: State, expected: State) -> str:
    return "; ".join(
        f"{key}: {state[key]} instead of {expected[key]}" for key in expected if state[key] != expected[key]
    )


@contextmanager
def opened(folder: Path) -> Iterator[World]:
    """Make a world and its server below a folder."""
    first = clean.CLEAN.Process(target=print)  # so that the imports are done when a command is timed
    first.start()
    world = made(folder)
    first.join()
    try:
        yield world
    finally:
        world.close()


def main() -> None:
    """Kill as often as asked, and print what came of it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--points", type=int, default=200, help="at least so many kills, over all commands")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", help="commands, with commas between them")
    arguments = parser.parse_args()
    outcomes: list[Trial] = []
    with tempfile.TemporaryDirectory() as folder, opened(Path(folder)) as world:
        names = arguments.only.split(",") if arguments.only else list(world.commands)
        count = -(-arguments.points // len(names))
        for name in names:
            victims = [SERVER if number % 4 == 3 else CLIENT for number in range(count)]
            for trial in trials(world, name, victims, arguments.seed):
                outcomes.append(trial)
                print(trial, flush=True)
    record("kills", {"seed": arguments.seed, **summary(outcomes)})


def summary(outcomes: Sequence[Trial]) -> dict[str, Any]:
    """Count outcomes by command."""
    rows = {name: _counts([trial for trial in outcomes if trial.command == name])
            for name in dict.fromkeys(trial.command for trial in outcomes)}  # fmt: skip
    stuck = [vars(trial) for trial in outcomes if trial.outcome == STUCK]
    return {"commands": rows, "all": _counts(outcomes), "stuck": stuck}


def _counts(outcomes: Sequence[Trial]) -> dict[str, int]:
    counts = Counter(trial.outcome for trial in outcomes)
    killed = Counter(trial.victim for trial in outcomes)
    return {"tried": len(outcomes), CLIENT: killed[CLIENT], SERVER: killed[SERVER],
            **{outcome: counts[outcome] for outcome in (EQUAL, REPAIRED, STUCK)}}  # fmt: skip


if __name__ == "__main__":
    main()
