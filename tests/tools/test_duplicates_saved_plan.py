"""A saved plan is a document: what is deleted from it is not done, and what is no longer true is not done either."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from immich_tools.errors import ExitCode
from tests.tools.command_line import CommandLine
from tests.tools.holiday import LOSERS
from tests.tools.server import ORIGINAL, Server
from tests.tools.snapshot import snapshot


@pytest.fixture
def plan(holiday: Server, shell: CommandLine) -> Path:
    """The saved plan for the holiday library."""
    path = shell.folder / "plan.json"
    result = shell.duplicates("--save-plan", str(path))
    assert result.code == ExitCode.DONE
    assert str(path) in result.err
    return path


def changes(path: Path) -> list[dict[str, Any]]:
    """The changes in a plan document."""
    found: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))["changes"]
    return found


def delete_lines(path: Path, *words: str) -> int:
    """Delete every line that holds one of the words, as somebody would with an editor."""
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    kept = [line for line in lines if not any(word in line for word in words)]
    path.write_text("".join(kept), encoding="utf-8")
    return len(lines) - len(kept)


def test_saving_writes_nothing_to_the_server_and_no_secret_to_the_file(
    holiday: Server, shell: CommandLine, plan: Path
) -> None:
    assert snapshot(holiday).trashed() == {"old.jpg"}
    assert holiday.key not in plan.read_text(encoding="utf-8")


def test_applying_does_what_the_whole_plan_says(holiday: Server, shell: CommandLine, plan: Path) -> None:
    result = shell.toolkit("apply", str(plan), "--yes")

    assert result.code == ExitCode.DONE, result.err + result.out
    after = snapshot(holiday)
    assert len(after.trashed()) == 5
    assert after.assets["beach.jpg"]["tags"] == ["places/portugal", "sea"]


def test_a_deleted_line_is_not_done(holiday: Server, shell: CommandLine, plan: Path) -> None:
    cake = next(group for group, label in holiday.groups.items() if label == "cake")
    assert delete_lines(plan, f'"id": "trash:{cake}"') == 1

    result = shell.toolkit("apply", str(plan), "--yes")

    assert result.code == ExitCode.DONE, result.err + result.out
    assert snapshot(holiday).trashed() == {"old.jpg", "beach-copy.jpg", "beach-mail.jpg", "dog-copy.jpg"}


def test_the_last_line_may_be_deleted_too(holiday: Server, shell: CommandLine, plan: Path) -> None:
    """It leaves a comma behind."""
    last = changes(plan)[-1]
    assert last["action"]["do"] == "trash"
    assert delete_lines(plan, f'"id": "{last["id"]}"') == 1

    assert shell.toolkit("apply", str(plan), "--yes").code == ExitCode.DONE

    left = {str(holiday.name_of(asset_id)) for asset_id in last["action"]["trashed_ids"]}
    assert left == LOSERS - snapshot(holiday).trashed()


def test_a_copy_is_not_trashed_when_its_transfer_was_deleted_from_the_plan(
    holiday: Server, shell: CommandLine, plan: Path
) -> None:
    """What only the copy has would be lost, whatever the file says."""
    assert delete_lines(plan, f'"id": "tag+:{holiday.tags["sea"]}:') == 1

    result = shell.toolkit("apply", str(plan), "--yes")

    after = snapshot(holiday)
    assert not {"beach-copy.jpg", "beach-mail.jpg"} & after.trashed(), result.out
    assert {"dog-copy.jpg", "cake-copy.jpg"} <= after.trashed()
    assert "beach" in result.out or "beach" in result.err


def test_nothing_outside_the_file_is_done(holiday: Server, shell: CommandLine, plan: Path) -> None:
    holiday.photo("late.jpg", size=ORIGINAL)
    holiday.photo("late-copy.jpg")
    holiday.group("late", "late.jpg", "late-copy.jpg")

    assert shell.toolkit("apply", str(plan), "--yes").code == ExitCode.DONE

    after = snapshot(holiday)
    assert after.duplicates()["late"] == {"late.jpg", "late-copy.jpg"}
    assert "beach-copy.jpg" in after.trashed()


def test_a_group_that_changed_meanwhile_is_left_alone_and_named(
    holiday: Server, shell: CommandLine, plan: Path
) -> None:
    """A better copy has arrived: what the plan keeps is no longer what would be kept."""
    holiday.photo("cake-original.jpg", size=(112, 84))
    cake = next(group for group, label in holiday.groups.items() if label == "cake")
    holiday.settle()
    holiday.api.put("/assets", {"ids": [holiday.ids["cake-original.jpg"]], "duplicateId": cake})

    result = shell.toolkit("apply", str(plan), "--yes")

    assert result.code == ExitCode.DONE, result.err + result.out
    after = snapshot(holiday)
    assert after.duplicates()["cake"] == {"cake.jpg", "cake-copy.jpg", "cake-original.jpg"}
    assert "cake" in result.out
    assert "beach-copy.jpg" in after.trashed()


def test_a_group_that_somebody_resolved_meanwhile_is_left_alone(
    holiday: Server, shell: CommandLine, plan: Path
) -> None:
    holiday.api.put("/assets", {"ids": [holiday.ids["dog.jpg"], holiday.ids["dog-copy.jpg"]], "duplicateId": None})

    assert shell.toolkit("apply", str(plan), "--yes").code == ExitCode.DONE

    after = snapshot(holiday)
    assert "dog-copy.jpg" not in after.trashed()
    assert after.assets["dog.jpg"]["tags"] == ["places"]


def test_it_asks_before_anything_is_done(holiday: Server, shell: CommandLine, plan: Path) -> None:
    before, writes = snapshot(holiday), holiday.host.writes()

    assert shell.toolkit("apply", str(plan)).code == ExitCode.USAGE
    assert shell.toolkit("apply", str(plan), typed="\n", terminal=True).code == ExitCode.DONE

    assert holiday.host.writes() == writes
    assert snapshot(holiday) == before


def test_a_plan_of_another_user_is_refused(holiday: Server, shell: CommandLine, plan: Path) -> None:
    other = holiday.host.new_user("Other")

    result = shell.with_key(other.key).toolkit("apply", str(plan), "--yes")

    assert result.code == ExitCode.USAGE, result.err + result.out
    assert "another user" in result.err
    assert snapshot(holiday).trashed() == {"old.jpg"}


@pytest.mark.parametrize("text", ["", "{", "[]", '{"schema": 99}', '{"schema": 1, "changes": [{"id": "x"}]}'])
def test_a_damaged_plan_is_one_clear_line(server: Server, shell: CommandLine, text: str) -> None:
    (shell.folder / "plan.json").write_text(text, encoding="utf-8")

    result = shell.toolkit("apply", "plan.json", "--yes")

    assert result.code == ExitCode.USAGE
    assert len(result.err.splitlines()) == 1
    assert "Traceback" not in result.err
