"""One embedded server for all integration tests of a run."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from holley_graph.graph.client import Graph
from holley_graph.server import lifecycle
from holley_graph.server.status import connect
from holley_graph.settings import Settings
from tests.support import emulator
from tests.support.emulator import Emulator
from tests.support.server import small, wipe


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """Settings whose embedded server runs."""
    settings = small(tmp_path_factory.mktemp("shared") / "home")
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
