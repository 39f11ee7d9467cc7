"""Reading what is new and keeping the rest gives what reading everything gives, whatever happened meanwhile."""

import random
from dataclasses import asdict, dataclass, replace

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from holley_graph.loaders import (
    ageing,
    change,
    deadletter,
    earlier,
    feeds,
    identity,
    sync_tables,
    tombstones,
    transform,
)
from holley_graph.loaders.files import FilesSource
from holley_graph.settings import Settings, Sync
from holley_graph.times import DAY, iso, moment, seconds
from tests.support import dirt, raw

DAYS = 3
RULES = Sync(boundary=dirt.BOUNDARY, late_days=DAYS, allow_empty=raw.RAW_NAMES, memory_mb=256)
NIGHT = DAY


@dataclass
class Synced:
    """What a sync took and made, and what it left."""

    extracted: feeds.Extract
    tables: dict[str, pa.Table]
    left: sync_tables.SyncTables

    @property
    def unread(self) -> set[str]:
        return set(self.extracted.unread)

    @property
    def rejected(self) -> dict[str, list]:
        """Dead letters by feed."""
        folder = self.left.path.parents[1] / "rejects" / self.left.path.name
        return {path.stem: pq.read_table(path).to_pylist() for path in sorted(folder.glob("*.parquet"))}


def take(tables, home, run, as_of, before=None, **rules):
    """Extract and transform; leave what a sync leaves."""
    settings = Settings(home=home, sync=RULES, **rules)
    key = identity.email_key(settings)
    source = FilesSource(raw.write(home / f"raw-{run}", tables))
    digests = source.digests()
    last = earlier.find(before, digests, settings, as_of) if before else None
    extracted = feeds.extract(source, settings, as_of, lambda *_: None, earlier=last)
    deadletter.write(home / "rejects" / run, extracted, key)
    old, held = before.tables() if before else {}, None
    if before:
        weighed = before.manifest["weights_version"] == ageing.weights_version(as_of, settings.weights)
        held = transform.EarlierTables(
            old, before.file("members"), last.same, extracted.people() if weighed else None
        )
    behind = transform.members(extracted, key, held)
    made = transform.graph_tables(extracted, behind, settings, as_of, key, held)
    if held:
        people = dict.fromkeys(held.partly, held.people)
        some, all_ = (change.compare(extracted.engine, old, *new) for new in ((made, people), (whole_again(made),)))
        assert same_changes(some, all_)
    manifest = {
        "as_of": iso(as_of),
        "digests": digests,
        "accounts": [asdict(account) for account in extracted.accounts],
        "weights_version": ageing.weights_version(as_of, settings.weights),
    }
    there = {name: before.file(name) for name, table in made.items() if table is old.get(name)}
    left = sync_tables.write(home, run, extracted, made, behind, manifest, there)
    extracted.close()
    return Synced(extracted, made, left)


def whole_again(tables):
    """The same tables, not known to be."""
    return {name: table.slice(0) for name, table in tables.items()}


def same_changes(changes, wanted):
    return all(
        getattr(changes[name].change, part).equals(getattr(change_.change, part))
        for name, change_ in wanted.items()
        for part in ("upserts", "removals", "weight_only")
    )


def history(rng, first, second):
    """A source as it was at the first sync, and as it is at the second: late rows, deletions, another catalogue."""
    whole = dirt.world(rng)
    window = since(min(first, second))
    first, second = moment(first), moment(second)

    def recent(row):
        time = row["client_event_timestamp"]
        return time is None or time >= window

    # at the first sync some of what is still in the window had not arrived, and some was there that is deleted now
    events = whole["events"]
    then = [row for row in events if not recent(row) or rng.random() < 0.5]
    then += [row for row in dirt.world(rng)["events"] if recent(row) and rng.random() < 0.3]
    if rng.random() < 0.5:  # nobody changed their attributes between the two, and yet some later
        whole["user_attributes"] = [
            row for row in whole["user_attributes"] if not first <= (row["update_timestamp"] or first) < second
        ]
    before = whole | {"events": then}
    for name in ("items", "fitment", "orders", "user_attributes"):  # as they were, or anything may have changed
        if rng.random() < 0.3:
            before[name] = [row for row in whole[name] if rng.random() < 0.7]
    return before, whole


def since(as_of):
    return moment((as_of // DAY - DAYS) * DAY)


@given(st.integers(0, 2**32), st.integers(-5, 40), st.integers(1, 48))
@hypothesis_settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_since_last_gives_the_graph_of_a_full_sync_at_the_same_time(tmp_path_factory, seed, days, hours):
    home = tmp_path_factory.mktemp("history")
    first = seconds("2025-09-20") + 3600 * hours
    second = first + days * DAY  # a sync of an earlier time than the last one is a sync too
    before, now = history(random.Random(seed), first, second)
    left = take(before, home, "first", first).left
    some, every = take(now, home, "some", second, left), take(now, home, "all", second)
    for name, table in every.tables.items():
        actual, wanted = some.tables[name].to_pylist(), table.to_pylist()
        assert [row | {"weight": 0} for row in actual] == [row | {"weight": 0} for row in wanted], name
        assert [row.get("weight", 0) for row in actual] == pytest.approx([row.get("weight", 0) for row in wanted])
    for account, wanted in zip(some.extracted.accounts, every.extracted.accounts, strict=True):
        if account.name != "events":
            assert replace(account, seconds=0) == replace(wanted, seconds=0)
            assert some.rejected.get(account.name) == every.rejected.get(account.name)
    assert {name: table.to_pylist() for name, table in some.left.tables().items()} == {
        name: table.to_pylist() for name, table in some.tables.items()
    }
    for name, path in every.left.clean_files().items():
        if name != "clean_events":
            assert pq.read_table(some.left.file(name)).equals(pq.read_table(path))


def test_what_another_version_left_is_not_believed(tmp_path):
    left = take(world("2025-09-05"), tmp_path, "run", seconds("2025-09-20")).left
    assert sync_tables.open_tables(tmp_path, "run") is not None
    (left.path / "manifest.json").write_text('{"fingerprint": "as 0.1.0 wrote it"}')
    assert sync_tables.open_tables(tmp_path, "run") is None


def world(*days, sku="A1", items=("A1",)):
    return {
        "items": [raw.item(item) for item in items],
        "events": [raw.event("u", "Viewed Product", raw.at(day), ProductId=sku, Price=60.0) for day in days],
    }


def times(synced):
    return [list(row["at"]) for row in synced.tables["viewed"].to_pylist()]


def test_only_the_days_from_some_before_the_last_sync_on_are_read_and_their_rows_count_once(tmp_path):
    as_of, later = seconds("2025-09-20"), seconds("2025-09-25")
    early = world("2025-09-05", "2025-09-16T23:59:59", "2025-09-17", "2025-09-19")
    left = take(early, tmp_path, "first", as_of).left
    now = world("2025-09-17", "2025-09-19", "2025-09-20", "2025-09-24")  # of the others nothing is asked
    second = take(now, tmp_path, "second", later, left)
    days = ["2025-09-05", "2025-09-16T23:59:59", "2025-09-17", "2025-09-19", "2025-09-20", "2025-09-24"]
    assert times(second) == [[int(raw.at(day).timestamp()) for day in days]]
    assert next(account for account in second.extracted.accounts if account.name == "events").read == 4


def test_what_was_deleted_before_those_days_is_seen_by_a_full_sync_only(tmp_path):
    as_of = seconds("2025-09-20")
    left = take(world("2025-09-05", "2025-09-19"), tmp_path, "first", as_of).left
    some = take(world("2025-09-19"), tmp_path, "some", as_of, left)
    every = take(world("2025-09-19"), tmp_path, "all", as_of)
    assert (len(times(some)[0]), len(times(every)[0])) == (2, 1)


def test_an_interaction_waits_for_its_product_and_leaves_and_comes_back_with_it(tmp_path):
    """The catalogue changes after its days were read."""
    as_of, days = seconds("2025-09-20"), ("2025-09-05",)
    results = []
    left = None
    for turn, items in enumerate((["B2"], ["B2", "A1"], ["B2"], ["A1"])):
        synced = take(world(*days, items=items), tmp_path, str(turn), as_of, left)
        left = synced.left
        results.append(len(times(synced)))
    assert results == [0, 1, 0, 1]


# ---- what is not read --------------------------------------------------------------------------------------------

FIRST = seconds("2025-09-20")
SHOP = {
    "user_attributes": [
        raw.attributes("u", raw.at("2025-09-05"), email="ann@x.com", v1_year="1969", v1_make="F", v1_model="M"),
        raw.attributes("u", raw.at("2025-09-22"), v1_year="1970"),  # not known yet
        raw.attributes(" ", raw.at("2025-09-05"), v1_year="1970"),  # nobody
    ],
    "fitment": [raw.fitment("1969", "F", "M", ["A1"])],
    "items": [raw.item("A1")],
    "events": [raw.event("u", "Viewed Product", raw.at("2025-09-19"), ProductId="A1")],
    "orders": [raw.order(sku, "ann@x.com", "Friday, January 10, 2025") for sku in ("A1", "B2")],
}
ALL = {"user_attributes", "orders"}


def second(home, as_of=FIRST + NIGHT, run="second", **changed):
    """The second sync of the shop, with some of its tables changed."""
    first = run + "-first"
    return take(SHOP | changed, home, run, as_of, take(SHOP, home, first, FIRST).left)


def test_a_table_that_did_not_change_is_not_read_and_what_it_gave_is_there_again(tmp_path):
    synced = second(tmp_path)
    assert synced.unread == ALL  # the catalogue is read: what is read of events asks for it
    assert set(synced.rejected) == ALL
    assert [account.rejected for account in synced.extracted.accounts if account.name in ALL] == [
        {"user.no_id": 1},
        {"order.unknown_sku": 1},
    ]
    third = take(SHOP, tmp_path, "third", FIRST + 2 * NIGHT - 3600, synced.left)
    assert third.unread == ALL
    assert third.rejected == synced.rejected


def test_a_table_is_read_again_when_more_of_it_is_known_or_less(tmp_path):
    assert second(tmp_path, FIRST + 2 * NIGHT).unread == ALL  # up to the very time of the next row
    later = second(tmp_path, FIRST + 2 * NIGHT + 1, "later")
    assert later.unread == {"orders"}
    assert [row["year"] for row in later.tables["vehicle"].to_pylist()] == [1969, 1970]
    assert second(tmp_path, FIRST - NIGHT, "back").unread == set()


def test_a_table_is_read_again_when_it_or_the_catalogue_that_it_is_held_against_changed(tmp_path):
    items = [raw.item("A1"), raw.item("B2")]
    synced = second(tmp_path, items=items)
    assert synced.unread == {"user_attributes"}
    assert synced.tables["ordered"].column("sku").to_pylist() == ["A1", "B2"]
    assert second(tmp_path, run="users", user_attributes=SHOP["user_attributes"][:1]).unread == {"orders"}


def test_tables_with_model_years_are_read_again_when_the_year_has_turned(tmp_path):
    tables = SHOP | {"fitment": [*SHOP["fitment"], raw.fitment("2028", "F", "M", ["A1"])]}
    first = take(tables, tmp_path, "first", seconds("2025-12-30")).left
    still = take(tables, tmp_path, "still", seconds("2026-01-01"), first)  # all that it knows is of 2025
    assert still.unread == ALL
    turned = take(tables, tmp_path, "turned", seconds("2026-01-02"), still.left)
    assert turned.unread == set()
    assert 2028 in turned.tables["vehicle"]["year"].to_pylist()


def test_a_table_is_read_again_when_its_dead_letters_are_gone(tmp_path):
    left = take(SHOP, tmp_path, "first", FIRST).left
    (tmp_path / "rejects" / "first" / "orders.parquet").unlink()
    assert take(SHOP, tmp_path, "second", FIRST, left).unread == {"user_attributes"}


def test_whoever_shares_an_address_with_the_forgotten_is_left_out_of_what_is_not_read_too(tmp_path):
    """Users are read wherever somebody is forgotten: the forgotten are found by the rows that go."""
    key = identity.email_key(Settings(home=tmp_path))
    tombstones.add(tmp_path, key, [], "ann@x.com")
    event = raw.event("u", "Viewed Product", moment(FIRST), ProductId="A1")
    synced = second(tmp_path, events=[event])
    assert synced.unread == {"orders"}
    assert [synced.tables[name].num_rows for name in ("user", "viewed", "ordered")] == [0, 0, 0]
    assert pq.read_table(synced.left.clean("orders")).num_rows == 0
