"""Forgets one person, in an order that a kill cannot spoil: who they are is unknown only when all else is done."""

from __future__ import annotations

import shutil
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from holley_graph.errors import NotFound
from holley_graph.export.inputs import last_sync
from holley_graph.export.known import exports
from holley_graph.forget import erase, search
from holley_graph.forget.person import Person, find, with_email
from holley_graph.graph.alone import in_graph, in_home
from holley_graph.graph.client import Graph
from holley_graph.loaders import identity, tombstones
from holley_graph.settings import Settings

GONE_LAST = "clean_users.parquet"


@dataclass(frozen=True)
class ForgetReport:
    """What was removed where; `as_dict` is the documented JSON shape.

    Attributes:
        user_ids: every id of the person.
        nodes: removed from the graph, with all their relationships.
        rows: removed from the tables of the last sync, dead letters and exports.
        vectors: removed from runs.
        snapshots: removed whole; the next training takes a new one.
        searched: files that were looked through afterwards, and the graph.
        found: where a name of theirs still stands; empty is the proof.
        missing: exports that are no longer where they were written, and so could not be searched.
    """

    user_ids: list[str]
    nodes: int
    rows: dict[str, int]
    vectors: int
    snapshots: int
    searched: int
    found: list[str]
    missing: list[str]

    def as_dict(self) -> dict[str, Any]:
        """Return the report as plain values."""
        return asdict(self)


def forget(
    graph: Graph, settings: Settings, user_id: str | None = None, *, email: str | None = None
) -> ForgetReport:
    """Remove a person, keep a hash so that no sync brings them back, and search for what is left.

    Args:
        graph: from which they go.
        settings: whose home is cleaned.
        user_id: any id of theirs; all ids of the same address go.
        email: instead of the id, their address as `identity.spelled_email` gives it.

    Raises:
        NotFound: nothing that this home or this graph keeps names the person, the list of the forgotten neither.
        GraphStateError: somebody else writes into this home or this graph, or there was no sync.
    """
    home = settings.home
    with in_home(home, "forget"), in_graph(graph, "forget"):
        sync_tables, key = last_sync(graph, home), identity.email_key(settings)
        if email is None:
            person = find(sync_tables, identity.as_kept(settings, str(user_id)), key)
        else:
            person = with_email(sync_tables, email, key)
        _check_known(graph, home, key, person, f"user {user_id!r}" if email is None else "person with this email")
        tombstones.add(home, key, person.user_ids, person.email)
        written = exports(home)
        there = [path for path in written if path.is_file()]
        nodes = int(graph.write("forget/delete", **_asked(person))["deleted"])
        rows = {"exports": sum(erase.from_export(path, person) for path in there)}
        rows["dead letters"] = _tables(home / "rejects", person)
        erase.mend_runs(home / "runs")
        runs = [path.parent for path in (home / "runs").glob("*/manifest.json")]
        vectors = sum(erase.from_run(run, person) for run in runs)
        snapshots = _snapshots(home / "snapshots", person)
        rows["last sync"] = _tables(home / "taken", person, forgotten=len(tombstones.known(home)))
        searched = [*search.files(home), *there]
        still_naming = [str(path) for path in search.naming(searched, person)]
        if graph.read("forget/search", **_asked(person))[0]["found"]:
            still_naming.append("the graph")
    missing = [str(path) for path in written if path not in there]
    return ForgetReport(
        list(person.user_ids), nodes, rows, vectors, snapshots, len(searched) + 1, still_naming, missing
    )


def _asked(person: Person) -> dict[str, Any]:
    return {"user_ids": list(person.user_ids), "email_hash": person.email_hash}


def _check_known(graph: Graph, home: Path, key: bytes, person: Person, whom: str) -> None:
    """Refuse a name that nobody has ever had here: it is more likely mistyped than forgotten."""
    names = {tombstones.digest(key, tombstones.USER, user_id) for user_id in person.user_ids}
    if names & {*tombstones.known(home)} or graph.read("forget/search", **_asked(person))[0]["found"]:
        return
    if not search.naming(search.files(home), person):
        raise NotFound(f"no {whom} in the last sync or in the graph", "look for a typing error")


def _tables(folder: Path, person: Person, **changed: Any) -> int:
    """Clean every table below a folder; the one that says who the person is comes last.

    Args:
        folder: of folders with a manifest each.
        person: who goes.
        changed: what else their manifests say from now on.
    """
    paths = sorted(folder.rglob("*.parquet"), key=lambda path: (path.name == GONE_LAST, path))
    removed = sum(erase.from_parquet(path, person) for path in paths)
    for manifest in folder.glob("*/manifest.json"):
        erase.seal_anew(manifest.parent, **changed)
    return removed


def _snapshots(folder: Path, person: Person) -> int:
    """Remove snapshots that name the person: their rows are numbers that everything else in them counts by."""
    naming = [path for path in folder.glob("*") if search.naming(path.glob("*.parquet"), person)]
    for path in naming:
        shutil.rmtree(path)
    return len(naming)
