"""Jobs on a schedule, with a clock that takes no time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from attrs import define, field
from hypothesis import given
from hypothesis import strategies as st

from immich_tools.service.cron import Cron
from immich_tools.service.schedule import MOST_MISSED, Ended, Job, RunStopped, Task, following, serve

BERLIN = ZoneInfo("Europe/Berlin")


class Over(Exception):
    """The time to be tried out is over."""


@define
class PretendedClock:
    """Time passes by waiting and by running jobs."""

    moment: datetime
    until: datetime

    def now(self) -> datetime:
        return self.moment

    def wait_until(self, moment: datetime) -> None:
        if max(moment, self.moment) >= self.until:
            raise Over
        self.moment = max(moment, self.moment)


@define
class Diary:
    """What happened, in local time."""

    entries: list[str] = field(factory=list)

    def _note(self, moment: datetime, text: str) -> None:
        self.entries.append(f"{moment.astimezone(BERLIN):%d %H:%M} {text}")

    def waiting(self, job: Job, due: datetime) -> None:
        pass

    def begins(self, job: Job, due: datetime, now: datetime) -> None:
        self._note(now, f"{job.name}" + (f" late by {now - due}" if now > due else ""))

    def ended(self, job: Job, began: datetime, now: datetime, how: Ended) -> None:
        if how.exit_code:
            self._note(now, f"{job.name} failed with {how.exit_code}")

    def cut_short(self, job: Job, began: datetime, now: datetime, how: Ended) -> None:
        self._note(now, f"{job.name} cut short with {how.exit_code}")

    def missed(self, job: Job, times: Sequence[datetime]) -> None:
        self._note(times[-1], f"{job.name} missed {len(times)}")


def diary(begin: str, hours: int, jobs: Sequence[Job], run: Callable[[Job, PretendedClock], int]) -> list[str]:
    start = datetime.fromisoformat(begin).replace(tzinfo=BERLIN).astimezone(UTC)
    clock, entries = PretendedClock(start, start + timedelta(hours=hours)), Diary()
    with pytest.raises(Over):
        serve(jobs, clock, lambda job: Ended(run(job, clock)), entries)
    return entries.entries


def job(name: str, expression: str, *, at_start: bool = False) -> Job:
    return Job(name, name, cron=Cron.parse(expression, BERLIN), at_start=at_start)


def takes(minutes: dict[str, int], codes: dict[str, int] | None = None) -> Callable[[Job, PretendedClock], int]:
    def run(each: Job, clock: PretendedClock) -> int:
        clock.moment += timedelta(minutes=minutes.get(each.name, 0))
        return (codes or {}).get(each.name, 0)

    return run


def test_three_jobs_over_the_night_on_which_the_clock_goes_forward() -> None:
    jobs = [job("albums", "30 2 * * *"), job("missing", "0 3 * * 0"), job("faceless", "0 */2 * * *")]
    assert diary("2026-03-28 23:00", 8, jobs, takes({"albums": 10}, {"missing": 4})) == [
        "29 00:00 faceless",  # 2:00 does not exist that night, and every second hour is not made up for
        "29 03:00 albums",  # nor does 2:30
        "29 03:10 missing late by 0:10:00",
        "29 03:10 missing failed with 4",
        "29 04:00 faceless",
        "29 06:00 faceless",
    ]


def test_the_night_on_which_an_hour_comes_twice() -> None:
    jobs = [job("daily", "30 2 * * *"), job("hourly", "15 * * * *")]
    assert diary("2026-10-25 01:00", 4, jobs, takes({})) == [
        "25 01:15 hourly",
        "25 02:15 hourly",
        "25 02:30 daily",
        "25 02:15 hourly",
        "25 03:15 hourly",
    ]


def test_a_job_that_outlasts_its_own_times_runs_once_more_and_the_rest_are_told_as_missed() -> None:
    assert diary("2026-11-20 00:00", 5, [job("slow", "0 * * * *")], takes({"slow": 150})) == [
        "20 01:00 slow",
        "20 03:00 slow missed 2",
        "20 04:00 slow",
        "20 06:00 slow missed 2",
    ]


def test_a_job_that_waits_for_another_runs_once_however_often_it_was_due() -> None:
    jobs = [job("slow", "0 1 * * *"), job("quick", "*/20 * * * *")]
    assert diary("2026-11-20 00:50", 2, jobs, takes({"slow": 70})) == [
        "20 01:00 slow",
        "20 02:10 quick late by 1:10:00",
        "20 02:00 quick missed 3",
        "20 02:20 quick",
        "20 02:40 quick",
    ]


def test_a_failing_job_runs_again_at_its_next_time() -> None:
    assert diary("2026-11-20 00:30", 2, [job("bad", "0 * * * *")], takes({}, {"bad": 5})) == [
        "20 01:00 bad",
        "20 01:00 bad failed with 5",
        "20 02:00 bad",
        "20 02:00 bad failed with 5",
    ]


def test_a_job_may_run_at_the_start_as_well() -> None:
    assert diary("2026-11-20 00:30", 1, [job("one", "0 * * * *", at_start=True)], takes({})) == [
        "20 00:30 one",
        "20 01:00 one",
    ]


def test_after_a_long_standstill_missed_runs_are_not_counted_for_ever() -> None:
    start = datetime(2026, 1, 1, tzinfo=UTC)
    missed, due = following(Cron.parse("* * * * *", BERLIN), start, start + timedelta(days=300))
    assert len(missed) == MOST_MISSED and due == start + timedelta(days=300, minutes=1)


@given(st.integers(0, 3000), st.integers(-600, 3000))
def test_the_next_time_is_later_than_the_last_one_and_than_now(last: int, later: int) -> None:
    begin = datetime(2026, 3, 28, 23, tzinfo=UTC) + timedelta(minutes=last)
    now = begin + timedelta(minutes=later)
    missed, due = following(Cron.parse("*/7 1-4 * * *", BERLIN), begin, now)
    assert due > max(begin, now)
    assert all(begin < each <= now for each in missed)


@pytest.mark.parametrize(
    ("stop", "code"), [(RunStopped(Ended(0)), 0), (RunStopped(Ended(130)), 130), (KeyboardInterrupt(), 130)]
)
def test_a_run_that_is_stopped_has_ended_when_the_schedule_ends(stop: KeyboardInterrupt, code: int) -> None:
    def run(task: Task) -> Ended:
        raise stop

    start = datetime.fromisoformat("2026-11-20 00:00").replace(tzinfo=BERLIN).astimezone(UTC)
    entries = Diary()
    with pytest.raises(KeyboardInterrupt):
        serve([job("albums", "0 3 * * *")], PretendedClock(start, start + timedelta(hours=9)), run, entries)
    assert entries.entries == ["20 03:00 albums", f"20 03:00 albums cut short with {code}"]
