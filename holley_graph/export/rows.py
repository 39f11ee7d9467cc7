"""Recommendations as the table that marketing takes: one row per address and vehicle, or one per part."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import quote

import numpy as np
import pyarrow as pa

from holley_graph.export.catalogue import Catalogue, take
from holley_graph.export.owners import Owners
from holley_graph.export.rank import Picks
from holley_graph.export.rankers import TIERS
from holley_graph.export.reasons import Reasons, flat
from holley_graph.keys import Ints
from holley_graph.rules.text import Rule

SLOTS = 4
PART = {
    "rec_part_{n}": pa.string(), "rec{n}_price": pa.float64(), "rec{n}_score": pa.float64(),
    "rec{n}_image": pa.string(), "rec{n}_type": pa.string(), "rec{n}_pop_source": pa.string(),
}  # fmt: skip
DESCRIPTION = {
    "rec{n}_title": pa.string(), "rec{n}_brand": pa.string(), "rec{n}_part_type": pa.string(),
    "rec{n}_link": pa.string(), "rec{n}_reason": pa.string(), "rec{n}_rule": pa.string(),
}  # fmt: skip
PATH = {"rec{n}_path": pa.string()}
OWNER = {"email_lower": pa.string(), "v1_year": pa.int64(), "v1_make": pa.string(), "v1_model": pa.string()}
ABOUT = {
    "engagement_tier": pa.string(), "fitment_count": pa.int64(), "generated_at": pa.timestamp("s", "UTC"),
    "pipeline_version": pa.string(), "run_id": pa.string(), "eligible_fits": pa.int64(),
}  # fmt: skip


CAMPAIGN = {"campaign": pa.string(), "arm": pa.string(), "exposed": pa.bool_()}


def wide_schema(campaign: bool = False, paths: bool = False) -> pa.Schema:
    """Return the columns of the wide table: the published ones first, in their order."""
    slots = [{name.format(n=n): kind for name, kind in PART.items()} for n in range(1, SLOTS + 1)]
    facts = [{name.format(n=n): kind for name, kind in _description(paths).items()} for n in range(1, SLOTS + 1)]
    columns = {
        name: kind
        for fields in (OWNER, *slots, ABOUT, *facts, CAMPAIGN if campaign else {})
        for name, kind in fields.items()
    }
    return pa.schema(list(columns.items()))


def long_schema(campaign: bool = False, paths: bool = False) -> pa.Schema:
    """Return the columns of the long table: one row per part."""
    names = {name.format(n="").rstrip("_"): kind for name, kind in (PART | _description(paths)).items()}
    return pa.schema(list((OWNER | {"slot": pa.int64()} | names | ABOUT | (CAMPAIGN if campaign else {})).items()))


def _description(paths: bool) -> dict[str, pa.DataType]:
    return DESCRIPTION | (PATH if paths else {})


@dataclass(frozen=True)
class Stamp:
    """What the rows of one ranker say of it.

    Attributes:
        pipeline_version: what made it.
        kind: what the recommendations are called.
        run_id: the release, or for a ranker without one the sync, that it comes from.
    """

    pipeline_version: str
    run_id: str
    kind: str


@dataclass(frozen=True)
class Exposure:
    """What rows say of a campaign.

    Attributes:
        campaign: its name.
        groups: names of its arms, and of the hold-out as the last (`Owners.group` counts these).
    """

    campaign: str
    groups: Sequence[str]


class Sheet:
    """Turns blocks of recommendations into rows.

    Args:
        catalogue: what was ranked.
        reasons: of the same.
        generated_at: stands in every row.
        stamps: of each ranker: of each arm of a campaign.
        exposure: of a campaign.
        rules: of marketing, which picks name by number.
        link: address of a product's page with `{sku}` in it; none: rows have no links.
        paths: whether rows have the path in the graph.
    """

    def __init__(
        self,
        catalogue: Catalogue,
        reasons: Reasons,
        generated_at: datetime,
        stamps: Sequence[Stamp],
        exposure: Exposure | None = None,
        *,
        rules: Sequence[Rule] = (),
        link: str | None = None,
        paths: bool = False,
    ) -> None:
        self.catalogue, self.generated_at, self.stamps = catalogue, generated_at, stamps
        self.exposure, self.paths = exposure, paths
        self.reasons = reasons
        self.rules = pa.array([rule.name for rule in rules], pa.string())
        self.choice = np.diff(catalogue.fits.offsets)
        self.links = _links(link, catalogue.products["sku"])
        self._wide, self._long = (make(exposure is not None, paths) for make in (wide_schema, long_schema))

    def wide(self, owners: Owners, picks: Picks) -> pa.Table:
        """Make one row per person."""
        cells = self._cells(owners, picks)
        place = np.full(picks.product.shape, -1)
        place[picks.product >= 0] = np.arange(cells.num_rows)
        slots = {
            name.replace("{n}", str(n + 1)): take(cells[name], place[:, n])
            for n in range(SLOTS)
            for name in (*PART, *_description(self.paths))
        }
        who = self._who(owners, picks.owner, (picks.product >= 0).sum(axis=1))
        return pa.table(who | slots).select(self._wide.names).cast(self._wide)

    def long(self, owners: Owners, picks: Picks) -> pa.Table:
        """Make one row per part."""
        owner, _ = flat(picks)
        there = picks.product >= 0
        parts = there.sum(axis=1)
        cells = self._cells(owners, picks)
        slot = np.broadcast_to(np.arange(1, SLOTS + 1), there.shape)[there]
        named = {name.format(n="").rstrip("_"): cells[name] for name in cells.column_names}
        who = self._who(owners, owner, np.repeat(parts, parts))
        return pa.table(who | {"slot": slot} | named).select(self._long.names).cast(self._long)

    def _who(self, owners: Owners, owner: Ints, parts: Ints) -> dict[str, Any]:
        vehicles, vehicle, group = self.catalogue.vehicles, owners.vehicle[owner], owners.group[owner]
        moment = pa.scalar(self.generated_at, ABOUT["generated_at"])
        return self._arm(group) | {
            "email_lower": take(owners.email, owner),
            "v1_year": take(vehicles["year"], vehicle),
            "v1_make": take(vehicles["make"], vehicle),
            "v1_model": take(vehicles["model"], vehicle),
            "engagement_tier": take(owners.engagement_tier, owner),
            "fitment_count": parts,
            "eligible_fits": self.choice[vehicle],
            "generated_at": pa.repeat(moment, len(owner)),
            "pipeline_version": self._said(group, "pipeline_version"),
            "run_id": self._said(group, "run_id"),
        }

    def _arm(self, group: Ints) -> dict[str, Any]:
        if self.exposure is None:
            return {}
        groups = self.exposure.groups
        return {
            "campaign": pa.repeat(self.exposure.campaign, len(group)),
            "arm": take(pa.array(groups), group),
            "exposed": group < len(groups) - 1,
        }

    def _said(self, group: Ints, name: str) -> pa.Array:
        """Say it of the ranker that ranked; who is held out has the first arm's."""
        return take(pa.array([getattr(stamp, name) for stamp in self.stamps]), group % len(self.stamps))

    def _cells(self, owners: Owners, picks: Picks) -> pa.Table:
        """Every slot that has a part, row by row."""
        owner, product = flat(picks)
        there, parts = picks.product >= 0, self.catalogue.products
        why = self.reasons.why(owners, picks)
        path = {"rec{n}_path": self.reasons.paths_of(owners, picks, why)} if self.paths else {}
        return pa.table(
            {
                "rec_part_{n}": take(parts["sku"], product),
                "rec{n}_price": take(parts["price"], product),
                "rec{n}_score": np.round(picks.score[there], 6),
                "rec{n}_image": take(parts["image_url"], product),
                "rec{n}_type": self._said(owners.group[owner], "kind"),
                "rec{n}_pop_source": take(pa.array(TIERS), picks.tier[there]),
                "rec{n}_title": take(parts["title"], product),
                "rec{n}_brand": take(parts["brand"], product),
                "rec{n}_part_type": take(parts["part_type"], product),
                "rec{n}_link": take(self.links, product),
                "rec{n}_reason": why.text,
                "rec{n}_rule": take(self.rules, picks.rule[there]),
            }
            | path
        )


def _links(template: str | None, skus: pa.ChunkedArray) -> pa.Array:
    """[products] the address of each part's page."""
    if template is None:
        return pa.nulls(len(skus), pa.string())
    return pa.array([template.replace("{sku}", quote(sku, safe="")) for sku in skus.to_pylist()], pa.string())
