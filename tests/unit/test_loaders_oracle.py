"""Random worlds full of traps: every clean table, every account and every graph table against the plain oracle."""

import random

import pytest

from holley_graph.loaders import feeds, identity
from holley_graph.loaders.files import FilesSource
from holley_graph.settings import Settings, Sync
from tests.support import dirt, oracle, raw, worlds
from tests.support.dirt import AS_OF, BOUNDARY


def rows(table):
    return sorted(table, key=lambda row: [(value is not None, str(value)) for value in row.values()])


@pytest.mark.parametrize("seed", range(8))
def test_clean_tables_accounts_and_graph_tables_are_those_of_the_oracle(seed, tmp_path):
    tables = dirt.world(random.Random(seed))
    settings = Settings(home=tmp_path / "home", sync=Sync(boundary=BOUNDARY))
    extracted = feeds.extract(FilesSource(raw.write(tmp_path / "raw", tables)), settings, AS_OF, lambda *_: None)
    key = identity.email_key(settings)
    expected = oracle.World(tables, BOUNDARY, AS_OF, key)

    for name in ("users", "fitment", "items", "events", "orders"):
        assert rows(extracted.clean(name).to_pylist()) == rows(getattr(expected, name)), name
    for account in extracted.accounts:
        assert account.read == len(tables[account.name])
        assert account.rejected == dict(expected.rejected[account.name])
        assert account.ignored == dict(expected.ignored[account.name])

    weights = settings.weights
    base = {"viewed": weights.view, "carted": weights.cart, "ordered": weights.order}
    graph = worlds.tables_of(extracted, settings, AS_OF, key)
    for name, wanted in expected.graph(key, weights.half_life_days, base).items():
        actual, wanted = rows(graph[name].to_pylist()), rows(wanted)
        assert [row | {"weight": 0} for row in actual] == [row | {"weight": 0} for row in wanted], name
        assert [row.get("weight", 0) for row in actual] == pytest.approx([row.get("weight", 0) for row in wanted])
