"""What the command line promises before it does anything."""

from __future__ import annotations

import json
import subprocess
import sys

from holley_graph.cli import COMMANDS

HEAVY = {"torch", "torch_geometric", "neo4j", "graphdatascience", "pandas", "duckdb", "pyarrow", "sqlglot", "numpy"}


def test_help_of_every_command_imports_nothing_heavy() -> None:
    code = f"""
import json, sys
from holley_graph.cli import cli
loaded = {{}}
for args in [["--help"], *([name, "--help"] for name in {list(COMMANDS)!r})]:
    try:
        cli.main(args, prog_name="holley-graph")
    except SystemExit as end:
        assert end.code == 0, args
    loaded[args[0]] = sorted({HEAVY!r} & set(sys.modules))
print(json.dumps(loaded), file=sys.stderr)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    loaded = json.loads(done.stderr.splitlines()[-1])
    assert set(loaded) == {"--help", *COMMANDS}
    assert {name: heavy for name, heavy in loaded.items() if heavy} == {}
