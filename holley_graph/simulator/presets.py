"""Shops of one family: how much is bought in the last month, how many visitors there are, and how the trend moves.

A choice that is made on one of them alone fits it alone. The usual one has many purchases in its last month, few
visitors whose vehicle nobody knows, and a trend of one speed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from holley_graph.simulator.config import VISITORS_PER_USER, Sizes, Strengths


@dataclass(frozen=True)
class Preset:
    """One shop.

    Attributes:
        event_share: users with events.
        order_share: sessions that end in an order.
        visitors_per_user: ids that only events know.
        strengths: what moves a purchase.
    """

    event_share: float = Sizes.event_share
    order_share: float = Sizes.order_share
    visitors_per_user: float = VISITORS_PER_USER
    strengths: Strengths = field(default_factory=Strengths)

    def sizes(self, users: int, products: int | None = None) -> Sizes:
        """Scale the shop."""
        sizes = Sizes.of(users, products, self.visitors_per_user)
        return replace(sizes, event_share=self.event_share, order_share=self.order_share)


PRESETS: Mapping[str, Preset] = {
    "usual": Preset(),
    "thin-month": Preset(event_share=0.02, order_share=0.2),
    "full-month": Preset(event_share=0.15, order_share=0.5),
    "few-visitors": Preset(visitors_per_user=0.01),
    "many-visitors": Preset(visitors_per_user=0.4),
    "slow-trend": Preset(strengths=Strengths(type_walk=0.02, product_walk=0.04, trend=0.5, season=0.2)),
    "fast-trend": Preset(
        strengths=Strengths(type_walk=0.2, product_walk=0.35, trend=2.0, trend_months=3.0, trend_share=0.15)
    ),
    "turning-trend": Preset(strengths=Strengths(trend=2.0, trend_months=3.0, trend_share=0.2, turn=1.0)),
}
"""By name. `demo` generates `full-month`: of the usual month, 5,000 people buy too little to tell rankers apart."""
