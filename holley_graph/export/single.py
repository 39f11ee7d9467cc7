"""One answer by a ranker that no statement knows: the same rules, for one user or one vehicle."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, datetime

import numpy as np

from holley_graph.errors import NotFound
from holley_graph.export.catalogue import Catalogue, open_catalogue, rows_of
from holley_graph.export.inputs import Inputs
from holley_graph.export.owners import Owners
from holley_graph.export.rank import Ranking
from holley_graph.export.rankers import TIERS
from holley_graph.graph.client import Graph
from holley_graph.recommend.answers import Answer, resolve_vehicle
from holley_graph.rules import text
from holley_graph.settings import Settings

COLUMNS = ("sku", "title", "part_type", "price", "image_url")


def answer(
    graph: Graph, settings: Settings, ranker: str, k: int, *, user_id: str | None = None, vehicle: str | None = None
) -> Answer:
    """Recommend parts to a user, or for a vehicle (`1969 CHEVROLET CAMARO`).

    Raises:
        NotFound: no such user or vehicle in the last sync, or the user owns none.
        GraphStateError, ParcelError: see `Inputs.of`.
    """
    read = Inputs.of([ranker], graph, settings)
    with closing(read.audience(settings, user_id)) as audience:
        catalogue = open_catalogue(read.sync_tables, audience, settings.recommend.min_people)
        if user_id is None:
            vehicle_id = resolve_vehicle(graph, vehicle or "")
            owners = Owners.nobody(int(rows_of([vehicle_id], catalogue.vehicles["vehicle_id"])[0]))
        elif block := next(audience.blocks(1), None):
            owners = Owners.of(block, catalogue, read.sync_tables.as_of, read.tables.paths.half_life_days)
        else:
            raise NotFound(
                f"no user {user_id!r} with a vehicle in sync {read.sync_tables.path.name}",
                "--vehicle answers for a vehicle",
            )
    place = int(owners.vehicle[0])
    named = read.ranker(ranker, catalogue, settings)
    rules = text.read(settings.recommend.rules_file).on(datetime.now(UTC).date())
    picks = Ranking(catalogue, named.ranker, settings.recommend, k, rules).people(place, owners, np.array([0]))
    vehicle_id = catalogue.vehicles["vehicle_id"][place].as_py()
    rows = [
        {name: catalogue.products[name][product].as_py() for name in COLUMNS}
        | {"score": round(score, 6), "answered_by": TIERS[tier], "vehicle_id": vehicle_id}
        | {"rule": rules[rule].name if rule >= 0 else None}
        for product, score, tier, rule in zip(
            *(column[0].tolist() for column in (picks.product, picks.score, picks.tier, picks.rule)), strict=True
        )
        if product >= 0
    ]
    return Answer(vehicle_id, rows, _note(catalogue, rows, place, vehicle_id, k))


def _note(catalogue: Catalogue, rows: list[dict[str, object]], place: int, vehicle_id: str, k: int) -> str:
    if len(rows) >= k:
        return ""
    choice = len(catalogue.fits[place])
    return (
        f"{choice} eligible parts fit {vehicle_id}; what this ranker knows of them, purchases, colour variants and "
        f"the limit per part type leave {len(rows)}"
    )
