"""Where settings come from, who wins, and what is refused."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from holley_graph import settings
from holley_graph.errors import SettingsError
from holley_graph.settings import Settings


@pytest.fixture(autouse=True)
def nothing_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A working directory and an environment without settings."""
    import os

    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith(settings.ENV_PREFIX)]:
        monkeypatch.delenv(name)


def write(text: str, name: str = settings.CONFIG_FILE) -> Path:
    path = Path(name)
    path.write_text(text, encoding="utf-8")
    return path


def test_without_anything_the_defaults_hold() -> None:
    loaded = settings.load()
    assert loaded.server.bolt_port == 7687
    assert loaded.sync.boundary == datetime(2025, 9, 1, tzinfo=UTC)
    assert (loaded.weights.view, loaded.weights.cart, loaded.weights.order) == (1, 3, 5)


def test_the_environment_beats_the_file_and_an_option_beats_both(monkeypatch: pytest.MonkeyPatch) -> None:
    write('[server]\nuser = "file"\ndatabase = "file"\nbolt_port = 1\n')
    monkeypatch.setenv("HOLLEY_GRAPH_SERVER__USER", "environment")
    monkeypatch.setenv("HOLLEY_GRAPH_SERVER__DATABASE", "environment")
    loaded = settings.load(server={"user": "option"}).server
    assert (loaded.bolt_port, loaded.database, loaded.user) == (1, "environment", "option")


def test_home_follows_the_same_order(monkeypatch: pytest.MonkeyPatch) -> None:
    write('home = "from-file"\n')
    assert settings.load().home == Path("from-file")
    monkeypatch.setenv("HOLLEY_GRAPH_HOME", "from-environment")
    assert settings.load().home == Path("from-environment")
    assert settings.load(home=Path("from-option")).home == Path("from-option")


def test_an_option_that_was_not_given_says_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOLLEY_GRAPH_HOME", "from-environment")
    assert settings.load(home=None).home == Path("from-environment")


def test_a_named_file_is_read_instead_of_the_usual_one() -> None:
    write("[server]\nbolt_port = 1\n")
    other = write("[server]\nhttp_port = 2\n", "other.toml")
    loaded = settings.load(other).server
    assert (loaded.bolt_port, loaded.http_port) == (7687, 2)


def test_a_named_file_that_does_not_exist_is_refused() -> None:
    with pytest.raises(SettingsError, match=r"missing\.toml does not exist"):
        settings.load(Path("missing.toml"))


def test_a_file_that_is_no_toml_is_refused_by_name() -> None:
    write("[server\nbolt_port = 1\n")
    with pytest.raises(SettingsError, match=r"holley-graph\.toml"):
        settings.load()


@pytest.mark.parametrize("text", ["[server]\nbolt = 1\n", "[serve]\nbolt_port = 1\n", "bolt_port = 1\n"])
def test_an_unknown_key_in_the_file_is_refused_by_name(text: str) -> None:
    write(text)
    with pytest.raises(SettingsError, match=r"server\.bolt|serve|bolt_port") as caught:
        settings.load()
    assert "docs/settings.md" in caught.value.hint


@pytest.mark.parametrize(
    "name", ["HOLLEY_GRAPH_SERVER__BOLT", "HOLLEY_GRAPH_SERVE__BOLT_PORT", "HOLLEY_GRAPH_BOLT_PORT"]
)
def test_an_unknown_key_in_the_environment_is_refused(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, "1")
    with pytest.raises(SettingsError):
        settings.load()


@pytest.mark.parametrize(("section", "key"), [("SERVER", "JVM_OPTIONS"), ("CSV", "USERS")])
def test_a_list_or_table_of_the_environment_that_is_no_json_is_refused_with_its_form(
    section: str, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(f"HOLLEY_GRAPH_{section}__{key}", "-Xss2m")
    with pytest.raises(SettingsError, match=f"environment variable HOLLEY_GRAPH_{section}__.*JSON") as caught:
        settings.load()
    assert '["a", "b"]' in caught.value.hint


@pytest.mark.parametrize("option", [{"server": {"bolt": 1}}, {"servers": {}}])
def test_an_unknown_option_is_refused(option: dict[str, Any]) -> None:
    with pytest.raises(SettingsError):
        settings.load(**option)


@pytest.mark.parametrize(
    ("section", "key", "value"),
    [
        ("server", "bolt_port", "many"),
        ("sync", "max_rejected_share", "1.5"),
        ("sync", "batch_rows", "0"),
        ("weights", "half_life_days", "0"),
        ("sync", "boundary", "soon"),
    ],
)
def test_a_value_out_of_range_is_refused_by_name(
    section: str, key: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(f"HOLLEY_GRAPH_{section}__{key}".upper(), value)
    with pytest.raises(SettingsError, match=rf"{section}\.{key}"):
        settings.load()


def test_decay_can_be_switched_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOLLEY_GRAPH_WEIGHTS__HALF_LIFE_DAYS", "inf")
    assert 1 / (settings.load().weights.half_life_days or 1) == 0


def test_settings_cannot_be_changed_once_read() -> None:
    loaded = settings.load()
    with pytest.raises(ValidationError):
        loaded.home = Path("elsewhere")  # type: ignore[misc]
    with pytest.raises(ValidationError):
        loaded.server.bolt_port = 1  # type: ignore[misc]


def test_a_password_is_never_a_setting() -> None:
    keys = {
        key for field in Settings.model_fields.values() for key in getattr(field.annotation, "model_fields", {})
    }
    assert {key for key in keys if "password" in key or "key" in key} == {
        "password_file", "email_key_file", "email_key_service",  # where a secret is, never what it is
    }  # fmt: skip


def test_limits_are_named_min_and_max() -> None:
    sections = [
        model_field.annotation
        for model_field in Settings.model_fields.values()
        if hasattr(model_field.annotation, "model_fields")
    ]
    names = [name for section in sections for name in section.model_fields]
    assert [name for name in names if name.startswith(("most_", "least_", "fewest_", "maximum_", "minimum_"))] == []
    assert "max_ids" in names
