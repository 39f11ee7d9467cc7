"""The comparison finds exactly what must be written, whatever the two sides hold."""

import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from holley_graph.graph.schema import NODES, RELATIONSHIPS
from holley_graph.graph.tables import arrow_schema
from holley_graph.loaders import change
from holley_graph.loaders.engine.engine import Engine

SCHEMAS = {declared.table: arrow_schema(declared) for declared in (*NODES, *RELATIONSHIPS)}
names = st.sampled_from(["A", "B", "C", "É"])
USER = {"email_hash": None, "engagement_tier": "cold", "drives": None}
users = st.dictionaries(names, st.tuples(st.none() | st.text(max_size=2), st.sampled_from(["hot", "cold"])))


def table(name: str, *rows: dict[str, object]) -> dict[str, pa.Table]:
    return change.empty_tables() | {name: pa.Table.from_pylist(list(rows), SCHEMAS[name])}


def compare(old: dict[str, pa.Table], new: dict[str, pa.Table]) -> dict[str, change.Difference]:
    with Engine() as engine:
        return change.compare(engine, old, new)


def user_rows(held: dict[str, tuple[str | None, str]]) -> dict[str, pa.Table]:
    rows = [{"user_id": k, "email_hash": h, "engagement_tier": t} for k, (h, t) in sorted(held.items())]
    return table("user", *rows)


@settings(max_examples=8, deadline=None)  # each compares all sixteen tables
@given(users, users)
def test_applying_a_difference_gives_the_new_rows(old: dict, new: dict) -> None:
    difference = compare(user_rows(old), user_rows(new))["user"]
    upserts, removals = difference.change.upserts.to_pylist(), difference.change.removals.to_pylist()
    applied = dict(old)
    for row in removals:
        del applied[row["user_id"]]
    applied |= {row["user_id"]: (row["email_hash"], row["engagement_tier"]) for row in upserts}
    assert applied == new
    assert {row["user_id"] for row in upserts} == {key for key in new if old.get(key) != new[key]}
    assert (difference.added, difference.removed) == (len(new.keys() - old.keys()), len(old.keys() - new.keys()))
    assert difference.added + difference.changed == len(upserts)


def test_equal_sides_have_nothing_to_write_and_absent_values_are_equal() -> None:
    both = table("user", {"user_id": "A"} | USER)
    assert sum(difference.change.rows for difference in compare(both, both).values()) == 0
    assert list(compare(both, both)) == list(SCHEMAS)


def test_an_interaction_that_only_aged_is_not_written_and_one_more_time_is() -> None:
    row = {"user_id": "A", "sku": "S", "count": 1, "first_at": 5, "last_at": 5, "at": [5], "weight": 1.0}
    held = table("viewed", row)
    assert compare(held, table("viewed", row | {"weight": 0.5}))["viewed"].change.rows == 0
    again = row | {"count": 2, "last_at": 9, "at": [5, 9]}
    difference = compare(held, table("viewed", again))["viewed"]
    assert (difference.added, difference.changed, difference.removed) == (0, 1, 0)
    assert difference.change.upserts.to_pylist() == [again]


def test_a_derived_weight_is_written_when_it_changes() -> None:
    row = {"sku": "A", "other_sku": "B", "count": 1, "weight": 1.0}
    assert compare(table("co_viewed", row), table("co_viewed", row | {"weight": 2.0}))["co_viewed"].changed == 1


def test_a_relationship_is_known_by_both_ends() -> None:
    difference = compare(
        table("fits", {"sku": "A", "vehicle_id": "V"}, {"sku": "B", "vehicle_id": "V"}),
        table("fits", {"sku": "A", "vehicle_id": "W"}, {"sku": "B", "vehicle_id": "V"}),
    )["fits"]
    assert difference.change.upserts.to_pylist() == [{"sku": "A", "vehicle_id": "W"}]
    assert difference.change.removals.to_pylist() == [{"sku": "A", "vehicle_id": "V"}]


def test_a_pair_of_which_only_the_weight_changed_is_told_apart() -> None:
    rows = [{"sku": "A", "other_sku": other, "count": 1, "weight": 1.0} for other in ("B", "C", "D")]
    new = [rows[0], rows[1] | {"weight": 0.5}, rows[2] | {"count": 2, "weight": 0.5}]
    difference = compare(table("co_viewed", *rows), table("co_viewed", *new))["co_viewed"]
    assert difference.change.weight_only.to_pylist() == [new[1]]
    assert difference.change.upserts.to_pylist() == [new[2]]
    assert (difference.added, difference.changed, difference.removed, difference.change.rows) == (0, 2, 0, 2)
