"""Streams that are closed, full, read no further or unable to hold a letter: one clear line and the right exit code."""

from __future__ import annotations

import errno
import io
import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from immich_tools import Immich, duplicates
from immich_tools.errors import ExitCode
from immich_tools.report.output import Output
from immich_tools.settings import OutputOptions
from immich_tools.settings.application import READER_GONE
from immich_tools.settings.streams import json_line, printable
from tests.cli.shell import FULL, Shell, shell

needs_full = pytest.mark.skipif(not FULL.exists(), reason="this system has no device that is always full")


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Shell]:
    """A shell beside a server with one pair of duplicates in the album ``Été``."""
    with shell(tmp_path) as opened:
        yield opened


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp1252:strict"])
def test_letters_that_stdout_does_not_have(terminal: Shell, encoding: str) -> None:
    environment = {"PYTHONIOENCODING": encoding}
    plain = terminal.run("duplicates", environment=environment)
    assert plain.code == ExitCode.DONE
    assert "t\\xe9'" in plain.out
    lines = terminal.run("duplicates --json --verbose", environment=environment)
    assert lines.code == ExitCode.DONE
    assert lines.out.isascii()
    assert "Été" in {json.loads(line).get("action", {}).get("album_name") for line in lines.out.splitlines()}


def test_letters_that_stdout_has(terminal: Shell) -> None:
    assert "Été" in terminal.run("duplicates").out
    assert "Été" in terminal.run("duplicates --json").out


def run_folders(opened: Shell) -> list[Path]:
    return list((opened.folder / "runs").glob("*-duplicates-*"))


@needs_full
@pytest.mark.parametrize("arguments", ["duplicates --apply", "duplicates --apply --json", "runs", "doctor", "--help"])
def test_a_full_stdout(terminal: Shell, arguments: str) -> None:
    if arguments == "runs":
        terminal.run("duplicates --apply")
    before = len(terminal.sandbox.requests.writes())
    ended = terminal.run(f"{arguments} > /dev/full")
    assert ended.code == ExitCode.UNEXPECTED
    assert ended.err == "immich-toolkit: the result cannot be written: No space left on device\n"
    # A plan that nobody could see is not carried out.
    assert len(terminal.sandbox.requests.writes()) == before


@pytest.mark.parametrize("arguments", ["duplicates --apply", "duplicates --apply --json", "runs"])
def test_a_closed_stdout(terminal: Shell, arguments: str) -> None:
    ended = terminal.run(f"{arguments} >&-")
    assert ended.code == ExitCode.USAGE
    assert len(ended.err.splitlines()) == 1
    assert "stdout is closed" in ended.err
    assert not terminal.sandbox.requests.writes()


@pytest.mark.parametrize("redirection", ["2>&-", pytest.param("2> /dev/full", marks=needs_full)])
def test_nobody_to_talk_to_does_not_change_a_run(terminal: Shell, redirection: str) -> None:
    ended = terminal.run(f"duplicates --apply --verbose --json {redirection}")
    assert ended.code == ExitCode.DONE
    # Nothing that is meant for people strays into the result.
    assert json.loads(ended.out.splitlines()[-1])["message_type"] == "summary"
    assert len([json.loads(line) for line in ended.out.splitlines()]) > 3
    assert terminal.sandbox.requests.writes()


@needs_full
def test_a_full_log_is_said_once_and_changes_nothing(terminal: Shell) -> None:
    ended = terminal.run("duplicates --apply --log-file /dev/full")
    assert ended.code == ExitCode.DONE
    assert ended.err.count("/dev/full cannot be written: No space left on device") == 1
    assert len(run_folders(terminal)) == 1


@pytest.mark.parametrize("flag", ["", "--json"])
def test_a_reader_that_has_read_enough(tmp_path: Path, flag: str) -> None:
    with shell(tmp_path, groups=400) as opened:
        ended = opened.run(f"duplicates --apply {flag} | head -1")
        assert ended.code == READER_GONE
        assert len(ended.out.splitlines()) == 1
        assert ended.err == ""
        assert not opened.sandbox.requests.writes()


@pytest.mark.parametrize("arguments", ["--help", "duplicates --help", "doctor", "doctor --json"])
def test_a_reader_that_is_gone_from_the_beginning(terminal: Shell, arguments: str) -> None:
    ended = terminal.run(f"{arguments} | true")
    assert (ended.code, ended.err) == (READER_GONE, "")


class NoSpace(io.StringIO):
    """A stream that was full when the result came."""

    def write(self, text: str) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")


@pytest.mark.parametrize("as_json", [False, True])
def test_a_run_whose_result_cannot_be_written_is_told_of(
    tmp_path: Path, as_json: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with shell(tmp_path) as opened, Immich.connect(opened.url, opened.sandbox.admin_key) as immich:
        outcome = duplicates.make_plan(duplicates.gather(immich)).apply(immich, journal_folder=tmp_path)
    monkeypatch.setattr(sys, "stdout", NoSpace())
    with Output(OutputOptions(json=as_json)) as output, pytest.raises(OSError, match="No space"):
        output.outcome(outcome)
    said = capsys.readouterr().err
    assert f"Run {outcome.run_id}" in said
    assert ("undo" in said) is not as_json


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[31mred\x07.jpg", "\\x1b[31mred\\x07.jpg"),
        ("one\ntwo\r", "one\\ntwo\\r"),
        ("csi \x9b2J", "csi \\x9b2J"),
        ("gpj.\u202eexe", "gpj.\\u202eexe"),
        ("Été\u00a0: 2024 家族 \U0001f468\u200d\U0001f469", "Été\u00a0: 2024 家族 \U0001f468\u200d\U0001f469"),
        ("", ""),
    ],
)
def test_printable(text: str, shown: str) -> None:
    assert printable(text) == shown
    assert printable(f"{text}\nx", lines=True).endswith("\nx")
    line = json_line({"name": text}, io.StringIO())
    assert json.loads(line) == {"name": text}
    assert all(character not in line for character in "\x1b\x07\x9b\n\u202e")


@pytest.mark.parametrize("redirection", ["", "2>&1"])
def test_names_that_steer_a_terminal(tmp_path: Path, redirection: str) -> None:
    with shell(tmp_path, album="\x1b[31mred\x07\nTRASH  all", name="\x1b[2J\nIMG") as opened:
        for command in ("duplicates --verbose --log-file log", "duplicates --apply", "undo last --yes"):
            ended = opened.run(f"{command} {redirection}")
            assert ended.code == ExitCode.DONE
            said = ended.out + ended.err + (opened.folder / "log").read_text(encoding="utf-8")
            assert "\\x1b[31mred\\x07\\nTRASH  all" in said
            assert "\x1b" not in said
            assert "\x07" not in said
            assert not [line for line in said.splitlines() if line.startswith(("TRASH", "IMG"))]


def test_each_asset_has_one_line_whatever_its_name(tmp_path: Path) -> None:
    with shell(tmp_path, name="a\nb") as opened:
        lines = opened.run("duplicates").out.splitlines()
        (trashed,) = [line for line in lines if line.startswith("  trash ")]
        assert "a\\nb_0_1000.jpg" in trashed
        assert "2.0 kB" in trashed or "size" in trashed
