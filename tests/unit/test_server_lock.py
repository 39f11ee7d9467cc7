"""The lock file names every jar exactly."""

import re
from pathlib import Path

import pytest

from holley_graph.server import lock


@pytest.mark.parametrize(
    ("coordinate", "path"),
    [
        ("org.neo4j:neo4j:2026.01.4", "org/neo4j/neo4j/2026.01.4/neo4j-2026.01.4.jar"),
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
    assert (lock.neo4j_version(), lock.gds_version()) == ("2026.01.4", "2.26.0")
    assert lock.version("org.neo4j.client:neo4j-browser") == "5.24.0"


def test_comments_and_empty_lines_are_no_jars(tmp_path: Path) -> None:
    file = tmp_path / "lock"
    file.write_text("# why\n\ng:a:1 abc plugin\n")
    assert lock.read(file) == (lock.Jar("g:a:1", "abc", "plugin"),)
