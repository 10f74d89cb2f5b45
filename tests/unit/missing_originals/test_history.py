"""What journals tell of earlier runs, however these came about and ended."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from immich_tools.missing_originals.history import trashed_earlier
from immich_tools.missing_originals.memory import Trashed
from immich_tools.missing_originals.plan import TOOL
from immich_tools.plan.effects.assets import RestoreAssets, TrashAssets
from immich_tools.plan.effects.base import Action, Change
from immich_tools.plan.journal_writer import Journal
from immich_tools.plan.model import Label, Plan
from immich_tools.plan.result import Result, Status
from tests.unit.missing_originals.build import ME, OTHER

TODAY = datetime.now(UTC).astimezone().date()


def run(
    folder: Path,
    actions: Mapping[str, Action],
    results: Mapping[str, Status],
    *,
    tool: str = TOOL,
    user: str = ME,
    undoes: str | None = None,
) -> str:
    """Write the journal of a run; what has no result was announced when the run was killed."""
    changes = tuple(Change(name, action) for name, action in actions.items())
    labels = {each: Label(each, f"/data/{each}.jpg") for action in actions.values() for each in action.assets}
    plan = Plan(tool=tool, user_id=user, server_version="3.1.0", population=9, changes=changes, labels=labels)
    with Journal.create(folder, plan, server="http://immich", permanent=None, undoes=undoes) as journal:
        journal.intend(actions)
        journal.conclude({name: Result(status) for name, status in results.items()})
        return journal.run_id


def trash(*asset_ids: str) -> TrashAssets:
    return TrashAssets(asset_ids)


def known(folder: Path) -> dict[str, Trashed]:
    return trashed_earlier(folder, {ME})


def test_before_the_first_run_there_is_nothing(tmp_path: Path) -> None:
    assert known(tmp_path / "none") == {}


def test_what_was_trashed_or_may_have_been_counts(tmp_path: Path) -> None:
    actions = {status.value: trash(status.value) for status in Status} | {"killed": trash("killed")}
    run(tmp_path, actions, {status.value: status for status in Status})
    assert known(tmp_path) == {name: Trashed(TODAY, f"/data/{name}.jpg") for name in ("done", "unknown", "killed")}


def test_of_whom_and_of_what_runs_it_counts(tmp_path: Path) -> None:
    run(tmp_path, {"a": trash("a")}, {"a": Status.DONE}, user=OTHER)
    run(tmp_path, {"b": trash("b")}, {"b": Status.DONE}, tool="duplicates")
    assert known(tmp_path) == {}
    assert trashed_earlier(tmp_path, {OTHER}).keys() == {"a"}


def test_what_a_run_restored_is_not_lost(tmp_path: Path) -> None:
    run(tmp_path, {"a": trash("a", "b", "c")}, {"a": Status.DONE})
    back = {each: RestoreAssets((each,)) for each in "abc"}
    run(tmp_path, back, {"a": Status.DONE, "b": Status.ALREADY, "c": Status.FAILED})
    assert known(tmp_path).keys() == {"c"}


def test_undoing_and_undoing_that_count(tmp_path: Path) -> None:
    first = run(tmp_path, {"a": trash("a")}, {"a": Status.DONE})
    second = run(tmp_path, {"u": RestoreAssets(("a",))}, {"u": Status.DONE}, undoes=first)
    assert known(tmp_path) == {}
    run(tmp_path, {"v": trash("a")}, {"v": Status.DONE}, undoes=second)
    assert known(tmp_path).keys() == {"a"}


def test_undoing_another_tool_does_not_count(tmp_path: Path) -> None:
    first = run(tmp_path, {"a": RestoreAssets(("a",))}, {"a": Status.DONE}, tool="duplicates")
    run(tmp_path, {"u": trash("a")}, {"u": Status.DONE}, undoes=first)
    assert known(tmp_path) == {}
