"""Lines of test code to a line of product code, for each room; docstrings, comments and empty lines do not count.

A test file counts for the room that its name says (`test_web_past.py` for `web`). Where its name says none,
`ALIASES` does. The laws of the house, and what belongs to no room, count for the ground floor.
"""

from __future__ import annotations

import ast
import io
import subprocess
import tokenize
from collections import Counter
from pathlib import Path

QUIET = {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER}
ALIASES = {
    "baseline": "baselines", "bigquery": "loaders", "flat": "loaders", "sync": "loaders", "tombstones": "loaders",
    "page": "web", "browser": "graph", "preview": "export", "explanation": "recommend", "people": "export",
    "reasons": "export", "answers": "recommend", "strategies": "recommend", "train": "model", "embed": "workflows",
    "writeback": "embeddings", "recall": "embeddings", "own": "loaders", "engine": "loaders", "change": "graph",
    "queries": "graph", "statements": "graph", "gds": "graph", "browse": "graph", "alone": "graph", "door": "web",
    "oracle": "loaders", "spelled": "loaders", "dirt": "loaders", "raw": "loaders", "lists": "loaders",
    "toys": "model", "emulator": "loaders", "proxy": "loaders", "storage": "loaders", "planted": "model",
    "live": "export", "readme": "cli", "fuzz": "cli", "command": "cli",
    "since": "loaders", "first": "loaders", "ageing": "loaders",
    "without": "recommend", "deploy": "night", "airflow": "night", "hostile": "page",
    "models": "model", "trainings": "model", "newest": "server", "snapshots": "snapshot", "worlds": "snapshot",
    "runs": "embeddings", "sources": "loaders", "held": "graph",
}  # fmt: skip
"""First word of a test file's name to the room that it asks about, where they differ."""


def code_lines(path: Path) -> int:
    """Count the lines that say something to Python, docstrings left out."""
    text = path.read_text(encoding="utf-8")
    documented = set[int]()
    for node in ast.walk(ast.parse(text)):
        for line in getattr(node, "body", []) if isinstance(getattr(node, "body", None), list) else []:
            if (
                isinstance(line, ast.Expr)
                and isinstance(line.value, ast.Constant)
                and isinstance(line.value.value, str)
            ):
                documented.update(range(line.lineno, (line.end_lineno or line.lineno) + 1))
    tokens = tokenize.generate_tokens(io.StringIO(text).readline)
    spoken = {
        line for token in tokens if token.type not in QUIET for line in range(token.start[0], token.end[0] + 1)
    }
    return len(spoken - documented)


def by_room() -> tuple[Counter[str], Counter[str]]:
    """Count lines of product code and of test code, for each room."""
    product, tests = Counter[str](), Counter[str]()
    for path in _committed("holley_graph", "loaders"):
        parts = path.parts
        product["loaders" if parts[0] == "loaders" else parts[1] if len(parts) > 2 else "ground"] += code_lines(
            path
        )
    for path in _committed("tests"):
        first = path.stem.removeprefix("test_").split("_")[0]
        tests[first if first in product else ALIASES.get(first, "ground")] += code_lines(path)
    return product, tests


def main() -> None:
    """Print the whole, then the rooms, the thinnest first."""
    product, tests = by_room()
    print(f"all {tests.total()} / {product.total()} = {tests.total() / product.total():.2f}")
    for room in sorted(product, key=lambda room: tests[room] / product[room]):
        print(f"{room:12} {tests[room]:5} / {product[room]:5} = {tests[room] / product[room]:.2f}")


def _committed(*folders: str) -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "-z", *folders], capture_output=True, text=True, check=True)
    return [Path(name) for name in listed.stdout.split("\0") if name.endswith(".py")]


if __name__ == "__main__":
    main()
