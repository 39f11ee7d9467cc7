"""A search for somebody finds their values in every kind of file, and nobody else's."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from holley_graph import sealed, spill
from holley_graph.forget import erase, search
from holley_graph.forget.person import Person
from holley_graph.gate import sheet

SEVEN = Person(("7",), "zoë@shop.example", "ab" * 32)
ZOE = Person(("zoë-0001", "buyer:" + "ab" * 32), "zoë@shop.example", "ab" * 32)


def source_row(user_id: str, email: str, sku: str) -> str:
    properties = [{"property_name": "email", "string_value": email}, {"property_name": "sku", "string_value": sku}]
    return json.dumps({"user_id": user_id, "user_properties": properties}, ensure_ascii=False)


def parquet(**columns: object) -> bytes:
    sink = pa.BufferOutputStream()
    pq.write_table(pa.table(columns), sink)
    return sink.getvalue().to_pybytes()


def files(user: str, email: str, other: str) -> dict[str, bytes]:
    """Every kind of file of a home, each with one row of a user and one of somebody else."""
    path = f"({user})-[:OWNS]->(2007|JEEP|PATRIOT)<-[:FITS]-(A1)"
    csv_row = f'"{email}","{path}"\n"{other}@x.example","-"\n'
    return {
        "taken/r/clean_users.parquet": parquet(user_id=[user, other], email=[email, None]),
        "taken/r/viewed.parquet": parquet(user_id=pa.array([user, other]).dictionary_encode(), sku=["A", "B"]),
        "rejects/r/user_attributes.parquet": parquet(
            source_row=[source_row(f" {user} ", email.upper(), "A"), source_row(other, "x", "A")], reason=["a", "b"]
        ),
        "snapshots/s/users.parquet": parquet(user_id=[user, other]),
        "runs/r/keys_user.parquet": parquet(key=[user, other]),
        "sent.parquet": parquet(email_lower=[email, "x"], rec1_path=[path, "-"]),
        "sent.csv": f'"email_lower","rec1_path"\n{csv_row}'.encode(),
        "sent.ndjson": "".join(json.dumps({"email_lower": side}) + "\n" for side in (email, "x")).encode(),
        "evaluations/e/report.json": json.dumps({"users": [{"user_id": user}]}).encode(),
        "spill/1-x/duckdb_temp_storage.tmp": b"\x00\x01" + email.encode() + b"\x00",
    }


def write(home: Path, contents: dict[str, bytes]) -> list[Path]:
    for name, content in contents.items():
        path = home / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return sorted(search.files(home))


@pytest.mark.parametrize("person", [SEVEN, ZOE], ids=["7", "zoë"])
def test_every_kind_of_file_is_searched_for_values(tmp_path: Path, person: Person) -> None:
    paths = write(tmp_path, files(person.user_ids[0], str(person.email), "other-1"))
    assert search.naming(paths, person) == paths
    for stranger in (("1",), ("other",), ("shop.example",), ("A", "oe"), ("ab" * 31,)):
        assert search.naming(paths, Person(stranger, None, None)) == []


def test_a_number_a_sku_and_a_part_of_a_name_are_not_a_user(tmp_path: Path) -> None:
    contents = files("77", "77@x.example", "17") | {
        "taken/r/product.parquet": parquet(sku=["7"], base_sku=["7"], title=["7"]),
        "taken/r/vehicle.parquet": parquet(vehicle_id=["7|7|7"], make=["7"], year=[7]),
        "rejects/r/events.parquet": parquet(source_row=[source_row("other", "x", "7")], value=["7"]),
        "runs/r/manifest.json": b'{"seed": 7, "dim": "7", "epochs": [7, 7.0]}',
        "runs/r/curve.png": b"\x89PNG 7 \x07",
        "evaluations/e/report.html": b"<td>7</td>",
        "exports.jsonl": b'"/home/7/sent.csv"\n',
        "snapshots/s/7.parquet": parquet(user=[7]),
    }
    assert search.naming(write(tmp_path, contents), Person(("7",), None, None)) == []


def test_a_part_that_is_called_like_a_user_is_not_removed(tmp_path: Path) -> None:
    (path,) = write(tmp_path, {"taken/r/ordered.parquet": parquet(user_id=["7", "8"], sku=["A", "7"])})
    assert erase.from_parquet(path, Person(("7",), None, None)) == 1
    assert pq.read_table(path).to_pylist() == [{"user_id": "8", "sku": "7"}]


def test_a_dead_letter_with_other_letters_than_ascii_is_removed(tmp_path: Path) -> None:
    contents = {
        "rejects/r/user_attributes.parquet": files("zoë-0001", "zoë@shop.example", "b")[
            "rejects/r/user_attributes.parquet"
        ]
    }
    (path,) = write(tmp_path, contents)
    assert erase.from_parquet(path, ZOE) == 1
    assert [json.loads(text)["user_id"] for text in pq.read_table(path)["source_row"].to_pylist()] == ["b"]


def test_an_address_that_a_spreadsheet_would_run_is_removed_from_csv(tmp_path: Path) -> None:
    plus = Person(("u-00001",), "+1@shop.example", None)
    cell = sheet.guarded(pa.chunked_array([[str(plus.email)]]))[0].as_py()
    (path,) = write(tmp_path, {"sent.csv": f'"email_lower","x"\n"{cell}","1"\n"b","2"\n'.encode()})
    assert search.naming([path], plus) == [path]
    assert erase.from_export(path, plus) == 1
    assert path.read_text() == '"email_lower","x"\n"b","2"\n'


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_other_records_of_a_csv_file_stay_as_they_are_letter_by_letter(tmp_path: Path, end: str) -> None:
    first, removed, last = (
        f'"{email}","two{end}lines, ""quoted"" and a@shop.example"{end}' for email in ("b", "a@shop.example", "c")
    )
    (path,) = write(tmp_path, {"sent.csv": f'"email_lower","x"{end}{first}{removed}{last}'.encode()})
    assert erase.from_export(path, Person(("u-00002",), "a@shop.example", None)) == 1
    assert path.read_bytes().decode() == f'"email_lower","x"{end}{first}{last}'


def test_sealed_folders_are_sealed_anew(tmp_path: Path) -> None:
    (path,) = write(tmp_path, {"r/clean_users.parquet": parquet(user_id=["7", "8"])})
    sealed.write(path.parent / "manifest.json", {"files": sealed.digests(path.parent, [path.name])})
    erase.from_parquet(path, SEVEN)
    erase.seal_anew(path.parent)
    sealed.check(path.parent, sealed.read(path.parent / "manifest.json")["files"])


# ---- what an engine spills -----------------------------------------------------------------------------------


def test_what_a_killed_process_spilled_is_its_owners_only_and_removed_by_the_next_command(tmp_path: Path) -> None:
    code = "import os, sys; from pathlib import Path; from holley_graph import spill\n"
    code += "own = spill.folder(Path(sys.argv[1])); (own / 'x').write_text('a@b'); print(own, flush=True)\n"
    killed = subprocess.run(
        [sys.executable, "-c", code + "os.kill(os.getpid(), 9)", tmp_path],
        capture_output=True,
        text=True,
        check=False,
    )
    left = Path(killed.stdout.strip())
    assert (left / "x").exists() and left.parent == tmp_path / "spill"
    assert left.stat().st_mode & 0o777 == left.parent.stat().st_mode & 0o777 == 0o700
    alive = subprocess.Popen([sys.executable, "-c", code + "input()", tmp_path], stdin=-1, stdout=-1, text=True)
    assert alive.stdin and alive.stdout
    used = Path(alive.stdout.readline().strip())
    assert not left.exists()
    spill.sweep(tmp_path)
    assert (used / "x").exists()
    alive.communicate("\n")
    assert list((tmp_path / "spill").iterdir()) == []
