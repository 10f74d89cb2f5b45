"""What a job's tool comes to, without running it."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from immich_tools.commands.examiner import Examiner
from immich_tools.secret import Secret
from immich_tools.service.options import NotificationOptions
from immich_tools.settings import Surroundings, current_invocation
from immich_tools.settings.surroundings import Invocation

SERVER = {"IMMICH_URL": "http://nas:2283", "IMMICH_API_KEY": "key-canary"}
HOOK = "http://nas:9/hook"
UNATTENDED = {"--unattended": ""}


@contextmanager
def command(folder: Path, environment: Mapping[str, str], toml: str = "") -> Iterator[Invocation]:
    """A command that runs with an environment and a configuration file."""
    (folder / "immich-toolkit.toml").write_text(toml)
    world = Surroundings(
        environment=environment,
        working_folder=folder,
        configuration_folder=folder,
        state_folder=folder,
        stdout=io.StringIO(),
        stderr=io.StringIO(),
    )
    invocation = Invocation(world)
    reset = current_invocation.set(invocation)
    try:
        yield invocation
    finally:
        current_invocation.reset(reset)


@pytest.mark.parametrize(
    ("environment", "toml", "arguments", "added"),
    [
        ({}, "", [], ["--unattended"]),
        ({"UNATTENDED": "1"}, "", [], []),
        ({"UNATTENDED": "false"}, "", [], []),
        ({"IMMICH_APPLY": "false"}, "", [], []),
        ({"IMMICH_DRY_RUN": "true"}, "", [], []),
        ({}, "[folder-albums]\napply = false", [], []),
        ({}, "[folder-albums]\nunattended = false", [], []),
        ({}, "", ["--no-apply"], []),
    ],
)
def test_the_older_containers_rule_gives_way_to_whatever_else_is_said(
    environment: dict[str, str], toml: str, arguments: Sequence[str], added: Sequence[str], tmp_path: Path
) -> None:
    with command(tmp_path, {**SERVER, "ROOT_PATH": "/photos", **environment}, toml):
        examined = Examiner({}, {}, NotificationOptions())("folder-albums", arguments, UNATTENDED)
    assert examined.arguments == (*arguments, *added)


def test_the_log_of_the_schedule_is_that_of_a_job_without_its_own(tmp_path: Path) -> None:
    examiner = Examiner({}, {"--log-file": "/log", "--log-size": "5"}, NotificationOptions())
    with command(tmp_path, {**SERVER, "IMMICH_LOG_SIZE": "1"}, "[duplicates]\nlog-file = 'mine'"):
        assert examiner("faceless-album", ()).arguments == ("--log-file=/log",)
        assert examiner("duplicates", ()).arguments == ()


def test_a_job_reads_the_files_that_the_schedule_was_given(tmp_path: Path) -> None:
    (tmp_path / "other.toml").write_text("[server]\nurl = 'http://other'")
    other = {"--config": str(tmp_path / "other.toml")}
    with command(tmp_path, {"IMMICH_API_KEY": "key-canary"}):
        examined = Examiner(other, {}, NotificationOptions())("duplicates", ("--apply",))
    assert examined.arguments == ("--apply", f"--config={tmp_path}/other.toml")
    assert examined.servers == {"http://other/api"}


@pytest.mark.parametrize(
    ("tool", "schedule", "arguments", "added"),
    [
        ("faceless-album", HOOK, [], ["--no-notify"]),
        ("faceless-album", "http://else", [], []),
        ("faceless-album", None, [], []),
        ("duplicates", HOOK, [], ["--no-notify"]),
        ("folder-albums", HOOK, ["--root-path=/a"], ["--no-notify"]),
        ("missing-originals", HOOK, [], ["--no-notify"]),
        ("album-backup", HOOK, [], ["--no-notify"]),
        ("duplicates", HOOK, ["--notify-change"], ["--no-notify-failure", "--no-notify-guard"]),
        ("duplicates", HOOK, ["--no-notify-guard"], ["--no-notify"]),
        ("duplicates", HOOK, ["--notify"], []),
    ],
)
def test_nobody_is_told_twice(
    tool: str, schedule: str | None, arguments: list[str], added: list[str], tmp_path: Path
) -> None:
    options = NotificationOptions(webhook_url=None if schedule is None else Secret(schedule))
    with command(tmp_path, {**SERVER, "IMMICH_WEBHOOK_URL": HOOK}):
        assert Examiner({}, {}, options)(tool, arguments).arguments == (*arguments, *added)


def test_an_address_that_only_a_job_has_is_told_by_the_job(tmp_path: Path) -> None:
    (tmp_path / "hook").write_text("http://nas:9/own")
    (tmp_path / "ping").write_text("http://nas:9/ping")
    options = NotificationOptions(webhook_url=Secret(HOOK), ping_url=Secret("http://nas:9/ping"))
    with command(tmp_path, {**SERVER, "IMMICH_WEBHOOK_URL": HOOK}):
        for words, added in ((["--webhook-url-file=hook"], []), (["--ping-url-file=ping"], ["--no-notify"])):
            assert Examiner({}, {}, options)("duplicates", words).arguments == (*words, *added)


def test_every_account_and_server_is_looked_at(tmp_path: Path) -> None:
    toml = "[[account]]\nname = 'anna'\napi-key = 'anna-canary'\n[[account]]\nname = 'ben'\napi-key = 'ben-canary'\n"
    with command(tmp_path, {"IMMICH_URL": "nas"}, toml) as invocation:
        examined = Examiner({}, {}, NotificationOptions())("duplicates", ("--account=ben",))
        assert examined.servers == {"http://nas/api"}
        assert Examiner({}, {}, NotificationOptions())("duplicates", ()).servers == {"http://nas/api"}
    assert Secret("anna-canary") in invocation.secrets, "what was read stays out of messages"
