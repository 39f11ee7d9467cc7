"""What the command line promises before it does anything."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

from holley_graph.cli import COMMANDS, GROUPS

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


def test_the_help_page_has_every_command_in_one_group() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "holley_graph", "--help"], capture_output=True, text=True, check=True
    )
    groups = re.split(r"^╭─ ", done.stdout, flags=re.M)
    for title, names in GROUPS.items():
        (panel,) = (group for group in groups if group.startswith(f"{title} "))
        assert re.findall(r"^│ ([a-z]+) ", panel, flags=re.M) == list(names)
    assert sum(map(len, GROUPS.values())) == len(COMMANDS)


SLOW = HEAVY - {"neo4j"}


def test_a_command_that_asks_the_server_imports_no_engine(tmp_path: Path) -> None:
    """They are typed often; each import costs a part of a second, PyTorch and pandas more."""
    code = f"""
import sys
from pathlib import Path
from holley_graph.cli import cli
try:
    cli.main([*sys.argv[1:]], prog_name="holley-graph")
except SystemExit:
    pass
except Exception as error:
    assert "is down" in str(error), error
print(sorted({SLOW!r} & set(sys.modules)), file=sys.stderr)
"""
    for arguments in (
        ["status"],
        ["recommend", "--user", "u"],
        ["recommend", "--vehicle", "1969 CHEVROLET CAMARO"],
        ["explain", "--user", "u", "--sku", "s"],
        ["find", "vehicles"],
    ):
        command = [sys.executable, "-c", code, "--home", str(tmp_path / "home"), *arguments]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        assert done.stderr.splitlines()[-1] == "[]", (arguments, done.stderr)
