"""compose.yaml says nothing that the commands do not understand."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from immich_tools.cli import toolkit_app
from immich_tools.settings import Surroundings, current_invocation
from immich_tools.settings.accounts import ACCOUNT_FLAG, KEY_ROWS
from immich_tools.settings.application import parse
from immich_tools.settings.arguments import FILE_SUFFIX, Declared, options_of
from immich_tools.settings.surroundings import Invocation
from immich_tools.tools import PACKAGES
from tests.container.image import ROOT, stages

KEY = "a key for the tests of the compose file 1234567"
SERVICES: Mapping[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]


def variables_of(command: str) -> Iterator[str]:
    """Every variable that a command reads."""
    app = toolkit_app()
    arguments = app[command].assemble_argument_collection(default_parameter=app.default_parameter)
    declared = Declared.by(arguments)
    for option in options_of(arguments, declared.legacy(arguments), command):
        if option.flag == ACCOUNT_FLAG:
            yield from KEY_ROWS
        yield from (entry.variable for entry in option.variables)
        yield from (f"{row.variable}{number}" for row in option.numbered for number in range(1, row.last + 1))
    for name in declared.all_of("key_lists"):
        yield from (name, name + FILE_SUFFIX)


def commands_of(service: str) -> list[str]:
    """The words after ``immich-toolkit``."""
    words: list[str] = SERVICES[service].get("command") or stages()[1].words("CMD")
    return words


def environment_of(service: str) -> dict[str, str]:
    """The variables of a service, with the defaults of those that are taken from ``.env``."""
    return {
        name: re.sub(r"\$\{\w+:([-?])(.*?)\}", lambda found: found[2] if found[1] == "-" else KEY, value)
        for name, value in SERVICES[service]["environment"].items()
    }


def test_there_is_a_service_for_every_tool() -> None:
    assert set(SERVICES) == {"schedule", *PACKAGES}
    for tool in PACKAGES:
        assert commands_of(tool) == ["schedule", tool]


@pytest.mark.parametrize("service", SERVICES)
def test_every_variable_is_read(service: str) -> None:
    # A schedule of [[job]] tables hands its environment to all tools.
    commands = commands_of(service) if len(commands_of(service)) > 1 else [*commands_of(service), *PACKAGES]
    known = {name for command in commands for name in variables_of(command)}
    assert set(SERVICES[service]["environment"]) <= known


@pytest.mark.parametrize("service", SERVICES)
def test_every_value_is_understood(service: str, tmp_path: Path) -> None:
    world = Surroundings(
        environment=environment_of(service),
        working_folder=tmp_path,
        configuration_folder=tmp_path,
        state_folder=tmp_path,
        stdout=io.StringIO(),
        stderr=io.StringIO(),
    )
    invocation = Invocation(world)
    reset = current_invocation.set(invocation)
    try:
        for words in (commands_of(service), commands_of(service)[1:]):
            if words:
                assert parse(toolkit_app(), words)
    finally:
        current_invocation.reset(reset)


@pytest.mark.parametrize("service", SERVICES)
def test_photos_cannot_be_written_and_the_state_is_kept(service: str) -> None:
    state, *others = SERVICES[service]["volumes"]
    assert state == "state:/state"
    writable = [volume for volume in others if not volume.endswith(":ro")]
    assert len(writable) == (1 if service == "album-backup" else 0), "copies are written nowhere else"
    assert SERVICES[service]["read_only"] is True and SERVICES[service]["profiles"] == [service]
