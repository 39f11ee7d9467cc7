"""Whom the preview of an export shows: of each kind one person, from anywhere in the file."""

from __future__ import annotations

from datetime import UTC, datetime

import pyarrow as pa

from holley_graph.export.preview import Preview
from holley_graph.export.rows import wide_schema

TABLES, ROWS = 20, 50


def page() -> str:
    """Draw an export of twenty tables, whose vehicles are of the year of the table."""
    preview = Preview()
    tables = [
        pa.Table.from_pylist(
            [
                {
                    "v1_year": 1960 + table, "v1_make": "FORD", "v1_model": "MUSTANG", "fitment_count": 1,
                    "rec_part_1": "A", "rec1_reason": "Fits", "rec1_pop_source": "vehicle",
                    "engagement_tier": "hot" if row % 10 == 0 else "cold",
                }
                for row in range(ROWS)
            ],
            wide_schema(),
        )
        for table in range(TABLES)
    ]  # fmt: skip
    assert sum(1 for _ in preview.watched(tables)) == TABLES
    return preview.page("mail.csv", datetime(2026, 1, 2, tzinfo=UTC))


def test_one_person_of_each_kind_is_shown_with_how_many_are_like_them() -> None:
    drawn = page()
    assert drawn.count("<section>") == 2
    assert "900 rows of this kind" in drawn and "100 rows of this kind" in drawn


def test_people_are_drawn_from_the_whole_file_and_the_same_ones_each_time() -> None:
    drawn = page()
    assert drawn == page()
    assert "1960 Ford Mustang" not in drawn  # the first table has some of both kinds
