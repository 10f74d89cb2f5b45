"""Journals: what they say after a crash, who may write them, and how runs are found."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest

from immich_tools.errors import UsageError
from immich_tools.plan.effects.assets import TrashAssets
from immich_tools.plan.effects.base import Change
from immich_tools.plan.effects.tags import AddTag
from immich_tools.plan.execute import resume
from immich_tools.plan.journal import Run, find_run, read_run, runs
from immich_tools.plan.journal_writer import Journal, JournalWriteError, check_idle, exclusive_lock
from immich_tools.plan.model import Label, Plan
from immich_tools.plan.result import Result, Status
from immich_tools.plan.undo import undo_plan
from tests.plan.scene import NOON, Scene

PLAN = Plan(
    "duplicates",
    "me",
    "3.1.0",
    9,
    (
        Change("a", AddTag("keeper", "tag"), "l'été\u2028\u0085\x1c\ud800"),
        Change("b", TrashAssets(("loser",), ("keeper",)), requires=("a",)),
    ),
    labels={"keeper": Label("päron\u2029.jpg")},
)


def begin(folder: Path, plan: Plan = PLAN) -> Journal:
    return Journal.create(folder, plan, server="http://nas/api", permanent=None, undoes=None)


def written(folder: Path) -> Path:
    """A journal of everything that can happen."""
    with begin(folder) as journal:
        journal.intend(["a"])
        journal.conclude({"a": Result(Status.FAILED, "été")})
        journal.resume()
        journal.intend(["a"])
        journal.conclude({"a": Result(Status.DONE)})
        journal.intend(["b"])
        journal.conclude({"b": Result(Status.UNKNOWN, "lost")})
        journal.finish()
    return journal.path


def test_a_journal_tells_the_plan_and_what_came_of_it_whatever_signs_a_name_holds(tmp_path: Path) -> None:
    run = read_run(written(tmp_path))
    assert run.plan == PLAN
    assert run.results == {"a": Result(Status.DONE), "b": Result(Status.UNKNOWN, "lost")}
    assert run.finished and not run.open_changes


def test_a_journal_torn_at_any_byte_never_claims_what_was_not_done(tmp_path: Path) -> None:
    path = written(tmp_path)
    whole = path.read_bytes()
    first_line = whole.index(b"\n")
    torn = tmp_path / "torn.jsonl"
    seen: set[tuple[Status | None, bool, bool]] = set()
    for length in range(len(whole) + 1):
        torn.write_bytes(whole[:length])
        if length < first_line:
            with pytest.raises(UsageError):
                read_run(torn)
            continue
        run = read_run(torn)
        assert run.plan == PLAN
        told = run.results.get("a")
        seen.add((None if told is None else told.status, "a" in run.open_changes, run.finished))
        complete = [json.loads(line) for line in (whole[: length + 1] + b"x").split(b"\n")[1:-1]]
        results = [each for event in complete if event["event"] == "result" for each in event["results"]]
        said = [status for status, _reason, changes in results if changes == "0"]
        assert (told.status.value if told else None) == (said[-1] if said else None)
        asked = sum(event["event"] == "intent" and event["changes"] == "0" for event in complete)
        assert ("a" in run.open_changes) == (asked > len(said))
        assert run.finished == any(event["event"] == "end" for event in complete)
    assert len(seen) >= 5


def test_any_damaged_line_is_passed_over(tmp_path: Path) -> None:
    path = written(tmp_path)
    lines = path.read_bytes().split(b"\n")
    garbage = [b"", b"\x00\xff", b"[]", b"5", b"{}", b'{"event": 3}', b'{"event": "intent", "changes": 5}']
    garbage += [
        b'{"event": "result", "changes": {"a": ["nonsense", ""]}}',
        b'{"event": "result", "changes": {"b": 1}}',
        b'{"event": "result", "changes": {"stranger": ["done", ""]}}',
        b'{"event": "result", "changes": {"a": [[], 1]}}',
        b'{"event": "intent", "changes": "0-2"}',
        b'{"event": "intent", "changes": "1-0"}',
        b'{"event": "intent", "changes": "-1"}',
        b'{"event": "result", "results": [["nonsense", "", "0"]], "made": {}}',
        b'{"event": "result", "results": [["failed", "", "0"], ["failed", "", "2"]], "made": {}}',
        b'{"event": "result", "results": [["failed", "", "0", ""]], "made": {}}',
        b'{"event": "result", "results": [["failed", "", "0"]]}',
        b'{"event": "tags", "missing": [], "carried": {"0": "1"}}',
        b'{"event": "assets", "ids": [], "tags": {"tag": "0"}, "fields": {}}',
        b'{"event": "assets", "ids": ["keeper"], "tags": {}, "fields": {"shoe size": [[5, "0"]]}}',
    ]
    for number in range(1, len(lines)):
        for bad in garbage:
            path.write_bytes(b"\n".join([*lines[:number], bad, *lines[number:]]))
            assert read_run(path).results == {"a": Result(Status.DONE), "b": Result(Status.UNKNOWN, "lost")}


@pytest.mark.parametrize("name", ["event", "run", "started", "server", "plan"])
@pytest.mark.parametrize("value", [None, 5, "x", []], ids=repr)
def test_a_journal_without_a_usable_beginning_is_no_journal(tmp_path: Path, name: str, value: object) -> None:
    path = written(tmp_path)
    first, *others = path.read_bytes().split(b"\n")
    head = json.loads(first) | {name: value}
    path.write_bytes(b"\n".join([json.dumps(head).encode(), *others]))
    if name in ("run", "server") and value == "x":
        assert read_run(path)
        return
    with pytest.raises(UsageError, match="not the journal"):
        read_run(path)
    assert runs(tmp_path) == []


def test_a_journal_is_for_its_owner_alone(tmp_path: Path) -> None:
    folder = tmp_path / "state" / "runs"
    path = written(folder)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


@pytest.mark.parametrize("tool", ["../../elsewhere", "/etc/x", "a\x00b", "", "é" * 300, "Tool Name"])
def test_a_journal_stays_in_its_folder_whatever_a_document_calls_the_tool(tmp_path: Path, tool: str) -> None:
    folder = tmp_path / "runs"
    with begin(folder, Plan(tool, "me", "3.1.0", 1, PLAN.changes)) as journal:
        assert journal.path.parent == folder
    assert [path.name for path in tmp_path.iterdir()] == ["runs"]
    assert find_run(folder, journal.run_id).plan.tool == tool


def test_a_folder_that_cannot_be_used_is_a_usage_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="cannot be made"):
        begin(tmp_path / "file" / "runs")


def test_nothing_is_written_any_more_once_the_disk_is_full(tmp_path: Path) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("this system has no device that is always full")
    full = tmp_path / "run.jsonl"
    full.symlink_to("/dev/full")
    with Journal("run", full, PLAN, "a") as journal:
        for _number in range(2):
            with pytest.raises(JournalWriteError, match="cannot be written"):
                journal.intend(["a"])


def test_only_one_program_at_a_time_may_go_on_with_a_run(scene: Scene) -> None:
    group, members = scene.group()
    plan = scene.plan(*scene.transfer(group, members))
    with Journal.create(scene.folder, plan, server=scene.immich.url, permanent=None, undoes=None) as journal:
        run = find_run(scene.folder, journal.run_id)
        for attempt in (
            lambda: resume(run, scene.immich),
            lambda: undo_plan(run, scene.immich),
            lambda: check_idle(run),
        ):
            with pytest.raises(UsageError, match="in progress in another process"):
                attempt()
    check_idle(run)
    assert not resume(run, scene.immich).failures


def test_a_run_that_ended_after_it_was_looked_up_is_not_resumed(scene: Scene) -> None:
    group, members = scene.group()
    plan = scene.plan(*scene.transfer(group, members))
    with Journal.create(scene.folder, plan, server=scene.immich.url, permanent=None, undoes=None) as journal:
        stale = find_run(scene.folder, journal.run_id)
    resume(stale, scene.immich)
    with pytest.raises(UsageError, match="came to its end"):
        resume(stale, scene.immich)
    assert find_run(scene.folder, stale.id).finished


def test_runs_are_listed_oldest_first_and_strangers_passed_over(tmp_path: Path) -> None:
    first = begin(tmp_path)
    second = begin(tmp_path)
    (tmp_path / "notes.jsonl").write_text("not a journal")
    (tmp_path / "readme.txt").write_text("nor this")
    for journal in (first, second):
        journal.close()
    assert [run.id for run in runs(tmp_path)] == [first.run_id, second.run_id]
    assert find_run(tmp_path, "last").id == second.run_id
    assert runs(tmp_path / "nowhere") == []


@pytest.mark.parametrize("name", ["", "unknown", "../runs/x", "last", "a\x00b"])
def test_a_run_that_is_not_there_is_a_usage_error(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError, match="no run"):
        find_run(tmp_path, name)


def test_a_run_tells_its_changes_in_the_plans_order() -> None:
    results = {"b": Result(Status.DONE), "a": Result(Status.DONE)}
    run = Run("id", Path(), NOON, "", PLAN, results=results)
    assert run.with_status(Status.DONE) == ["a", "b"]


def test_a_journal_is_locked_while_it_is_open_and_leaves_no_lock(tmp_path: Path) -> None:
    journal = begin(tmp_path)
    run = read_run(journal.path)
    with pytest.raises(UsageError, match="in progress in another process"):
        Journal.reopen(run)
    assert [each.id for each in runs(tmp_path)] == [run.id]
    journal.close()
    assert [path.name for path in tmp_path.iterdir()] == [journal.path.name]
    check_idle(run)


def test_the_lock_of_a_killed_process_does_not_keep_its_run_from_being_resumed(tmp_path: Path) -> None:
    with begin(tmp_path) as journal:
        pass
    journal.path.with_suffix(".lock").touch()
    run = read_run(journal.path)
    check_idle(run)
    with Journal.reopen(run) as again:
        again.finish()
    assert read_run(journal.path).finished


def test_a_state_folder_that_cannot_be_written_to_is_named_with_the_way_out(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    folder = tmp_path / "file" / "runs"
    words = rf"{folder} cannot be written to: Not a directory. Set HOME, XDG_STATE_HOME"
    with pytest.raises(UsageError, match=words), exclusive_lock(folder, "me"):
        pytest.fail("nothing may run without its lock")
