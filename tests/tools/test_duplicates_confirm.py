"""Asked about each group, only an explicit yes acts."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from immich_tools.errors import ExitCode
from tests.tools.command_line import CommandLine
from tests.tools.holiday import LOSERS
from tests.tools.server import Server
from tests.tools.snapshot import snapshot

LOSERS_OF = {"beach": {"beach-copy.jpg", "beach-mail.jpg"}, "dog": {"dog-copy.jpg"}, "cake": {"cake-copy.jpg"}}


def in_order(server: Server) -> list[str]:
    """The groups in the order in which they are asked about."""
    return [server.groups[group] for group in sorted(server.groups)]


@pytest.mark.parametrize(
    ("typed", "chosen"),
    [
        ("y\ny\ny\n", (0, 1, 2)),
        ("yes\nno\nYES\n", (0, 2)),
        ("n\nn\nn\n", ()),
        ("y\ns\n", (0,)),
        ("n\na\n", (1, 2)),
        ("a\n", (0, 1, 2)),
        ("s\n", ()),
        ("y\ny\nq\n", ()),
        ("maybe\n\nx\ny\nn\nn\n", (0,)),
        ("ye\n1\ntrue\nok\nn\nn\nn\n", ()),
    ],
)
def test_only_the_groups_that_were_agreed_to_are_done(
    holiday: Server, shell: CommandLine, typed: str, chosen: tuple[int, ...]
) -> None:
    result = shell.duplicates("--apply", "--confirm", typed=typed)

    assert result.code == ExitCode.DONE, result.err
    groups = in_order(holiday)
    expected = {name for place in chosen for name in LOSERS_OF[groups[place]]}
    assert snapshot(holiday).trashed() - {"old.jpg"} == expected


def test_input_that_ends_before_the_last_answer_changes_nothing(holiday: Server, shell: CommandLine) -> None:
    before = snapshot(holiday)

    result = shell.duplicates("--apply", "--confirm", typed="y\n")

    assert result.code == ExitCode.USAGE
    assert snapshot(holiday) == before


def test_a_dry_run_does_not_ask(holiday: Server, shell: CommandLine) -> None:
    before = snapshot(holiday)

    result = shell.duplicates("--confirm", typed="a\n")

    assert result.code == ExitCode.DONE
    assert "Dry run" in result.err
    assert snapshot(holiday) == before


def test_each_question_shows_the_files_it_is_about(holiday: Server, shell: CommandLine) -> None:
    result = shell.duplicates("--apply", "--confirm", typed="n\nn\nn\n")

    for name in LOSERS:
        assert name in result.err


def test_on_a_real_terminal(holiday: Server, shell: CommandLine) -> None:
    """The console script in a process of its own, with a keyboard."""
    keyboard, terminal = pty.openpty()
    script = Path(sys.executable).with_name("immich-duplicates")
    environment = {
        "PATH": os.environ["PATH"],
        "IMMICH_URL": shell.url,
        "IMMICH_API_KEY": shell.key,
        "XDG_STATE_HOME": str(shell.folder / "state"),
    }
    try:
        process = subprocess.Popen(
            [str(script), "--apply", "--confirm"],
            stdin=terminal,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=shell.folder,
            env=environment,
        )
        os.write(keyboard, b"\nwhatever\nn\ny\nn\n")
        _out, err = process.communicate(timeout=60)
    finally:
        os.close(terminal)
        os.close(keyboard)
    assert process.returncode == ExitCode.DONE, err
    assert snapshot(holiday).trashed() - {"old.jpg"} == LOSERS_OF[in_order(holiday)[1]]


def test_what_a_copy_got_while_the_person_was_thinking_is_not_lost(holiday: Server, shell: CommandLine) -> None:
    class Thinking:
        """Somebody who puts a copy into another album before answering."""

        def readline(self) -> str:
            holiday.album("Later", "dog-copy.jpg")
            return "a\n"

        def isatty(self) -> bool:
            return True

    result = shell.duplicates("--apply", "--confirm", typed=Thinking())

    assert result.code == ExitCode.DONE, result.err
    assert "No longer true" in result.err
    assert "dog-copy.jpg" not in snapshot(holiday).trashed()
    assert snapshot(holiday).trashed() >= LOSERS - {"dog-copy.jpg"}
