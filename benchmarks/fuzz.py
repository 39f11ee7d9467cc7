"""Hostile command lines, settings and damaged files: every failure has to be one line with a documented code.

    python -m benchmarks.fuzz arguments --count 10000
    python -m benchmarks.fuzz damage HOME --count 1000 --command 'rejects list --json'

Each case runs in a process of its own, a copy of one that has everything imported. `damage` copies a home for
each case and runs the command on it; an answer that differs from the undamaged home's counts as wrong.
"""

from __future__ import annotations

import argparse
import json
import os
import pkgutil
import random
import re
import resource
import shlex
import shutil
import signal
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import rich_click as click

import holley_graph
from holley_graph.cli import COMMANDS, cli, main
from holley_graph.settings import Settings
from tests.support import clean

SECONDS = 30
"""A case that takes longer counts as a hang."""
UNFORESEEN = 70
HOSTILE = (
    "", " ", "-", "--", "x", "0", "-1", "1e999", "nan", "inf", "99999999999999999999", "1.5",
    "-9223372036854775809",
    "[/b]", "[bold]", "%s%n", "{}", "a" * 5_000, "é" * 300, "\u202egpj", "\x1b[2J", "\x7f", "\udcff", "a\nb",
    "\t", "/dev/null", "/dev/full", "/proc/self/mem", ".", "..", "~", "file.csv", "no/such.csv",
    "x.parquet", "x.ndjson", "files:", "files:.", "files:/dev/null", "files:\udcff", "bigquery",
    "bigquery:", "bigquery:a.b", "bigquery:../x", "2026-01-01", "0001-01-01", "9999-12-31T23:59:59-14:00",
    "2026-13-01", "1969 CHEVROLET CAMARO", "||", "a|b|c", "'; DROP", "$x", "MATCH (n)", "*", "[a]", "\\",
)  # fmt: skip
"""Values that a person, a script or an attacker gives where something else is due."""
URIS = ("bolt://", "bolt://[", "bolt://h:99999999", "http://x", "neo4j+s://x y", "bolt://127.0.0.1:1", "\udcff")


@dataclass(frozen=True)
class Outcome:
    """How a case ended: `code` is none where it was still running."""

    code: int | None
    out: str
    error: str

    @property
    def fault(self) -> str:
        """What is wrong with it; "" if nothing is."""
        if self.code is None:
            return "hang"
        if self.code < 0:
            return f"signal {-self.code}"
        if "Traceback (most recent call last)" in self.error:
            return "traceback"
        if self.code == UNFORESEEN:
            return "unforeseen"
        spoke = re.search(r"^(error: |Aborted)|Usage:", self.error, re.M)
        return "" if self.code in (0, 1) or spoke else f"silent {self.code}"


def run(arguments: Sequence[str], environment: Mapping[str, str], folder: Path, seconds: int = SECONDS) -> Outcome:
    """Run one command line in a process of its own inside `folder`."""
    out, error = folder / ".out", folder / ".error"
    child = clean.CLEAN.Process(target=_child, args=(arguments, environment, folder, out, error, seconds))
    child.start()
    child.join()
    code = None if child.exitcode == -signal.SIGALRM else child.exitcode
    return Outcome(code, *(path.read_text(encoding="utf-8", errors="replace") for path in (out, error)))


def _child(
    arguments: Sequence[str], environment: Mapping[str, str], folder: Path, out: Path, error: Path, seconds: int
) -> None:
    code = UNFORESEEN
    try:
        for path, number in ((out, 1), (error, 2)):
            os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), number)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.chdir(folder)
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 28, 1 << 28))
        signal.alarm(seconds)
        os.environ.update(environment)
        sys.argv = ["holley-graph", *arguments]
        for stream, number in (("stdout", 1), ("stderr", 2)):
            setattr(sys, stream, open(number, "w", encoding="utf-8", closefd=False))  # noqa: SIM115
        main()
        code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:
        import traceback

        traceback.print_exc()
    finally:
        for stream_ in (sys.stdout, sys.stderr):
            stream_.flush()
        os._exit(code)


def import_everything(but: str = "-") -> None:
    """Have every room imported, so that a case costs no import; `but` those whose name begins so."""
    modules = (module.name for module in pkgutil.walk_packages(holley_graph.__path__, "holley_graph."))
    clean.import_before(*(name for name in modules if not name.endswith("__main__") and not name.startswith(but)))


def command_lines(rng: random.Random, count: int, names: Sequence[str] = tuple(COMMANDS)) -> Iterator[list[str]]:
    """Draw command lines: known options with hostile values, hostile options, too many and too few arguments."""
    context = click.RichContext(cli)
    commands = {name: cli.get_command(context, name) for name in names}
    for _ in range(count):
        line = _options(rng, cli.params, 0.15)
        name = rng.choice(list(commands))
        command = commands[name]
        assert command is not None
        line += [name if rng.random() > 0.02 else rng.choice(HOSTILE), *_options(rng, command.params, 0.5)]
        if rng.random() < 0.1:
            line.insert(rng.randrange(len(line) + 1), rng.choice((*HOSTILE, "--no-such", "-k")))
        yield line


def _options(rng: random.Random, params: Sequence[click.Parameter], share: float) -> list[str]:
    line: list[str] = []
    for param in params:
        wanted = share + (0.4 if param.required else 0)
        if rng.random() > wanted or param.name in ("help", "debug", "version"):
            continue
        flag = isinstance(param, click.Option) and param.is_flag
        choices = list(getattr(param.type, "choices", ())) * 20
        values = URIS if param.name == "uri" else (*HOSTILE, *choices)
        name = [rng.choice(param.opts)] if isinstance(param, click.Option) else []
        line += name if flag else [*name, rng.choice(values)]
    return line


def environments(rng: random.Random, count: int) -> Iterator[dict[str, str]]:
    """Draw settings: one or two of the environment with hostile values."""
    keys = [
        f"HOLLEY_GRAPH_{section.upper()}__{name.upper()}"
        for section, field in Settings.model_fields.items()
        for name in getattr(field.annotation, "model_fields", ())
    ]
    for _ in range(count):
        yield {rng.choice(keys): _without_nul(rng.choice(HOSTILE)) for _ in range(rng.randint(1, 2))}


def _without_nul(text: str) -> str:
    return text.replace("\0", "")


def damage(rng: random.Random, home: Path) -> str:
    """Damage one file of a home; return what was done."""
    files = sorted(path for path in home.rglob("*") if path.is_file() and "server" not in path.parts)
    path = rng.choice(files)
    content = path.read_bytes()
    kind = rng.choice(("flip", "cut", "empty", "remove", "folder", "junk", "swap"))
    if kind == "flip" and content:
        at = rng.randrange(len(content))
        path.write_bytes(content[:at] + bytes([content[at] ^ (1 << rng.randrange(8))]) + content[at + 1 :])
    elif kind == "cut":
        path.write_bytes(content[: rng.randrange(len(content) + 1)])
    elif kind in ("remove", "folder"):
        path.unlink()
        if kind == "folder":
            path.mkdir()
    elif kind == "swap":
        path.write_bytes(rng.choice(files).read_bytes())
    else:
        path.write_bytes(b"" if kind == "empty" else rng.randbytes(100))
    return f"{kind} {path.relative_to(home)}"


def of_arguments(
    count: int, seed: int, environment: Mapping[str, str], names: Sequence[str] = tuple(COMMANDS)
) -> Counter[str]:
    """Run drawn command lines and settings; print those with a fault, and count."""
    rng, seen = random.Random(seed), Counter[str]()  # noqa: S311  drawn cases, no secrets
    settings = environments(rng, count)
    for number, line in enumerate(command_lines(rng, count, names)):
        setting = next(settings) if number % 4 == 0 else {}
        with tempfile.TemporaryDirectory() as folder:
            ended = run(line, {**environment, "HOLLEY_GRAPH_HOME": f"{folder}/home", **setting}, Path(folder))
        seen[ended.fault or "fine"] += 1
        if ended.fault:
            print(json.dumps([ended.fault, line, setting, ended.error.splitlines()[-3:]]), flush=True)
    return seen


def of_damage(
    home: Path, commands: Sequence[Sequence[str]], count: int, seed: int, may_vanish: bool = False
) -> Counter[str]:
    """Damage copies of a home and run commands on them; print faults and answers that differ, and count.

    Args:
        home: copied for each case, without its server.
        commands: one is drawn for each case.
        count: cases.
        seed: of the draws.
        may_vanish: whether an answer may lack what was removed as a whole, as a list of folders does.
    """
    rng, seen = random.Random(seed), Counter[str]()  # noqa: S311  drawn cases, no secrets
    with _copied(home) as (copy, folder):
        right = {tuple(command): answer(command, copy, folder).out for command in commands}
    for _ in range(count):
        with _copied(home) as (copy, folder):
            done, line = damage(rng, copy), rng.choice(commands)
            ended = answer(line, copy, folder)
            wrong = ended.code == 0 and ended.out != right[tuple(line)]
            lacks = may_vanish and done.startswith("remove")
            fault = ended.fault or ("wrong" if wrong and not lacks else "")
            seen[fault or ("refused" if ended.code else "unharmed")] += 1
            if fault:
                print(json.dumps([fault, done, list(line), ended.error.splitlines()[-3:]]), flush=True)
    return seen


@contextmanager
def _copied(home: Path) -> Iterator[tuple[Path, Path]]:
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "home"
        shutil.copytree(home, copy, ignore=shutil.ignore_patterns("server", "*.lock"))
        yield copy, Path(folder)


def answer(line: Sequence[str], home: Path, folder: Path) -> Outcome:
    """Run a command on a home; paths in what it says are the same for every copy."""
    ended = run(["--home", str(home), *line], {}, folder)
    return Outcome(ended.code, ended.out.replace(str(folder), ""), ended.error)


def parsed() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("arguments", "damage"))
    parser.add_argument("home", nargs="?", type=Path)
    parser.add_argument("--count", type=int, default=1_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--command", default="rejects list --json", help="the command that reads the home")
    return parser.parse_args()


if __name__ == "__main__":
    options = parsed()
    import_everything()
    nowhere = {
        "HOLLEY_GRAPH_SERVER__JAR_CACHE": "/dev/null/jars",
        "HOLLEY_GRAPH_SERVER__MAVEN_URL": "http://127.0.0.1:9",
    }
    if options.what == "arguments":
        print(of_arguments(options.count, options.seed, nowhere))
    else:
        print(of_damage(options.home, [shlex.split(options.command)], options.count, options.seed))
