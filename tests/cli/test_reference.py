"""The reference page and the help say what the commands take, and nothing else."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from immich_tools.cli import toolkit_app
from immich_tools.errors import ExitCode
from immich_tools.settings import Surroundings, read_configuration_file, run
from immich_tools.settings.files import COMMANDS
from immich_tools.settings.values import typed

PAGE = Path(__file__).parents[2] / "docs" / "reference.md"


def printed_flags() -> Iterator[tuple[str, str]]:
    """Each command with each flag that the page shows of it."""
    for section in PAGE.read_text(encoding="utf-8").split("\n## immich-toolkit ")[1:]:
        name, _end, table = section.partition("\n")
        for row in re.findall(r"^\| (`.*?`) \|", table, re.MULTILINE):
            for flag in re.findall(r"`(--.+?)`", row):
                yield name, flag


def said_of(folder: Path, *argv: str) -> tuple[int, str]:
    world = Surroundings(
        environment={},
        working_folder=folder,
        configuration_folder=folder,
        state_folder=folder,
        stdout=io.StringIO(),
        stderr=io.StringIO(),
    )
    code = run(toolkit_app(), argv, world)
    assert isinstance(world.stdout, io.StringIO)
    assert isinstance(world.stderr, io.StringIO)
    return code, world.stdout.getvalue() + world.stderr.getvalue()


@pytest.mark.parametrize(("command", "flag"), list(printed_flags()))
def test_a_flag_of_the_page_is_taken(tmp_path: Path, command: str, flag: str) -> None:
    # The second flag keeps the command from doing anything; the first unknown one is what the message names.
    code, said = said_of(tmp_path, command, flag, "--no-such-flag")
    assert code == ExitCode.USAGE
    assert not re.search(rf"unknown option {re.escape(flag)}(;|\s)", said)


def test_the_page_has_flags_of_every_command() -> None:
    commands = {name for name in toolkit_app() if not name.startswith("-")}
    assert {command.split()[0] for command, _flag in printed_flags()} == commands
    assert len(list(printed_flags())) > 100


def test_a_flag_that_is_not_taken_is_seen(tmp_path: Path) -> None:
    code, said = said_of(tmp_path, "duplicates", "--empty-rank", "--no-such-flag")
    assert code == ExitCode.USAGE
    assert "unknown option --empty-rank" in said


def test_every_command_may_have_a_table(tmp_path: Path) -> None:
    commands = {name for name in toolkit_app() if not name.startswith("-")}
    assert commands <= set(COMMANDS)
    path = tmp_path / "immich-toolkit.toml"
    path.write_text("".join(f"[{name}]\n" for name in commands))
    assert set(read_configuration_file(path)) == commands


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (("heic", "jpeg"), "heic,jpeg"),
        (("heic",), "heic"),
        ((), ""),
        (30.0, "30"),
        (0.5, "0.5"),
        (True, "yes"),
        (5, "5"),
    ],
)
def test_defaults_as_a_person_types_them(value: object, text: str) -> None:
    assert typed(value) == text


def test_help(tmp_path: Path) -> None:
    _code, said = said_of(tmp_path, "duplicates", "--help")
    words = " ".join(said.replace("│", " ").split())
    assert "[default: heic]" in words
    assert "[default: ]" not in words
    assert "IMMICH_API_KEY holds the key itself, IMMICH_API_KEY_FILE names a file" in words
    assert "Delete for good instead of moving to the trash" in words
    _code, said = said_of(tmp_path, "apply", "--help")
    words = " ".join(said.replace("│", " ").split())
    assert "Allow what the saved plan deletes for good" in words
    assert "instead of moving to the trash" not in words
