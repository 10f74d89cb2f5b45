"""Nothing is deleted permanently without ``--permanent`` and the typed sentence."""

from __future__ import annotations

import pytest

from immich_tools.errors import ExitCode
from tests.tools.command_line import CommandLine
from tests.tools.holiday import KEEPERS, LOSERS
from tests.tools.server import Server
from tests.tools.snapshot import snapshot

SENTENCE = "delete 4 assets permanently"


@pytest.mark.parametrize(
    "typed", ["", "\n", "y\n", "yes\n", "delete 3 assets permanently\n", "Delete 4 assets permanently\n"]
)
def test_without_the_sentence_nothing_changes(holiday: Server, shell: CommandLine, typed: str) -> None:
    before, writes = snapshot(holiday), holiday.host.writes()

    result = shell.duplicates("--apply", "--permanent", typed=typed)

    assert result.code in (ExitCode.USAGE, ExitCode.STOPPED), result.out
    assert holiday.host.writes() == writes
    assert snapshot(holiday) == before


def test_with_the_sentence_the_copies_are_gone_and_the_keepers_have_everything(
    holiday: Server, shell: CommandLine
) -> None:
    before = snapshot(holiday)

    result = shell.duplicates("--apply", "--permanent", typed=f"{SENTENCE}\n")

    assert result.code == ExitCode.DONE, result.err + result.out
    after = snapshot(holiday)
    assert set(before.assets) - set(after.assets) == LOSERS
    assert set(after.assets) >= KEEPERS
    assert after.trashed() == {"old.jpg"}
    assert after.assets["beach.jpg"]["tags"] == ["places/portugal", "sea"]
    assert after.assets["beach.jpg"]["rating"] == 4


def test_undo_says_what_it_cannot_bring_back_and_takes_nothing_from_the_only_copy(
    holiday: Server, shell: CommandLine
) -> None:
    """What the keeper took over is nowhere else any more."""
    shell.duplicates("--apply", "--permanent", typed=f"{SENTENCE}\n")
    applied = snapshot(holiday)

    result = shell.toolkit("undo", "last", "--yes")

    assert result.code == ExitCode.DONE, result.err
    assert "cannot be brought back" in result.out
    assert snapshot(holiday) == applied


def test_a_dry_run_of_it_does_not_ask(holiday: Server, shell: CommandLine) -> None:
    result = shell.duplicates("--permanent", typed=f"{SENTENCE}\n")
    assert result.code == ExitCode.DONE
    assert set(snapshot(holiday).assets) >= LOSERS


def test_guards_come_before_the_question(holiday: Server, shell: CommandLine) -> None:
    result = shell.duplicates("--apply", "--permanent", "--max-removed", "3", typed=f"{SENTENCE}\n")
    assert result.code == ExitCode.STOPPED
    assert SENTENCE not in result.err
    assert set(snapshot(holiday).assets) >= LOSERS


class TestWhereTheTrashIsOff:
    """The server would delete the same night, or at once: trashing counts as permanent."""

    def test_applying_is_stopped(self, holiday: Server, shell: CommandLine) -> None:
        before = snapshot(holiday)
        with holiday.host.trash_off():
            result = shell.duplicates("--apply")
        assert result.code == ExitCode.STOPPED
        assert "trash" in result.err
        assert snapshot(holiday) == before

    def test_permanent_still_wants_the_sentence(self, holiday: Server, shell: CommandLine) -> None:
        before = snapshot(holiday)
        with holiday.host.trash_off():
            result = shell.duplicates("--apply", "--permanent", typed="yes\n")
        assert result.code == ExitCode.STOPPED
        assert snapshot(holiday) == before

    def test_with_both_it_is_done(self, holiday: Server, shell: CommandLine) -> None:
        with holiday.host.trash_off():
            result = shell.duplicates("--apply", "--permanent", typed=f"{SENTENCE}\n")
        assert result.code == ExitCode.DONE, result.err + result.out
        assert not LOSERS & set(snapshot(holiday).outside_trash())

    def test_a_saved_plan_is_stopped_too(self, holiday: Server, shell: CommandLine) -> None:
        shell.duplicates("--save-plan", "plan.json")
        before = snapshot(holiday)
        with holiday.host.trash_off():
            result = shell.toolkit("apply", "plan.json", "--yes")
        assert result.code == ExitCode.STOPPED
        assert snapshot(holiday) == before
