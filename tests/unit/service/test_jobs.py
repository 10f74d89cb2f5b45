"""The jobs that a configuration file describes."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from immich_tools.errors import UsageError
from immich_tools.service.jobs import Examined, flags, jobs_of
from immich_tools.service.schedule import Job

PATH = Path("immich-toolkit.toml")
BERLIN = ZoneInfo("Europe/Berlin")


def examine(tool: str, arguments: Sequence[str]) -> Examined:
    if "--apply" not in arguments and "--wrong" in arguments:
        raise UsageError("unknown option --wrong")
    return Examined(tuple(arguments), frozenset({f"http://{tool}"}))


def read(text: str) -> tuple[Job, ...]:
    return jobs_of(
        tomllib.loads(text).get("job"), PATH, tools=("folder-albums", "duplicates"), zone=BERLIN, examine=examine
    )


def test_a_job_with_everything_and_one_with_little() -> None:
    everything, little = read(
        """
        [[job]]
        name = "Anna's albums"
        tool = "folder-albums"
        cron = "0 3 * * *"
        time-zone = "America/New_York"
        account = ["anna", "ben"]
        at-start = true
        [job.options]
        root-path = ["/external/a", "/external/b"]
        album_levels = -2
        apply = true
        also-parents = false

        [[job]]
        tool = "duplicates"
        cron = "30 4 * * 0"
        """
    )
    assert (everything.name, everything.tool, everything.at_start) == ("Anna's albums", "folder-albums", True)
    assert everything.cron.expression == "0 3 * * *" and everything.cron.zone.key == "America/New_York"
    assert everything.arguments == (
        "--account=anna",
        "--account=ben",
        "--root-path=/external/a",
        "--root-path=/external/b",
        "--album-levels=-2",
        "--apply",
        "--no-also-parents",
    )
    assert (little.name, little.arguments, little.at_start) == ("duplicates", (), False)
    assert little.cron.zone.key == "Europe/Berlin"
    assert little.servers == {"http://duplicates"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "immich-toolkit.toml has no [[job]]: "),
        ("job = []", "immich-toolkit.toml has no [[job]]: "),
        ("job = 3", "immich-toolkit.toml has no [[job]]: "),
        ("job = [3]", "write each job as a table: [[job]]"),
        ("[[job]]\ncron = '0 3 * * *'", "job 1: tool needs a text in quotes"),
        ("[[job]]\ntool = 'duplicates'", "job duplicates: cron needs a text in quotes"),
        ("[[job]]\ntool = 'duplicates'\ncron = 3", "job duplicates: cron needs a text in quotes"),
        ("[[job]]\ntool = 'duplicate'\ncron = '0 3 * * *'", "there is no tool 'duplicate'; did you mean duplicates?"),
        (
            "[[job]]\nname = 'a'\ntool = 'duplicates'\ncron = '0 3 * *'",
            "job a: '0 3 * *' is not a valid cron expression: ",
        ),
        ("[[job]]\ntool = 'duplicates'\ncron = '0 3 * * *'\ntime-zone = 'Mars'", "There is no time zone 'Mars'"),
        ("[[job]]\ntool = 'duplicates'\ncorn = '0 3 * * *'", "unknown key corn; did you mean cron?"),
        ("[[job]]\ntool = 'duplicates'\ncron = '0 3 * * *'\nat-start = 'yes'", "at-start needs true or false"),
        ("[[job]]\ntool = 'duplicates'\ncron = '0 3 * * *'\naccount = [1]", "account needs a text or a list of texts"),
        (
            "[[job]]\ntool = 'duplicates'\ncron = '0 3 * * *'\noptions = 1",
            "write its options as a table: [job.options]",
        ),
        (
            "[[job]]\ntool = 'duplicates'\ncron = '0 3 * * *'\noptions.wrong = true",
            "immich-toolkit.toml, job duplicates: unknown option --wrong",
        ),
        (
            "[[job]]\ntool = 'duplicates'\ncron = '0 3 * * *'\noptions.since = 2020-01-01",
            "option since needs a text, a number, true or false, or a list",
        ),
        (
            "[[job]]\ntool = 'duplicates'\ncron = '0 3 * * *'\n[[job]]\ntool = 'duplicates'\ncron = '0 4 * * *'",
            "two jobs are called 'duplicates'",
        ),
    ],
)
def test_what_is_wrong_with_a_job_is_said(text: str, message: str) -> None:
    with pytest.raises(UsageError) as caught:
        read(text)
    assert message in str(caught.value)


def test_each_wrong_job_has_its_line() -> None:
    with pytest.raises(UsageError) as caught:
        read("[[job]]\ntool = 'x'\ncron = '0 3 * * *'\n[[job]]\ntool = 'duplicates'\ncron = ''")
    assert len(str(caught.value).splitlines()) == 2


def test_a_value_that_begins_with_a_dash_is_a_value() -> None:
    assert flags({"album-separator": " - ", "album-levels": "-2,-1"}) == [
        "--album-separator= - ",
        "--album-levels=-2,-1",
    ]
