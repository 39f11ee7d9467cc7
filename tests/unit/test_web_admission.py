"""Who waits for a turn, who is sent away, and who is let in by token or cookie."""

from __future__ import annotations

import asyncio
import stat
import time
from pathlib import Path

import pytest
from starlette.requests import Request
from starlette.responses import Response

from holley_graph.errors import AuthFailed, GraphStateError
from holley_graph.settings import Serve, Settings
from holley_graph.web import entrance, token
from holley_graph.web.admission import Admission


async def held(admission: Admission, seconds: float = 0.0) -> None:
    async with admission.turn(asyncio.get_running_loop().time() + 10):
        await asyncio.sleep(seconds)


def test_no_more_are_inside_at_once_than_there_are_turns_and_they_come_in_order() -> None:
    inside, most, order = 0, 0, []

    async def caller(admission: Admission, number: int) -> None:
        nonlocal inside, most
        async with admission.turn(asyncio.get_running_loop().time() + 10):
            order.append(number)
            inside += 1
            most = max(most, inside)
            await asyncio.sleep(0.001)
            inside -= 1

    async def crowd() -> None:
        admission = Admission(3, wait_s=1)
        await asyncio.gather(*(caller(admission, number) for number in range(20)))

    asyncio.run(crowd())
    assert (most, order) == (3, list(range(20)))


def test_a_turn_that_does_not_come_in_time_is_refused_and_takes_none_away() -> None:
    async def scene() -> None:
        admission = Admission(1, wait_s=1)
        loop = asyncio.get_running_loop()
        async with admission.turn(loop.time() + 10):
            with pytest.raises(GraphStateError):
                async with admission.turn(loop.time() + 0.01):
                    pytest.fail("two have the only turn")
        await asyncio.wait_for(held(admission), 1)

    asyncio.run(scene())


def test_a_turn_is_given_back_after_an_error() -> None:
    async def scene() -> None:
        admission = Admission(1, wait_s=1)
        with pytest.raises(ZeroDivisionError):
            async with admission.turn(asyncio.get_running_loop().time() + 10):
                raise ZeroDivisionError
        await asyncio.wait_for(held(admission), 1)

    asyncio.run(scene())


def test_the_door_is_full_when_those_inside_take_longer_than_somebody_waits() -> None:
    admission = Admission(2, wait_s=1.0)
    assert not admission.full(10_000)  # nothing is known of the pace yet
    admission._mean_s = 0.5
    assert [admission.full(inside) for inside in (3, 4, 5)] == [False, False, True]


def test_the_pace_follows_the_newest_turns() -> None:
    admission = Admission(1, wait_s=1)
    asyncio.run(held(admission, 0.02))
    assert 0.01 * 0.02 <= admission._mean_s < 0.01 * 0.5


def test_the_token_is_made_once_for_its_owner_only(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)
    first = token.token(settings)
    assert len(first) >= 32 and token.token(settings) == first
    assert stat.S_IMODE(token.token_file(settings).stat().st_mode) == 0o600
    assert token.token(Settings(home=tmp_path / "other")) != first


def test_a_token_of_one_s_own_is_read_and_never_made(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path, serve=Serve(token_file=tmp_path / "mine"))
    with pytest.raises(AuthFailed, match="No such file") as error:
        token.token(settings)
    assert "serve.token_file" in str(error.value.hint) and not (tmp_path / "mine").exists()
    (tmp_path / "mine").write_text("sixteen letters!\n")
    assert token.token(settings) == "sixteen letters!"


TOKEN = "a token that nobody guesses"


def request(**headers: str) -> Request:
    raw = [(name.encode(), value.encode()) for name, value in headers.items()]
    return Request({"type": "http", "headers": raw, "scheme": "http", "server": ("localhost", 80), "path": "/"})


@pytest.mark.parametrize(
    ("headers", "is_known"),
    [
        ({}, False),
        ({"authorization": f"Bearer {TOKEN}"}, True),
        ({"authorization": f"bearer  {TOKEN} "}, True),
        ({"authorization": f"Basic {TOKEN}"}, False),
        ({"authorization": TOKEN}, False),
        ({"authorization": f"Bearer {TOKEN}x"}, False),
        ({"cookie": f"{entrance.COOKIE}={entrance.ticket(TOKEN)}"}, True),
        ({"cookie": f"{entrance.COOKIE}={TOKEN}"}, False),
        ({"cookie": f"{entrance.COOKIE}={entrance.ticket('an older token')}"}, False),
        ({"cookie": f"other={entrance.ticket(TOKEN)}"}, False),
    ],
)
def test_a_page_opens_to_the_token_or_to_the_cookie_of_this_token(headers: dict[str, str], is_known: bool) -> None:
    assert entrance.known(request(**headers), TOKEN) is is_known


@pytest.mark.parametrize(("scheme", "secure"), [("http", False), ("https", True)])
def test_the_cookie_is_for_no_script_and_no_other_site_and_is_not_the_token(scheme: str, secure: bool) -> None:
    response, asked_by = Response(), request()
    asked_by.scope["scheme"] = scheme
    entrance.admit(response, asked_by, TOKEN)
    cookie = response.headers["set-cookie"]
    assert TOKEN not in cookie and entrance.ticket(TOKEN) in cookie
    assert {"HttpOnly", "SameSite=lax", "Max-Age=43200"} <= set(cookie.split("; "))
    assert ("Secure" in cookie) is secure


def test_comparing_takes_texts_beyond_ascii() -> None:
    assert entrance.same("schlüssel", "schlüssel") and not entrance.same("schlüssel", "schlussel")


def test_a_crowd_is_refused_at_once_and_not_after_a_wait() -> None:
    admission = Admission(1, wait_s=60)
    admission._mean_s = 61.0
    began = time.perf_counter()
    assert admission.full(1) and time.perf_counter() - began < 1
