"""One export: every user with a vehicle, ranked outside the database, into one file."""

from __future__ import annotations

import itertools
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from holley_graph.campaign.split import Split, held_out_file
from holley_graph.errors import SettingsError
from holley_graph.export.catalogue import open_catalogue
from holley_graph.export.inputs import Inputs
from holley_graph.export.known import remember
from holley_graph.export.marked import Marks
from holley_graph.export.owners import Owners
from holley_graph.export.preview import Preview
from holley_graph.export.pushdown import Pushdown
from holley_graph.export.rank import Picks, Ranking, Tally
from holley_graph.export.rankers import TIERS, ByArm
from holley_graph.export.reasons import Reasons
from holley_graph.export.rows import SLOTS, Exposure, Sheet, long_schema, wide_schema
from holley_graph.export.write import check_suffix, write
from holley_graph.graph.client import Graph
from holley_graph.loaders.engine.warehouse import Warehouse
from holley_graph.progress import Progress, silent
from holley_graph.rules import text
from holley_graph.settings import Settings

BLOCK = 20_000
"""Addresses at vehicles that are read, ranked and written together: what bounds the memory of an export."""
SCHEMAS = {"wide": wide_schema, "long": long_schema}


@dataclass(frozen=True)
class ExportReport:
    """What an export wrote; `as_dict` is the documented JSON shape.

    Attributes:
        owners: users with a vehicle.
        people: addresses and vehicles that got recommendations.
        too_few: users who were left fewer parts than a row needs.
        other_id: users whose address and vehicle another id of theirs answers for.
        tiers: recommended parts per tier that answered.
        hold_out: the file of those who are sent nothing, with `hold_out_rows` rows; none without a campaign.
    """

    path: Path
    ranker: str
    run_id: str
    format: str
    rows: int
    owners: int
    people: int
    too_few: int
    other_id: int
    tiers: dict[str, int]
    hold_out: Path | None
    hold_out_rows: int
    seconds: float
    stages: dict[str, float] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """Return the report as plain values."""
        return asdict(self)


def export(
    graph: Graph,
    settings: Settings,
    path: Path,
    generated_at: datetime,
    *,
    ranker: str = "graph",
    layout: str = "wide",
    split: Split | None = None,
    paths: bool = False,
    one_per_email: bool = False,
    preview: Path | None = None,
    warehouse: Warehouse | None = None,
    progress: Progress = silent,
) -> ExportReport:
    """Rank for everybody and write the table.

    The database is asked only which sync and which release it holds; everything else comes from the home.

    Args:
        graph: the graph that the release is live in.
        settings: rules of an answer, and the home.
        path: the file to write; `.csv`, `.parquet` or `.ndjson`. It holds addresses and is made for its owner only.
        generated_at: stands in every row; the same inputs and time give the same bytes.
        ranker: one of `inputs.RANKERS`.
        split: a campaign, whose arms are named by the rankers that they are sent; everybody who is held out has the
            row that the first arm would have sent, in a file of its own (`held_out_file`).
        layout: `wide`, a row per address and vehicle, or `long`, a row per part.
        paths: whether each part has its path in the graph.
        one_per_email: whether an address with several vehicles gets parts for one of them (`export/owners.sql`).
        preview: an HTML page to write beside it, which shows what some people would get; for `wide` only.
        warehouse: which ranks in the place of this machine, by the live release alone.
        progress: told about every block.

    Raises:
        SettingsError: the file's suffix names no format, or its folder does not exist; or a warehouse was asked for
            another ranker.
        GraphStateError, ParcelError: there is no finished sync, or no live release, or they are not of this home.
    """
    clock = _Clock()
    check_suffix(path)
    for folder in (item.parent for item in (path, preview) if item is not None):
        if not folder.is_dir():
            raise SettingsError(f"{folder} is no folder", "make it first")
    arms = split.arms if split else (ranker,)
    if warehouse is not None and set(arms) != {"graph"}:
        raise SettingsError("--engine bigquery ranks by the live release only", "--ranker graph, or --engine local")
    read = Inputs.of(arms, graph, settings)
    with closing(read.audience(settings, one_per_email=one_per_email, warehouse=warehouse)) as audience:
        catalogue = open_catalogue(read.sync_tables, audience, settings.recommend.min_people)
        clock.lap("read")
        named = [read.ranker(name, catalogue, settings) for name in arms]
        rules = text.read(settings.recommend.rules_file).on(generated_at.date())
        ranking: Ranking | Pushdown
        if warehouse is None:
            ranking = Ranking(catalogue, ByArm([item.ranker for item in named]), settings.recommend, SLOTS, rules)
        else:
            ranking = Pushdown(read, audience, catalogue, Marks(rules, catalogue), settings, SLOTS)
        clock.lap("prepare")
        files = [path] if split is None else [path, held_out_file(path)]
        for file in files:
            remember(settings.home, file)
        stamps = [item.stamp for item in named]
        exposure = Exposure(split.campaign, split.groups) if split else None
        reasons = Reasons(
            catalogue, [read.paths(name) for name in arms], settings.recommend.min_people, read.sync_tables.as_of
        )
        sheet = Sheet(
            catalogue,
            reasons,
            generated_at,
            stamps,
            exposure,
            rules=rules,
            link=settings.export.product_link,
            paths=paths,
        )
        tally, reporter = Tally(), _Progress(len(audience), progress)
        moment = read.sync_tables.as_of, read.tables.paths.half_life_days
        blocks = (_grouped(Owners.of(block, catalogue, *moment), split) for block in audience.blocks(BLOCK))
        least = settings.recommend.min_parts, settings.baseline.min_products
        rows = reporter.counted(ranking.everybody(blocks, *least, tally), tally)
        tables = itertools.starmap(sheet.wide if layout == "wide" else sheet.long, rows)
        schema = SCHEMAS[layout](exposure is not None, paths)
        shown = Preview()
        apart = map(_apart if split else _whole, tables if preview is None else shown.watched(tables))
        written = write(files, schema, apart, settings.export.guard_csv)
    if preview is not None:
        preview.write_text(shown.page(path.name, generated_at), encoding="utf-8")
    clock.lap("rank and write")
    answered = {name: reporter.tiers[code] for code, name in enumerate(TIERS) if reporter.tiers[code]}
    return ExportReport(
        path, ", ".join(arms), stamps[0].run_id, layout, written[0], tally.owners, reporter.people, tally.too_few,
        tally.other_id, answered, files[1] if split else None, sum(written[1:]), clock.total(), clock.laps,
    )  # fmt: skip


def _whole(table: pa.Table) -> list[pa.Table]:
    return [table]


def _apart(table: pa.Table) -> list[pa.Table]:
    """Rows of those who are sent something, and of those who are held out."""
    return [table.filter(table["exposed"]), table.filter(pc.invert(table["exposed"]))]


def _grouped(owners: Owners, split: Split | None) -> Owners:
    """Say which group of a campaign each owner is in."""
    return owners if split is None else replace(owners, group=split.of(owners.email.to_pylist()))


class _Progress:
    """Counts what passes, and says how far it is."""

    def __init__(self, owners: int, progress: Progress) -> None:
        self.owners, self.progress = owners, progress
        self.people = 0
        self.tiers: Counter[int] = Counter()

    def counted(self, blocks: Iterator[tuple[Owners, Picks]], tally: Tally) -> Iterator[tuple[Owners, Picks]]:
        for owners, picks in blocks:
            self.people += len(picks)
            codes, counts = np.unique(picks.tier[picks.product >= 0], return_counts=True)
            self.tiers.update(dict(zip(codes.tolist(), counts.tolist(), strict=True)))
            self.progress("ranking", tally.owners, self.owners)
            yield owners, picks


class _Clock:
    """Seconds of each stage."""

    def __init__(self) -> None:
        self.started = time.monotonic()
        self.laps: dict[str, float] = {}

    def lap(self, stage: str) -> None:
        self.laps[stage] = round(time.monotonic() - self.started - sum(self.laps.values()), 2)

    def total(self) -> float:
        return round(time.monotonic() - self.started, 2)
