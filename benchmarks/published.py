"""`export --ranker baseline` beside the answer of the published SQL, in worlds of another generator.

Each world is a folder with `raw/` (the five tables) and `v518/wide.parquet`, the answer of the published SQL. Rows
are counted twice: as shipped, and where both decide alike. The contract decides otherwise in these cases:

- The newest year of a user is rejected. The contract keeps the older one. The published SQL then knows no vehicle.
- Several ids share an email. The contract excludes what any of them bought; the published SQL looks at one id.
- An order event without a SKU is rejected. The published SQL still calls its user hot.
- The published SQL excludes purchases of 366 days, the contract those of 365.

A price may differ where either side has none: the published SQL reads fewer prices, and prints 50.00 for unknown.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pyarrow.parquet as pq

from benchmarks.record import record

AS_OF = "2026-02-01"
KEYS = ["email_lower", "v1_year", "v1_make", "v1_model"]
PUBLISHED = "_published"
SLOTS = range(1, 5)
PUBLISHED_EXCLUDE_DAYS = 366
UNKNOWN_PRICE = 50.0  # as the published SQL prints it
PARTS = tuple(f"rec_part_{n}" for n in SLOTS)
CELLS = (
    *PARTS,
    *(f"rec{n}_{name}" for n in SLOTS for name in ("score", "image", "type", "pop_source")),
    "engagement_tier",
    "fitment_count",
)
PROPERTIES = """
create table properties as
select user_id, lower(trim(p.property_name)) as name, p.string_value, p.long_value::text as number,
       struct_pack(t := update_timestamp, i := auxia_insertion_timestamp) as moment
from (select *, unnest(user_properties) as p from read_parquet($raw))
"""
REJECTED_YEAR = """
create table rejected_year as
select user_id, trim(arg_max(coalesce(string_value, number), moment)) as year
from properties where name = 'v1_year' group by 1
having year <> '' and not regexp_full_match(year, '[0-9]{4}')
"""
SHARED_EMAIL = """
with emails as (
    select lower(trim(arg_max(string_value, moment))) as email
    from properties where name = 'email' group by user_id
)
select email from emails group by 1 having count(*) > 1
"""
WITHOUT_REJECTED_YEARS = """
select * replace (
    case when user_id in (select user_id from rejected_year)
         then list_filter(user_properties, lambda p: lower(trim(p.property_name)) <> 'v1_year')
         else user_properties end as user_properties)
from read_parquet($raw)
"""
# The tables that the second count reads as they are.
UNCHANGED = ("events", "fitment", "items", "orders")


def main() -> None:
    """Compare every world, print what differs, and write it down."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--worlds", type=Path, default=Path("../shared/worlds"), help="folder of worlds")
    parser.add_argument("--home", type=Path, default=Path(".holley-graph/published"))
    arguments = parser.parse_args()
    worlds = sorted(path for path in arguments.worlds.iterdir() if (path / "v518").is_dir())
    results = {world.name: compared(world.absolute(), arguments.home.absolute() / world.name) for world in worlds}
    record("published", {"as_of": AS_OF, "worlds": results})


def compared(world: Path, home: Path) -> dict[str, Any]:
    """Export a world twice and count the rows that differ from the published answer."""
    published = world / "v518" / "wide.parquet"
    shipped = exported(world / "raw", home / "shipped", exclude_days=365)
    raw, shared = _agreed(world / "raw", home / "raw")
    agreed = exported(raw, home / "agreed", PUBLISHED_EXCLUDE_DAYS)
    return {
        "as_shipped": _differences(shipped, published, set()),
        "where_both_decide_alike": _differences(agreed, published, shared),
    }


def exported(raw: Path, home: Path, exclude_days: int) -> Path:
    """Sync and export by the installed command, as an operator would; return the file."""
    out = home / "baseline.parquet"
    home.mkdir(parents=True, exist_ok=True)
    _run(home, exclude_days, "up")
    _run(home, exclude_days, "sync", "--source", f"files:{raw}", "--as-of", AS_OF)
    _run(home, exclude_days, "export", "--ranker", "baseline", "--out", str(out))
    _run(home, exclude_days, "down")
    return out


def _run(home: Path, exclude_days: int, *arguments: str) -> None:
    environment = os.environ | {"HOLLEY_GRAPH_RECOMMEND__EXCLUDE_DAYS": str(exclude_days)}
    command = [sys.executable, "-m", "holley_graph", "--home", str(home), *arguments]
    subprocess.run(command, check=True, env=environment, stdout=subprocess.DEVNULL)


def _agreed(raw: Path, folder: Path) -> tuple[Path, set[str]]:
    """Write the raw tables without the years that one side alone rejects; return also the emails of several ids."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in UNCHANGED:
        link = folder / f"{name}.parquet"
        link.unlink(missing_ok=True)
        link.symlink_to(raw / link.name)
    connection, attributes = duckdb.connect(), {"raw": str(raw / "user_attributes.parquet")}
    connection.execute(PROPERTIES, attributes)
    connection.execute(REJECTED_YEAR)
    rows = connection.sql(WITHOUT_REJECTED_YEARS, params=attributes).to_arrow_table()
    pq.write_table(rows, folder / "user_attributes.parquet")
    return folder, {email for (email,) in connection.execute(SHARED_EMAIL).fetchall()}


def _differences(exported: Path, published: Path, outside: set[str]) -> dict[str, int]:
    """Count the rows that both files have, those of one file alone, and those with a cell that differs.

    Rows of the addresses `outside` are left out.
    """
    both = _table(exported, outside).merge(
        _table(published, outside), how="outer", on=KEYS, suffixes=("", PUBLISHED), indicator=True
    )
    joined = both[both["_merge"] == "both"]
    differs = pd.DataFrame({name: _unlike(joined[name], joined[name + PUBLISHED]) for name in CELLS})
    parts = differs[list(PARTS)].any(axis=1)
    prices = pd.concat([_price_differs(joined, n) for n in SLOTS], axis=1).any(axis=1)
    return {
        "rows": len(joined),
        "only_ours": int((both["_merge"] == "left_only").sum()),
        "only_published": int((both["_merge"] == "right_only").sum()),
        "first_part_differs": int(differs[PARTS[0]].sum()),
        "a_part_differs": int(parts.sum()),
        "a_cell_differs": int(differs.drop(columns="engagement_tier").any(axis=1).sum()),
        "a_known_price_differs": int((prices & ~parts).sum()),
        "tier_differs": int(differs["engagement_tier"].sum()),
    }


def _table(path: Path, outside: set[str]) -> pd.DataFrame:
    table = pd.read_parquet(path)
    return table[~table["email_lower"].isin(outside)].astype({"v1_year": int})


def _unlike(exported: pd.Series[Any], published: pd.Series[Any]) -> pd.Series[bool]:
    return (exported != published) & ~(exported.isna() & published.isna())


def _price_differs(joined: pd.DataFrame, slot: int) -> pd.Series[bool]:
    exported, published = joined[f"rec{slot}_price"], joined[f"rec{slot}_price{PUBLISHED}"]
    return exported.notna() & published.notna() & (published != UNKNOWN_PRICE) & (exported != published)


if __name__ == "__main__":
    main()
