"""When a job is due."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import islice
from zoneinfo import ZoneInfo

import pytest

from immich_tools.errors import UsageError
from immich_tools.service.cron import Cron, zone_called

BERLIN = ZoneInfo("Europe/Berlin")


def due(expression: str, after: str, count: int, zone: ZoneInfo = BERLIN) -> list[str]:
    moment = datetime.fromisoformat(after).replace(tzinfo=zone)
    found = islice(Cron.parse(expression, zone).after(moment), count)
    return [f"{each.astimezone(zone):%a %d %H:%M%z}" for each in found]


@pytest.mark.parametrize(
    ("expression", "after", "expected"),
    [
        ("0 3 * * *", "2026-11-20 02:59", ["Fri 20 03:00+0100", "Sat 21 03:00+0100"]),
        ("0 3 * * *", "2026-11-20 03:00", ["Sat 21 03:00+0100"]),
        ("0 3 * * 0", "2026-11-20 00:00", ["Sun 22 03:00+0100"]),
        ("0 3 * * 7", "2026-11-20 00:00", ["Sun 22 03:00+0100"]),
        ("0 3 * * MON", "2026-11-20 00:00", ["Mon 23 03:00+0100"]),
        ("  '0  3 * * *' ", "2026-11-20 00:00", ["Fri 20 03:00+0100"]),
        ("0 0 29 2 *", "2026-11-20 00:00", ["Tue 29 00:00+0100"]),
        ("@hourly", "2026-11-20 00:00", ["Fri 20 01:00+0100", "Fri 20 02:00+0100"]),
        ("@daily", "2026-11-20 00:00", ["Sat 21 00:00+0100"]),
        ("'@Midnight' ", "2026-11-20 00:00", ["Sat 21 00:00+0100"]),
        ("@weekly", "2026-11-20 00:00", ["Sun 22 00:00+0100"]),
        ("@monthly", "2026-11-20 00:00", ["Tue 01 00:00+0100"]),
        ("@yearly", "2026-11-20 00:00", ["Fri 01 00:00+0100"]),
        ("@annually", "2026-11-20 00:00", ["Fri 01 00:00+0100"]),
    ],
)
def test_when_it_is_due(expression: str, after: str, expected: list[str]) -> None:
    assert due(expression, after, len(expected)) == expected


def test_a_time_that_the_clock_skips_is_due_right_after_the_gap() -> None:
    assert due("30 2 * * *", "2026-03-28 12:00", 2) == ["Sun 29 03:00+0200", "Mon 30 02:30+0200"]


def test_a_time_that_comes_twice_is_due_once() -> None:
    assert due("30 2 * * *", "2026-10-24 12:00", 2) == ["Sun 25 02:30+0200", "Mon 26 02:30+0100"]


def test_every_half_hour_goes_on_through_the_doubled_hour() -> None:
    assert due("*/30 * * * *", "2026-10-25 02:00", 3) == ["Sun 25 02:30+0200", "Sun 25 02:00+0100", "Sun 25 02:30+0100"]


def test_times_are_given_in_utc() -> None:
    found = next(Cron.parse("0 3 * * *", BERLIN).after(datetime(2026, 7, 1, tzinfo=UTC)))
    assert found == datetime(2026, 7, 1, 1, tzinfo=UTC) and found.tzinfo is UTC


@pytest.mark.parametrize(
    "expression", ["", "''", "* * * *", "61 * * * *", "@often", "@", "0 0 31 2 *", "0 3 * * * root", "x", "@daily 3"]
)
def test_what_is_no_expression_is_refused(expression: str) -> None:
    with pytest.raises(UsageError, match="is not a valid cron expression"):
        Cron.parse(expression, BERLIN)


@pytest.mark.parametrize(
    ("expression", "reason"),
    [
        ("0 0 3 * * *", "it has six fields; leave out the one for seconds or years"),
        ("0 3 * * * 2026", "it has six fields"),
        ("@reboot", "at-start = true, or RUN_AT_FIRST_STARTUP=true"),
        ("@often", "the short forms are @yearly, @annually, @monthly"),
    ],
)
def test_what_other_schedulers_take_is_refused_with_what_to_write_instead(expression: str, reason: str) -> None:
    with pytest.raises(UsageError) as caught:
        Cron.parse(expression, BERLIN)
    assert reason in str(caught.value) and "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["Europe/Berlin", " Europe/Berlin\t", ":Europe/Berlin", " : Europe/Berlin"])
def test_spaces_around_a_zone_and_a_colon_before_it_do_not_count(name: str) -> None:
    assert zone_called(name) is BERLIN


@pytest.mark.parametrize("name", ["", " ", ":", "CET-1CEST", "Mars/Olympus", "../etc/passwd", "/etc/localtime"])
def test_a_zone_that_does_not_exist(name: str) -> None:
    with pytest.raises(UsageError, match="There is no time zone"):
        zone_called(name)
