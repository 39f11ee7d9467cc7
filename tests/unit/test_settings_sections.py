"""A value reads the same from a file, from the environment and from an option, and limits hold where they say."""

from __future__ import annotations

import tomllib
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, get_args

import pytest

from holley_graph import settings
from holley_graph.errors import SettingsError
from holley_graph.settings import Section, Settings

VALUES: dict[str, tuple[str, str, Any]] = {
    "server.uri": ('"bolt://db:7687"', "bolt://db:7687", "bolt://db:7687"),
    "server.heap_mb": ("1024", "1024", 1024),
    "server.jvm_options": ('["-Xss2m"]', '["-Xss2m"]', ("-Xss2m",)),
    "server.jar_cache": ('"/jars"', "/jars", Path("/jars")),
    "server.allow_plaintext": ("true", "true", True),
    "sync.boundary": ("2025-01-01T00:00:00Z", "2025-01-01T00:00:00Z", datetime(2025, 1, 1, tzinfo=UTC)),
    "sync.max_rejected_share": ("0.5", "0.5", 0.5),
    "sync.placeholders": ('["x", "y"]', '["x", "y"]', ("x", "y")),
    "sync.last_year": ("2027", "2027", 2027),
    "csv.date_format": ('"%m/%d/%Y"', "%m/%d/%Y", "%m/%d/%Y"),
    "csv.users": ('{email = "Mail"}', '{"email": "Mail"}', {"email": "Mail"}),
    "csv.event_names": ('{seen = "view"}', '{"seen": "view"}', {"seen": "view"}),
    "bigquery.max_bytes_billed": ("1000", "1000", 1000),
    "weights.half_life_days": ('"none"', "none", None),
    "eligibility.require_image": ("false", "false", False),
    "baseline.segment_weight": ("12", "12", 12.0),
    "recommend.rules_file": ('"rules.toml"', "rules.toml", Path("rules.toml")),
    "export.product_link": ('"https://shop.example/p/{sku}"', "https://shop.example/p/{sku}", "https://shop.example/p/{sku}"),
    "gate.min_users": ("10", "10", 10),
    "campaign.days": ("7", "7", 7),
    "serve.timeout_s": ("2.5", "2.5", 2.5),
    "privacy.email_key_service": ('"shop"', "shop", "shop"),
    "night.cuts": ("5", "5", 5),
    "log.lines": ('"json"', "json", "json"),
}  # fmt: skip
"""Setting to how it is written in TOML and in the environment, and what it is then; one of every section."""


@pytest.fixture(autouse=True)
def nothing_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A working directory and an environment without settings."""
    import os

    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith(settings.ENV_PREFIX)]:
        monkeypatch.delenv(name)


def in_file(text: str) -> None:
    Path(settings.CONFIG_FILE).write_text(text, encoding="utf-8")


def in_environment(setting: str, text: str, patch: pytest.MonkeyPatch) -> None:
    patch.setenv(f"{settings.ENV_PREFIX}{setting.replace('.', '__')}".upper(), text)


def value_of(loaded: Settings, setting: str) -> Any:
    section, key = setting.split(".")
    return getattr(getattr(loaded, section), key)


def sections() -> dict[str, type[Section]]:
    fields = {name: field.annotation for name, field in Settings.model_fields.items()}
    return {name: kind for name, kind in fields.items() if isinstance(kind, type) and issubclass(kind, Section)}


def test_the_table_has_a_setting_of_every_section() -> None:
    assert {setting.split(".")[0] for setting in VALUES} == set(sections())


@pytest.mark.parametrize("setting", VALUES)
def test_a_setting_means_the_same_wherever_it_is_said(setting: str, monkeypatch: pytest.MonkeyPatch) -> None:
    section, key = setting.split(".")
    toml, text, value = VALUES[setting]
    by_option = settings.load(**{section: {key: tomllib.loads(f"x = {toml}")["x"]}})
    in_file(f"[{section}]\n{key} = {toml}\n")
    by_file = settings.load()
    Path(settings.CONFIG_FILE).unlink()
    in_environment(setting, text, monkeypatch)
    by_environment = settings.load()
    assert [value_of(loaded, setting) for loaded in (by_option, by_file, by_environment)] == [value] * 3
    assert value_of(Settings(), setting) == value, "once said in the environment, it holds without a file, too"
    assert by_option.model_dump() == by_file.model_dump() == by_environment.model_dump()


@pytest.mark.parametrize("setting", VALUES)
def test_a_setting_that_is_said_leaves_the_others_at_their_defaults(setting: str) -> None:
    plain = settings.load().model_dump()
    section, key = setting.split(".")
    in_file(f"[{section}]\n{key} = {VALUES[setting][0]}\n")
    changed = settings.load().model_dump()
    differing = {
        f"{name}.{field}"
        for name, values in plain.items()
        if isinstance(values, dict)
        for field, value in values.items()
        if value != changed[name][field]
    }
    assert differing == {setting}


LIMITS = [
    ("sync.max_rejected_share", "1", "1.01"),
    ("sync.max_removed_share", "0", "-0.01"),
    ("sync.max_characters", "900", "901"),
    ("sync.memory_mb", "256", "255"),
    ("sync.co_purchase_max_skus", "2", "1"),
    ("bigquery.price_per_tib", "0", "-0.1"),
    ("weights.view", "0", "-1"),
    ("weights.half_life_days", "0.1", "0"),
    ("recommend.min_people", "2", "1"),
    ("recommend.min_parts", "4", "5"),
    ("recommend.index_candidates", "1000", "1001"),
    ("recommend.universal_share", "1", "0"),
    ("gate.max_first_share", "1", "1.1"),
    ("campaign.scanner_links", "2", "1"),
    ("serve.max_rows", "1", "0"),
    ("night.cuts", "1", "0"),
    ("eligibility.max_price", "0.01", "0"),
]
"""Setting, the last value that is accepted, and the first that is not."""


@pytest.mark.parametrize(("setting", "inside", "outside"), LIMITS)
def test_a_limit_itself_is_accepted_and_what_is_beyond_is_refused_by_name(
    setting: str, inside: str, outside: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_environment(setting, inside, monkeypatch)
    assert value_of(settings.load(), setting) == float(inside)
    in_environment(setting, outside, monkeypatch)
    with pytest.raises(SettingsError, match=f"setting {setting}: ") as error:
        settings.load()
    assert (error.value.exit_code, error.value.hint) == (2, "docs/settings.md lists every setting")


@pytest.mark.parametrize(
    ("setting", "text"),
    [
        ("export.product_link", "http://shop.example/{sku}"),
        ("export.product_link", "https://shop.example/"),
        ("export.product_link", "https://shop.example/{sku}/{sku}"),
        ("export.product_link", "https://shop.example/{id}"),
        ("sync.boundary", "2025-09-01T00:00:00"),
        ("csv.event_names", '{"seen": "looked"}'),
        ("log.lines", "yaml"),
        ("server.allow_plaintext", "perhaps"),
        ("server.heap_mb", "1.5"),
        ("sync.placeholders", "x,y"),
    ],
)
def test_a_text_of_another_form_is_refused(setting: str, text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    in_environment(setting, text, monkeypatch)
    with pytest.raises(SettingsError) as error:
        settings.load()
    assert error.value.exit_code == 2


def test_a_variable_that_is_no_setting_is_named_and_one_of_another_program_is_left_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HOLLEY_GRAPHS", "1")
    settings.load()
    monkeypatch.setenv("HOLLEY_GRAPH_HEAP_MB", "1")
    with pytest.raises(SettingsError, match="environment variable HOLLEY_GRAPH_HEAP_MB is not a setting"):
        settings.load()


def test_every_setting_says_in_a_sentence_what_it_is() -> None:
    missing = [
        f"{name}.{key}"
        for name, section in sections().items()
        for key, field in section.model_fields.items()
        if not (field.description or "").rstrip().endswith(".")
    ]
    assert missing == []


def test_a_setting_that_may_be_none_says_what_none_means() -> None:
    silent = [
        f"{name}.{key}"
        for name, section in sections().items()
        for key, field in section.model_fields.items()
        if type(None) in get_args(field.annotation) and "none" not in (field.description or "").lower()
    ]
    assert set(silent) <= {
        "server.password_file",
        "bigquery.impersonate",
        "bigquery.storage_endpoint",
        "privacy.email_key_service",
    }
