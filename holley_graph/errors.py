"""Every error a person can meet, with its exit code and what to do next.

    HolleyGraphError
    ├── stop: the request or its surroundings are wrong; change something, then try again
    │   ├── SettingsError 2
    │   ├── RejectedTooMuch 3
    │   ├── SourceError 4
    │   ├── NotFound 5
    │   ├── GraphStateError 6
    │   ├── QueryFileError 7
    │   ├── ParcelError 8
    │   ├── FileRefused 9
    │   ├── ReleaseCheckFailed 20
    │   ├── ExtraMissing 21
    │   ├── TooExpensive 30
    │   └── AccessDenied 31
    ├── retry: the surroundings failed; the same command may work later
    │   ├── SourceUnreachable 32
    │   ├── ProcessLost 33
    │   └── EngineFailed 34
    └── server: the database is not as it should be
        ├── ServerUnreachable 10
        │   └── ServerHangs 18
        ├── PortTaken 11
        ├── StoreLocked 12
        ├── DiskFull 13
        ├── JarMissing 14
        ├── ChecksumDiffers 15
        ├── ServerStartFailed 16
        └── AuthFailed 17

The command line prints one line and the hint, and ends with the code; `--debug` shows the traceback.
Codes 1 (a check said no) and 2 (bad usage) are click's own. Whatever nobody foresaw is one line with code 70.
"""

from __future__ import annotations


class HolleyGraphError(Exception):
    """Base of all errors that are for a person to act on.

    Args:
        message: one line: what is wrong, with the names and numbers in it.
        hint: one line: what to do about it.
    """

    exit_code = 70

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.hint = hint


class SettingsError(HolleyGraphError):
    """A setting is unknown, of the wrong type or contradicts another."""

    exit_code = 2


class RejectedTooMuch(HolleyGraphError):
    """More source rows broke a rule than the settings allow."""

    exit_code = 3


class SourceError(HolleyGraphError):
    """A source table is missing, unreadable, empty or of another shape."""

    exit_code = 4


class NotFound(HolleyGraphError):
    """No such user, vehicle, SKU, run or release."""

    exit_code = 5


class GraphStateError(HolleyGraphError):
    """The graph cannot serve this request in the state that it is in."""

    exit_code = 6


class QueryFileError(HolleyGraphError):
    """A statement file disagrees with its header, or a released migration was edited."""

    exit_code = 7


class ParcelError(HolleyGraphError):
    """A parcel (clean tables, snapshot, run) is incomplete or its digest differs."""

    exit_code = 8


class FileRefused(HolleyGraphError):
    """The operating system refused a file: a right is missing, a name too long, a folder in its place."""

    exit_code = 9


class ReleaseCheckFailed(HolleyGraphError):
    """Staged embeddings failed a check; the live release is untouched."""

    exit_code = 20


class ExtraMissing(HolleyGraphError):
    """A command needs packages of an extra that is not installed."""

    exit_code = 21


class TooExpensive(HolleyGraphError):
    """A query would read more than the settings allow; it was not run."""

    exit_code = 30


class AccessDenied(HolleyGraphError):
    """The identity that asks BigQuery lacks a right, or is none at all."""

    exit_code = 31


class SourceUnreachable(HolleyGraphError):
    """BigQuery did not do as asked until the deadline: no answer, out of quota, a job that somebody cancelled."""

    exit_code = 32


class ProcessLost(HolleyGraphError):
    """One of several processes that train together ended before the others."""

    exit_code = 33


class EngineFailed(HolleyGraphError):
    """The engine that reads tables could not go on, for example for want of memory."""

    exit_code = 34


class ServerError(HolleyGraphError):
    """Base of everything the database server can do to us."""

    exit_code = 10


class ServerUnreachable(ServerError):
    """Nobody answers at the address."""

    exit_code = 10


class ServerHangs(ServerUnreachable):
    """The server takes connections and does not answer: it is stopped, starved, or the way to it is cut."""

    exit_code = 18


class PortTaken(ServerError):
    """Another program listens on the port that the server was given."""

    exit_code = 11


class StoreLocked(ServerError):
    """Another server process holds the store's lock."""

    exit_code = 12


class DiskFull(ServerError):
    """No room to write."""

    exit_code = 13


class JarMissing(ServerError):
    """A jar of the lock file could not be had."""

    exit_code = 14


class ChecksumDiffers(ServerError):
    """A downloaded file is not the one that the lock file names."""

    exit_code = 15


class ServerStartFailed(ServerError):
    """The server ended before it answered."""

    exit_code = 16


class AuthFailed(ServerError):
    """The server refused the password."""

    exit_code = 17
