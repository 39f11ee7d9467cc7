"""What a connection may cost: seconds, bytes, and how many there are. No database is behind it."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import pytest
import uvicorn
from fastapi import FastAPI

from holley_graph.errors import GraphStateError
from holley_graph.web import connection
from holley_graph.web.admission import Admission
from holley_graph.web.serve import config
from tests.support.server import free_ports

GET = b"GET / HTTP/1.1\r\nHost: x\r\n"


@pytest.fixture
def admission() -> Admission:
    return Admission(1, 1.0)


@pytest.fixture
def silence_s() -> int:
    """Seconds that a caller may be silent: long, so that a busy machine closes nothing that a test still uses."""
    return 30


@pytest.fixture
def port(admission: Admission, silence_s: int) -> Iterator[int]:
    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[dict[str, Admission]]:
        yield {"admission": admission}

    app = FastAPI(lifespan=lifespan)
    app.get("/")(lambda: "here")
    (port,) = free_ports(1)
    chosen = config(app)
    chosen.port, chosen.timeout_keep_alive = port, silence_s
    server = uvicorn.Server(chosen)
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield port
    server.should_exit = True
    thread.join()


def connected(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=30)


def answer(caller: socket.socket, sent: bytes) -> bytes:
    caller.sendall(sent)
    return caller.recv(100_000)


@pytest.mark.parametrize("silence_s", [1])
def test_heads_that_drip_in_are_cut_off(port: int) -> None:
    with connected(port) as caller:
        caller.sendall(GET)
        with pytest.raises(ConnectionError):
            for _ in range(600):
                caller.sendall(b"X-Slow: 1\r\n")
                time.sleep(0.05)


@pytest.mark.parametrize("silence_s", [1])
@pytest.mark.parametrize("sent", [b"", GET, GET + b"\r\n", GET + b"Content-Length: 9\r\n\r\n"])
def test_a_connection_that_falls_silent_is_closed(port: int, sent: bytes) -> None:
    with connected(port) as caller:
        caller.sendall(sent)
        while caller.recv(1_000):
            pass


@pytest.mark.parametrize("silence_s", [2])
def test_a_caller_that_keeps_asking_keeps_its_connection(port: int) -> None:
    """For three seconds, in half seconds."""
    with connected(port) as caller:
        for _ in range(6):
            assert answer(caller, GET + b"\r\n").endswith(b'"here"')
            time.sleep(0.5)


@pytest.mark.parametrize("pieces", [1, 40])
def test_a_head_over_64_kib_is_refused(port: int, pieces: int) -> None:
    large = GET + b"X-Large: " + b"x" * 70 * 1024
    step = len(large) // pieces
    with connected(port) as caller:
        with contextlib.suppress(BrokenPipeError):  # it does not wait for the end
            for start in range(0, len(large), step):
                caller.sendall(large[start : start + step])
                time.sleep(0.01)
            caller.sendall(b"\r\n\r\n")
        answer = caller.recv(100_000)
        assert answer.startswith(b"HTTP/1.1 431 ")
        assert b"cache-control: no-store" in answer.lower()


def test_a_head_of_32_kib_and_a_body_are_no_matter(port: int) -> None:
    with connected(port) as caller:
        head = GET + b"X-Large: " + b"x" * 32 * 1024 + b"\r\nContent-Length: 100000\r\n\r\n"
        assert answer(caller, head + b"y" * 100_000).startswith(b"HTTP/1.1 200 ")
        assert answer(caller, GET + b"\r\n").endswith(b'"here"')


def test_where_there_are_too_many_the_one_silent_longest_makes_room(
    port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "MOST_CONNECTIONS", 5)
    callers = []
    for _ in range(5):
        callers.append(connected(port))
        time.sleep(0.05)  # callers of one turn of the loop came at the same time
    assert answer(callers[0], GET + b"\r\n").endswith(b'"here"')
    with connected(port) as newest:
        assert answer(newest, GET + b"\r\n").endswith(b'"here"')
        assert callers[1].recv(1) == b""
        assert answer(callers[0], GET + b"\r\n").endswith(b'"here"')
    for caller in callers:
        caller.close()


def test_a_full_door_refuses_at_once_and_answers_again(
    port: int, admission: Admission, monkeypatch: pytest.MonkeyPatch
) -> None:
    with connected(port) as caller:
        with monkeypatch.context() as patched:
            patched.setattr(admission, "full", lambda inside: True)
            for _ in range(3):
                reply = answer(caller, GET + b"Content-Length: 3\r\n\r\nabc").lower()
                assert reply.startswith(b"http/1.1 503 ")
                assert b"retry-after: 1" in reply and b"cache-control: no-store" in reply
        assert answer(caller, GET + b"\r\n").endswith(b'"here"')


def test_turns_come_in_order_of_arrival() -> None:
    async def crowd() -> list[int]:
        admission, answered = Admission(2, 1.0), []

        async def caller(number: int) -> None:
            async with admission.turn(asyncio.get_running_loop().time() + 60):
                await asyncio.sleep(0)
                answered.append(number)

        await asyncio.gather(*(caller(number) for number in range(50)))
        return answered

    assert asyncio.run(crowd()) == list(range(50))


def test_a_newcomer_is_let_in_while_those_inside_take_less_than_the_limit() -> None:
    async def turns() -> Admission:
        admission = Admission(2, 1.0)
        for _ in range(1_000):
            async with admission.turn(asyncio.get_running_loop().time() + 60):
                await asyncio.sleep(0.001)
        return admission

    admission = asyncio.run(turns())
    assert not admission.full(0) and not admission.full(10)
    assert admission.full(10_000)


def test_who_gets_no_turn_in_time_is_told() -> None:
    async def wait() -> None:
        admission = Admission(1, 1.0)
        now = asyncio.get_running_loop().time()
        async with admission.turn(now + 60):
            with pytest.raises(GraphStateError):
                async with admission.turn(now + 0.01):
                    pass

    asyncio.run(wait())
