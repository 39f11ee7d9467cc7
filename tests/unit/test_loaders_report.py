"""What a sync says beside its numbers."""

from __future__ import annotations

import pyarrow as pa
import pytest

from holley_graph.loaders import report
from holley_graph.settings import Eligibility

HTTPS = "https://x.org/a.jpg"


def products(*rows):
    columns = zip(*rows, strict=True)
    types = (pa.float64(), pa.string(), pa.string(), pa.bool_())
    names = ("price", "image_url", "part_type", "eligible")
    return pa.table({n: pa.array(c, t) for n, c, t in zip(names, columns, types, strict=True)})


def test_rules_that_leave_next_to_nothing_are_named_with_their_settings():
    table = products((2.5, None, "UNKNOWN", False), (None, None, "Lamp", False), (75.0, HTTPS, "UNKNOWN", False))
    assert report.few_eligible(table, Eligibility()) == [
        "0 of 3 products may be recommended: 2 have no https image (eligibility.require_image), 1 cost less than "
        "50.00 (eligibility.min_price), 2 have no part type and cost less than 3,000.00 "
        "(eligibility.unknown_type_min_price)"
    ]
    without = Eligibility(require_image=False, unknown_type_min_price=0)
    assert report.few_eligible(table, without) == [
        "0 of 3 products may be recommended: 1 cost less than 50.00 (eligibility.min_price)"
    ]


@pytest.mark.parametrize("eligible", [1, 5])
def test_nothing_is_said_where_enough_may_be_recommended(eligible):
    rows = [(75.0, HTTPS, "Lamp", n < eligible) for n in range(10)]
    assert report.few_eligible(products(*rows), Eligibility()) == []
