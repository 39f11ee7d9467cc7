"""How far one reads to follow a command: the files that it enters, its visits to them, and a value's way.

A visit begins when a function of another file is called. Files that are visited again and again, or that only
hand a value on, are what a route should not have. The command runs in this process, in its main thread.
"""

from __future__ import annotations

import argparse
import inspect
import json
import sys
from collections import Counter
from pathlib import Path
from types import FrameType
from typing import Any

from click.testing import CliRunner

import holley_graph
from holley_graph.cli import cli

PACKAGE = Path(holley_graph.__file__).resolve().parent
LOADERS = PACKAGE.parent / "loaders"


class Walk:
    """Notes calls from file to file.

    Args:
        type_name: class whose instances are followed as arguments.
    """

    def __init__(self, type_name: str) -> None:
        self.type_name = type_name
        self.visits: list[str] = []
        self.passed: Counter[str] = Counter()

    def __call__(self, frame: FrameType, event: str, _: Any) -> None:
        """Note a call into the package; this is what `sys.setprofile` calls."""
        file = frame.f_code.co_filename
        if event != "call" or not file.startswith((str(PACKAGE), str(LOADERS))):
            return
        if not frame.f_code.co_flags & inspect.CO_OPTIMIZED:  # a module or a class that is imported
            return
        if not self.visits or self.visits[-1] != file:
            self.visits.append(file)
        names = frame.f_code.co_varnames[: frame.f_code.co_argcount + frame.f_code.co_kwonlyargcount]
        if any(type(frame.f_locals.get(name)).__name__ == self.type_name for name in names):
            self.passed[file] += 1

    def figures(self) -> dict[str, Any]:
        """Return the files entered, the visits, and the files whose functions got the value."""
        visits = Counter(self.visits)
        return {
            "files": len(visits),
            "visits": len(self.visits),
            "most_visited": [[_short(file), count] for file, count in visits.most_common(5)],
            f"files_that_get_{self.type_name}": len(self.passed),
            "which": sorted(map(_short, self.passed)),
        }


def main() -> None:
    """Run a command and print the figures of its walk."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--type", default="Snapshot", help="class of the value that is followed")
    arguments, command = parser.parse_known_args()  # the rest is a command line without `holley-graph`
    walk = Walk(arguments.type)
    sys.setprofile(walk)
    try:
        result = CliRunner().invoke(cli, command, catch_exceptions=False)
    finally:
        sys.setprofile(None)
    print(json.dumps({"exit_code": result.exit_code, **walk.figures()}, indent=1))


def _short(file: str) -> str:
    return str(Path(file).relative_to(PACKAGE.parent))


if __name__ == "__main__":
    main()
