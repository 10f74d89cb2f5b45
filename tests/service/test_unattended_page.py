"""The examples of docs/unattended.md are ones that work."""

from __future__ import annotations

import configparser
import io
import re
import shlex
import tomllib
from pathlib import Path

import pytest

from immich_tools.cli import toolkit_app
from immich_tools.commands.examiner import Examiner
from immich_tools.service.cron import Cron, zone_called
from immich_tools.service.jobs import KEYS, jobs_of
from immich_tools.service.options import NotificationOptions
from immich_tools.settings import Surroundings, current_invocation
from immich_tools.settings.surroundings import Invocation
from immich_tools.tools import PACKAGES

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "unattended.md").read_text(encoding="utf-8")
SCRIPTS = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["scripts"]


def example(language: str) -> str:
    """The one block of a language."""
    (block,) = re.findall(rf"^```{language}\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    return str(block)


def test_the_jobs_are_understood(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("a key of an example")
    text = example("toml").replace("/run/secrets/immich_api_key", str(tmp_path / "key"))
    path = tmp_path / "immich-toolkit.toml"
    path.write_text(text)
    world = Surroundings(
        environment={},
        working_folder=tmp_path,
        configuration_folder=tmp_path,
        stderr=io.StringIO(),
        stdout=io.StringIO(),
    )
    reset = current_invocation.set(Invocation(world))
    try:
        examiner = Examiner({}, {}, NotificationOptions())
        jobs = jobs_of(
            tomllib.loads(text)["job"], path, tools=tuple(PACKAGES), zone=zone_called("UTC"), examine=examiner
        )
    finally:
        current_invocation.reset(reset)
    assert [job.name for job in jobs] == ["duplicates", "albums of the archive", "faceless-album"]


@pytest.mark.parametrize("key", KEYS)
def test_every_key_of_a_job_is_explained(key: str) -> None:
    assert f"\n| `{key}` | " in PAGE


def test_the_unit_starts_the_schedule() -> None:
    unit = configparser.ConfigParser(strict=True)
    unit.optionxform = str  # type: ignore[assignment,method-assign]
    unit.read_string(example("ini"))
    command, name, *_options = shlex.split(unit["Service"]["ExecStart"])
    assert Path(command).name == "immich-toolkit" and name in toolkit_app()


def test_the_lines_for_cron_run_tools() -> None:
    for line in example("crontab").splitlines():
        *fields, command = line.split(maxsplit=5)
        Cron.parse(" ".join(fields), zone_called("UTC"))
        assert Path(shlex.split(command)[0]).name in SCRIPTS


def test_every_variable_that_is_named_is_read() -> None:
    app = toolkit_app()
    known = {
        name
        for command in ("schedule", "duplicates")
        for argument in app[command].assemble_argument_collection(default_parameter=app.default_parameter)
        for name in argument.parameter.env_var or ()
    }
    named = set(re.findall(r"`((?:EMAIL|IMMICH|ENABLE|CRON|RUN|TZ)[A-Z_]*)", PAGE)) - {"IMMICH_DRY_RUN"}
    assert named <= known
