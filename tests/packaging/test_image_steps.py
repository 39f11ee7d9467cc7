"""What the Dockerfile copies is enough to install the tool from: its last install, run without Docker."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path

from tests.unit.test_deploy import instructions

ROOT = Path(__file__).resolve().parents[2]


def test_the_image_installs_the_tool_from_what_it_copies(tmp_path: Path) -> None:
    """Its packages are not installed anew: they are pinned to what runs this test. Docker itself is not tried."""
    app, environment = tmp_path / "app", tmp_path / "venv"
    app.mkdir()
    for word, rest in instructions():
        if word == "COPY":
            *sources, place = rest.split()
            for source in sources:
                copy(ROOT / source, app / place)
    (install,) = (rest for word, rest in instructions() if word == "RUN" and rest.startswith("uv pip install"))
    venv.create(environment, with_pip=False)
    (packages,) = environment.glob("lib/*/site-packages")
    (packages / "borrowed.pth").write_text(next(path for path in sys.path if path.endswith("site-packages")))
    # what builds it is borrowed as well: nothing is asked of a registry, and a new cache has nothing to say of it
    variables = os.environ | {"VIRTUAL_ENV": str(environment), "UV_OFFLINE": "1", "UV_NO_BUILD_ISOLATION": "1"}
    uv = f"{Path(sys.executable).parent / 'uv'} {install.removeprefix('uv ')}"
    done = subprocess.run(uv, shell=True, cwd=app, env=variables, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert (packages / "holley_graph/cypher/recommend/user.cypher").is_file()
    process = subprocess.run(
        [environment / "bin/holley-graph", "--help"], capture_output=True, text=True, check=True
    )
    assert "night" in process.stdout


def copy(source: Path, place: Path) -> None:
    """Copy as Docker does: of a folder what is in it, a file under its name into a folder."""
    if source.is_dir():
        shutil.copytree(
            source, place, symlinks=True, ignore=shutil.ignore_patterns("__pycache__"), dirs_exist_ok=True
        )
    else:
        place.mkdir(parents=True, exist_ok=True)
        shutil.copy(source, place)
