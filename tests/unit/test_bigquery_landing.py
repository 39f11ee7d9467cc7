"""What lands is all there, in nobody's sight, and leaves nothing behind."""

import pyarrow as pa
import pytest

from holley_graph.loaders.bigquery import landing

SCHEMA = pa.schema([("email", pa.string()), ("at", pa.list_(pa.int64()))])


def batches(count):
    for number in range(count):
        yield pa.record_batch({"email": [f"{number}@example.org", None], "at": [[number, 1], []]}, SCHEMA)


@pytest.mark.parametrize("count", [0, 1, 3])
def test_every_row_is_there_and_no_file_has_a_name(tmp_path, count):
    landed = landing.land(SCHEMA, batches(count), tmp_path / "spill")
    assert list((tmp_path / "spill").iterdir()) == []
    assert landed.schema == SCHEMA
    assert landed.to_pylist() == pa.Table.from_batches(batches(count), SCHEMA).to_pylist()
    assert (tmp_path / "spill").stat().st_mode & 0o777 == 0o700


def test_what_breaks_while_rows_come_is_told_as_it_is_and_leaves_no_file(tmp_path):
    def broken():
        yield from batches(2)
        raise LookupError("the stream ended")

    with pytest.raises(LookupError, match="the stream ended"):
        landing.land(SCHEMA, broken(), tmp_path / "spill")
    assert list((tmp_path / "spill").iterdir()) == []
