"""How progress is shown on standard error: bars with the time that is left on a terminal, log lines elsewhere."""

from __future__ import annotations

import json
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import rich_click as click

from holley_graph.amounts import duration
from holley_graph.progress import Progress, silent

FIRST_S, NEXT_S = 2, 10
"""Seconds until the first log line of a step that takes longer, and between further ones."""

BETWEEN = "at work"
"""What is said while no step is under way."""


@contextmanager
def progress(shown: bool = True) -> Iterator[Progress]:
    """Show how far the work is, or nothing."""
    if not shown:
        yield silent
    elif as_json():
        yield lambda what, done, of: log("progress", step=what, done=done, of=of)
    elif sys.stderr.isatty():
        with _bars() as report:
            yield report
    else:
        with _Lines() as lines:
            yield lines.report


def as_json() -> bool:
    """Say whether the settings of the running command ask for lines of JSON."""
    context = click.get_current_context(silent=True)
    return context is not None and context.obj is not None and context.obj.settings.log.lines == "json"


def log(kind: str, **values: Any) -> None:
    """Write one line of JSON to standard error, with the time and what it is about."""
    line = {"time": datetime.now(UTC).isoformat(timespec="milliseconds"), "kind": kind, **values}
    print(json.dumps(line), file=sys.stderr, flush=True)


@contextmanager
def waiting(what: str) -> Iterator[None]:
    """Say on standard error what is waited for, if it takes longer than usual."""
    json_lines = as_json()  # asked here: another thread has no command
    timer = threading.Timer(FIRST_S, _wait_for, (what, json_lines))
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _wait_for(what: str, json_lines: bool) -> None:
    if json_lines:
        log("progress", step=f"waiting for {what}", done=0, of=1)
    else:
        print(f"waiting for {what} …", file=sys.stderr)


@contextmanager
def _bars() -> Iterator[Progress]:
    from rich.console import Console
    from rich.progress import BarColumn, SpinnerColumn, TaskID, TextColumn
    from rich.progress import Progress as Bars

    columns = (SpinnerColumn(finished_text="✓"), TextColumn("{task.description}"), BarColumn(bar_width=20))
    with Bars(*columns, TextColumn("{task.fields[step]}"), console=Console(stderr=True)) as bars:
        steps: dict[str, tuple[TaskID, _Step]] = {}
        between = bars.add_task(BETWEEN, total=None, step=_Step(BETWEEN))

        def report(what: str, done: int, of: int) -> None:
            nonlocal between
            if what not in steps or steps[what][1].ended:
                if what in steps:
                    bars.remove_task(steps[what][0])
                step = _Step(what)
                steps[what] = bars.add_task(what, total=None, step=step), step
                bars.remove_task(between)  # it stays below the others
                between = bars.add_task(BETWEEN, total=None, step=_Step(BETWEEN), visible=False)
            task, step = steps[what]
            step.at(done, of)
            bars.update(task, completed=done, total=of if of > 1 or step.ended else None)
            idle = all(step.ended for _, step in steps.values())
            bars.update(between, visible=idle, step=_Step(BETWEEN))

        yield report


class _Step:
    """One step of the work: since when it runs and how far it is."""

    def __init__(self, name: str) -> None:
        self.name, self.begun = name, time.monotonic()
        self.done, self.of = 0, 1
        self.took: float | None = None

    def at(self, done: int, of: int) -> None:
        self.done, self.of = done, of
        if self.ended:
            self.took = time.monotonic() - self.begun

    @property
    def ended(self) -> bool:
        return self.done >= self.of

    def __str__(self) -> str:
        """Say how far it is, how long it took, or how long it will take."""
        counted = f"{self.done:,} of {self.of:,}, " if self.of > 1 else ""
        if self.took is not None:
            return f"{counted}{duration(self.took)}"
        seconds = time.monotonic() - self.begun
        if self.done and seconds > 1:
            return f"{counted}about {duration(seconds * (self.of - self.done) / self.done)} left"
        return f"{counted}{duration(seconds)} so far"


class _Lines:
    """A line for every step that ended, and now and then one for a step that takes long."""

    def __init__(self) -> None:
        self.open: dict[str, _Step] = {}
        self.between = _Step(BETWEEN)
        self.lock, self.over = threading.Lock(), threading.Event()
        self.due = time.monotonic() + FIRST_S
        self.watch = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> _Lines:
        self.watch.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.over.set()
        self.watch.join()

    def report(self, what: str, done: int, of: int) -> None:
        with self.lock:
            step = self.open.pop(what, None) or _Step(what)
            step.at(done, of)
            if not step.ended:
                self.open[what] = step
                return
            self.between = _Step(BETWEEN)
            self._print(step, FIRST_S)

    def _watch(self) -> None:
        while not self.over.wait(0.2):
            with self.lock:
                if time.monotonic() >= self.due:
                    self._print([self.between, *self.open.values()][-1], NEXT_S)

    def _print(self, step: _Step, next_s: float) -> None:
        self.due = time.monotonic() + next_s
        print(f"{datetime.now():%H:%M:%S} {step.name}: {step}", file=sys.stderr, flush=True)
