"""Addresses leave as hashes only, and those are HMAC-SHA-256."""

import hashlib
import hmac
import json
import stat

import keyring
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from keyring.backend import KeyringBackend

from holley_graph.errors import SettingsError
from holley_graph.loaders import deadletter, feeds, identity
from holley_graph.loaders.files import FilesSource
from holley_graph.settings import Privacy, Settings, Sync
from holley_graph.times import seconds
from tests.support import raw, worlds

AS_OF = seconds("2025-10-01")


@given(key=st.binary(min_size=1, max_size=200), message=st.binary(max_size=300))
def test_two_plain_hashes_over_the_pads_are_pythons_hmac(key, message):
    pads = identity.pads(key)
    inner = hashlib.sha256(pads["inner_pad"] + message).digest()
    assert (
        hashlib.sha256(pads["outer_pad"] + inner).hexdigest() == hmac.new(key, message, hashlib.sha256).hexdigest()
    )


@pytest.mark.parametrize("key", [b"a key of more than sixteen bytes", b"long" * 40])
def test_the_graphs_email_hash_is_pythons_hmac_for_any_address(tmp_path, key):
    emails = ["a@x.com", r"back\x41slash@x.com", "ünïcode@x.com", "'quote@x.com"]
    rows = [raw.attributes(f"u{n}", raw.at("2025-05-01"), email=email) for n, email in enumerate(emails)]
    folder = raw.write(tmp_path / "raw", {"user_attributes": rows})
    settings = Settings(home=tmp_path, sync=Sync(allow_empty=raw.RAW_NAMES))
    extracted = feeds.extract(FilesSource(folder), settings, AS_OF, lambda *_: None)
    hashes = worlds.tables_of(extracted, settings, AS_OF, key)["user"].column("email_hash").to_pylist()
    assert hashes == [hmac.new(key, email.encode(), hashlib.sha256).hexdigest() for email in emails]


def test_a_key_is_made_once_for_its_owner_only(tmp_path):
    settings = Settings(home=tmp_path / "home")
    key = identity.email_key(settings)
    assert identity.email_key(settings) == key
    assert len(key) == 64
    assert stat.S_IMODE((tmp_path / "home" / "email.key").stat().st_mode) == 0o600


def test_a_key_that_was_made_here_is_never_read_as_another(tmp_path):
    settings = Settings(home=tmp_path)
    key, path = identity.email_key(settings), tmp_path / "email.key"
    whole = path.read_bytes()
    damaged = [whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :] for at in range(len(whole))]
    for content in [*damaged, *(whole[:at] for at in range(len(whole))), whole + b"x", b"junk" * 16]:
        path.write_bytes(content)
        try:
            assert identity.email_key(settings) == key
        except SettingsError as error:
            assert "is damaged" in str(error)
    for content in (b"", whole[:20], damaged[3], damaged[70]):
        path.write_bytes(content)
        with pytest.raises(SettingsError, match="is damaged"):
            identity.email_key(settings)


def test_a_copy_of_a_key_that_was_made_here_is_that_key_and_so_is_one_of_an_older_version(tmp_path):
    key = identity.email_key(Settings(home=tmp_path))
    copy = (tmp_path / "email.key").rename(tmp_path / "copy")
    assert identity.email_key(Settings(privacy=Privacy(email_key_file=copy))) == key
    (tmp_path / "email.key").write_bytes(key + b"\n")
    assert identity.email_key(Settings(home=tmp_path)) == key


def test_a_named_key_file_must_exist_and_be_long_enough(tmp_path):
    path = tmp_path / "key"
    with pytest.raises(SettingsError, match="No such file"):
        identity.email_key(Settings(privacy=Privacy(email_key_file=path)))
    path.write_text("short\n")
    with pytest.raises(SettingsError, match="holds 5 bytes"):
        identity.email_key(Settings(privacy=Privacy(email_key_file=path)))
    path.write_text("0123456789abcdef\n")
    assert identity.email_key(Settings(privacy=Privacy(email_key_file=path))) == b"0123456789abcdef"


def test_dead_letters_say_what_and_why_and_hold_no_address(tmp_path):
    key, when = b"a key of more than sixteen bytes", raw.at("2025-09-10")
    tables = {
        "user_attributes": [raw.attributes("u", raw.at("2025-05-01"), email="ann@x.com", v1_year="69 ann@x.com")],
        "items": [raw.item("A1"), raw.item(None, Title="ask ann@x.com")],
        "events": [
            raw.event("u", "Viewed Product", when, ProductId="ann@x.com"),
            raw.event("ann@x.com", "Viewed Product", None),
        ],
        "orders": [raw.order("A1", " Ann@x.com", "soon")],
    }
    settings = Settings(home=tmp_path / "home", sync=Sync(allow_empty=raw.RAW_NAMES))
    extracted = feeds.extract(FilesSource(raw.write(tmp_path / "raw", tables)), settings, AS_OF, lambda *_: None)
    letters = {
        path.stem: pq.read_table(path).to_pylist() for path in deadletter.write(tmp_path / "dead", extracted, key)
    }
    assert {name: [row["reason"] for row in rows] for name, rows in letters.items()} == {
        "user_attributes": ["user.bad_year"],
        "items": ["item.no_sku"],
        "events": ["event.address", "event.no_time"],
        "orders": ["order.bad_date"],
    }
    assert "ann" not in str(letters).lower()
    (order,) = letters["orders"]
    assert order["value"] == "soon"
    assert order["email_hash"] == hmac.new(key, b"ann@x.com", hashlib.sha256).hexdigest()
    assert all(isinstance(json.loads(row["source_row"]), dict) for rows in letters.values() for row in rows)


class Ring(KeyringBackend):
    """A keyring that holds what the test gave it."""

    priority = 1  # type: ignore[assignment]

    def __init__(self, held):
        super().__init__()
        self.held = held

    def get_password(self, service, username):
        return self.held.get((service, username))

    def set_password(self, service, username, password):
        raise NotImplementedError


@pytest.fixture
def ring():
    before = keyring.get_keyring()
    keyring.set_keyring(
        Ring({("shop", "email-key"): "a key of more than sixteen bytes\n", ("x", "email-key"): "k"})
    )
    yield
    keyring.set_keyring(before)


def test_the_key_may_stand_in_the_keyring(ring, tmp_path):
    config = Settings(home=tmp_path, privacy={"email_key_service": "shop"})
    assert identity.email_key(config) == b"a key of more than sixteen bytes"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("privacy", "message"),
    [
        ({"email_key_service": "nobody"}, "the keyring holds no email-key of nobody"),
        ({"email_key_service": "x"}, "holds 1 bytes, expected at least 16"),
        ({"email_key_service": "shop", "email_key_file": "key"}, "both set; use one"),
    ],
)
def test_a_key_that_cannot_be_had_from_there_is_an_error(ring, tmp_path, privacy, message):
    with pytest.raises(SettingsError, match=message):
        identity.email_key(Settings(home=tmp_path, privacy=privacy))
