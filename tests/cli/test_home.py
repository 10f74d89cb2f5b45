"""Without a home folder, or with one that nobody may enter, commands end with one clear line or do without it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from attrs import frozen

from immich_tools.errors import ExitCode

PROGRAM = """
import sys
if sys.argv.pop(1) == "nobody":
    import pwd
    def unknown(*arguments): raise KeyError(arguments)
    pwd.getpwuid = pwd.getpwnam = unknown
from immich_tools.cli import main
main()
"""
NEEDS_STATE = (
    "runs",
    "undo last",
    "resume last",
    "health",
    "duplicates --apply",
    "faceless-album",
    "schedule duplicates",
)
NEEDS_NOTHING = ("--version", "--help", "duplicates --help", "doctor", "sandbox --help")


@frozen
class Ended:
    """How a command ended, and all that it said."""

    code: int
    text: str


def start(folder: Path, words: str, *, home: Path | None, **variables: str) -> Ended:
    """Run a command as a process of its own.

    :param home: None for a user without a home folder and without an entry among the system's users.
    """
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": os.pathsep.join(sys.path),
        "IMMICH_URL": "http://127.0.0.1:9",
        "IMMICH_API_KEY": "abcdefghijklmnopqrstuvwxyz",
        "CRON_EXPRESSION": "0 3 * * *",
        **({} if home is None else {"HOME": str(home)}),
        **variables,
    }
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, "nobody" if home is None else "somebody", *words.split()],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )
    text = done.stdout + done.stderr
    assert "Traceback" not in text and "this is a bug" not in text, text
    return Ended(done.returncode, text)


@pytest.fixture
def closed(tmp_path: Path) -> Path:
    """A home folder that cannot be entered: it lies below a file, which holds for root as well."""
    (tmp_path / "file").write_text("")
    return tmp_path / "file" / "home"


def test_without_a_home_folder_what_needs_none_works(tmp_path: Path, closed: Path) -> None:
    for home in (None, closed):
        for words in NEEDS_NOTHING:
            expected = ExitCode.UNREACHABLE if words == "doctor" else ExitCode.DONE
            assert start(tmp_path, words, home=home).code == expected, words


def test_without_a_home_folder_what_needs_one_says_how_to_name_it(tmp_path: Path) -> None:
    for words in NEEDS_STATE:
        ended = start(tmp_path, words, home=None)
        if words in ("undo last", "resume last", "duplicates --apply", "faceless-album"):
            # Nobody answers at that address, which is found out first.
            assert ended.code in (ExitCode.UNREACHABLE, ExitCode.USAGE)
            continue
        assert ended.code == ExitCode.USAGE, words
        assert ended.text.count("\n") == 1
        assert "set HOME, XDG_STATE_HOME or, for journals, --journal-folder" in ended.text
    assert list(tmp_path.iterdir()) == [], "no folder called ~ is made here"


def test_a_home_folder_that_cannot_be_entered_is_named(tmp_path: Path, closed: Path) -> None:
    for words in ("runs", "health", "schedule duplicates"):
        ended = start(tmp_path, words, home=closed)
        assert ended.code in (ExitCode.USAGE, ExitCode.UNEXPECTED)
        assert ended.text.count("\n") == 1 and str(closed) in ended.text, ended.text


def test_another_state_folder_is_enough(tmp_path: Path) -> None:
    for variables in ({"XDG_STATE_HOME": str(tmp_path)}, {"IMMICH_JOURNAL_FOLDER": str(tmp_path)}):
        ended = start(tmp_path, "runs", home=None, **variables)
        assert (ended.code, ended.text) == (ExitCode.DONE, "No run has been made yet.\n")


def test_a_working_folder_that_was_removed_holds_no_configuration(tmp_path: Path) -> None:
    (tmp_path / "gone").mkdir()
    program = f"import os; os.chdir({str(tmp_path / 'gone')!r}); os.rmdir(os.getcwd())\n{PROGRAM}"
    done = subprocess.run(
        [sys.executable, "-P", "-c", program, "somebody", "runs"],
        env={"PATH": os.environ["PATH"], "PYTHONPATH": os.pathsep.join(sys.path), "HOME": str(tmp_path)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )
    assert (done.returncode, done.stderr) == (ExitCode.DONE, "No run has been made yet.\n")
