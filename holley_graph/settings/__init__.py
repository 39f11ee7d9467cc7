"""All settings, their defaults and one sentence each.

Weakest first: `holley-graph.toml`, then `HOLLEY_GRAPH_<SECTION>__<KEY>` in the environment, then options of
the command line. A key that is not listed here is an error, wherever it stands.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

import platformdirs
from pydantic import Field, ValidationError
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)
from pydantic_settings import SettingsError as SourceError

from holley_graph.errors import SettingsError
from holley_graph.settings.operation import Log, Night, Serve
from holley_graph.settings.sections import (
    Baseline,
    BigQuery,
    Campaign,
    Csv,
    Eligibility,
    Export,
    Gate,
    Privacy,
    Recommend,
    Section,
    Server,
    Sync,
    Weights,
)

__all__ = [
    "CONFIG_FILE",
    "ENV_PREFIX",
    "Baseline",
    "BigQuery",
    "Campaign",
    "Csv",
    "Eligibility",
    "Export",
    "Gate",
    "Log",
    "Night",
    "Privacy",
    "Recommend",
    "Section",
    "Serve",
    "Server",
    "Settings",
    "Sync",
    "Weights",
    "load",
]

CONFIG_FILE = "holley-graph.toml"
ENV_PREFIX = "HOLLEY_GRAPH_"


class Settings(BaseSettings):
    """The whole configuration of one invocation."""

    model_config = SettingsConfigDict(
        frozen=True,
        extra="forbid",
        env_prefix=ENV_PREFIX,
        env_nested_delimiter="__",
        nested_model_default_partial_update=True,
    )

    home: Path = Field(default_factory=lambda: platformdirs.user_data_path("holley-graph"))
    """Folder that holds everything the tool keeps; owner-only."""
    server: Server = Server()
    sync: Sync = Sync()
    csv: Csv = Csv()
    bigquery: BigQuery = BigQuery()
    weights: Weights = Weights()
    eligibility: Eligibility = Eligibility()
    baseline: Baseline = Baseline()
    recommend: Recommend = Recommend()
    export: Export = Export()
    gate: Gate = Gate()
    campaign: Campaign = Campaign()
    serve: Serve = Serve()
    privacy: Privacy = Privacy()
    night: Night = Night()
    log: Log = Log()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Strongest first: options, environment, file."""
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls)


def load(config: Path | None = None, **options: Any) -> Settings:
    """Read the settings of this invocation.

    Args:
        config: a TOML file; none: `holley-graph.toml` in the working directory, if there is one.
        options: what the command line says; `None` values are not said.

    Raises:
        SettingsError: unknown key, wrong type, or `config` does not exist or is not TOML.
    """
    if config is not None and not config.is_file():
        raise SettingsError(f"settings file {config} does not exist", "check the path behind --config")
    _refuse_unknown_environment()
    source = type(
        "Settings",
        (Settings,),
        {"model_config": {**Settings.model_config, "toml_file": config or CONFIG_FILE}},
    )
    try:
        settings: Settings = source(**{key: value for key, value in options.items() if value is not None})
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise SettingsError(f"setting {where}: {first['msg']}", "docs/settings.md lists every setting") from error
    except SourceError as error:
        (section,) = re.findall(r'field "(\w+)"', str(error))
        raise SettingsError(
            f"environment variable {ENV_PREFIX}{section.upper()}__…: a list or a table is not written as JSON",
            'a list is ["a", "b"], a table {"a": "b"}',
        ) from error
    except ValueError as error:  # TOML that does not parse
        raise SettingsError(f"{config or CONFIG_FILE}: {error}", "docs/settings.md shows such a file") from error
    return settings


def _refuse_unknown_environment() -> None:
    sections = tuple(f"{ENV_PREFIX}{name.upper()}__" for name in Settings.model_fields)
    known = {f"{ENV_PREFIX}HOME", f"{ENV_PREFIX}CONFIG"}
    for name in os.environ:
        if name.startswith(ENV_PREFIX) and name not in known and not name.startswith(sections):
            raise SettingsError(
                f"environment variable {name} is not a setting", "docs/settings.md lists every setting"
            )
