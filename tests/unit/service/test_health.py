"""What is known of the last runs."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from immich_tools.errors import UsageError
from immich_tools.service.health import OVERDUE, Health, HealthFile, JobHealth, hangs

EARLY, LATE = datetime(2026, 11, 20, 3, tzinfo=UTC), datetime(2026, 11, 21, 3, tzinfo=UTC)


def test_a_job_that_has_not_run_is_well() -> None:
    assert JobHealth().is_well


def test_a_run_that_found_work_in_a_dry_run_went_well() -> None:
    assert JobHealth().ended(EARLY, 10).is_well


def test_a_failure_keeps_the_last_success() -> None:
    job = JobHealth().begun(EARLY).ended(EARLY, 0).begun(LATE).ended(LATE, 4)
    assert not job.is_well
    assert job.last_success == EARLY.isoformat() and job.last_end == LATE.isoformat() and job.last_exit_code == 4
    assert job.running_since is None


def test_what_is_written_is_read(tmp_path: Path) -> None:
    file = HealthFile(tmp_path / "health.json")
    health = (
        Health(server="http://nas")
        .with_job("a", JobHealth().waiting(LATE).ended(EARLY, 3))
        .with_job("b", JobHealth().begun(EARLY))
    )
    file.write(health)
    assert file.read() == health
    assert health.unwell == ("a",)
    assert [path.name for path in tmp_path.iterdir()] == ["health.json"]


def test_a_new_schedule_knows_of_the_jobs_it_still_has() -> None:
    old = Health({"a": JobHealth().ended(EARLY, 3).begun(LATE), "gone": JobHealth().ended(EARLY, 3)})
    assert old.of("http://nas", ["new"]) == Health({"new": JobHealth()}, "http://nas")


def test_a_run_that_was_killed_with_its_schedule_was_interrupted() -> None:
    known = Health({"a": JobHealth().ended(EARLY, 0).begun(LATE)}).of("http://nas", ["a"])
    assert known.jobs["a"] == JobHealth().ended(EARLY, 0).ended(LATE, 130)
    assert known.unwell == ("a",) and known.jobs["a"].last_success == EARLY.isoformat()


def test_without_a_file_nothing_is_known(tmp_path: Path) -> None:
    assert HealthFile(tmp_path / "health.json").read() == Health()


@pytest.mark.parametrize(
    ("jobs", "is_hanging"),
    [
        ([JobHealth()], False),
        ([JobHealth().waiting(EARLY)], True),
        ([JobHealth().waiting(LATE)], False),
        ([JobHealth().waiting(LATE - OVERDUE)], False),
        ([JobHealth().waiting(EARLY), JobHealth().begun(EARLY)], False),
        ([JobHealth().waiting(LATE), JobHealth().waiting(EARLY)], True),
    ],
)
def test_a_schedule_hangs_when_a_job_is_overdue_and_none_runs(jobs: list[JobHealth], is_hanging: bool) -> None:
    healths = [Health({str(number): job}) for number, job in enumerate(jobs)]
    assert hangs(healths, LATE) == is_hanging


@pytest.mark.parametrize(
    "content",
    [
        "",
        "{",
        "[]",
        '{"jobs": {"a": {"x": 1}}}',
        '{"jobs": 1}',
        '{"server": "", "jobs": {"a": {"next_due": "soon"}}}',
        '{"server": "", "jobs": {"a": {"last_end": 1}}}',
        '{"server": "", "jobs": {"a": {"running_since": "2026-11-20T03:00:00"}}}',
    ],
)
def test_a_file_that_is_damaged(content: str, tmp_path: Path) -> None:
    path = tmp_path / "health.json"
    path.write_text(content)
    with pytest.raises(UsageError, match=r"health\.json cannot be read"):
        HealthFile(path).read()
