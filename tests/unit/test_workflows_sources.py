"""Where raw tables are and where a file goes, as somebody types it."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import BinaryIO

import pytest

from holley_graph.errors import GraphStateError, SettingsError
from holley_graph.export import known
from holley_graph.loaders.bigquery.source import BigQuerySource
from holley_graph.loaders.files import FilesSource
from holley_graph.loaders.flat.source import CsvSource
from holley_graph.loaders.sync_tables import SyncTables
from holley_graph.settings import Settings
from holley_graph.workflows import deliver
from holley_graph.workflows.sources import open_source, source_of


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    emulator = {"project": "shop", "rest_endpoint": "http://localhost:9050"}
    return Settings(home=tmp_path / "home", bigquery=emulator)  # type: ignore[arg-type]


def tables_of(source: str) -> SyncTables:
    return SyncTables(Path("run"), {"marker": {"source": source}, "as_of": "2026-01-01T00:00:00+00:00"})


@pytest.mark.parametrize(
    ("text", "kind"),
    [("files:/raw", FilesSource), ("csv:/lists", CsvSource), ("bigquery", BigQuerySource)],
)
def test_each_kind_of_source_is_known_by_its_first_word(text: str, kind: type, settings: Settings) -> None:
    assert type(open_source(text, settings)) is kind


@pytest.mark.parametrize(
    "text", ["", "files", "files:", "csv:", "csv", "/raw", "bigquery:", "bigquery:shop", "Files:/raw", "s3:bucket"]
)
def test_another_text_is_no_source_and_the_error_says_how_one_is_written(text: str, settings: Settings) -> None:
    with pytest.raises(SettingsError, match="neither bigquery, files:DIR nor csv:DIR") as error:
        open_source(text, settings)
    assert (error.value.exit_code, error.value.hint) == (2, "--source files:DIR")


def test_a_tilde_behind_the_colon_is_the_home_of_the_person(
    tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert open_source("files:~/raw", settings).name == str(tmp_path / "raw")


@pytest.mark.parametrize(("prefix", "kind"), [("", FilesSource), ("csv:", CsvSource)])
def test_the_source_of_a_sync_is_opened_again_while_its_folder_is_there(
    prefix: str, kind: type, tmp_path: Path, settings: Settings
) -> None:
    folder = tmp_path / "raw"
    folder.mkdir()
    tables = tables_of(f"{prefix}{folder}")
    assert type(source_of(tables, settings)) is kind
    folder.rmdir()
    with pytest.raises(GraphStateError, match="not there any more") as error:
        source_of(tables, settings)
    assert error.value.hint == "holley-graph gate FILE --source files:DIR --as-of 2026-01-01T00:00:00Z"


def test_tables_of_another_project_are_not_taken_for_those_of_the_sync(settings: Settings) -> None:
    name = open_source("bigquery", settings).name
    assert name.startswith("bigquery:shop")
    assert source_of(tables_of(name), settings).name == name
    with pytest.raises(GraphStateError, match="bigquery:other"):
        source_of(tables_of("bigquery:other.raw"), settings)


@pytest.mark.parametrize("suffix", deliver.SUFFIXES)
def test_a_file_goes_to_an_absolute_path_with_the_suffix_of_its_format(
    suffix: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert deliver.checked(f"mail{suffix}") == str(tmp_path / f"mail{suffix}")
    assert deliver.suffix(f"mail{suffix}") == suffix


def test_a_table_is_left_as_it_is_typed_and_takes_parquet() -> None:
    assert deliver.checked("bigquery:mail.parts") == "bigquery:mail.parts"
    assert deliver.suffix("bigquery:mail.parts") == ".parquet"


@pytest.mark.parametrize("name", ["mail", "mail.xlsx", "mail.parquet.gz", "bigquery"])
def test_a_file_of_another_format_is_refused_before_a_night_is_spent_on_it(name: str, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"\.csv, \.parquet, \.ndjson") as error:
        deliver.checked(str(tmp_path / name))
    assert error.value.exit_code == 2


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=f"{tmp_path}/nowhere is no folder"):
        deliver.checked(str(tmp_path / "nowhere" / "mail.csv"))


def test_a_delivered_file_replaces_the_one_before_and_the_home_remembers_where_it_is(
    tmp_path: Path, settings: Settings
) -> None:
    made, to = tmp_path / "made.csv", tmp_path / "mail.csv"
    made.write_text("new")
    to.write_text("old")
    deliver.deliver(settings, made, str(to), "run")
    assert (made.read_text(), to.read_text()) == ("new", "new")
    assert known.exports(settings.home) == [to]


def test_a_delivery_that_breaks_leaves_the_file_of_before_and_nothing_beside_it(
    tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    made, to = tmp_path / "made.csv", tmp_path / "place" / "mail.csv"
    to.parent.mkdir()
    made.write_text("new")
    to.write_text("old")

    def broken(_: object, out: BinaryIO) -> None:
        out.write(b"ne")
        raise OSError("no space left on device")

    monkeypatch.setattr(shutil, "copyfileobj", broken)
    with pytest.raises(OSError, match="no space"):
        deliver.deliver(settings, made, str(to), "run")
    assert [(path.name, path.read_text()) for path in to.parent.iterdir()] == [("mail.csv", "old")]
