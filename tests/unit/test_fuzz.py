"""Whatever is typed, set or damaged ends in one line with a documented code, and in no wrong answer."""

from __future__ import annotations

import json
import random
import re
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from benchmarks import fuzz
from holley_graph import sealed
from holley_graph.cli import COMMANDS
from holley_graph.errors import ParcelError, ServerUnreachable, SourceError
from holley_graph.evaluation import registry
from holley_graph.export.known import remember
from holley_graph.loaders import feeds
from holley_graph.loaders.files import FilesSource
from holley_graph.settings import Settings, Sync
from holley_graph.times import seconds
from tests.support import raw
from tests.support.runs import manifest

NOWHERE = {
    "HOLLEY_GRAPH_SERVER__JAR_CACHE": "/dev/null/jars",
    "HOLLEY_GRAPH_SERVER__MAVEN_URL": "http://127.0.0.1:9",
}
RUN = "20260101T000000-sync-0000"
CASES = 40
LIGHT = [name for name in COMMANDS if COMMANDS[name] not in ("train", "tune", "evaluate", "embed", "demo")]
"""Commands that do not import torch; the benchmark draws from all."""
fuzz.import_everything(but="holley_graph.model")


def test_hostile_command_lines_and_settings_end_in_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    seen = fuzz.of_arguments(CASES, 1, NOWHERE, LIGHT)
    assert seen == {"fine": CASES}, capsys.readouterr().out


@pytest.mark.parametrize("scheme", ["bolt", "bolt+s", "neo4j", "neo4j+s"])
def test_an_address_without_an_answer_is_one_line_and_its_hint(tmp_path: Path, scheme: str) -> None:
    password = tmp_path / "password"
    password.write_text("a password of no server")
    options = ["--home", "home", "--uri", f"{scheme}://127.0.0.1:1", "--password-file", str(password)]
    ended = fuzz.run([*options, "recommend", "--user", "u"], {}, tmp_path)
    assert ended.code == ServerUnreachable.exit_code
    assert [line.split(":")[0] for line in ended.error.splitlines()] == ["error", "hint"]


def home(folder: Path) -> Path:
    """What commands without a database read: dead letters, runs, a registry."""
    letters = folder / "rejects" / RUN
    letters.mkdir(parents=True)
    rows = {name: [f"{name} {n}" for n in range(30)] for name in ("reason", "value", "source_row", "email_hash")}
    pq.write_table(pa.table(rows), letters / "events.parquet")
    files = sealed.digests(letters, ["events.parquet"])
    sealed.write(letters / "manifest.json", {"as_of": "2026-01-01T00:00:00+00:00", "source": "x", "files": files})
    for name in ("r1", "r2"):
        (folder / "runs" / name).mkdir(parents=True)
        manifest(name).save(folder / "runs" / name)
    registry.promote(folder / "runs", "r1")
    remember(folder, folder / "sent.csv")
    return folder


def test_damaged_files_of_a_home_are_refused_and_nothing_is_answered_wrongly(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    commands = [["rejects", "list", "--json"], ["rejects", "show", RUN, "--json"], ["runs", "--json"]]
    seen = fuzz.of_damage(home(tmp_path / "home"), commands, CASES, 1, may_vanish=True)
    assert set(seen) == {"refused", "unharmed"}, capsys.readouterr().out


def test_damaged_parquet_of_a_source_is_a_source_error(tmp_path: Path) -> None:
    """A flipped byte may be another value, which nobody can see; whatever cannot be read is one line."""
    rng = random.Random(3)
    events = [raw.event(f"u{n}", "Viewed Product", raw.at("2025-09-10"), ProductId="A1") for n in range(200)]
    folder = raw.write(tmp_path / "raw", {"items": [raw.item("A1")], "events": events})
    whole = {path: path.read_bytes() for path in folder.iterdir()}
    settings = Settings(home=tmp_path / "home", sync=Sync(allow_empty=raw.RAW_NAMES))
    refused = 0
    for _ in range(CASES):
        path = rng.choice(sorted(whole))
        for at in (rng.randrange(len(whole[path])) for _ in range(8)):
            content = bytearray(path.read_bytes())
            content[at] ^= 1 << rng.randrange(8)
            path.write_bytes(content)
        try:
            feeds.extract(FilesSource(folder), settings, seconds("2025-10-01"), lambda *_: None).close()
        except SourceError as error:
            refused += 1
            assert "\n" not in str(error)
        path.write_bytes(whole[path])
    assert refused > CASES // 4


def test_a_run_without_its_manifest_is_named_and_what_a_kill_left_is_no_run(tmp_path: Path) -> None:
    runs = home(tmp_path) / "runs"
    for name in ("r3.partial", "r1.old"):
        (runs / name).mkdir()
    assert [run.run_id for run in registry.manifests(runs)] == ["r1", "r2"]
    (runs / "r2" / "manifest.json").unlink()
    with pytest.raises(ParcelError, match=r"r2/manifest\.json cannot be read: No such file"):
        registry.manifests(runs)


# ---- what is sealed --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("content", [b"", b"{", b"[1]", b"\xff\xfe", b'{"a": 1, "seal": "00"}', b"null"])
def test_a_document_that_is_not_as_it_was_sealed_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "manifest.json"
    sealed.write(path, {"a": [1, "ü"], "b": None})
    assert sealed.read(path) == {"a": [1, "ü"], "b": None}
    path.write_bytes(content)
    with pytest.raises(ParcelError, match=re.escape(str(path))):
        sealed.read(path)


def test_every_flipped_bit_of_a_document_is_seen_or_does_nothing(tmp_path: Path) -> None:
    path = tmp_path / "manifest.json"
    document = {"as_of": "2026-01-01", "files": {"x.parquet": "ab" * 32}, "n": 7}
    sealed.write(path, document)
    whole = path.read_bytes()
    for at in range(len(whole)):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
        try:
            rows = sealed.read(path)
        except ParcelError:
            continue
        assert {name: rows[name] for name in document} == document
    assert json.loads(whole)["n"] == 7
