"""One port to the database: named statements in, rows out, driver errors turned into ours."""

from __future__ import annotations

import logging
import socket
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, Protocol, Self, TypeVar
from urllib.parse import urlsplit

import tenacity

from holley_graph.errors import (
    AuthFailed,
    DiskFull,
    GraphStateError,
    ServerHangs,
    ServerUnreachable,
    SettingsError,
)
from holley_graph.graph import queries
from holley_graph.graph.driver import driver_errors, neo4j

T = TypeVar("T")
Row = dict[str, Any]
Step = tuple[str, Mapping[str, Any]]
"""A statement's name and its parameters."""

ANSWER_S = 6
"""Seconds that a server has to take a connection and say who it is. It tells the driver itself how long it may be
silent during a statement (`server.bolt.connection_keep_alive`)."""

logging.getLogger("neo4j").addHandler(logging.NullHandler())  # else what we raise is printed twice

_LOGGED = "the server's log says more"
_LOOPBACK = {"localhost", "127.0.0.1", "::1"}


class ReadTransaction(Protocol):
    """Runs named `read` statements inside one transaction."""

    def __call__(self, name: str, /, **params: Any) -> neo4j.Result:
        """Run one statement and hand out its records as they come."""


class Readable(Protocol):
    """Runs single named `read` statements: a `Graph`, or the connections of the HTTP door."""

    def read(self, name: str, /, **params: Any) -> list[Row]:
        """Run one `read` statement and return its rows."""


@dataclass(frozen=True)
class Address:
    """Where a Neo4j database is, and who asks.

    Raises:
        SettingsError: the URI would send the password in the clear, or is none.
    """

    uri: str
    user: str
    password: str = field(repr=False)
    database: str = "neo4j"
    allow_plaintext: bool = False

    def __post_init__(self) -> None:
        refuse_plaintext(self.uri, self.allow_plaintext)


class Graph:
    """A connection to one Neo4j database.

    Args:
        uri: `bolt://…` on loopback; off loopback an encrypted scheme unless `allow_plaintext`.
        user: database user.
        password: its password.
        database: database name.
        allow_plaintext: permit an unencrypted URI off loopback.

    Raises:
        SettingsError: the URI would send the password in the clear, or is none.
        ServerUnreachable: no name server says in time where the host is.
    """

    def __init__(
        self, uri: str, user: str, password: str, database: str = "neo4j", *, allow_plaintext: bool = False
    ) -> None:
        refuse_plaintext(uri, allow_plaintext)
        _look_up(uri)
        self.uri = uri
        self.database = database
        self.driver = neo4j.GraphDatabase.driver(
            uri,
            auth=(user, password),
            connection_timeout=ANSWER_S,
            connection_acquisition_timeout=ANSWER_S,
            max_transaction_retry_time=0,  # `_managed` tries again
            notifications_min_severity="OFF",
            user_agent="holley-graph",
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Give the connections back."""
        self.driver.close()

    def verify(self) -> None:
        """Begin a transaction, without retries: whatever is wrong shows within `ANSWER_S`.

        Raises:
            ServerUnreachable, ServerHangs, AuthFailed: as named.
        """
        with self.reading():
            pass

    def read(self, name: str, /, **params: Any) -> list[Row]:
        """Run one `read` statement in a managed transaction."""
        query = queries.load(name)
        return self._managed(
            neo4j.READ_ACCESS, lambda tx: [record.data() for record in tx.run(text(query), query.values(params))]
        )

    def write(self, name: str, /, **params: Any) -> Row:
        """Run one `write`, `auto` or `schema` statement.

        Returns:
            Its first row, if it has any, with the counter names of Neo4j (`nodes_created`, …) added.
        """
        query = queries.load(name)

        def run(runner: neo4j.Session | neo4j.ManagedTransaction) -> Row:
            result = runner.run(text(query), params)
            rows = [record.data() for record in result]
            counters = {k: v for k, v in vars(result.consume().counters).items() if not k.startswith("_")}
            return {**counters, **(rows[0] if rows else {})}

        if query.mode == "write":
            return self._managed(neo4j.WRITE_ACCESS, run)
        with translated(self.uri), self._session(neo4j.WRITE_ACCESS) as session:
            return run(session)

    def transaction(self, steps: Sequence[Step], ready: Callable[[], object] = lambda: None) -> None:
        """Run several `write` statements in one transaction: all of them or none.

        Args:
            steps: the statements, in order.
            ready: returns when they may be committed; what it raises undoes them.
        """
        loaded = [(text(queries.load(name)), params) for name, params in steps]

        def run(tx: neo4j.ManagedTransaction) -> None:
            for text, params in loaded:
                tx.run(text, dict(params)).consume()
            ready()

        self._managed(neo4j.WRITE_ACCESS, run)

    def define(self, statement: str) -> None:
        """Run one schema statement of a migration file."""
        with translated(self.uri), self._session(neo4j.WRITE_ACCESS) as session:
            session.run(neo4j.Query(statement)).consume()

    @contextmanager
    def reading(self) -> Iterator[ReadTransaction]:
        """Several `read` statements in one transaction, without retries; each sees what is committed by then."""
        with (
            translated(self.uri),
            self._session(neo4j.READ_ACCESS, fetch_size=1_000) as session,
            session.begin_transaction() as tx,
        ):

            def read(name: str, /, **params: Any) -> neo4j.Result:
                query = queries.load(name)
                return tx.run(text(query), query.values(params))

            yield read

    def _managed(self, access: str, work: Callable[[neo4j.ManagedTransaction], T]) -> T:
        """Run work in a transaction that is tried again after what passes; a server that hangs does not pass."""

        def once() -> T:
            with self._session(access) as session:
                return session.execute_read(work) if access == neo4j.READ_ACCESS else session.execute_write(work)

        with translated(self.uri):
            return _RETRYING(once)

    def _session(self, access: str, **config: Any) -> neo4j.Session:
        return self.driver.session(database=self.database, default_access_mode=access, **config)


def refuse_plaintext(uri: str, allow_plaintext: bool = False) -> None:
    """Refuse an address that would send a password unencrypted over a network.

    Raises:
        SettingsError: no Neo4j scheme, or an unencrypted one off loopback.
    """
    parts = urlsplit(uri)
    if parts.scheme.split("+")[0] not in {"bolt", "neo4j"} or not parts.hostname:
        raise SettingsError(f"{uri!r} is no Neo4j address", "for example neo4j+s://graph.example.org:7687")
    encrypted = parts.scheme.endswith(("+s", "+ssc"))
    if not encrypted and parts.hostname not in _LOOPBACK and not allow_plaintext:
        raise SettingsError(
            f"{parts.scheme}://{parts.hostname} is not encrypted",
            "use neo4j+s:// or bolt+s://, or set server.allow_plaintext",
        )


@contextmanager
def translated(uri: str) -> Iterator[None]:
    """Turn what the driver raises into errors that say what to do next."""
    try:
        yield
    except driver_errors.AuthError as error:
        raise AuthFailed(f"{uri} refused the password", "check server.user and server.password_file") from error
    except (driver_errors.ServiceUnavailable, driver_errors.SessionExpired) as error:
        if _timed_out(error):
            raise _hangs(uri) from error
        raise ServerUnreachable(f"no Neo4j answers at {uri}", "holley-graph up, or check server.uri") from error
    except driver_errors.ConnectionAcquisitionTimeoutError as error:
        raise _hangs(uri) from error
    except driver_errors.ClientError as error:
        if error.code and error.code.endswith("AuthenticationRateLimit"):
            raise AuthFailed(
                f"{uri} refuses log-ins for some seconds after wrong passwords", "wait, then try again"
            ) from error
        raise GraphStateError(f"Neo4j refused a statement: {error.message}", _LOGGED) from error
    except driver_errors.Neo4jError as error:
        text = f"{error.code} {error.message}"
        if "TransactionCommitFailed" in text or "disk space" in text:
            raise DiskFull(
                f"Neo4j could not commit: {error.message}", "free disk space, then down and up"
            ) from error
        raise GraphStateError(f"Neo4j failed: {error.message}", _LOGGED) from error


def _passes(error: BaseException) -> bool:
    if not isinstance(error, driver_errors.DriverError | driver_errors.Neo4jError):
        return False
    return error.is_retryable() and not _timed_out(error)


_RETRYING = tenacity.Retrying(
    retry=tenacity.retry_if_exception(_passes),
    wait=tenacity.wait_random_exponential(max=8),
    stop=tenacity.stop_after_attempt(6),
    before_sleep=tenacity.before_sleep_log(logging.getLogger(__name__), logging.WARNING),
    reraise=True,
)


def _timed_out(error: BaseException | None) -> bool:
    return error is not None and (isinstance(error, TimeoutError) or _timed_out(error.__cause__))


def _look_up(uri: str) -> None:
    """Ask for the address of the host: the driver itself waits for a name server as long as the system does.

    Raises:
        ServerUnreachable: no answer came within `ANSWER_S`.
    """

    def ask() -> None:
        with suppress(OSError, UnicodeError):  # the driver says what is wrong with a name
            socket.getaddrinfo(host, None)

    host = urlsplit(uri).hostname
    lookup = threading.Thread(target=ask, daemon=True)
    lookup.start()
    lookup.join(ANSWER_S)
    if lookup.is_alive():
        raise ServerUnreachable(
            f"no name server says within {ANSWER_S} s where {host} is", "check the network, or use an IP address"
        )


def _hangs(uri: str) -> ServerHangs:
    return ServerHangs(
        f"Neo4j at {uri} takes connections and does not answer",
        "check whether its process is stopped or the machine short of memory",
    )


def text(query: queries.Query) -> Any:
    """Return a statement as the driver wants it: a LiteralString, since ours come from files by law."""
    return query.text
