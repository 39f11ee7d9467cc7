"""What the HTTP door admits, before any database is asked."""

from __future__ import annotations

import stat
from pathlib import Path
from typing import Any, get_args

import pytest
from pydantic import ValidationError

from holley_graph.errors import AuthFailed, SettingsError
from holley_graph.graph import queries
from holley_graph.settings import Settings, load
from holley_graph.web.parameters import NOTED, model
from holley_graph.web.serve import refuse_plaintext
from holley_graph.web.shapes import answer_of
from holley_graph.web.token import token, token_file


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load(home=tmp_path / "home")


def test_the_token_is_made_once_for_its_owner_only(settings: Settings) -> None:
    made = token(settings)
    assert token(settings) == made
    assert len(made) > 40
    assert stat.S_IMODE(token_file(settings).stat().st_mode) == 0o600


@pytest.mark.parametrize(("text", "message"), [("short\n", "5 characters"), (None, "No such file")])
def test_a_token_that_could_be_guessed_or_is_gone_is_refused(
    tmp_path: Path, text: str | None, message: str
) -> None:
    path = tmp_path / "token"
    if text:
        path.write_text(text)
    with pytest.raises(AuthFailed, match=message):
        token(load(home=tmp_path, serve={"token_file": path}))


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.7", "::1"])
def test_loopback_needs_no_permission(tmp_path: Path, host: str) -> None:
    refuse_plaintext(load(home=tmp_path, serve={"host": host}))


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.1", "::", "example.org"])
def test_the_token_does_not_cross_a_network_unencrypted_unless_permitted(tmp_path: Path, host: str) -> None:
    with pytest.raises(SettingsError):
        refuse_plaintext(load(home=tmp_path, serve={"host": host}))
    if host != "example.org":
        refuse_plaintext(load(home=tmp_path, serve={"host": host, "allow_plaintext": True}))


@pytest.mark.parametrize(
    "message",
    [
        {},
        {"user_id": ""},
        {"user_id": "u" * 201},
        {"user_id": "u", "k": 0},
        {"user_id": "u", "k": 101},
        {"user_id": "u", "k": "many"},
        {"user_id": "u", "exclude_days": -1},
        {"user_id": "u", "colour": "red"},
    ],
)
def test_parameters_out_of_bounds_or_unknown_are_refused(settings: Settings, message: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        model(queries.load("recommend/user"), settings).model_validate(message)


def test_rules_that_the_settings_know_need_not_be_said(settings: Settings) -> None:
    message = model(queries.load("recommend/user"), settings).model_validate({"user_id": "u"}).model_dump()
    assert message == {
        "user_id": "u",
        "k": 4,
        "per_part_type": 2,
        "exclude_days": 365,
        "release": None,
        "reasons": False,
    }


@pytest.mark.parametrize("name", [name for name in queries.names() if name.startswith("recommend/")])
def test_every_statement_has_a_model_of_its_parameters(settings: Settings, name: str) -> None:
    query = queries.load(name)
    names = set(query.params) - {"rules"} | ({"reasons"} if name in NOTED else set())
    assert set(model(query, settings).model_fields) == names


@pytest.mark.parametrize("name", [name for name in queries.names() if name.startswith("recommend/")])
def test_every_column_of_an_answer_has_a_type(name: str) -> None:
    query = queries.load(name)
    fields = answer_of(query).model_fields
    (row,) = get_args(fields["rows"].annotation)
    assert tuple(row.model_fields)[: len(query.returns)] == query.returns
    assert ("note" in fields) == (name in NOTED)
