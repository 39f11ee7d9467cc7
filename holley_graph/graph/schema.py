"""What the graph holds, declared once: the bulk import, the sync, the tests and docs/schema.md read it here.

`cypher/generate.py` writes from it the statements that load, remove and read each type (`make docs`).

A node or relationship type is filled from one *graph table* of the same lower-case name. Times travel as epoch
seconds (INT64) and are stored as Neo4j datetimes, except `at`, which stays a list of epoch seconds.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal["string", "int", "float", "bool", "datetime", "int[]"]


@dataclass(frozen=True)
class Property:
    """One stored value."""

    name: str
    kind: Kind
    description: str


@dataclass(frozen=True)
class Node:
    """A label with its key, filled from table `table`."""

    label: str
    table: str
    key: Property
    properties: tuple[Property, ...]
    description: str


@dataclass(frozen=True)
class Relationship:
    """A relationship type between two labels; `start` and `end` name the table's key columns.

    All properties but times are always there: the server packs them into lists, which cannot hold null.
    """

    type: str
    table: str
    start_label: str
    start: str
    end_label: str
    end: str
    properties: tuple[Property, ...]
    description: str


@dataclass(frozen=True)
class Vector:
    """A table of vectors that each release writes on nodes of one label, as `property` with its slot behind."""

    table: str
    label: str
    description: str
    property: str = "embedding"
    indexed: str | None = None
    """Label of the nodes whose vectors are searched."""


_COUNT_OF_PEOPLE = Property("count", "int", "people who did this; all ids of one email are one")
_PMI = Property("weight", "float", "positive pointwise mutual information, natural logarithm, to a tenth")
_INTERACTION = (
    Property("count", "int", "number of counted events"),
    Property("first_at", "datetime", "earliest counted event; absent when none is counted"),
    Property("last_at", "datetime", "latest known event; on ORDERED, order lines past the boundary included"),
    Property(
        "at", "int[]", "all counted times, epoch seconds, ascending: what lets any earlier cut-off be rebuilt"
    ),
    Property(
        "weight",
        "float",
        "sum over events of base weight × 2^(−age / half-life), age up to the start of the half-life "
        "that the sync's as_of lies in: to be read beside each other",
    ),
)

NODES = (
    Node(
        "User",
        "user",
        Property("user_id", "string", "id of the source, or `buyer:` + email hash for a buyer without one"),
        (
            Property("email_hash", "string", "HMAC-SHA-256 of the lower-case address; the address is never here"),
            Property("engagement_tier", "string", "hot: ordered on or after the boundary; else cold"),
            Property(
                "drives", "string", "its vehicle in words, by which Neo4j Browser names it; absent without one"
            ),
        ),
        "Somebody who owns a vehicle, did something, or both.",
    ),
    Node(
        "Vehicle",
        "vehicle",
        Property("vehicle_id", "string", "YEAR|MAKE|MODEL"),
        (
            Property("year", "int", "model year"),
            Property("make", "string", "upper case"),
            Property("model", "string", "upper case"),
        ),
        "A year-make-model.",
    ),
    Node(
        "VehicleModel",
        "vehicle_model",
        Property("model_id", "string", "MAKE|MODEL"),
        (
            Property("make", "string", "upper case"),
            Property("model", "string", "upper case"),
            Property("first_year", "int", "earliest year of its vehicles"),
            Property("last_year", "int", "latest year of its vehicles"),
        ),
        "All years of one make and model.",
    ),
    Node("Make", "make", Property("name", "string", "upper case"), (), "A vehicle make."),
    Node(
        "Product",
        "product",
        Property("sku", "string", "trimmed, upper case"),
        (
            Property("base_sku", "string", "SKU without its colour letter"),
            Property("display_key", "string", "what all variants of one family share; one of them is shown"),
            Property("part_type", "string", "UNKNOWN when the source has none"),
            Property("price", "float", "highest observed in events, US dollars; absent: unknown"),
            Property("image_url", "string", "newest observed, https only"),
            Property("title", "string", "catalogue title, where the source has one"),
            Property("brand", "string", "brand, where the source has one"),
            Property("refurbished", "bool", "tagged as refurbished"),
            Property("eligible", "bool", "may be recommended at all (contract §4, rule 2)"),
        ),
        "A part.",
    ),
    Node(
        "PartType",
        "part_type",
        Property("name", "string", "as written in the catalogue"),
        (),
        "A kind of part.",
    ),
)

RELATIONSHIPS = (
    Relationship(
        "OWNS", "owns", "User", "user_id", "Vehicle", "vehicle_id",
        (Property("since", "datetime", "newest of the times of its three attributes"),),
        "Whose vehicle.",
    ),
    Relationship("FITS", "fits", "Product", "sku", "Vehicle", "vehicle_id", (), "The fitment constraint."),
    Relationship("OF_MODEL", "of_model", "Vehicle", "vehicle_id", "VehicleModel", "model_id", (), "Year to model."),
    Relationship("MADE_BY", "made_by", "VehicleModel", "model_id", "Make", "make", (), "Model to make."),
    Relationship("OF_TYPE", "of_type", "Product", "sku", "PartType", "part_type", (), "Part to its kind."),
    Relationship("VIEWED", "viewed", "User", "user_id", "Product", "sku", _INTERACTION, "Product page views."),
    Relationship("CARTED", "carted", "User", "user_id", "Product", "sku", _INTERACTION, "Cart updates."),
    Relationship("ORDERED", "ordered", "User", "user_id", "Product", "sku", _INTERACTION, "Purchases."),
    Relationship(
        "CO_PURCHASED", "co_purchased", "Product", "sku", "Product", "other_sku",
        (_COUNT_OF_PEOPLE, _PMI, Property("last_at", "datetime", "latest purchase that completed the pair")),
        "Directed: first bought to bought later or with it.",
    ),
    Relationship(
        "CO_VIEWED", "co_viewed", "Product", "sku", "Product", "other_sku",
        (Property("count", "int", "viewing sessions with both"), _PMI),
        "Seen in one session; stored once, smaller SKU first.",
    ),
)  # fmt: skip

INTERACTIONS = tuple(relationship for relationship in RELATIONSHIPS if relationship.properties is _INTERACTION)
"""What users do to products: their weights age."""
PAIRS = tuple(relationship for relationship in RELATIONSHIPS if relationship.start_label == relationship.end_label)
"""What follows for two products from what users did."""

VECTORS = (
    Vector("product", "Product", "vectors of Product", indexed="Product"),
    Vector("product_anchor", "Product", "anchor vectors of Products", property="embedding_anchor"),
    Vector("vehicle", "Vehicle", "vectors of Vehicle", indexed="Vehicle"),
    Vector("vehicle_model", "VehicleModel", "vectors of VehicleModel"),
    Vector("make", "Make", "vectors of Make"),
    Vector("user", "User", "vectors of User", indexed="ActiveUser"),
)
"""What a release writes; of users only those are searched who did something since the boundary."""
