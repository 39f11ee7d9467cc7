"""The built wheel, installed in an empty environment far from the checkout, without a network."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import sysconfig
import tarfile
import tomllib
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

LOADS_EVERYTHING = """
from importlib.metadata import metadata, version
from importlib.resources import files
from pathlib import Path
import holley_graph
from holley_graph.simulator import vehicles
from holley_graph.graph import migrations, queries
from holley_graph.server import lock
from holley_graph.loaders.engine import dialects, statements

here = Path(holley_graph.__file__).parent
assert here.is_relative_to(Path({environment!r})), here
assert queries.folder() == here / "cypher"
assert [queries.load(name) for name in queries.names()]
assert migrations.available()
assert [dialects.duckdb(name) for name in statements.names()]
assert lock.read()
for name in ("vehicles.csv", "part_types.csv", "README.md"):
    assert (files("holley_graph.simulator") / name).read_text(encoding="utf-8"), name
assert (here / "py.typed").is_file()
assert metadata("holley-graph").get_all("License-File") == ["LICENSE", "NOTICE"]
print(len(queries.names()), len(statements.names()))
"""


@pytest.fixture(scope="module")
def dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The source distribution, and the wheel that is built from it, so that both are known to be complete."""
    folder = tmp_path_factory.mktemp("dist")
    build = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    done = subprocess.run(build, capture_output=True, text=True, check=False, cwd=folder)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


@pytest.fixture(scope="module")
def wheel(dist: Path) -> Path:
    (built,) = dist.glob("*.whl")
    return built


OF_EXTRA = ("torch", "torch_geometric", "optuna", "safetensors", "jaxtyping")


@pytest.fixture(scope="module")
def environment(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A new environment with nothing but the wheel, which borrows this one's libraries."""
    return installed(wheel, tmp_path_factory.mktemp("environment"))


@pytest.fixture(scope="module")
def without_extra(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same without the packages of the extra `train`: a line of a `.pth` file lets nobody import them."""
    folder = installed(wheel, tmp_path_factory.mktemp("without_extra"))
    (packages,) = folder.glob("lib/python*/site-packages")
    (packages / "blocked.pth").write_text(f"import sys; sys.modules.update(dict.fromkeys({OF_EXTRA!r}))\n")
    return folder


def installed(wheel: Path, folder: Path) -> Path:
    """Install the wheel, and borrow this environment's libraries.

    A folder that a `.pth` file adds has its own `.pth` files ignored, the editable install among them.
    """
    venv.create(folder, with_pip=False)
    python = folder / "bin" / "python"
    pip = [sys.executable, "-m", "pip", "--python", str(python), "install", "--no-deps", "--no-index", "--quiet"]
    subprocess.run([*pip, str(wheel)], check=True, cwd=folder)
    (packages,) = folder.glob("lib/python*/site-packages")
    (packages / "borrowed.pth").write_text(sysconfig.get_paths()["purelib"] + "\n")
    return folder


def run(environment: Path, *command: str) -> str:
    done = ended(environment, *command)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def ended(environment: Path, *command: str) -> subprocess.CompletedProcess[str]:
    by_key = {key: value for key, value in os.environ.items() if not key.startswith(("PYTHON", "HOLLEY_GRAPH_"))}
    return subprocess.run(
        [str(environment / "bin" / command[0]), *command[1:]],
        capture_output=True,
        text=True,
        cwd=environment,
        env=by_key,
        check=False,
    )


def test_the_wheel_holds_the_packages_and_nothing_else(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    info = next(name for name in names if name.endswith(".dist-info/METADATA")).split("/")[0]
    assert {name.split("/")[0] for name in names} == {"holley_graph", info}
    assert [name for name in names if "__pycache__" in name or "/tests/" in name or name.endswith(".pyc")] == []


def test_the_source_distribution_holds_every_module_once(dist: Path) -> None:
    """In it `holley_graph/loaders` is a folder, and not a link to one beside it."""
    (source,) = dist.glob("*.tar.gz")
    with tarfile.open(source) as archive:
        inside = [Path(*Path(member.name).parts[1:]) for member in archive.getmembers() if member.isfile()]
    assert {path.parts[0] for path in inside if path.suffix == ".sql"} == {"sql"}
    assert [path for path in inside if path.parts[0] == "loaders"] == []
    modules = {Path("holley_graph", path.relative_to(ROOT)) for path in (ROOT / "loaders").rglob("*.py")}
    assert modules <= set(inside)
    assert len(inside) == len(set(inside))


def test_the_wheel_carries_its_licences(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        licences = {Path(name).name: archive.read(name) for name in archive.namelist() if "/licenses/" in name}
    assert set(licences) == {"LICENSE", "NOTICE"}
    assert b"Apache License" in licences["LICENSE"]
    assert b"GPL" in licences["NOTICE"]


def test_every_committed_statement_is_in_the_wheel(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        inside = set(archive.namelist())
    cypher = {f"holley_graph/{path.relative_to(ROOT)}" for path in (ROOT / "cypher").rglob("*.cypher")}
    sql = {f"holley_graph/{path.relative_to(ROOT)}" for path in (ROOT / "sql").rglob("*.sql")}
    assert cypher | sql <= inside


def test_the_installed_command_answers(environment: Path) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["version"] in run(environment, "holley-graph", "--version")
    assert "recommend" in run(environment, "holley-graph", "--help")


def test_the_installed_package_loads_all_its_files(environment: Path) -> None:
    counted = run(environment, "python", "-c", LOADS_EVERYTHING.format(environment=str(environment)))
    cypher, sql = map(int, counted.split())
    assert cypher == len([p for p in (ROOT / "cypher").rglob("*.cypher") if p.parent.name != "migrations"])
    assert sql == len(list((ROOT / "sql").rglob("*.sql")))


def test_torch_is_asked_for_by_the_extra_alone(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        needed = re.findall(r"^Requires-Dist: ([\w-]+)(.*)$", archive.read(name).decode(), flags=re.M)
    by_key = {package: rest for package, rest in needed if package.replace("-", "_") in OF_EXTRA}
    assert len(by_key) == len(OF_EXTRA)
    assert all("extra == 'train'" in rest for rest in by_key.values())


def test_a_command_that_trains_names_the_extra_in_one_line(without_extra: Path) -> None:
    home = str(without_extra / "home")
    for command in (["train"], ["tune"], ["backtest"], ["embed", "--new"], ["demo"]):
        done = ended(without_extra, "holley-graph", "--home", home, *command)
        message = [line for line in done.stderr.splitlines() if not re.match(r"\d\d:", line)]
        assert (done.returncode, done.stdout, len(message)) == (21, "", 2), done.stderr
        assert "which is not installed" in message[0]
        assert message[1] == "hint: pip install 'holley-graph[train]'"


def test_everything_else_runs_without_the_extra(without_extra: Path) -> None:
    home = str(without_extra / "home")
    assert "the server is down" in run(without_extra, "holley-graph", "--home", home, "status")
    assert "next: holley-graph" in run(without_extra, "holley-graph", "--home", home, "runs")
    for command in (["recommend", "--user", "u"], ["sync", "--source", "files:x"], ["export", "--out", "x.csv"]):
        done = ended(without_extra, "holley-graph", "--home", home, *command)
        assert (done.returncode, "is down" in done.stderr) == (10, True), done.stderr
