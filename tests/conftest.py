"""What holds for every test, and one embedded server for all tests of a run that need one."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import jaxtyping
import pytest

from holley_graph.graph.client import Graph
from holley_graph.server import lifecycle
from holley_graph.server.status import connect
from holley_graph.settings import Settings
from tests.support import emulator
from tests.support.emulator import Emulator
from tests.support.server import small, wipe

# The worlds here are so small that threads of torch wait for each other longer than they compute: on two busy cores
# one thread trains ten times as fast as two. Read when torch is first imported, hence no fixture.
os.environ.setdefault("OMP_NUM_THREADS", "1")

# Shapes in the signatures of the model's room are checked whenever a test calls one.
ROOT = Path(__file__).resolve().parents[1]
WITH_SHAPES = [
    ".".join(path.relative_to(ROOT).with_suffix("").parts)
    for path in (ROOT / "holley_graph" / "model").rglob("*.py")
    if "from jaxtyping" in path.read_text(encoding="utf-8")
]
jaxtyping.install_import_hook(WITH_SHAPES, "beartype.beartype")

# Nothing asserts on speed: a busy machine makes no test fail.
hypothesis.settings.register_profile(
    "patient", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("patient")


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """Settings whose embedded server runs; it lives so long that the second compiler pays."""
    settings = small(tmp_path_factory.mktemp("shared") / "home", jvm_options=())
    lifecycle.up(settings)
    yield settings
    lifecycle.down(settings)


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Settings]:
    """Settings of a server of the test's own, which may stop it and empty its store."""
    settings = small(tmp_path / "home")
    lifecycle.up(settings)
    yield settings
    lifecycle.down(settings)


@pytest.fixture(scope="session")
def bigquery_emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    """A BigQuery emulator with nothing in it."""
    with emulator.running(tmp_path_factory.mktemp("emulator")) as running:
        yield running


@pytest.fixture
def graph(server: Settings) -> Iterator[Graph]:
    """A connection to an empty database."""
    with connect(server) as connected:
        wipe(connected)
        yield connected
