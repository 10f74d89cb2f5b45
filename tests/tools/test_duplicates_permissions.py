"""A key that may not do everything: said by name, before or during the run, and nothing is trashed without its transfer."""

from __future__ import annotations

import pytest

from immich_tools.errors import ExitCode
from tests.tools.command_line import CommandLine
from tests.tools.holiday import LOSERS
from tests.tools.permissions import EVERYTHING, READING, WRITING
from tests.tools.server import Server
from tests.tools.snapshot import snapshot
from tests.tools.test_duplicates_failures import check_nothing_is_lost


def test_a_key_with_only_what_is_needed_can_apply_and_undo(holiday: Server, shell: CommandLine) -> None:
    before = snapshot(holiday)
    limited = shell.with_key(holiday.new_key(EVERYTHING))

    result = limited.duplicates("--apply")
    assert result.code == ExitCode.DONE, result.err + result.out
    assert snapshot(holiday).trashed() >= LOSERS

    undone = limited.toolkit("undo", "last", "--yes")
    assert undone.code == ExitCode.DONE, undone.err + undone.out
    assert snapshot(holiday) == before


@pytest.mark.parametrize("missing", sorted(READING - {"person.read", "sharedLink.read"}))
def test_without_a_permission_to_read_it_is_named_and_nothing_is_lost(
    holiday: Server, shell: CommandLine, missing: str
) -> None:
    before = snapshot(holiday)
    limited = shell.with_key(holiday.new_key(EVERYTHING - {missing}))
    writes = holiday.host.writes()

    result = limited.duplicates("--apply")

    after = snapshot(holiday)
    if result.code == ExitCode.DONE:
        # What is not needed on this version may be missing.
        check_nothing_is_lost(after)
        assert after.trashed() >= LOSERS
        return
    assert missing in result.err + result.out, result.err + result.out
    if result.code == ExitCode.CHANGES_FAILED:
        # It was needed only in the middle of the run.
        check_nothing_is_lost(after)
        return
    assert result.code == ExitCode.ACCESS, result.err + result.out
    assert holiday.host.writes() == writes
    assert after == before


@pytest.mark.parametrize("missing", ["person.read", "sharedLink.read"])
def test_what_is_only_reported_needs_no_permission(holiday: Server, shell: CommandLine, missing: str) -> None:
    result = shell.with_key(holiday.new_key(EVERYTHING - {missing})).duplicates("--apply")
    assert result.code == ExitCode.DONE, result.err
    assert f"(permission {missing})" in result.out
    check_nothing_is_lost(snapshot(holiday))


def test_without_the_permission_for_covers_all_else_is_done(holiday: Server, shell: CommandLine) -> None:
    result = shell.with_key(holiday.new_key(EVERYTHING - {"album.update"})).duplicates("--apply")
    assert result.code == ExitCode.DONE, result.err
    assert "cover of album" not in result.out
    after = snapshot(holiday)
    check_nothing_is_lost(after)
    assert after.trashed() >= LOSERS


@pytest.mark.parametrize("missing", sorted(WRITING))
def test_without_a_permission_to_write_nothing_is_trashed_without_its_transfer(
    holiday: Server, shell: CommandLine, missing: str
) -> None:
    limited = shell.with_key(holiday.new_key(EVERYTHING - {missing}))

    result = limited.duplicates("--apply")

    assert result.code in (ExitCode.ACCESS, ExitCode.CHANGES_FAILED), result.err + result.out
    assert missing in result.err + result.out
    after = snapshot(holiday)
    check_nothing_is_lost(after)
    if missing == "asset.delete":
        # On a server that resolves duplicates itself, that needs another permission.
        assert "beach-copy.jpg" not in after.trashed() or holiday.major >= 3
    else:
        assert not {"beach-copy.jpg", "beach-mail.jpg"} & after.trashed()


def test_a_dry_run_needs_no_permission_to_write(holiday: Server, shell: CommandLine) -> None:
    result = shell.with_key(holiday.new_key(READING)).duplicates("--exit-code")
    assert result.code == ExitCode.WORK_FOUND, result.err


def test_a_wrong_key_is_one_clear_line_without_the_key(shell: CommandLine) -> None:
    wrong = "wrong" * 8
    result = shell.with_key(wrong).duplicates()
    assert result.code == ExitCode.ACCESS
    assert len(result.err.splitlines()) == 1
    assert wrong not in result.err + result.out


def test_an_undo_without_its_permission_says_so(holiday: Server, shell: CommandLine) -> None:
    shell.duplicates("--apply")
    limited = shell.with_key(holiday.new_key(EVERYTHING - {"albumAsset.delete"}))

    result = limited.toolkit("undo", "last", "--yes")

    assert result.code in (ExitCode.ACCESS, ExitCode.CHANGES_FAILED)
    assert "albumAsset.delete" in result.err + result.out
    # With the whole key it can be done after all.
    again = shell.toolkit("undo", shell_run(shell), "--yes")
    assert again.code == ExitCode.DONE, again.err + again.out
    assert snapshot(holiday).trashed() == {"old.jpg"}


def shell_run(shell: CommandLine) -> str:
    """The first run of a shell."""
    return sorted(shell.journals.glob("*.jsonl"))[0].stem
