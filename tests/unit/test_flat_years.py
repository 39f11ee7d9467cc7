"""Years of a fitment list, however they are written, are the years that a person reads there."""

from __future__ import annotations

import random

import pytest

from tests.support import lists

LAST = 2027  # what is believed as of 2026-01-01: two years after 2025


def spelled(rng: random.Random) -> tuple[str, set[int]]:
    """One way to write some years, and the years."""
    first = rng.randrange(1930, LAST - 12)
    last = first + rng.randrange(12)
    dash = rng.choice(["-", " - ", "–", " — ", " to ", " thru ", "~"])
    short = f"{last % 100:02d}"
    span = set(range(first, last + 1))
    text, years = rng.choice(
        [
            (str(first), {first}),
            (f" {first} ", {first}),
            (f"{first}{dash}{last}", span),
            (f"{first}{dash}{short}", span if last >= first else set()),
            (f"'{first % 100:02d}-'{short}", None),
            (f"{first}+", set(range(first, LAST + 1))),
            (f"{first} & up", set(range(first, LAST + 1))),
            (f"{first}-present", set(range(first, LAST + 1))),
            (f"{first} and newer", set(range(first, LAST + 1))),
            (f"{first}-", set(range(first, LAST + 1))),
            (f"{first}, {last}", {first, last}),
            (f"{first}/{last}", {first, last}),
            (f"{first} and {last}", {first, last}),
            (f"{first} {last}", {first, last}),
            (f"{first}-{last}, {last + 1}", {*span, last + 1}),
        ]
    )
    if years is None:
        start = first % 100 + (2000 if first % 100 <= LAST % 100 else 1900)
        return text, set(range(start, start + last - first + 1))
    return text, years


@pytest.mark.parametrize("seed", range(3))
def test_years_are_read_as_a_person_reads_them(seed, tmp_path):
    rng = random.Random(seed)
    written = [spelled(rng) for _ in range(400)]
    rows = "".join(f'"{text}";S{n};Ford;F-150\n' for n, (text, _) in enumerate(written))
    folder = lists.write(tmp_path / "shop", {"fitment.csv": f"Years;SKU;Make;Model\n{rows}"})
    records = lists.read(folder, tmp_path / "home")
    years = {}
    for row in records.clean["fitment"]:
        years.setdefault(row["sku"], set()).add(row["year"])
    for n, (text, expected) in enumerate(written):
        believed = {year for year in expected if year <= LAST}
        assert years.get(f"S{n}", set()) == (believed if believed == expected else set()), text


def test_two_columns_say_the_same_and_an_empty_end_means_until_today(tmp_path):
    rows = ["1965,1970", "1998,02", "2005,", "1972,1972"]
    text = "".join(f"S{n},Ford,F-150,{row}\n" for n, row in enumerate(rows))
    folder = lists.write(tmp_path / "shop", {"fitment.csv": f"Part Number,Make,Model,Start Year,End Year\n{text}"})
    records = lists.read(folder, tmp_path / "home").clean["fitment"]
    spans = [(1965, 1970), (1998, 2002), (2005, LAST), (1972, 1972)]
    assert {(row["sku"], row["year"]) for row in records} == {
        (f"S{n}", year) for n, (first, last) in enumerate(spans) for year in range(first, last + 1)
    }


@pytest.mark.parametrize(
    "text",
    ["", "all", "1970-1965", "1965.5", "19", "196", "-1970", "1965-1970-1975", "1800", "2099", "1-9999", "1965, x"],
)
def test_years_that_nobody_can_read_are_a_dead_letter_with_file_and_line(text, tmp_path):
    rows = f'A1,Ford,F-150,1970\n"A2","Ford\n","F-150","{text}"\nA3,Ford,F-150,1971\n'
    folder = lists.write(tmp_path / "shop", {"fitment.csv": f"sku,make,model,year\n{rows}"})
    records = lists.read(folder, tmp_path / "home")
    if text == "19":  # of two digits: 2019
        assert {row["year"] for row in records.clean["fitment"] if row["sku"] == "A2"} == {2019}
        return
    assert {row["sku"] for row in records.clean["fitment"]} == {"A1", "A3"}
    assert records.letters["fitment"] == [("fitment.bad_year", text or None, '{"file":"fitment.csv","line":3}')]
    assert records.accounts["fitment"].rejected == {"fitment.bad_year": 1}


def test_years_of_parquet_may_be_numbers(tmp_path):
    import pyarrow as pa
    import pyarrow.parquet as pq

    folder = lists.write(tmp_path / "shop", {})
    columns = {"sku": ["A1", "A2"], "make": ["Ford"] * 2, "model": ["F-150"] * 2, "year": [1970.0, 1971.0]}
    pq.write_table(pa.table(columns), folder / "fitment.parquet")
    rows = lists.read(folder, tmp_path / "home")
    assert {(row["sku"], row["year"]) for row in rows.clean["fitment"]} == {("A1", 1970), ("A2", 1971)}
