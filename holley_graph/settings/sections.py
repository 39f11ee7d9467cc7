"""Every section of the settings, frozen and typed; each field has its sentence of docs/settings.md."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import platformdirs
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, field_validator


class Section(BaseModel):
    """A frozen group of settings that refuses keys it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class Server(Section):
    """Where Neo4j is, and how much memory the embedded one may use."""

    uri: str | None = None
    """Address of your own Neo4j; none: the embedded server."""
    user: str = "neo4j"
    """Database user."""
    password_file: Path | None = None
    """File with the password for `uri`. The embedded server makes its own."""
    database: str = "neo4j"
    """Database name on that server."""
    allow_plaintext: bool = False
    """Allow an unencrypted URI that is not on loopback."""
    bolt_port: int = 7687
    """Loopback port of the Bolt protocol."""
    http_port: int = 7474
    """Loopback port of HTTP and Neo4j Browser."""
    heap_mb: int | None = None
    """Java heap in MiB; none: a quarter of the machine's memory, at least 512, at most 8192."""
    page_cache_mb: int | None = None
    """Page cache in MiB; none: an eighth of the machine's memory, at least 256, at most 8192."""
    jvm_options: tuple[str, ...] = ()
    """Further options of the embedded server's Java, such as `-XX:+HeapDumpOnOutOfMemoryError`; they come last."""
    jar_cache: Path = Field(default_factory=lambda: platformdirs.user_cache_path("holley-graph") / "jars")
    """Where the server's jars are kept, shared by all homes of this user."""
    maven_url: str | None = None
    """Base URL of a Maven mirror; none: the default of the resolver library."""
    start_timeout_s: int = 120
    """Seconds that a start may take before it counts as failed."""


class Sync(Section):
    """What a sync takes in, and when it stops."""

    boundary: AwareDatetime = datetime(2025, 9, 1, tzinfo=UTC)
    """Order lines count before this time, events from this time on (UTC)."""
    max_rejected_share: float = Field(0.2, ge=0, le=1)
    """Share of a feed's rows that may break a rule before the sync stops with exit code 3."""
    min_judged: int = Field(100, ge=1)
    """`--since-last` counts the events that it read as at least this many when it takes a share of them. So one bad
    row of three does not stop a sync."""
    batch_rows: int = Field(10_000, gt=0)
    """Rows per write transaction when a change is too large for one."""
    atomic_rows: int = Field(100_000, ge=0)
    """Changes up to this many rows are written in one transaction."""
    co_purchase_max_skus: int = Field(100, gt=1)
    """Buyers of more SKUs than this (dealers) are left out of co-purchase."""
    session_gap_minutes: int = Field(30, gt=0)
    """A pause longer than this ends a viewing session."""
    session_max_skus: int = Field(50, gt=1)
    """Sessions with more SKUs than this (crawlers) are left out of co-view."""
    time_zone: str = "America/Chicago"
    """Time zone of the shop. An event and an order line of a part on one calendar day there are one purchase."""
    placeholders: tuple[str, ...] = ("n/a", "na", "null", "none", "nil", "nan", "undefined", "unknown", "anonymous")
    """Words that count as a missing email or user id. So does a text of zeros and dashes alone."""
    max_ids: int = Field(20, ge=1)
    """User ids that may share an email. An email with more of them (a call centre's) is ignored."""
    max_characters: int = Field(500, ge=50, le=900)
    """Longest user id, email, SKU, make, model or part type, in characters."""
    first_year: int = 1885
    """Earliest model year that is accepted."""
    last_year: int | None = None
    """Latest model year that is accepted; none: two years after the year of `as_of`."""
    allow_empty: tuple[str, ...] = ()
    """Source tables that may be empty. Any other empty table stops the sync."""
    max_row_fall: float = Field(0.5, ge=0, le=1)
    """Share of a source table's rows that may disappear between two syncs before the second one stops."""
    max_removed_share: float = Field(0.2, ge=0, le=1)
    """Share of a label or relationship type that a sync may remove before it stops. Fewer than
    `sync.min_judged` of them count as that many."""
    late_days: int = Field(3, ge=0)
    """`--since-last` also reads the events of this many days before the last sync, because some arrive late."""
    keep_rejects_days: int = Field(90, ge=1)
    """Days for which dead letters are kept."""
    memory_mb: int = Field(2048, ge=256)
    """Memory in MiB for the engine of syncs, exports and the gate. Beyond it, the engine uses files in the home."""


class Csv(Section):
    """How the lists of `--source csv:DIR` are written. Only what differs from the usual has to be said."""

    date_format: str | None = None
    """How dates are written, for example `%m/%d/%Y %H:%M`; none: as ISO 8601 (`2025-01-31 13:45`). ISO dates are
    always read."""
    users: dict[str, str] = {}
    """Our name of a column to the name in `users`, for example `email = "Mail of customer"`."""
    fitment: dict[str, str] = {}
    """The same for `fitment`."""
    products: dict[str, str] = {}
    """The same for `products`."""
    orders: dict[str, str] = {}
    """The same for `orders`."""
    events: dict[str, str] = {}
    """The same for `events`."""
    event_names: dict[str, Literal["view", "cart", "order"]] = {}
    """What an event is called in the file, to `view`, `cart` or `order`. The usual names are known."""


class BigQuery(Section):
    """Where the source tables are in BigQuery, which account reads them, and what a query may cost."""

    project: str | None = None
    """Project that has the tables and pays for the queries; none: the project of the credentials."""
    location: str | None = None
    """Location of the datasets, for example `US`; none: BigQuery finds it."""
    events_dataset: str = "company_1950"
    """Dataset of user attributes and events; write `project.dataset` for another project."""
    catalog_dataset: str = "data_company_1950"
    """Dataset of fitment, items and orders; write `project.dataset` for another project."""
    scratch_dataset: str = "holley_graph_scratch"
    """Dataset for intermediate tables, which expire by themselves. The dataset must exist."""
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
    """Address of a service account to act as. The credentials need the right to do so."""
    rest_endpoint: str | None = None
    """Another address of the REST interface; none: `BIGQUERY_EMULATOR_HOST` of the environment, else Google's. An
    `http` address must be on loopback and is used without authentication."""
    storage_endpoint: str | None = None
    """Another `host:port` of the Storage Read interface. An emulator without it is read by REST."""
    max_bytes_billed: int = Field(100 * 2**30, gt=0)
    """Bytes that one query may be billed for. A query that would read more is not run."""
    price_per_tib: float = Field(6.25, ge=0)
    """Price of reading a TiB, in US dollars. `plan` uses it for its estimate."""
    streams: int = Field(4, gt=0)
    """Most streams that read one result at the same time."""
    deadline_s: float = Field(300, gt=0)
    """Seconds for which a failed call is repeated, and for which a silent stream is waited for."""
    scratch_hours: int = Field(24, gt=0)
    """Hours after which an intermediate table of a killed sync expires."""


class Weights(Section):
    """How much an interaction counts: base weight × 2^(−age / half-life)."""

    view: float = Field(1.0, ge=0)
    """Base weight of a view."""
    cart: float = Field(3.0, ge=0)
    """Base weight of a cart update."""
    order: float = Field(5.0, ge=0)
    """Base weight of an order."""
    half_life_days: float | None = Field(30.0, gt=0)
    """Days after which an interaction counts half; `none`: interactions do not lose weight with age."""

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
    """Price that is assumed for a product without an observed price."""
    max_price: float = Field(100_000.0, gt=0)
    """Highest price that is accepted. A higher one in an event is ignored."""
    require_image: bool = True
    """Only products with an https image."""
    unknown_type_min_price: float = 3000.0
    """Cheapest price of a product whose part type is unknown."""


class Baseline(Section):
    """What baseline v5.18 counts, and with which weight (contract §5)."""

    orders_from: AwareDatetime = datetime(2024, 1, 1, tzinfo=UTC)
    """Orders before this time (UTC) do not count."""
    min_pair: int = Field(2, gt=0)
    """Orders that a product needs to count within a segment (make and model) or a make."""
    min_segment: int = Field(5, ge=0)
    """Counted orders that a segment needs before its own counts are used."""
    min_make: int = Field(20, ge=0)
    """Counted orders that a make needs before its own counts are used."""
    min_products: int = Field(4, ge=0)
    """Eligible products that a vehicle needs before anything is recommended for it."""
    segment_weight: float = Field(10.0, ge=0)
    """Score per ln(1 + orders) of the segment."""
    make_weight: float = Field(8.0, ge=0)
    """Score per ln(1 + orders) of the make."""
    global_weight: float = Field(2.0, ge=0)
    """Score per ln(1 + orders) of everybody."""


class Recommend(Section):
    """The shape of an answer."""

    exclude_days: int = Field(365, ge=0)
    """Days for which a bought part (any colour of it) is not recommended again."""
    per_part_type: int = Field(2, gt=0)
    """Most parts of one part type in an answer."""
    universal_share: float = Field(0.1, gt=0, le=1)
    """`--ranker universal` chooses from this share of the eligible products: those that fit the most vehicles."""
    index_candidates: int = Field(200, ge=10, le=1_000)
    """Extra neighbours that the vector index is asked for. More make it less likely that a good part is missed."""
    rules_file: Path | None = None
    """File with marketing's rules, which answers, exports and the gate obey (docs/marketing.md); none: no rules."""
    min_people: int = Field(5, ge=2)
    """Other people that a reason about people needs, counted by email. With fewer, another reason is given."""
    min_parts: int = Field(3, ge=1, le=4)
    """Parts that a row of an export needs. A user with fewer gets no row."""


class Gate(Section):
    """What an export must be like before it is sent."""

    min_users: int = Field(400_000, ge=0)
    """Rows that a file needs. Lower it for a small world."""
    max_user_change: float = Field(0.05, ge=0)
    """Share by which the number of rows may differ from the previous file."""
    min_variety: float = Field(0.05, ge=0, le=1)
    """Smallest share of the eligible parts that must be recommended to somebody."""
    max_first_share: float = Field(0.2, ge=0, le=1)
    """Largest share of the rows in which one part may come first."""
    max_tier_change: float = Field(0.1, ge=0)
    """How much the share of an answering tier may differ from the previous file."""
    max_price_change: float = Field(0.2, ge=0)
    """Share by which a quartile of the prices may differ from the previous file."""


class Export(Section):
    """How an export is written."""

    product_link: str | None = Field(None, pattern=r"^https://[^\s{}]*\{sku\}[^\s{}]*$")
    """Address of a product's page, with `{sku}` where the SKU goes, for example
    `https://www.example.com/products/{sku}`. None: the columns of links are empty."""
    guard_csv: bool = True
    """Whether a `'` is put before text in CSV that a spreadsheet would run as a formula. Such text begins with `=`,
    `+`, `-`, `@`, a tab or a line end. `gate`, `campaign` and `forget` remove the `'` again."""


class Campaign(Section):
    """How the results of a campaign are counted."""

    days: int = Field(14, gt=0)
    """Days after the export was made within which clicks and orders count."""
    scanner_seconds: int = Field(10, ge=0)
    """A click within this many seconds of sending counts as a link scanner's."""
    scanner_links: int = Field(3, ge=2)
    """This many clicks of one person within two seconds also count as a link scanner's."""


class Privacy(Section):
    """How email addresses are kept out of the graph."""

    email_key_file: Path | None = None
    """File with the HMAC key for email hashes; none: a file in the home, made at the first sync."""
    email_key_service: str | None = None
    """Service of the system keyring that holds the key, for user `email-key`. It replaces the file."""
