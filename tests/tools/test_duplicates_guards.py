"""A plan that would remove too much is stopped before anything changes."""

from __future__ import annotations

import pytest

from immich_tools.errors import ExitCode
from tests.tools.command_line import CommandLine
from tests.tools.holiday import LOSERS
from tests.tools.server import ORIGINAL, Server
from tests.tools.snapshot import snapshot


@pytest.mark.parametrize("guard", [("--max-removed", "3"), ("--max-ratio", "0.1"), ("--max-removed", "0")])
def test_tripping_one_changes_nothing_and_says_how_to_raise_it(
    holiday: Server, shell: CommandLine, guard: tuple[str, str]
) -> None:
    before, writes = snapshot(holiday), holiday.host.writes()

    result = shell.duplicates("--apply", *guard)

    assert result.code == ExitCode.STOPPED
    assert guard[0] in result.err
    assert "Nothing was changed" in result.err
    assert holiday.host.writes() == writes
    assert snapshot(holiday) == before
    assert not list(shell.journals.glob("*")) if shell.journals.exists() else True


def test_as_much_as_the_limit_is_allowed(holiday: Server, shell: CommandLine) -> None:
    assert shell.duplicates("--apply", "--max-removed", "4").code == ExitCode.DONE
    assert snapshot(holiday).trashed() >= LOSERS


def test_a_library_of_little_else_than_copies_trips_the_default(server: Server, shell: CommandLine) -> None:
    server.photo("best.jpg", size=ORIGINAL)
    for number in range(3):
        server.photo(f"copy-{number}.jpg")
    server.group("all", *server.ids)

    stopped = shell.duplicates("--apply")
    assert stopped.code == ExitCode.STOPPED
    assert "--max-ratio" in stopped.err
    assert not snapshot(server).trashed()

    raised = shell.duplicates("--apply", "--max-ratio", "0.8")
    assert raised.code == ExitCode.DONE, raised.err
    assert set(snapshot(server).outside_trash()) == {"best.jpg"}


def test_a_dry_run_is_not_stopped(holiday: Server, shell: CommandLine) -> None:
    assert shell.duplicates("--max-removed", "1").code == ExitCode.DONE
