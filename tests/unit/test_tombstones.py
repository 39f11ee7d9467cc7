"""What a sync leaves out of every source: people whose hash is on the list."""

from __future__ import annotations

import stat

import pytest

from holley_graph.errors import ParcelError
from holley_graph.loaders import feeds, identity, tombstones
from holley_graph.loaders.files import FilesSource
from holley_graph.settings import Settings, Sync
from holley_graph.times import seconds
from tests.support import raw

AS_OF = seconds("2025-11-01")


def extracted(tmp_path, settings):
    when = raw.at("2025-10-01")
    who = ("ann", "bob", "ann")
    source = raw.write(
        tmp_path / "raw",
        {
            "user_attributes": [
                raw.attributes("u1", when, email="Ann@x.com"),
                raw.attributes("u2", when, email="bob@x.com"),
                raw.attributes("u3", when, email="ann@x.com "),
                raw.attributes("u3", when, email="ann@x.com", v1_year="x"),
            ],
            "fitment": [raw.fitment("1969", "FORD", "F", ["A1"])],
            "items": [raw.item("A1")],
            "events": [
                raw.event(user, "Viewed Product", when, ProductId=sku)
                for user in ("u1", "u2", "u3", "u4")
                for sku in ("A1", "NOT-LISTED")
            ],
            "orders": [
                raw.order(sku, f"{name}@x.com", "Monday, January 6, 2025") for name in who for sku in ("A1", "B?")
            ],
        },
    )
    extract_ = feeds.extract(FilesSource(source), settings, AS_OF, lambda *_: None)
    rejected = {
        (feed, row[0])
        for feed in ("users", "events", "orders")
        for row in extract_.tables[f"rejected_{feed}"].fetchall()
    }
    rows = {
        "users": set(extract_.clean("users")["user_id"].to_pylist()),
        "events": set(extract_.clean("events")["user_id"].to_pylist()),
        "waiting": set(extract_.waiting()["user_id"].to_pylist()),
        "orders": set(extract_.clean("orders")["email"].to_pylist()),
        "rejected events": {
            row[2].split('"user_id":"')[1][:2] for row in extract_.tables["rejected_events"].fetchall()
        },
        "rejected orders": {row[3] for row in extract_.tables["rejected_orders"].fetchall()},
    }
    extract_.close()
    return rows, rejected


@pytest.fixture
def settings(tmp_path):
    return Settings(home=tmp_path / "home", sync=Sync(max_rejected_share=1))


def test_without_anybody_forgotten_everybody_is_taken(tmp_path, settings):
    report, _ = extracted(tmp_path, settings)
    assert report["users"] == {"u1", "u2", "u3"}
    assert report["events"] == {"u1", "u2", "u3", "u4"}
    assert report["orders"] == report["rejected orders"] == {"ann@x.com", "bob@x.com"}


def test_a_forgotten_address_takes_all_its_ids_orders_and_rejected_rows_with_it(tmp_path, settings):
    tombstones.add(settings.home, identity.email_key(settings), ["u1"], "ann@x.com")
    report, rejected = extracted(tmp_path, settings)
    assert report["users"] == {"u2"}
    for name in ("events", "waiting", "rejected events"):
        assert report[name] <= {"u2", "u4"}, name
    assert report["events"] == {"u2", "u4"}
    assert report["orders"] == report["rejected orders"] == {"bob@x.com"}
    assert ("users", "user.bad_year") not in rejected


def test_a_forgotten_id_without_an_address_takes_only_itself(tmp_path, settings):
    tombstones.add(settings.home, identity.email_key(settings), ["u4"], None)
    report, _ = extracted(tmp_path, settings)
    assert report["events"] == report["users"] == {"u1", "u2", "u3"}


def test_the_list_holds_hashes_only_and_grows(settings):
    key = identity.email_key(settings)
    for _ in range(2):
        tombstones.add(settings.home, key, ["u1", "u2"], "ann@x.com")
    tombstones.add(settings.home, key, ["u3"], None)
    file = tombstones.path(settings.home)
    assert len(tombstones.known(settings.home)) == 4
    assert "ann" not in file.read_text()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


@pytest.mark.parametrize("content", [b"", b"{}", b"[]", b"a" * 63, b"junk", None])
def test_a_list_that_is_not_as_it_was_written_is_never_read_as_empty(settings, content):
    tombstones.add(settings.home, identity.email_key(settings), ["u1"], None)
    file = tombstones.path(settings.home)
    file.unlink()
    file.mkdir() if content is None else file.write_bytes(content)
    with pytest.raises(ParcelError, match="tombstones"):
        tombstones.known(settings.home)


def test_a_byte_that_was_changed_brings_nobody_back(settings):
    tombstones.add(settings.home, identity.email_key(settings), ["u1"], "ann@x.com")
    file, hashes = tombstones.path(settings.home), tombstones.known(settings.home)
    whole = file.read_bytes()
    for at in range(len(whole)):
        for content in (whole[:at], whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :]):
            file.write_bytes(content)
            try:
                assert tombstones.known(settings.home) == hashes
            except ParcelError:
                continue


def test_a_list_of_an_older_version_counts(tmp_path, settings):
    key = identity.email_key(settings)
    tombstones.path(settings.home).write_text(f"{tombstones.digest(key, tombstones.EMAIL, 'ann@x.com')}\n")
    report, _ = extracted(tmp_path, settings)
    assert report["users"] == {"u2"}


def test_a_list_of_another_key_is_refused(tmp_path, settings):
    tombstones.add(settings.home, identity.email_key(settings), ["u1"], None)
    (settings.home / "email.key").unlink()
    with pytest.raises(ParcelError, match="another email key"):
        extracted(tmp_path, settings)
