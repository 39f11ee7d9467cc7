"""Making a run the live release, and going back to the one before."""

from __future__ import annotations

from holley_graph import journal
from holley_graph.embeddings import writeback
from holley_graph.embeddings.manifest import RunManifest
from holley_graph.evaluation import registry
from holley_graph.graph.alone import in_home
from holley_graph.progress import Progress, silent
from holley_graph.settings import Settings
from holley_graph.workflows.connection import connect
from holley_graph.workflows.live import follow, live_release


def write_back(
    settings: Settings, run: str, *, force: bool = False, progress: Progress = silent
) -> writeback.WritebackReport:
    """Make the embeddings of a run live.

    Args:
        settings: where the server and the home are.
        run: its name.
        force: also a run whose recipe was judged, and not as go.
        progress: told after each batch.

    Raises:
        NotFound: there is no such run.
        ReleaseCheckFailed: its recipe was judged otherwise, or the vectors failed a check.
        GraphStateError: somebody else works in this home or graph.
    """
    folder = settings.home / "runs" / run
    manifest = RunManifest.named(folder.parent, run)
    if not force:
        registry.require_go(folder.parent, manifest)
    with in_home(settings.home, f"writeback of {run}"), connect(settings, progress) as graph:
        follow(settings, graph)
        candidates = settings.recommend.index_candidates
        before = live_release(graph)
        done = writeback.write_back(graph, folder, candidates=candidates, progress=progress)
        follow(settings, graph)
    journal.note(settings.home, "release", {"live": done.run_id, "previous": before})
    return done


def roll_back(settings: Settings) -> tuple[str, str]:
    """Go back to the release before the live one; return the live one and the one that is kept."""
    with in_home(settings.home, "rollback"), connect(settings) as graph:
        live, previous = writeback.roll_back(graph)
        follow(settings, graph)
    journal.note(settings.home, "rollback", {"live": live, "previous": previous})
    return live, previous
