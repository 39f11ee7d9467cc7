"""What some typical people would get, as one HTML page of cards: image, title, price and reason, no address."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import datetime
from html import escape
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from holley_graph.amounts import counted, money
from holley_graph.export import wording

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
CARD = ("", "image", "price", "link")
"""What a card shows of a slot, by the end of its columns' names; the first is the SKU."""
POLICY = "default-src 'none'; img-src https:; style-src 'unsafe-inline'"
"""Only pictures are loaded, and nothing runs."""
STYLE = """
:root { color-scheme: light dark; --page: #f4f5f7; --card: #fff; --text: #1c1e21; --soft: #59606b; --line: #d9dce1;
  --price: #0b6b2e; --picture: #fff; }
@media (prefers-color-scheme: dark) { :root { --page: #15171a; --card: #202327; --text: #eceef0; --soft: #a9b0ba;
  --line: #363b42; --price: #6fd48f; } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 1.25rem; max-width: 76rem; background: var(--page); color: var(--text);
  font: 16px/1.45 system-ui, sans-serif; }
h1 { font-size: 1.5rem; margin: 0 0 .25rem; } h2 { font-size: 1.15rem; margin: 2rem 0 0; }
p { margin: .15rem 0; } .soft { color: var(--soft); font-size: .9rem; }
ul { list-style: none; margin: .75rem 0 0; padding: 0; display: grid; gap: .9rem;
  grid-template-columns: repeat(auto-fill, minmax(min(100%, 15rem), 1fr)); }
li { background: var(--card); border: 1px solid var(--line); border-radius: .6rem; padding: .9rem;
  overflow-wrap: anywhere; }
.picture { background: var(--picture); border-radius: .35rem; height: 10rem; display: grid; place-items: center;
  margin-bottom: .7rem; overflow: hidden; color: #59606b; font-size: .85rem; text-align: center; }
.picture img { max-width: 100%; max-height: 10rem; object-fit: contain; }
.title { font-weight: 600; } .title a { color: inherit; } .price { color: var(--price); font-weight: 600; }
.reason { margin-top: .4rem; }
@media (max-width: 34rem) { body { padding: .8rem; }
  li { display: grid; grid-template-columns: 6rem 1fr; gap: 0 .8rem; } .picture { height: 6rem; margin: 0; }
  .picture img { max-height: 6rem; } }
"""


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
        sections = [_person(row, self.people[name]) for name, (_, row) in self.shown.items() if name in most]
        people = "\n".join(sections) or "<p>Nobody gets anything.</p>"
        return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="{POLICY}">
<title>Preview of {escape(title)}</title><style>{STYLE}</style></head><body>
<h1>What people would get</h1>
<p class="soft">{escape(title)}, made {generated_at:%Y-%m-%d %H:%M} UTC. One person of each kind, at random.</p>
{people}
</body></html>
"""


def _person(row: dict[str, Any], alike: int) -> str:
    slots = [n for n in range(1, 5) if row[f"rec_part_{n}"] is not None]
    vehicle = f"{row['v1_year']} {wording.name(row['v1_make'])} {wording.name(row['v1_model'])}"
    bought = "Bought lately" if row["engagement_tier"] == "hot" else "Bought nothing lately"
    alike_rows = counted(alike, "row")
    about = f"{bought}, {ANSWERED[row['rec1_pop_source']]}. {alike_rows} of this kind."
    cards = "\n".join(_card(row, n) for n in slots)
    return f"""<section><h2>Owner of a {escape(vehicle)}</h2><p class="soft">{escape(about)}</p>
<ul>
{cards}
</ul></section>"""


def _card(row: dict[str, Any], n: int) -> str:
    sku, image, price, link = (row[f"rec{n}_{name}"] if name else row[f"rec_part_{n}"] for name in CARD)
    title = escape(row[f"rec{n}_title"] or sku)
    picture = f'<img src="{escape(image)}" alt="{title}" loading="lazy">' if image else "no picture"
    named = f'<a href="{escape(link)}">{title}</a>' if link else title
    lines = (
        ("title", named),
        ("soft", escape(", ".join(filter(None, (row[f"rec{n}_brand"], row[f"rec{n}_part_type"], sku))))),
        ("price", "" if price is None else money(price)),
        ("reason", escape(row[f"rec{n}_reason"] or "")),
    )
    text = "".join(f'<p class="{name}">{line}</p>' for name, line in lines if line)
    return f'<li><div class="picture">{picture}</div><div>{text}</div></li>'
