"""The first load of an empty store, which goes by the server's offline import."""

from __future__ import annotations

from pathlib import Path
from unittest.mock import Mock

import pytest

from holley_graph.errors import GraphStateError
from holley_graph.graph import migrations
from holley_graph.loaders import sync
from holley_graph.loaders.files import FilesSource
from holley_graph.server.status import connect
from holley_graph.settings import Settings
from holley_graph.simulator.generate import generate
from holley_graph.times import seconds
from holley_graph.workflows.sync import offline_import
from tests.support.held import assert_same, held
from tests.support.sources import expected

AS_OF = seconds("2026-01-01")


def test_a_first_load_that_cannot_be_finished_leaves_an_empty_store_that_the_next_sync_fills(
    own: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = generate(tmp_path / "world", users=300, as_of=AS_OF).folder
    refused = Mock(side_effect=GraphStateError("a key is too long", "a shorter one"))
    with connect(own) as graph:
        with monkeypatch.context() as patched, pytest.raises(GraphStateError, match="too long"):
            patched.setattr(migrations, "apply", refused)
            sync.sync(FilesSource(source), graph, own, as_of=AS_OF, bulk=offline_import(own))
        assert not graph.read("load/holds_data")[0]["holds_data"]
        assert sync.sync(FilesSource(source), graph, own, as_of=AS_OF, bulk=offline_import(own)).mode == "bulk"
        assert_same(held(graph), expected(source, own, AS_OF))
