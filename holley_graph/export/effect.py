"""What marketing's rules change: everybody is ranked with them and without them, and nothing is written."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import numpy as np

from holley_graph.export.catalogue import open_catalogue
from holley_graph.export.everybody import BLOCK
from holley_graph.export.inputs import Inputs
from holley_graph.export.owners import Owners
from holley_graph.export.rank import Picks, Ranking, Tally
from holley_graph.export.rows import SLOTS
from holley_graph.graph.client import Graph
from holley_graph.keys import Ints
from holley_graph.progress import Progress, silent
from holley_graph.rules import text
from holley_graph.rules.text import Rule
from holley_graph.settings import Settings


@dataclass(frozen=True)
class Effect:
    """What one rule changes if it stands alone, or all of them together.

    Attributes:
        name: of the rule; `all rules` for all together.
        do: what it does, "" for all together.
        parts: eligible parts that it speaks about.
        rows: rows that get other parts, or the same in another order; rows that come and go count, too.
        slots: slots in which it speaks.
        purchases: change of the predicted purchases, as a share of those without rules; −0.02 costs 2 %.
    """

    name: str
    do: str
    parts: int
    rows: int
    slots: int
    purchases: float


@dataclass(frozen=True)
class RulesReport:
    """What rules of a day do to an export of the live release; `as_dict` is the documented JSON shape."""

    rows: int
    """Rows of an export without rules."""
    effects: list[Effect]

    def as_dict(self) -> dict[str, Any]:
        """Return the report as plain values."""
        return asdict(self)


def check(graph: Graph, settings: Settings, day: datetime, progress: Progress = silent) -> RulesReport:
    """Rank for everybody without rules, with each alone, and with all.

    Predicted purchases are the sum over rows of the probability that the next purchase among the parts that fit is
    one of those in the row, by the live release: softmax of its scores.

    Raises:
        SettingsError: the file of rules is not understood, or names what the last sync does not know.
        GraphStateError, ParcelError: see `Inputs.of`.
    """
    rules = text.read(settings.recommend.rules_file).on(day.date())
    read = Inputs.of(("graph",), graph, settings)
    with closing(read.audience(settings)) as audience:
        catalogue = open_catalogue(read.sync_tables, audience, settings.recommend.min_people)
        ranker = read.ranker("graph", catalogue, settings).ranker
        variants: list[Sequence[Rule]] = [(), *((rule,) for rule in rules), rules]
        rankings = [Ranking(catalogue, ranker, settings.recommend, SLOTS, some, measures=True) for some in variants]
        sums = [_Sum() for _ in variants]
        moment = read.sync_tables.as_of, read.tables.paths.half_life_days
        done = 0
        for block in audience.blocks(BLOCK):
            owners = Owners.of(block, catalogue, *moment)
            picks = [next(_ranked(ranking, owners, settings)) for ranking in rankings]
            for one, some in zip(sums, picks, strict=True):
                one.add(picks[0], some, len(owners))
            done += len(owners)
            progress("ranking", done, len(audience))
        eligible = catalogue.products["eligible"].to_numpy()
        about = [int((rankings[-1].marks.parts[number] & eligible).sum()) for number in range(len(rules))]
    named = [(rule.name, rule.do, parts) for rule, parts in zip(rules, about, strict=True)]
    rows = [*named, ("all rules", "", int((rankings[-1].marks.parts.any(axis=0) & eligible).sum()))]
    return RulesReport(
        sums[0].written,
        [
            Effect(*row, one.rows, one.slots, one.chance / sums[0].chance - 1 if sums[0].chance else 0.0)
            for row, one in zip(rows, sums[1:], strict=True)
        ],
    )


def _ranked(ranking: Ranking, owners: Owners, settings: Settings) -> Iterator[Picks]:
    least = settings.recommend.min_parts, settings.baseline.min_products
    for _, picks in ranking.everybody([owners], *least, Tally()):
        yield picks


class _Sum:
    """Counts one variant's rows against those without rules."""

    def __init__(self) -> None:
        self.rows = self.slots = self.written = 0
        self.chance = 0.0

    def add(self, without: Picks, picks: Picks, owners: int) -> None:
        """Count a block."""
        self.written += len(picks)
        self.slots += int((picks.rule >= 0).sum())
        self.chance += float(picks.chance.sum())
        self.rows += int((_parts(without, owners) != _parts(picks, owners)).any(axis=1).sum())


def _parts(picks: Picks, owners: int) -> Ints:
    """[owners, k] the parts of every owner's row, −1 where there is none."""
    parts = np.full((owners, SLOTS), -1)
    parts[picks.owner] = picks.product
    return parts
