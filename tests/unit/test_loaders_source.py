"""A source that is not as the contract says stops everything, in one line, before anything runs."""

from contextlib import nullcontext

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from holley_graph.errors import RejectedTooMuch, SourceError
from holley_graph.loaders import accounts, contracts, feeds
from holley_graph.loaders.files import FilesSource
from holley_graph.loaders.source import Earlier
from holley_graph.settings import Settings, Sync
from holley_graph.times import DAY, moment, seconds
from tests.support import raw

AS_OF = seconds("2025-10-01")
SEPT = raw.at("2025-09-10")
TABLES = {
    "items": [raw.item("A1")],
    "events": [
        raw.event("u", "Viewed Product", SEPT, ProductId="A1"),
        raw.event(" ", "Viewed Product", SEPT, ProductId="A1"),
    ],
}


@pytest.fixture
def folder(tmp_path):
    return raw.write(tmp_path / "raw", TABLES)


def extract(folder, **sync):
    sync = {"allow_empty": ("user_attributes", "fitment", "orders"), **sync}  # the tables that TABLES leaves empty
    settings = Settings(home=folder.parent / "home", sync=Sync(**sync))
    return feeds.extract(FilesSource(folder), settings, AS_OF, lambda *_: None)


def rewrite(path, change):
    pq.write_table(change(pq.read_table(path)), path)


def test_a_missing_table_is_named(folder):
    (folder / "orders.parquet").unlink()
    with pytest.raises(SourceError, match=r"table orders: expected .*orders\.parquet"):
        extract(folder)


def test_an_unreadable_or_empty_file_is_named(folder):
    for content in (b"", b"PAR1 not at all"):
        (folder / "orders.parquet").write_bytes(content)
        with pytest.raises(SourceError, match=r"table orders: .*orders\.parquet is not a readable Parquet file"):
            extract(folder)


def test_an_empty_table_stops_unless_it_may_be_empty(folder):
    rewrite(folder / "events.parquet", lambda table: table.slice(0, 0))
    with pytest.raises(SourceError, match="table events: expected rows, found none"):
        extract(folder)
    assert extract(folder, allow_empty=list(raw.RAW_NAMES)).accounts[3].read == 0


def test_no_table_may_be_empty_unless_a_setting_says_so(folder):
    with pytest.raises(SourceError, match="expected rows, found none"):
        extract(folder, allow_empty=())


def test_a_missing_column_is_named(folder):
    rewrite(folder / "items.parquet", lambda table: table.drop_columns(["Tags"]))
    with pytest.raises(SourceError, match="table items, column Tags: expected string, found no such column"):
        extract(folder)


def test_a_column_of_another_type_is_named(folder):
    rewrite(folder / "fitment.parquet", lambda table: table.set_column(0, "v1_year", pa.array([], pa.int64())))
    with pytest.raises(SourceError, match=r"table fitment, column v1_year: expected string, found int64"):
        extract(folder)


def test_a_nested_field_of_another_type_is_named(folder):
    wrong = pa.list_(
        pa.struct([("property_name", pa.string()), ("string_value", pa.string()), ("long_value", pa.string())])
    )
    rewrite(folder / "events.parquet", lambda table: table.set_column(4, "event_properties", pa.nulls(2, wrong)))
    with pytest.raises(SourceError, match=r"table events, column event_properties: expected list<.*found list<"):
        extract(folder)


def test_parts_in_a_folder_are_one_table_and_other_layouts_of_a_type_are_welcome(folder):
    whole = pq.read_table(folder / "items.parquet")
    (folder / "items.parquet").unlink()
    (folder / "items").mkdir()
    pq.write_table(whole, folder / "items" / "0.parquet")
    other = pa.table(
        {
            "Tags": pa.nulls(1),
            "PartType": pa.array(["T"]).dictionary_encode(),
            "PartNumber": pa.array(["B1"], pa.large_string()),
        }
    )
    pq.write_table(other, folder / "items" / "1.parquet")
    assert extract(folder).clean("items").column("sku").to_pylist() == ["A1", "B1"]


def test_a_feed_that_loses_too_much_stops_with_its_reasons(folder):
    extracted = extract(folder)
    with pytest.raises(
        RejectedTooMuch, match=r"feed events: 50\.0% of 2 rows rejected, allowed 20\.0%: event\.no_user 1"
    ):
        accounts.stop_if_too_many_rejected(extracted.accounts, Settings())
    accounts.stop_if_too_many_rejected(extracted.accounts, Settings(sync=Sync(max_rejected_share=0.5)))


def test_lost_items_are_measured_against_items_and_lost_rows_against_rows():
    rows = accounts.FeedAccount(
        "fitment", read=10, items=1000, rejected={"fitment.bad_year": 4, "fitment.no_sku": 500}
    )
    assert rows.rejected_share() == 0.5
    few = accounts.FeedAccount("fitment", read=10, items=1000, rejected={"fitment.bad_year": 4})
    assert few.rejected_share() == 0.4


@pytest.mark.parametrize(("good", "bad", "stops"), [(2, 1, False), (0, 20, False), (0, 21, True), (81, 21, True)])
def test_few_events_since_the_last_sync_stop_nothing_and_many_bad_ones_do(tmp_path, good, bad, stops):
    events = [raw.event("u", "Viewed Product", moment(AS_OF), ProductId="A1") for _ in range(good)]
    events += [raw.event("u", "Viewed Product", moment(AS_OF), ProductId="NOWHERE") for _ in range(bad)]
    kept_file = tmp_path / "kept.parquet"
    pq.write_table(contracts.EVENTS.schema.empty_table(), kept_file)
    source = FilesSource(raw.write(tmp_path / "raw", {"items": [raw.item("A1")], "events": events}))
    settings = Settings(home=tmp_path / "home", sync=Sync(allow_empty=raw.RAW_NAMES))
    earlier = Earlier(moment(AS_OF), (kept_file,))
    extracted = feeds.extract(source, settings, AS_OF + DAY, lambda *_: None, earlier=earlier)
    with pytest.raises(RejectedTooMuch) if stops else nullcontext():
        accounts.stop_if_too_many_rejected(extracted.accounts, settings)


# ---- files and folders -------------------------------------------------------------------------------------------


def parts(folder, name, **tables):
    """Replace a table's file by a folder with these parts; `__` in a key is `/`."""
    (folder / f"{name}.parquet").unlink(missing_ok=True)
    for path, table in tables.items():
        file = folder / name / f"{path.replace('__', '/')}.parquet"
        file.parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(table, file)


def items(*skus, **more):
    rows = [raw.item(sku, "T", "New", **more) for sku in skus]
    return pa.table({name: [row[name] for row in rows] for name in rows[0]})


def skus(folder):
    return extract(folder).clean("items").column("sku").to_pylist()


def test_parts_in_deeper_folders_belong_to_the_table_and_their_folders_are_no_columns(folder):
    parts(
        folder, "items", **{"0": items("A1"), "dt=2025-11-01__0": items("B1"), "dt=x__PartType=T__1": items("C1")}
    )
    extracted = extract(folder)
    assert extracted.clean("items")["sku"].to_pylist() == ["A1", "B1", "C1"]
    assert extracted.found["items"].unknown == ()


def test_a_column_that_stands_in_a_folder_s_name_alone_is_refused(folder):
    parts(folder, "items", **{"brand=Acme__0": items("A1")})
    with pytest.raises(SourceError, match="table items, column Brand: is in the name of a folder"):
        extract(folder)


def test_a_folder_that_ends_in_parquet_is_the_table_with_spark_s_own_files_beside(folder):
    (folder / "items.parquet").unlink()
    parts(folder, "items.parquet", **{"part-0": items("A1"), "_temporary__0": items("Z9"), ".hidden": items("Z8")})
    (folder / "items.parquet" / "_SUCCESS").touch()
    assert skus(folder) == ["A1"]


@pytest.mark.parametrize("name", ["part-1", "part-1.parquet.gz", "deep/part-1.csv"])
def test_what_a_table_s_folder_holds_beside_parts_is_refused_by_name(folder, name):
    parts(folder, "items", **{"0": items("A1"), "deep__0": items("B1")})
    (folder / "items" / name).write_bytes(b"x")
    with pytest.raises(SourceError, match=f"items/{name} is not named .*parquet"):
        extract(folder)


def test_a_delta_table_is_refused_because_its_folder_holds_removed_rows_too(folder):
    parts(folder, "items", **{"0": items("A1")})
    (folder / "items" / "_delta_log").mkdir()
    with pytest.raises(SourceError, match="items is a Delta table"):
        extract(folder)


@pytest.mark.parametrize("places", [("items", "items.parquet")])
def test_two_places_for_one_table_are_named(folder, places):
    (folder / "items" / "deep").mkdir(parents=True)
    pq.write_table(items("A1"), folder / "items" / "deep" / "0.parquet")
    with pytest.raises(SourceError, match=r"table items: both .*items\.parquet and .*items exist"):
        extract(folder)


@pytest.mark.parametrize("name", ["exp[1]", "exp*", "exp?", "[!a]", "a]b[", "ü [x-z]*", 'it\'s "it"'])
def test_the_name_of_a_folder_is_never_a_pattern(tmp_path, name):
    raw.write(tmp_path / "exp1", TABLES | {"items": [raw.item("NEIGHBOUR")]})
    folder = raw.write(tmp_path / name, TABLES)
    assert skus(folder) == ["A1"]


# ---- columns -----------------------------------------------------------------------------------------------------


def test_a_column_that_only_some_parts_have_is_read_where_it_is(folder):
    older = items("A1").rename_columns(["partnumber", "PARTTYPE", "tags"])
    parts(folder, "items", **{"0": older, "1": items("B1", Title="Header", Brand="Acme"), "2": items("C1")})
    extract_ = extract(folder).clean("items").to_pylist()
    assert [(row["sku"], row["title"], row["brand"]) for row in extract_] == [
        ("A1", None, None), ("B1", "Header", "Acme"), ("C1", None, None),
    ]  # fmt: skip


def test_an_unknown_column_is_noted_whichever_part_has_it(folder):
    parts(folder, "items", **{"0": items("A1"), "1": items("B1", Colour="red")})
    assert extract(folder).found["items"].unknown == ("Colour",)


def test_parts_may_hold_no_value_of_a_nested_column_or_its_fields_in_another_order(folder):
    whole = pq.read_table(folder / "events.parquet")
    empty = whole.set_column(4, "event_properties", pa.nulls(2))
    no_element = whole.set_column(4, "event_properties", pa.array([[], [None]], pa.list_(pa.null())))
    turned = [[dict(reversed(value.items())) for value in row] for row in whole["event_properties"].to_pylist()]
    other = whole.set_column(4, "event_properties", pa.array(turned))
    parts(folder, "events", **{"0": empty, "1": no_element, "2": other})
    extracted = extract(folder)
    assert extracted.accounts[3].read == 6
    assert extracted.clean("events").num_rows == 1


@pytest.mark.parametrize("column", ["title", "TITLE"])
def test_columns_that_differ_in_case_alone_are_refused_by_name(folder, column):
    parts(folder, "items", **{"0": items("A1"), "1": items("B1", Title="x", **{column: "y"})})
    with pytest.raises(SourceError, match=f"table items: Title, {column} are the same name in .*1.parquet"):
        extract(folder)


def test_fields_that_differ_in_case_alone_are_refused_by_name(folder):
    twice = pa.array([[{"product_number": "A1", "Product_Number": "B1"}]])
    table = pa.table({"v1_year": ["2007"], "v1_make": ["M"], "v1_model": ["N"], "products": twice})
    pq.write_table(table, folder / "fitment.parquet")
    with pytest.raises(
        SourceError, match="table fitment, column products: product_number, Product_Number are the same name"
    ):
        extract(folder)
