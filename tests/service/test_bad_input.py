"""Whatever is wrong with a schedule is said before it begins, in a line that tells what to do, and with exit code 2."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from immich_tools.cli import toolkit_app
from immich_tools.errors import ExitCode
from immich_tools.settings import Surroundings, run

KEY = "key-canary-key-canary-key-canary-key-canary-key"
SERVER = {"IMMICH_URL": "http://127.0.0.1:9", "IMMICH_API_KEY": KEY}
CRON = {"CRON_EXPRESSION": "0 3 * * *"}
JOB = "[[job]]\ntool = 'duplicates'\ncron = '0 3 * * *'\n"


def schedule(folder: Path, *words: str, environment: dict[str, str], toml: str | None = None) -> tuple[int, str]:
    """The exit code, and what is said."""
    if toml is not None:
        (folder / "immich-toolkit.toml").write_text(toml)
    (folder / "file").write_text("")
    world = Surroundings(
        environment=environment,
        working_folder=folder,
        configuration_folder=folder,
        state_folder=folder / environment.get("STATE", "state"),
        stdout=io.StringIO(),
        stderr=io.StringIO(),
    )
    code = run(toolkit_app(), ["schedule", *words], world)
    assert isinstance(world.stderr, io.StringIO)
    return code, world.stderr.getvalue()


@pytest.mark.parametrize(
    ("words", "environment", "message"),
    [
        ([], {}, "There is nothing to run: describe jobs as [[job]] tables"),
        ([], CRON, "A cron expression goes with a tool, as in: immich-toolkit schedule duplicates"),
        (["duplicate"], CRON, "There is no tool 'duplicate'; did you mean duplicates?"),
        (["x"], CRON, "There is no tool 'x'; there are: duplicates, folder-albums"),
        (["sandbox"], CRON, "There is no tool 'sandbox'"),
        (["duplicates"], {"CRON_EXPRESSION": "0 3 * *"}, "'0 3 * *' is not a valid cron expression: "),
        (["duplicates"], {"CRON_EXPRESSION": "0 0 31 2 *"}, "bad day-of-month"),
        (["duplicates"], {"CRON_EXPRESSION": ""}, "CRON_EXPRESSION: is empty"),
        (["duplicates"], {**CRON, "TZ": "Mars/Olympus"}, "There is no time zone 'Mars/Olympus'"),
        (["duplicates"], {**CRON, "TZ": ""}, "TZ: is empty"),
        (["duplicates"], {"CRON_EXPRESSION": "0 0 3 * * *"}, "it has six fields"),
        (["duplicates"], {"CRON_EXPRESSION": "@reboot"}, "RUN_AT_FIRST_STARTUP=true"),
        (["duplicates"], {**CRON, "RUN_AT_FIRST_STARTUP": "ja"}, "RUN_AT_FIRST_STARTUP: "),
        (["duplicates"], {**CRON, "RUN_AT_FIRST_STARTUP": "1", "RUN_IMMEDIATELY": "0"}, "contradict each other"),
        (["duplicates"], {**CRON, "IMMICH_BATCH_SIZE": "many"}, "IMMICH_BATCH_SIZE"),
        (["duplicates"], {**CRON, "IMMICH_URL": "ftp://nas"}, "is not a URL of a server"),
        (["duplicates"], {**CRON, "STATE": "file"}, "The state folder"),
        (["duplicates", "--log-file", "/proc/log"], CRON, "The log file /proc/log cannot be written: "),
        (["duplicates"], {**CRON, "IMMICH_LOG_LEVEL": "loud"}, "IMMICH_LOG_LEVEL"),
        (["duplicates"], {**CRON, "IMMICH_LOG_SIZE": "0"}, "IMMICH_LOG_SIZE"),
        (["duplicates"], {**CRON, "IMMICH_WEBHOOK_URL": "ftp://canary"}, "must begin with https"),
        (["duplicates"], {**CRON, "ENABLE_EMAIL_ON_ERROR": "yes"}, "Mail needs EMAIL_SMTP_SERVER"),
    ],
)
def test_what_is_wrong_with_the_environment(
    words: list[str], environment: dict[str, str], message: str, tmp_path: Path
) -> None:
    code, said = schedule(tmp_path, *words, environment={**SERVER, **environment})
    assert (code, said.count("\n")) == (ExitCode.USAGE, 1), said
    assert message in said and "canary" not in said


@pytest.mark.parametrize(
    ("toml", "messages"),
    [
        ("[schedule]", ["has no [[job]]"]),
        ("[schedule]\ncorn = '0 3 * * *'\n" + JOB, ["unknown key corn in [schedule]; did you mean cron?"]),
        (JOB + "options.aply = true", ["job duplicates: unknown option --aply; did you mean --apply?"]),
        (JOB + "options.batch-size = 0", ["job duplicates: ", "--batch-size"]),
        (JOB + "options.help = true", ["job duplicates: unknown option --help"]),
        (JOB + "options.version = true", ["job duplicates: unknown option --version"]),
        (JOB + "options.summary-file = 'mine'", ["job duplicates: ", "--summary-file"]),
        (JOB + "options.api-key-file = 'none'", ["job duplicates: ", "holds no readable path"]),
        (JOB + "account = 'zoe'", ["job duplicates: ", "zoe"]),
        (JOB + JOB, ["two jobs are called 'duplicates'"]),
        (
            JOB + "options.aply = true\n" + "[[job]]\ntool = 'folder-albums'\ncron = 'x'\n",
            ["job duplicates: unknown option --aply", "job folder-albums: 'x' is not a valid cron expression"],
        ),
    ],
)
def test_what_is_wrong_with_the_file(toml: str, messages: list[str], tmp_path: Path) -> None:
    code, said = schedule(tmp_path, environment=SERVER, toml=toml)
    assert code == ExitCode.USAGE, said
    assert all(message in said for message in messages), said
    assert "canary" not in said


@pytest.mark.parametrize(
    ("missing", "message"),
    [("IMMICH_URL", "no server address: set IMMICH_URL"), ("IMMICH_API_KEY", "no API key: set IMMICH_API_KEY")],
)
def test_what_every_job_needs_is_looked_for_at_once(missing: str, message: str, tmp_path: Path) -> None:
    environment = {name: value for name, value in SERVER.items() if name != missing}
    for words, toml in ((["duplicates"], None), ([], JOB)):
        more = {} if toml else CRON
        code, said = schedule(tmp_path, *words, environment={**environment, **more}, toml=toml)
        assert code == ExitCode.USAGE and message in said
