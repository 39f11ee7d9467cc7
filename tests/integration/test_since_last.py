"""Reading what is new and keeping the rest gives what reading everything gives, whatever happened meanwhile."""

import random
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from holley_graph.settings import Settings, Sync
from loaders import feeds, taken, transform
from loaders.files import FilesSource
from loaders.source import Earlier
from tests.support import dirt, raw

KEY = b"a key of more than sixteen bytes"
DAYS = 3
RULES = Sync(boundary=dirt.BOUNDARY, late_days=DAYS, allow_empty=raw.RAW_NAMES, memory_mb=256)


def take(tables, folder, as_of, earlier=None):
    """Extract and transform; leave what a sync leaves."""
    settings = Settings(home=folder, sync=RULES)
    source = FilesSource(raw.write(folder / "raw", tables))
    extracted = feeds.extract(source, settings, as_of, lambda *_: None, earlier=earlier)
    tables = transform.graph_tables(extracted, settings, as_of, KEY)
    left = taken.write(folder, "run", extracted, tables, {})
    extracted.close()
    return tables, left, extracted


def since(as_of):
    return as_of.replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=DAYS)


def history(rng, first, second):
    """A source as it was at the first sync, and as it is at the second: late rows, deletions, another catalogue."""
    whole = dirt.world(rng)
    window = since(min(first, second))

    def recent(row):
        time = row["client_event_timestamp"]
        return time is None or time >= window

    # at the first sync some of what is still in the window had not arrived, and some was there that is deleted now
    events = whole["events"]
    then = [row for row in events if not recent(row) or rng.random() < 0.5]
    then += [row for row in dirt.world(rng)["events"] if recent(row) and rng.random() < 0.3]
    before = whole | {"events": then}
    for name in ("items", "fitment", "orders", "user_attributes"):  # read anew each time: anything may change
        before[name] = [row for row in whole[name] if rng.random() < 0.7]
    return before, whole


@given(st.integers(0, 2**32), st.integers(-5, 40), st.integers(1, 48))
@hypothesis_settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_since_last_gives_the_graph_of_a_full_sync_at_the_same_time(tmp_path_factory, seed, days, hours):
    folder = tmp_path_factory.mktemp("history")
    first = raw.at("2025-09-20") + timedelta(hours=hours)
    second = first + timedelta(days=days)  # a sync of an earlier time than the last one is a sync too
    before, now = history(random.Random(seed), first, second)
    _, left, _ = take(before, folder / "first", first)
    earlier = Earlier(since(min(first, second)), left.events)
    some, _, _ = take(now, folder / "some", second, earlier)
    every, _, _ = take(now, folder / "all", second)
    for name, table in every.items():
        found, wanted = some[name].to_pylist(), table.to_pylist()
        assert [row | {"weight": 0} for row in found] == [row | {"weight": 0} for row in wanted], name
        assert [row.get("weight", 0) for row in found] == pytest.approx([row.get("weight", 0) for row in wanted])


def test_what_another_version_left_is_not_believed(tmp_path):
    _, left, _ = take(world("2025-09-05"), tmp_path, raw.at("2025-09-20"))
    assert taken.open_taken(tmp_path, "run") is not None
    (left.path / "manifest.json").write_text('{"fingerprint": "as 0.1.0 wrote it"}')
    assert taken.open_taken(tmp_path, "run") is None


def world(*days, sku="A1", items=("A1",)):
    return {
        "items": [raw.item(item) for item in items],
        "events": [raw.event("u", "Viewed Product", raw.at(day), ProductId=sku, Price=60.0) for day in days],
    }


def times(tables):
    return [list(row["at"]) for row in tables["viewed"].to_pylist()]


def test_only_the_days_from_some_before_the_last_sync_on_are_read_and_their_rows_count_once(tmp_path):
    as_of, later = raw.at("2025-09-20T00:00:00"), raw.at("2025-09-25")
    early = world("2025-09-05", "2025-09-16T23:59:59", "2025-09-17", "2025-09-19")
    _, left, _ = take(early, tmp_path / "first", as_of)
    now = world("2025-09-17", "2025-09-19", "2025-09-20", "2025-09-24")  # of the others nothing is asked
    tables, _, extracted = take(now, tmp_path / "second", later, Earlier(since(as_of), left.events))
    days = ["2025-09-05", "2025-09-16T23:59:59", "2025-09-17", "2025-09-19", "2025-09-20", "2025-09-24"]
    assert times(tables) == [[int(raw.at(day).timestamp()) for day in days]]
    assert next(account for account in extracted.accounts if account.name == "events").read == 4


def test_what_was_deleted_before_those_days_is_seen_by_a_full_sync_only(tmp_path):
    as_of = raw.at("2025-09-20")
    _, left, _ = take(world("2025-09-05", "2025-09-19"), tmp_path / "first", as_of)
    some, _, _ = take(world("2025-09-19"), tmp_path / "some", as_of, Earlier(since(as_of), left.events))
    every, _, _ = take(world("2025-09-19"), tmp_path / "all", as_of)
    assert (len(times(some)[0]), len(times(every)[0])) == (2, 1)


def test_an_interaction_waits_for_its_product_and_leaves_and_comes_back_with_it(tmp_path):
    """The catalogue changes after its days were read."""
    as_of, days = raw.at("2025-09-20"), ("2025-09-05",)
    found = []
    left = None
    for turn, items in enumerate((["B2"], ["B2", "A1"], ["B2"], ["A1"])):
        earlier = Earlier(since(as_of), left.events) if left else None
        tables, left, _ = take(world(*days, items=items), tmp_path / str(turn), as_of, earlier)
        found.append(len(times(tables)))
    assert found == [0, 1, 0, 1]
