"""A dry run shows the plan and cannot change anything."""

from __future__ import annotations

from immich_tools.errors import ExitCode
from tests.tools.command_line import CommandLine
from tests.tools.server import Server
from tests.tools.snapshot import snapshot


def test_shows_the_plan_and_sends_nothing_that_writes(holiday: Server, shell: CommandLine) -> None:
    before, writes = snapshot(holiday), holiday.host.writes()

    result = shell.duplicates()

    assert result.code == ExitCode.DONE, result.err
    for name in ("beach.jpg", "beach-copy.jpg", "dog-copy.jpg", "cake.jpg"):
        assert name in result.out
    assert "Dry run" in result.err
    assert holiday.host.writes() == writes
    assert snapshot(holiday) == before
    assert not shell.journals.exists()


def test_exits_with_10_when_it_found_work_and_was_asked_to_tell(holiday: Server, shell: CommandLine) -> None:
    assert shell.duplicates("--exit-code").code == ExitCode.WORK_FOUND


def test_exits_with_0_when_there_is_no_work(server: Server, shell: CommandLine) -> None:
    server.photo("alone.jpg")
    result = shell.duplicates("--exit-code")
    assert result.code == ExitCode.DONE
    assert "Nothing to do" in result.err


def test_json_lines_name_every_group_once(holiday: Server, shell: CommandLine) -> None:
    lines = shell.duplicates("--json").lines()

    assert lines[-2]["message_type"] == "plan"
    assert lines[-2]["removed"] == 4
    assert lines[-1] == {"message_type": "summary", "run": None, "results": {}, "unfinished": False, "exit_code": 0}
    removals = [line for line in lines if line["message_type"] == "change" and line["action"]["do"] == "trash"]
    assert sorted(holiday.groups[line["group"]] for line in removals) == ["beach", "cake", "dog"]
    kept = [line for line in lines if line["message_type"] == "keep"]
    assert {holiday.name_of(line["asset_id"]) for line in kept} == {"beach.jpg", "dog.jpg", "cake.jpg"}


def test_every_member_of_a_group_is_kept_changed_or_skipped(holiday: Server, shell: CommandLine) -> None:
    lines = shell.duplicates("--json", "--only-pairs").lines()

    named = [line["asset_id"] for line in lines if line["message_type"] == "keep"]
    for line in lines:
        if line["message_type"] == "skip":
            named += line["asset_ids"]
        elif line["message_type"] == "change" and line["action"]["do"] == "trash":
            named += line["action"]["trashed_ids"]
    members = [holiday.ids[name] for name in holiday.ids if name.startswith(("beach", "dog", "cake"))]
    assert sorted(named) == sorted(members)


def test_two_runs_show_the_same(holiday: Server, shell: CommandLine) -> None:
    assert shell.duplicates("--json").out == shell.duplicates("--json").out
