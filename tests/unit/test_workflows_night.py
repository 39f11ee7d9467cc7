"""A night's order, memory and endings; its steps are played here, and no server is asked."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from holley_graph import files
from holley_graph.errors import GraphStateError, ParcelError, SettingsError, SourceError
from holley_graph.night import page
from holley_graph.night.record import DELIVERED, FILE, GATE_FAILED, STEPS, Record, history
from holley_graph.server import lifecycle
from holley_graph.settings import Night, Settings
from holley_graph.times import DAY
from holley_graph.workflows import night as workflow

AS_OF = 20_000 * DAY
PLAYED: dict[str, dict[str, Any]] = {name: {} for name in STEPS}
PLAYED |= {"evaluate": {"outcome": "go", "reasons": []}, "gate": {"passed": True}}


class Stage:
    """Plays the steps of nights.

    Attributes:
        done: names of the steps that were played, in order.
        results: what a step gives, or the error that it ends with.
    """

    def __init__(self, home: Path, patch: pytest.MonkeyPatch) -> None:
        self.settings, self.to = Settings(home=home), str(home.parent / "mail.csv")
        self.done: list[str] = []
        self.results: dict[str, Any] = dict(PLAYED)
        patch.setattr(workflow, "WORK", {name: self._work(name) for name in STEPS})
        patch.setattr(workflow, "_live", lambda *_: "before")
        patch.setattr(lifecycle, "up", lambda *_: None)
        patch.setattr(page, "write", lambda record: None)

    def _work(self, name: str) -> Any:
        def work(*_: object) -> dict[str, Any]:
            self.done.append(name)
            if isinstance(self.results[name], Exception):
                raise self.results[name]
            return dict(self.results[name])

        return work

    def night(self, as_of: int = AS_OF, source: str = "files:raw", **options: Any) -> Record:
        self.done.clear()
        return workflow.night(self.settings, source, self.to, as_of, **options)


@pytest.fixture
def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Stage:
    return Stage(tmp_path / "home", monkeypatch)


def test_a_night_does_its_seven_steps_in_order_and_remembers_each(stage: Stage) -> None:
    record = stage.night()
    assert stage.done == list(record.steps) == list(STEPS)
    assert (record.outcome, record.exit_code) == (DELIVERED, 0)
    assert all(step["seconds"] >= 0 for step in record.steps.values())
    assert Record.load(record.folder).document == record.document
    assert record.folder.name in {path.name for path in (stage.settings.home / "nights").iterdir()}


def test_a_night_that_has_ended_is_returned_and_nothing_is_done(stage: Stage) -> None:
    first = stage.night()
    assert stage.night().document == first.document
    assert stage.done == []


def test_again_begins_it_anew(stage: Stage) -> None:
    stage.night()
    stage.night(again=True)
    assert stage.done == list(STEPS)


@pytest.mark.parametrize("name", STEPS)
def test_a_step_that_failed_is_the_first_of_the_next_call(name: str, stage: Stage) -> None:
    stage.results[name] = SourceError("items is missing", "bring it back")
    with pytest.raises(SourceError, match="items is missing"):
        stage.night()
    assert stage.done == list(STEPS)[: STEPS.index(name) + 1]
    (document,) = history(stage.settings.home)
    assert document["outcome"] is None
    assert (document["stopped"]["step"], document["stopped"]["exit_code"]) == (name, 4)
    stage.results[name] = PLAYED[name]
    record = stage.night()
    assert stage.done == list(STEPS)[STEPS.index(name) :]
    assert (record.outcome, record.document["stopped"]) == (DELIVERED, None)


@pytest.mark.parametrize(("outcome", "code"), [("no-go", 1), ("too little to say", 19)])
def test_a_run_that_is_no_go_sends_nothing_and_the_exit_code_says_why(
    outcome: str, code: int, stage: Stage
) -> None:
    stage.results["evaluate"] = {"outcome": outcome, "reasons": ["because"]}
    record = stage.night()
    assert stage.done == ["sync", "train", "evaluate"]
    assert (record.outcome, record.exit_code) == (outcome, code)
    assert stage.night().outcome == outcome and stage.done == []


@pytest.mark.parametrize(("outcome", "ending"), [("too little to say", DELIVERED), ("no-go", "no-go")])
def test_too_little_to_say_may_be_accepted_and_a_no_go_never_is(outcome: str, ending: str, stage: Stage) -> None:
    stage.settings = stage.settings.model_copy(update={"night": Night(accept_too_little=True)})
    stage.results["evaluate"] = {"outcome": outcome, "reasons": []}
    assert stage.night().outcome == ending


def test_a_file_that_the_gate_refuses_is_not_delivered(stage: Stage) -> None:
    stage.results["gate"] = {"passed": False}
    record = stage.night()
    assert stage.done[-1] == "gate"
    assert (record.outcome, record.exit_code) == (GATE_FAILED, 1)


@pytest.mark.parametrize("change", [{"source": "files:other"}, {"to": "other.csv"}])
def test_a_night_that_was_begun_is_not_continued_with_another_source_or_target(
    change: dict[str, str], stage: Stage
) -> None:
    stage.results["train"] = SourceError("stopped", "again")
    with pytest.raises(SourceError):
        stage.night()
    if "to" in change:
        stage.to = str(Path(stage.to).with_name(change.pop("to")))
    with pytest.raises(SettingsError, match="was begun with --") as error:
        stage.night(**change)  # type: ignore[arg-type]
    assert stage.done == [] and "--again" in str(error.value.hint)


def test_two_nights_are_not_at_work_in_one_home(stage: Stage) -> None:
    folder = stage.settings.home / "nights"
    folder.mkdir(parents=True)
    with files.locked(folder / "night.lock", wait=False), pytest.raises(GraphStateError, match="another night"):
        stage.night()
    assert stage.done == []
    assert stage.night().outcome == DELIVERED


def test_nights_of_two_days_are_two_and_the_history_has_them_in_order(stage: Stage) -> None:
    stage.night(AS_OF + DAY)
    stage.night(AS_OF)
    dates = [document["as_of"][:10] for document in history(stage.settings.home)]
    assert dates == ["2024-10-04", "2024-10-05"]


def test_a_damaged_night_is_said_to_be_one(stage: Stage) -> None:
    record = stage.night()
    file = record.folder / FILE
    file.write_text(file.read_text().replace(DELIVERED, "no-go"))
    with pytest.raises(ParcelError) as error:
        stage.night()
    assert error.value.exit_code == 8 and stage.done == []


def test_a_target_that_could_not_be_written_stops_a_night_before_it_begins(stage: Stage) -> None:
    stage.to = str(Path(stage.to).with_suffix(".xlsx"))
    with pytest.raises(SettingsError):
        stage.night()
    assert stage.done == [] and not (stage.settings.home / "nights").exists()


@pytest.mark.parametrize(
    ("passed", "failed", "words"),
    [
        (True, [], "passed"),
        (True, [("enough different parts", "HIGH")], "passed; broken: enough different parts (HIGH)"),
        (False, [("enough rows", "CRITICAL")], "failed; broken: enough rows (CRITICAL)"),
    ],
)
def test_what_the_gate_did_names_the_rules_that_are_broken(
    passed: bool, failed: list[tuple[str, str]], words: str
) -> None:
    rules = [{"says": rule, "severity": severity} for rule, severity in failed]
    assert page.did("gate", {"passed": passed, "failed": rules}) == words
