"""Commands and configuration files that the documents show are understood by the commands."""

from __future__ import annotations

import io
import re
import shlex
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

import pytest

from immich_tools.cli import toolkit_app
from immich_tools.folder_albums import FILE_NAME, AlbumProperties, read_properties
from immich_tools.service.jobs import flags
from immich_tools.settings import Invocation, Surroundings, current_invocation, read_configuration_file
from immich_tools.settings.application import parse
from immich_tools.tools import PACKAGES

HOME: Final = Path(__file__).parents[2]
PAGES: Final = [HOME / "README.md", *sorted((HOME / "docs").glob("**/*.md"))]
APP: Final = toolkit_app()
COMMANDS: Final = frozenset(name for name in APP if not name.startswith("-"))
SECRET_FILE: Final = re.compile(r"/run/secrets/\w[\w.-]*")
_VARIABLE: Final = re.compile(r"([A-Z_]+)=(.*)")
_END: Final = re.compile(r"[|<>&;].*")


def blocks(page: Path, language: str) -> Iterator[str]:
    """The code of a page in one language."""
    for found in re.finditer(
        rf"^( *)```{language}\n(.*?)^\1```", page.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE
    ):
        yield textwrap.dedent(found[2])


def lines() -> Iterator[str]:
    """What is to be typed, without what a program of ours does not see."""
    for page in PAGES:
        for block in blocks(page, "sh"):
            yield from block.replace("\\\n", " ").splitlines()


def read(line: str) -> tuple[dict[str, str], list[str]]:
    """The variables and the words of a line."""
    words = shlex.split(line, comments=True)
    variables: dict[str, str] = {}
    while words and (assignment := _VARIABLE.fullmatch(words[0])):
        variables[assignment[1]] = assignment[2]
        del words[0]
    end = next((number for number, word in enumerate(words) if _END.fullmatch(word)), len(words))
    return variables, words[:end]


def typed() -> Iterator[tuple[dict[str, str], list[str]]]:
    """The commands that are there, as ``immich-toolkit`` takes them."""
    for line in lines():
        variables, words = read(line)
        if not words or not words[0].startswith("immich-"):
            continue
        command = words[0].removeprefix("immich-")
        argv = words[1:] if command == "toolkit" else [command, *words[1:]]
        if argv[0] in COMMANDS:
            yield variables, argv


def understood(folder: Path, argv: Sequence[str], variables: Mapping[str, str]) -> bool:
    """Whether a command takes these words, variables and the configuration file in its folder."""
    world = Surroundings(
        environment=variables,
        working_folder=folder,
        configuration_folder=folder,
        state_folder=folder,
        stdout=io.StringIO(),
        stderr=io.StringIO(),
    )
    reset = current_invocation.set(Invocation(world))
    try:
        return bool(parse(APP, argv))
    finally:
        current_invocation.reset(reset)


def with_secrets(text: str, folder: Path) -> str:
    """The text with its secrets in files of a folder, each with another one."""
    for path in set(SECRET_FILE.findall(text)):
        (folder / Path(path).name).write_text(f"the secret {path}")
    return SECRET_FILE.sub(lambda found: str(folder / Path(found[0]).name), text)


@pytest.mark.parametrize(("variables", "argv"), list(typed()), ids=str)
def test_a_command_is_understood(tmp_path: Path, variables: dict[str, str], argv: list[str]) -> None:
    assert understood(tmp_path, argv, {name: with_secrets(text, tmp_path) for name, text in variables.items()})


def test_there_are_commands_of_every_tool() -> None:
    shown = {argv[0] for _variables, argv in typed()}
    assert {"doctor", "runs", "undo", "apply"} | (set(PACKAGES) & COMMANDS) <= shown


@pytest.mark.parametrize("text", [block for page in PAGES for block in blocks(page, "toml")])
def test_a_configuration_file_is_understood(tmp_path: Path, text: str) -> None:
    path = tmp_path / "immich-toolkit.toml"
    path.write_text(with_secrets(text, tmp_path), encoding="utf-8")
    tables = read_configuration_file(path)
    accounts = tables.get("account", [])
    # An account's options are looked at by their own command, those of the server by any.
    named = {"duplicates", *tables, *(name for account in accounts for name in account)}
    for command in COMMANDS & named:
        assert understood(tmp_path, [command], {})
    for job in tables.get("job", []):
        if job["tool"] in COMMANDS:
            assert understood(tmp_path, [job["tool"], *flags(job.get("options", {}))], {})


@pytest.mark.parametrize("text", list(blocks(HOME / "docs" / "folder-albums.md", "yaml")))
def test_a_file_of_properties_is_understood(text: str) -> None:
    assert read_properties(text, FILE_NAME) != AlbumProperties()
