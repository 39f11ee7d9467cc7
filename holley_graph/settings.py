"""All settings, their defaults and one sentence each.

Weakest first: `holley-graph.toml`, then `HOLLEY_GRAPH_<SECTION>__<KEY>` in the environment, then options of
the command line. A key that is not listed here is an error, wherever it stands.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import platformdirs
from pydantic import AwareDatetime, Field, ValidationError, field_validator
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from holley_graph.errors import SettingsError
from holley_graph.sections import Baseline as Baseline
from holley_graph.sections import Campaign as Campaign
from holley_graph.sections import Gate as Gate
from holley_graph.sections import Section as Section

CONFIG_FILE = "holley-graph.toml"
ENV_PREFIX = "HOLLEY_GRAPH_"


class Server(Section):
    """Where Neo4j is, and how large the embedded one may grow."""

    uri: str | None = None
    """Address of a Neo4j of yours; none: the embedded server."""
    user: str = "neo4j"
    """Database user."""
    password_file: Path | None = None
    """File with the password of `uri`; the embedded server makes its own."""
    database: str = "neo4j"
    """Database name on that server."""
    allow_plaintext: bool = False
    """Permit an unencrypted URI off loopback."""
    bolt_port: int = 7687
    """Loopback port of the Bolt protocol."""
    http_port: int = 7474
    """Loopback port of HTTP and Neo4j Browser."""
    heap_mb: int | None = None
    """Java heap in MiB; none: a quarter of the machine's memory, at least 512, at most 8192. A release goes live in
    one transaction, which must fit into it."""
    page_cache_mb: int | None = None
    """Page cache in MiB; none: an eighth of the machine's memory, at least 256, at most 8192."""
    jar_cache: Path = Field(default_factory=lambda: platformdirs.user_cache_path("holley-graph") / "jars")
    """Where the server's jars are kept, shared by all homes of this user."""
    maven_url: str | None = None
    """Base URL of a Maven mirror; none: the one that the resolver library knows."""
    start_timeout_s: int = 120
    """How long a start may take before it counts as failed."""


class Sync(Section):
    """What a sync takes in, and when it stops."""

    boundary: AwareDatetime = datetime(2025, 9, 1, tzinfo=UTC)
    """Order lines count before this time, events from it on (UTC)."""
    max_rejected_share: float = Field(0.2, ge=0, le=1)
    """Share of a feed's rows that may break a rule before the sync stops with exit code 3."""
    batch_rows: int = Field(10_000, gt=0)
    """Rows per write transaction when a change is too large for one."""
    atomic_rows: int = Field(100_000, ge=0)
    """Changes up to this many rows are written in a single transaction, marker included."""
    co_purchase_max_skus: int = Field(100, gt=1)
    """Buyers of more SKUs than this (dealers) teach no co-purchase."""
    session_gap_minutes: int = Field(30, gt=0)
    """A pause longer than this ends a viewing session."""
    session_max_skus: int = Field(50, gt=1)
    """Sessions with more SKUs than this (crawlers) teach no co-view."""
    allow_empty: tuple[str, ...] = ()
    """Source tables that may have no rows; any other empty one stops the sync."""
    max_row_fall: float = Field(0.5, ge=0, le=1)
    """Share of a source table's rows that may be gone since the last sync before this one stops."""
    late_days: int = Field(3, ge=0)
    """`--since-last` reads events from this many days before the last sync on again: some arrive late."""
    memory_mb: int = Field(2048, ge=256)
    """Memory in MiB that extraction and transformation may use before they spill to the home."""


class BigQuery(Section):
    """Where the source tables are in BigQuery, who asks, and what a query may cost."""

    project: str | None = None
    """Project that has the tables and pays for the queries; none: that of the credentials."""
    location: str | None = None
    """Location of the datasets, for example `US`; none: BigQuery finds it out."""
    events_dataset: str = "company_1950"
    """Dataset of user attributes and events; `project.dataset` for one of another project."""
    catalog_dataset: str = "data_company_1950"
    """Dataset of fitment, items and orders; `project.dataset` for one of another project."""
    scratch_dataset: str = "holley_graph_scratch"
    """Dataset for intermediate tables; they expire by themselves. It has to exist."""
    user_attributes_table: str = "ingestion_unified_attributes_schema_incremental"
    """Table of user attributes."""
    events_table: str = "ingestion_unified_schema_incremental"
    """Table of events."""
    fitment_table: str = "vehicle_product_fitment_data"
    """Table of vehicles with the products that fit."""
    items_table: str = "import_items"
    """Table of the catalogue's lines."""
    orders_table: str = "import_orders"
    """Table of order lines."""
    credentials_file: Path | None = None
    """Key file of a service account; none: Application Default Credentials."""
    impersonate: str | None = None
    """Service account to act as, by its address; the credentials must be allowed to."""
    rest_endpoint: str | None = None
    """Another address of the REST interface; none: `BIGQUERY_EMULATOR_HOST` of the environment, else Google's. An
    `http` address must be on loopback; nobody is authenticated there."""
    storage_endpoint: str | None = None
    """Another `host:port` of the Storage Read interface; beside an emulator without it, rows are read by REST."""
    max_bytes_billed: int = Field(100 * 2**30, gt=0)
    """Bytes that a single query may be billed for; one that would read more is not run."""
    price_per_tib: float = Field(6.25, ge=0)
    """What a TiB of reading costs you, US dollars; only for what `plan` says."""
    streams: int = Field(4, gt=0)
    """Streams by which a result is read side by side, at most."""
    deadline_s: float = Field(300, gt=0)
    """Seconds for which a call that fails for the moment is tried again, and a silent stream waited for."""
    scratch_hours: int = Field(24, gt=0)
    """Hours after which an intermediate table that a killed sync left removes itself."""


class Weights(Section):
    """How much an interaction counts: base weight × 2^(−age / half-life)."""

    view: float = Field(1.0, ge=0)
    """Base weight of a view."""
    cart: float = Field(3.0, ge=0)
    """Base weight of a cart update."""
    order: float = Field(5.0, ge=0)
    """Base weight of an order."""
    half_life_days: float | None = Field(30.0, gt=0)
    """Days after which an interaction counts half; `none`: no decay."""

    @field_validator("half_life_days", mode="before")
    @classmethod
    def _none_is_a_word(cls, value: Any) -> Any:
        """TOML and the environment have no null."""
        return None if value == "none" else value


class Eligibility(Section):
    """Which products may be recommended at all (contract §4, rule 2)."""

    min_price: float = 50.0
    """Cheapest price that is recommended."""
    unknown_price: float = 50.0
    """What a product without an observed price counts as."""
    require_image: bool = True
    """Only products with an https image."""
    unknown_type_min_price: float = 3000.0
    """Cheapest price of a product whose part type is unknown."""


class Recommend(Section):
    """The shape of an answer."""

    exclude_days: int = Field(365, ge=0)
    """Days for which a bought part (any colour of it) is not recommended again."""
    per_part_type: int = Field(2, gt=0)
    """At most this many of one part type in an answer."""
    universal_share: float = Field(0.1, gt=0, le=1)
    """Share of the eligible products, those that fit the most vehicles, that `--ranker universal` chooses from."""
    least_parts: int = Field(3, ge=1, le=4)
    """Parts that a row of an export needs; a user who is left fewer gets none."""


class Privacy(Section):
    """How email addresses are kept out of the graph."""

    email_key_file: Path | None = None
    """File with the HMAC key for email hashes; none: one made in the home at the first sync."""
    email_key_service: str | None = None
    """Service of the system's keyring that holds the key, as user `email-key`, instead of a file."""


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
    bigquery: BigQuery = BigQuery()
    weights: Weights = Weights()
    eligibility: Eligibility = Eligibility()
    baseline: Baseline = Baseline()
    recommend: Recommend = Recommend()
    gate: Gate = Gate()
    campaign: Campaign = Campaign()
    privacy: Privacy = Privacy()

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
        raise SettingsError(f"settings file {config} does not exist")
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
    except ValueError as error:  # TOML that does not parse
        raise SettingsError(f"{config or CONFIG_FILE}: {error}") from error
    return settings


def _refuse_unknown_environment() -> None:
    sections = tuple(f"{ENV_PREFIX}{name.upper()}__" for name in Settings.model_fields)
    known = {f"{ENV_PREFIX}HOME", f"{ENV_PREFIX}CONFIG"}
    for name in os.environ:
        if name.startswith(ENV_PREFIX) and name not in known and not name.startswith(sections):
            raise SettingsError(
                f"environment variable {name} is not a setting", "docs/settings.md lists every setting"
            )
