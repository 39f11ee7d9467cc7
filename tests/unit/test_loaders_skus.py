"""SKU rules, for any SKU: the SQL against the rule in plain Python."""

import re

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from holley_graph.loaders import feeds
from holley_graph.loaders.files import FilesSource
from holley_graph.settings import Settings, Sync
from holley_graph.times import seconds
from tests.support import raw, spelled, worlds

ENDS = ["-KIT", "-BLK", "-RAW", "-B", "-12", "-123", "B-KIT", "3B"]
SKUS = st.lists(
    st.one_of(
        st.text("ABRGP019-", min_size=1, max_size=7),
        st.tuples(st.text("AB19", min_size=1, max_size=4), st.sampled_from(ENDS)).map("".join),
        st.text("ab1 -\t\u00a0", min_size=1, max_size=6),
    ),
    min_size=1,
    max_size=40,
)  # fmt: skip


@pytest.fixture(scope="module")
def products(tmp_path_factory):
    home = tmp_path_factory.mktemp("skus")
    made = Settings(home=home, sync=Sync(allow_empty=raw.RAW_NAMES))

    def products_(skus):
        source = FilesSource(raw.write(home / "raw", {"items": [raw.item(sku) for sku in skus]}))
        extracted = feeds.extract(source, made, seconds("2025-10-01"), lambda *_: None)
        return worlds.tables_of(extracted, made, seconds("2025-10-01"), b"key" * 8)["product"]

    return products_


@given(SKUS)
@settings(max_examples=4, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_normalising_is_idempotent_and_a_colour_letter_goes_only_after_a_digit(products, skus):
    table: pa.Table = products(skus)
    once = table.column("sku").to_pylist()
    assert once == sorted({spelled.text(sku, str.upper) for sku in skus} - {None})
    assert products([f" {sku.lower()}" for sku in once] or ["A"]).column("sku").to_pylist() == (once or ["A"])
    for row in table.to_pylist():
        sku, base = row["sku"], row["base_sku"]
        assert base == (sku[:-1] if re.search(r"[0-9][BRGP]$", sku) else sku)
        assert spelled.base_sku(base) == base
        assert row["display_key"] == spelled.display_key(sku)


@pytest.mark.parametrize(
    ("sku", "base", "display"),
    [
        ("RA003B", "RA003", "RA003"),
        ("ABC-BLB", "ABC-BLB", "ABC-BLB"),
        ("0-80457S-KIT", "0-80457S-KIT", "0-80457S"),
        ("12-3B", "12-3", "12"),
        ("550-406R-BLK", "550-406R-BLK", "550-406"),
    ],
)
def test_variants_share_a_base_and_a_display_key(products, sku, base, display):
    (row,) = products([sku]).to_pylist()
    assert (row["base_sku"], row["display_key"]) == (base, display)
