"""The key that turns addresses into hashes, so that the graph knows who is the same without knowing who it is."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets

from holley_graph import files, spelling
from holley_graph.errors import SettingsError
from holley_graph.loaders import value_rules
from holley_graph.settings import Settings

_BLOCK = 64  # bytes of a SHA-256 block
_SHORTEST = 16  # bytes
_MADE = re.compile(rb"[0-9a-f]{64}")  # a key that is made here, and its seal
_KEYRING_USER = "email-key"


def email_key(settings: Settings) -> bytes:
    """Read the HMAC key, or make one in the home at first use.

    Losing the key means that the next sync gives every address another hash: back it up with the home.

    Raises:
        SettingsError: the key is missing or too short, or is to come from two places.
    """
    named, service = settings.privacy.email_key_file, settings.privacy.email_key_service
    if named is not None and service is not None:
        raise SettingsError(
            "privacy.email_key_file and privacy.email_key_service are both set; use one", "unset one of them"
        )
    if service is not None:
        return _checked(_from_keyring(service), f"email key of {service} in the keyring")
    path = named or settings.home / "email.key"
    if named is None:
        made = secrets.token_hex(32).encode()
        files.create(path, made + b"\n" + _seal(made) + b"\n")
    try:
        content = files.content(path).strip()
    except OSError as error:
        raise SettingsError(f"email key file {path}: {error.strerror}", "set privacy.email_key_file") from error
    key, _, seal = content.partition(b"\n")
    made_here = named is None or _MADE.fullmatch(seal) is not None
    if made_here and not (_MADE.fullmatch(key) and seal in (b"", _seal(key))):
        raise SettingsError(f"email key file {path} is damaged", "put it back from a backup of the home")
    return key if made_here else _checked(content, f"email key file {path}")


def as_kept(settings: Settings, user_id: str) -> str:
    """Spell a user id as the graph has it; one that may be an address is a hash there, the email's own."""
    spelled = spelling.normal(user_id)
    if not re.search(value_rules.MENTION, spelled):
        return spelled
    return "hashed:" + hashed_email(settings, spelled.lower())


def spelled_email(text: str) -> str:
    """Spell an address as the graph hashes it.

    Raises:
        SettingsError: it is no address. The message does not repeat it.
    """
    spelled = spelling.normal(text).lower()
    if not re.match(value_rules.MAILBOX, spelled):
        raise SettingsError("that is no email address", "written as name@example.com")
    return spelled


def hashed_email(settings: Settings, spelled: str) -> str:
    """Hash an address: HMAC-SHA-256 under the key of this home."""
    return hmac.new(email_key(settings), spelled.encode(), hashlib.sha256).hexdigest()


def pads(key: bytes) -> dict[str, bytes]:
    """Give the two pads of HMAC-SHA-256 (RFC 2104), with which a database computes it as two plain hashes."""
    block = (key if len(key) <= _BLOCK else hashlib.sha256(key).digest()).ljust(_BLOCK, b"\0")
    return {"inner_pad": bytes(b ^ 0x36 for b in block), "outer_pad": bytes(b ^ 0x5C for b in block)}


def _checked(key: bytes, what: str) -> bytes:
    if len(key) < _SHORTEST:
        raise SettingsError(f"{what} holds {len(key)} bytes, expected at least {_SHORTEST}", "write a longer key")
    return key


def _from_keyring(service: str) -> bytes:
    import keyring  # asks the system for its keyring when imported
    from keyring.errors import KeyringError

    try:
        key = keyring.get_password(service, _KEYRING_USER)
    except KeyringError as error:
        raise SettingsError(f"the keyring cannot be read: {error}", "set privacy.email_key_file") from error
    if key is None:
        raise SettingsError(
            f"the keyring holds no {_KEYRING_USER} of {service}", f"keyring set {service} {_KEYRING_USER}"
        )
    return key.strip().encode()


def _seal(key: bytes) -> bytes:
    """Give the line below a key that was made here: it tells a damaged key from another one."""
    return hashlib.sha256(key).hexdigest().encode()
