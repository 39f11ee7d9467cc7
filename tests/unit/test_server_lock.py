"""The lock file names every jar exactly."""

import re
from datetime import date, timedelta
from pathlib import Path

import pytest

from holley_graph.server import lock


@pytest.mark.parametrize(
    ("coordinate", "path"),
    [
        ("org.neo4j:neo4j:5.26.30", "org/neo4j/neo4j/5.26.30/neo4j-5.26.30.jar"),
        ("io.netty:epoll:4.2:linux-x86_64", "io/netty/epoll/4.2/epoll-4.2-linux-x86_64.jar"),
    ],
)
def test_a_coordinate_has_its_place_in_a_maven_repository(coordinate: str, path: str) -> None:
    assert lock.Jar(coordinate, "", "").path == path


def test_every_line_has_a_digest_and_no_file_is_named_twice() -> None:
    jars = lock.read()
    assert all(re.fullmatch("[0-9a-f]{64}", jar.sha256) for jar in jars)
    assert len({jar.path for jar in jars}) == len(jars)
    assert {jar.tag for jar in jars} == {"", "plugin", "browser"}


def test_the_versions_are_those_that_belong_together() -> None:
    assert (lock.neo4j_version(), lock.gds_version()) == ("5.26.30", "2.13.9")
    assert lock.version("org.neo4j.client:neo4j-browser") == "5.24.0"


def test_the_locked_line_is_supported_for_ninety_days_yet() -> None:
    """Ninety days to move on: to the next line with long support, its lock file and what its statements ask for."""
    assert lock.ends()[lock.line(lock.neo4j_version())] - date.today() >= timedelta(days=90)


@pytest.mark.parametrize(("version", "line"), [("5.26.30", "5.26"), ("2026.08.1", "2026.08")])
def test_a_version_belongs_to_a_line(version: str, line: str) -> None:
    assert lock.line(version) == line


def test_a_lock_file_says_when_the_support_of_a_line_ends(tmp_path: Path) -> None:
    file = tmp_path / "lock"
    file.write_text("# line of thought\n# line 5.26 ends 2028-06-06\n# line 2026.01 ends 2026-03-06\ng:a:1 abc\n")
    assert lock.ends(file) == {"5.26": date(2028, 6, 6), "2026.01": date(2026, 3, 6)}


def test_comments_and_empty_lines_are_no_jars(tmp_path: Path) -> None:
    file = tmp_path / "lock"
    file.write_text("# why\n\ng:a:1 abc plugin\n")
    assert lock.read(file) == (lock.Jar("g:a:1", "abc", "plugin"),)
