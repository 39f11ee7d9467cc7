"""A sealed snapshot opens as it was, or not at all."""

import json
from pathlib import Path

import pytest

from holley_graph import sealed
from holley_graph.errors import ParcelError
from holley_graph.snapshot import parcel
from holley_graph.snapshot.snapshot import Snapshot
from tests.support import planted
from tests.support.snapshots import assert_equal


@pytest.fixture(scope="module")
def snapshot() -> Snapshot:
    return planted.world(users=100).snapshot


def test_a_parcel_opens_as_it_was_sealed(snapshot: Snapshot, tmp_path: Path) -> None:
    path = parcel.write(snapshot, tmp_path / "deep" / "parcel")
    assert_equal(parcel.open_parcel(path), snapshot)
    assert path.stat().st_mode & 0o077 == 0


def test_the_manifest_says_when_how_many_and_which_bytes(snapshot: Snapshot, tmp_path: Path) -> None:
    path = parcel.write(snapshot, tmp_path / "parcel")
    manifest = json.loads((path / "manifest.json").read_text())
    assert manifest["as_of"] == snapshot.as_of
    assert manifest["files"]["events"] == {
        "rows": snapshot.events.num_rows,
        "sha256": sealed.digest(path / "events.parquet"),
    }
    assert set(manifest["files"]) == {"products", "vehicles", "users", "fits", "events", "bought"}


@pytest.mark.parametrize("name", ["products", "vehicles", "users", "fits", "events", "bought"])
def test_a_tampered_or_missing_file_is_refused(snapshot: Snapshot, tmp_path: Path, name: str) -> None:
    file = parcel.write(snapshot, tmp_path / "parcel") / f"{name}.parquet"
    whole = bytearray(file.read_bytes())
    whole[len(whole) // 2] ^= 1
    file.write_bytes(whole)
    with pytest.raises(ParcelError, match=f"{name}.parquet"):
        parcel.open_parcel(file.parent)
    file.unlink()
    with pytest.raises(ParcelError, match=f"{name}.parquet"):
        parcel.open_parcel(file.parent)


def test_a_folder_without_a_manifest_is_no_parcel(snapshot: Snapshot, tmp_path: Path) -> None:
    path = parcel.write(snapshot, tmp_path / "parcel")
    (path / "manifest.json").unlink()
    with pytest.raises(ParcelError, match="no snapshot"):
        parcel.open_parcel(path)


def test_what_a_killed_writer_left_is_replaced_and_never_opened(snapshot: Snapshot, tmp_path: Path) -> None:
    left = tmp_path / "parcel.partial"
    left.mkdir()
    (left / "events.parquet").write_bytes(b"half")
    with pytest.raises(ParcelError):
        parcel.open_parcel(tmp_path / "parcel")
    assert_equal(parcel.open_parcel(parcel.write(snapshot, tmp_path / "parcel")), snapshot)
    assert not left.exists()
