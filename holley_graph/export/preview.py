"""What some typical people would get, as one HTML page of cards: image, title, price and reason, no address."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from holley_graph.amounts import counted
from holley_graph.export import wording
from holley_graph.page.page import render

MOST_PEOPLE = 12
KIND = ("engagement_tier", "rec1_pop_source", "fitment_count")
"""People who differ in one of these are of different kinds; so are those whose first reasons begin differently."""
ANSWERED = {
    "user": "ranked by what this person did",
    "vehicle": "ranked by the vehicle",
    "segment": "ranked by the make and model",
    "make": "ranked by the make",
    "global": "ranked by what everybody buys",
    "none": "nothing is known that ranks these parts",
}
CARD = {"image_url": "image"} | {name: name for name in ("title", "brand", "part_type", "price", "link", "reason")}
"""What a card shows of a part, by the end of the name of its column."""


class Preview:
    """Keeps a random person of each kind while an export is written; the same export shows the same people."""

    def __init__(self) -> None:
        self.people: Counter[str] = Counter()
        self.shown: dict[str, tuple[float, dict[str, Any]]] = {}
        self.random = np.random.default_rng(0)

    def watched(self, tables: Iterable[pa.Table]) -> Iterator[pa.Table]:
        """Hand on wide tables as they come, and keep what is shown."""
        for table in tables:
            if table.num_rows:
                self._keep(table)
            yield table

    def _keep(self, table: pa.Table) -> None:
        """Draw a number for each row: of each kind the row with the least number is kept."""
        opening = pc.replace_substring_regex(table["rec1_reason"], " .*", "")
        parts = [pc.cast(table[name], pa.string()) for name in KIND]
        kind = pc.binary_join_element_wise(*parts, opening, "|", null_handling="replace").combine_chunks()
        drawn = self.random.random(table.num_rows)
        encoded = kind.dictionary_encode()
        code = encoded.indices.to_numpy()
        order = np.lexsort((drawn, code))
        least = order[np.searchsorted(code[order], np.arange(len(encoded.dictionary)))]
        counts = np.bincount(code).tolist()
        for name, row, count in zip(encoded.dictionary.to_pylist(), least.tolist(), counts, strict=True):
            self.people[name] += count
            if drawn[row] < self.shown.get(name, (1.0,))[0]:
                self.shown[name] = float(drawn[row]), table.slice(row, 1).to_pylist()[0]

    def page(self, title: str, generated_at: datetime) -> str:
        """Draw what was kept."""
        most = {name for name, _ in self.people.most_common(MOST_PEOPLE)}
        rows = {name: row for name, (_, row) in self.shown.items() if name in most}
        releases = sorted({row["run_id"] for row in rows.values() if row["run_id"]})
        people = [_person(row, self.people[name]) for name, row in rows.items()]
        return render(
            "export/preview.html", title=title, generated_at=generated_at, releases=releases, people=people
        )


def _person(row: dict[str, Any], alike: int) -> dict[str, Any]:
    bought = "Bought lately" if row["engagement_tier"] == "hot" else "Bought nothing lately"
    return {
        "vehicle": f"{row['v1_year']} {wording.name(row['v1_make'])} {wording.name(row['v1_model'])}",
        "about": f"{bought}, {ANSWERED[row['rec1_pop_source']]}. {counted(alike, 'row')} of this kind.",
        "parts": [_part(row, n) for n in range(1, 5) if row[f"rec_part_{n}"] is not None],
    }


def _part(row: dict[str, Any], n: int) -> dict[str, Any]:
    return {"sku": row[f"rec_part_{n}"]} | {name: row[f"rec{n}_{column}"] for name, column in CARD.items()}
