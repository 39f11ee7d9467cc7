"""How large a generated world is, and how strong each of its signals."""

from __future__ import annotations

from dataclasses import dataclass
from zlib import crc32

import numpy as np

VISITORS_PER_USER = 0.09


@dataclass(frozen=True)
class Strengths:
    """What moves a purchase, in units of utility (log odds); `generate` takes another one to try.

    A buyer chooses among the parts that fit by a softmax over the sum of these terms, so the noise of the
    choice is the fixed point that all of them are measured against.
    """

    quality: float = 0.8  # spread of how good a product family simply is; the tail is heavier than normal
    variant: float = 0.4  # spread between the colours and kits of one family
    part_type: float = 0.45  # spread of the appeal of part types, the same for everybody
    brand: float = 0.35  # spread of the appeal of brands, the same for everybody
    make_type: float = 0.35  # what owners of a make want, by part type
    model_type: float = 0.45  # what owners of a model want beyond their make, by part type
    window_type: float = 0.35  # what an era of five model years wants, by part type
    sibling_type: float = 0.3  # what one model in one era wants beyond all that, by part type
    interaction: float = 0.5  # low-dimensional taste of vehicle × product; siblings share most of it
    personal: float = 0.5  # low-dimensional taste of one person, whatever they drive
    project: float = 1.0  # bonus of the two part types that a person is busy with
    season: float = 0.45  # swing of a part type over the year
    type_walk: float = 0.06  # monthly step of a part type's popularity
    product_walk: float = 0.13  # monthly step of a product family's popularity
    trend: float = 1.5  # what a rising (falling) family gains (loses) in its months
    trend_months: float = 9.0  # how long it rises (falls)
    turn: float = 0.0  # share of it that is lost (gained) again in as many months after that
    trend_share: float = 0.08  # share of families that rise; as many fall
    follows: float = 1.1  # bonus of the part types that come after the one bought last
    partner: float = 2.0  # bonus of the two families that belong to the one bought last
    follows_days: float = 45.0  # decay of both, days
    viewed: float = 0.8  # bonus of a family per (decayed) view of it among the last eight
    viewed_type: float = 0.5  # bonus of a part type per (decayed) view of it, at most twice
    viewed_days: float = 21.0  # decay of both, days
    repeat: float = -4.0  # a family, per purchase of it among the person's last eight
    view_focus: float = 2.2  # how much the views of a session keep to one part type
    view_flatness: float = 0.6  # views follow utility times this: people look at more than they would buy


@dataclass(frozen=True)
class Sizes:
    """How many of everything; `Sizes.of` scales it with the users."""

    users: int  # user ids with attribute rows
    skus: int  # catalogue without service SKUs
    vehicles: int  # year-make-models with fitment
    fitments: int  # pairs of vehicle and SKU
    guests: int  # buyers whose email belongs to no user
    dealers: int  # buyers with very many lines, for any vehicle
    visitors: int  # user ids that only events know
    buyer_share: float = 0.55  # users with order lines under their email
    lines_per_buyer: float = 3.0  # order lines of one buyer before the boundary, mean
    dealer_lines_per_user: float = 0.1  # order lines of all dealers, per user of the world
    event_share: float = 0.04  # users with events
    sessions_per_user: float = 5.0  # sessions of a user with events, mean
    sessions_per_visitor: float = 1.8  # sessions of a visitor, mean
    order_share: float = 0.35  # sessions that end in an order
    shared_emails: float = 0.01  # user ids whose email is another user's
    foreign_share: float = 0.05  # order lines for a vehicle that is not the buyer's
    no_fitment_share: float = 0.02  # users whose vehicle has no fitment

    @classmethod
    def of(cls, users: int, products: int | None = None, visitors_per_user: float = VISITORS_PER_USER) -> Sizes:
        """Scale a world: 5,000 users see 1,500 SKUs, 475,000 see 25,000."""
        skus = max(products or round(1500 * (users / 5000) ** 0.618), 60)
        return cls(
            users=users,
            skus=skus,
            vehicles=int(np.clip(600 * (users / 5000) ** 0.611, 30, 16_000)),
            fitments=round(15.6 * skus),
            guests=max(round(0.125 * users), 5),
            dealers=max(users // 10_000, 2),
            visitors=max(round(visitors_per_user * users), 5),
        )


@dataclass(frozen=True)
class WorldConfig:
    """Which world: the same gives the same bytes."""

    sizes: Sizes
    strengths: Strengths
    seed: int
    as_of: int  # end of the events, exclusive

    def stream(self, name: str) -> np.random.Generator:
        """Give each part of the world its own random numbers, so that a change in one leaves the others alone."""
        return np.random.default_rng([self.seed, crc32(name.encode())])
