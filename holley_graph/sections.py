"""Groups of settings that say what is sent, in what split, and what it must be like."""

from __future__ import annotations

from datetime import UTC, datetime

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field


class Section(BaseModel):
    """A frozen group of settings that refuses keys it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class Baseline(Section):
    """What baseline v5.18 counts, and how much (contract §5)."""

    orders_from: AwareDatetime = datetime(2024, 1, 1, tzinfo=UTC)
    """Orders before this time (UTC) are too old to count."""
    least_pair: int = Field(2, gt=0)
    """Orders that a product needs to count within a segment (make and model) or a make."""
    least_segment: int = Field(5, ge=0)
    """Counted orders that a segment needs before its own counts are used."""
    least_make: int = Field(20, ge=0)
    """Counted orders that a make needs before its own counts are used."""
    least_products: int = Field(4, ge=0)
    """Eligible products that a vehicle needs to be recommended anything."""
    segment_weight: float = Field(10.0, ge=0)
    """Score per ln(1 + orders) of the segment."""
    make_weight: float = Field(8.0, ge=0)
    """Score per ln(1 + orders) of the make."""
    global_weight: float = Field(2.0, ge=0)
    """Score per ln(1 + orders) of everybody."""


class Gate(Section):
    """What a release must be like before it is sent."""

    least_users: int = Field(400_000, ge=0)
    """Rows that a file needs; a small world passes with less."""
    most_user_change: float = Field(0.05, ge=0)
    """Share by which the number of rows may differ from the previous release."""
    least_variety: float = Field(0.05, ge=0, le=1)
    """Share of the eligible parts that are recommended to somebody."""
    most_first_share: float = Field(0.2, ge=0, le=1)
    """Share of the rows in which one part may come first."""
    most_tier_change: float = Field(0.1, ge=0)
    """How much the share of an answering tier may differ from the previous release."""
    most_price_change: float = Field(0.2, ge=0)
    """Share by which a quartile of the prices may differ from the previous release."""


class Campaign(Section):
    """How what came of a campaign is counted."""

    days: int = Field(14, gt=0)
    """Days after the export was made within which clicks and orders count."""
    scanner_seconds: int = Field(10, ge=0)
    """A click within so many seconds of sending is a link scanner's, not a person's."""
    scanner_links: int = Field(3, ge=2)
    """So many clicks of one person within two seconds of each other are a link scanner's, too."""
