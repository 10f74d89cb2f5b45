"""What becomes known of a schedule, and what goes wrong with that."""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from attrs import define, field

from immich_tools.service.chronicle import Chronicle
from immich_tools.service.cron import Cron
from immich_tools.service.health import Health, HealthFile, JobHealth
from immich_tools.service.message import Occasion
from immich_tools.service.options import NotificationOptions
from immich_tools.service.schedule import Ended, Job

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)  # 2:30 in Berlin, for the first time that night
HOUR = timedelta(hours=1)
JOB = Job("albums", "folder-albums", servers=frozenset({"http://nas"}), cron=Cron.parse("30 2 * * *", BERLIN))


class StandingClock:
    """It is always the same time."""

    def now(self) -> datetime:
        return NOW

    def wait_until(self, moment: datetime) -> None:
        raise NotImplementedError


@define
class Said:
    """What people are told."""

    lines: list[str] = field(factory=list)
    levels: list[int] = field(factory=list)

    def __call__(self, message: str, *, moment: str = "", level: int = logging.INFO) -> None:
        self.lines.append(f"{moment} {message}")
        self.levels.append(level)


def chronicle(path: Path) -> tuple[Chronicle, Said]:
    said = Said()
    files = {"http://nas": HealthFile(path)}
    made = Chronicle(said, StandingClock(), BERLIN, NotificationOptions(), files)
    made.open([JOB])
    return made, said


def test_every_event_is_told_and_kept(tmp_path: Path) -> None:
    made, said = chronicle(tmp_path / "health.json")
    made.waiting(JOB, NOW)
    made.begins(JOB, NOW, NOW)
    assert HealthFile(tmp_path / "health.json").read().jobs["albums"].running_since == NOW.isoformat()
    made.ended(JOB, NOW, NOW + HOUR, Ended(0, 1))
    made.begins(JOB, NOW - HOUR, NOW)
    made.ended(JOB, NOW, NOW, Ended(-9))
    made.missed(JOB, [NOW, NOW + HOUR])
    made.stopped()
    assert [line.removeprefix("2026-10-25 02:30:00+0200 ") for line in said.lines] == [
        "albums: next due Sun 2026-10-25 02:30 CEST",
        "albums: begins",
        "albums: ended with exit code 0 after 1:00:00, 1 change",
        "albums: begins, late by 1:00:00",
        "albums: ended with exit code -9 after 0:00:00",
        "albums: missed the run of Sun 2026-10-25 02:30 CEST",
        "albums: missed the run of Sun 2026-10-25 02:30 CET",
        "Stopped.",
    ]
    names = [logging.getLevelName(level) for level in said.levels]
    assert names == ["INFO", "INFO", "INFO", "WARNING", "ERROR", "WARNING", "WARNING", "INFO"]
    kept = HealthFile(tmp_path / "health.json").read()
    assert kept.server == "http://nas" and kept.unwell == ("albums",)
    assert kept.jobs["albums"].last_success == (NOW + HOUR).isoformat()


def test_a_run_that_is_stopped_with_the_schedule_does_not_go_on_in_its_health(tmp_path: Path) -> None:
    for code, rest in ((0, ""), (130, "; 'immich-toolkit runs' shows whether it can be resumed"), (3, "")):
        made, said = chronicle(tmp_path / "health.json")
        made.begins(JOB, NOW, NOW)
        made.cut_short(JOB, NOW, NOW + HOUR, Ended(code))
        assert said.lines[-1].endswith(f"albums: stopped with exit code {code} after 1:00:00{rest}")
        kept = HealthFile(tmp_path / "health.json").read().jobs["albums"]
        assert (kept.running_since, kept.last_exit_code) == (None, code)


def test_what_is_known_of_earlier_runs_is_kept(tmp_path: Path) -> None:
    HealthFile(tmp_path / "health.json").write(Health({"albums": JobHealth().ended(NOW, 0)}))
    chronicle(tmp_path / "health.json")
    assert HealthFile(tmp_path / "health.json").read().jobs["albums"].last_success == NOW.isoformat()


@pytest.mark.parametrize(
    ("known", "told"),
    [
        (JobHealth().waiting(NOW + HOUR), []),
        (JobHealth(), []),
        (
            JobHealth().waiting(NOW - 24 * HOUR),
            ["albums: missed what was due since Sat 2026-10-24 02:30 CEST: no schedule ran"],
        ),
        (
            JobHealth().waiting(NOW - HOUR).begun(NOW - HOUR),
            [
                "albums: the run of Sun 2026-10-25 01:30 CEST was cut short; 'immich-toolkit runs' shows whether it can be resumed"
            ],
        ),
    ],
)
def test_what_was_lost_while_no_schedule_ran_is_told(known: JobHealth, told: list[str], tmp_path: Path) -> None:
    HealthFile(tmp_path / "health.json").write(Health({"albums": known}))
    _made, said = chronicle(tmp_path / "health.json")
    assert [line.removeprefix("2026-10-25 02:30:00+0200 ") for line in said.lines] == told
    assert set(said.levels) <= {logging.WARNING}


def test_a_damaged_file_is_told_and_begun_anew(tmp_path: Path) -> None:
    (tmp_path / "health.json").write_text("{")
    _made, said = chronicle(tmp_path / "health.json")
    assert "it is damaged" in said.lines[0]
    assert HealthFile(tmp_path / "health.json").read().jobs == {"albums": JobHealth()}


def test_a_file_that_cannot_be_written_is_told_once_and_ends_nothing(tmp_path: Path) -> None:
    made, said = chronicle(tmp_path / "gone" / "health.json")
    made.waiting(JOB, NOW)
    made.begins(JOB, NOW, NOW)
    made.ended(JOB, NOW, NOW, Ended(0))
    assert len([line for line in said.lines if "health is not known" in line]) == 1
    (tmp_path / "gone").mkdir()
    made.waiting(JOB, NOW)
    assert HealthFile(tmp_path / "gone" / "health.json").read().jobs["albums"].last_exit_code == 0


class Broken(NotificationOptions):
    """Options of which nobody knows what is wrong with them."""

    @property
    def occasions(self) -> frozenset[Occasion]:
        raise RuntimeError("canary")


def test_whatever_goes_wrong_with_a_notification_is_told_and_ends_nothing(tmp_path: Path) -> None:
    made, said = chronicle(tmp_path / "health.json")
    made.notifications = Broken()
    made.ended(JOB, NOW, NOW, Ended(5))
    assert said.lines[-1].endswith("A notification went wrong: RuntimeError.") and said.levels[-1] == logging.ERROR
