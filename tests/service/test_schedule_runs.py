"""Whole schedules: real processes, a served sandbox, real servers for mail and requests."""

from __future__ import annotations

import json
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from immich_tools.errors import ExitCode
from immich_tools.sandbox import Faults, Sandbox
from tests.service.conftest import PASSWORD, USER, MailServer, WebServer
from tests.service.scheduler import Desk, add_pairs, desk

NEVER = "0 0 29 2 *"
GROUPS = 12
WRONG_KEY = "wrong-key-canary-wrong-key-canary-wrong-key"


@pytest.fixture
def sandbox() -> Sandbox:
    sandbox = Sandbox()
    add_pairs(sandbox, GROUPS)
    return sandbox


@pytest.fixture
def office(sandbox: Sandbox, tmp_path: Path) -> Iterator[Desk]:
    with sandbox.serve() as url:
        yield desk(tmp_path, url, sandbox.admin_key)


def trashed(sandbox: Sandbox) -> int:
    return sum(asset["isTrashed"] for asset in sandbox.dump()["assets"].values())


@pytest.mark.parametrize("kind", [signal.SIGTERM, signal.SIGINT], ids=lambda kind: kind.name)
def test_a_schedule_that_is_stopped_in_the_middle_of_an_apply(
    office: Desk, sandbox: Sandbox, kind: signal.Signals
) -> None:
    sandbox.set_faults(Faults(latency=0.05))
    variables = {"CRON_EXPRESSION": NEVER, "RUN_AT_FIRST_STARTUP": "true", "IMMICH_APPLY": "true"}
    with office.start("schedule", "duplicates", **variables, IMMICH_CONCURRENCY="1") as process:
        while not sandbox.requests.writes():
            assert process.process.poll() is None, process.err
            time.sleep(0.01)
        assert process.stop(kind) == ExitCode.DONE
        assert "resume last" in process.err and "Stopped." in process.err and "Traceback" not in process.err
        assert "duplicates: stopped with exit code 130" in process.err
    health = office.run("health")
    assert health.returncode == 1 and "running since" not in health.stdout
    assert health.stdout.splitlines()[2].split()[-2:] == ["130", "-"], health.stdout
    (job, _summary) = map(json.loads, office.run("health", "--json").stdout.splitlines())
    assert (job["last_exit_code"], job["running_since"], job["well"]) == (130, None, False)
    with office.start("schedule", "duplicates", CRON_EXPRESSION=NEVER) as process:
        process.wait_for("next due")
        assert "The last run of duplicates was interrupted (exit code 130)" in office.run("health").stderr
    sandbox.set_faults(None)
    assert trashed(sandbox) < GROUPS
    resumed = office.run("resume", "last", "--yes")
    assert resumed.returncode == ExitCode.DONE, resumed.stderr
    assert trashed(sandbox) == GROUPS
    left = {asset["exif"]["description"] for asset in sandbox.dump()["assets"].values() if not asset["isTrashed"]}
    assert left == {f"words {number}" for number in range(GROUPS)}


def test_three_jobs_of_which_one_fails_and_one_is_guarded(
    office: Desk, sandbox: Sandbox, mail_server: MailServer, web_server: WebServer
) -> None:
    port = mail_server.start(implicit_tls=False)
    authority = office.folder / "authority.pem"
    mail_server.authority.cert_pem.write_to_path(str(authority))
    (office.folder / "password").write_text(PASSWORD)
    (office.folder / "wrong").write_text(WRONG_KEY)
    office.configure(
        f"""
        [schedule]
        log-file = "log.jsonl"
        log-format = "json"
        notify-change = true
        webhook-url = "{web_server.url}/hook?token=canary"
        ping-url = "{web_server.url}/ping/canary"
        email = true
        email-smtp-server = "localhost"
        email-smtp-port = {port}
        email-username = "{USER}"
        email-password-file = "password"
        email-to = ["ben@example.org"]

        [[job]]
        name = "guarded"
        tool = "duplicates"
        cron = "{NEVER}"
        options = {{ apply = true, max-removed = 0 }}

        [[job]]
        name = "refused"
        tool = "faceless-album"
        cron = "{NEVER}"
        options.api-key-file = "wrong"

        [[job]]
        name = "copies"
        tool = "duplicates"
        cron = "{NEVER}"
        options.apply = true
        """
    )
    with office.start("schedule", RUN_AT_FIRST_STARTUP="yes", SSL_CERT_FILE=str(authority)) as process:
        process.wait_for("copies: next due Tue 2028-02-29 00:00 CET")
        during = office.run("health")
        assert process.stop() == ExitCode.DONE
        after = office.run("health", "--json")

    said = process.err
    for line in (
        "guarded: ended with exit code 4 after 0:00:0",
        "refused: ended with exit code 6 after 0:00:0",
        "copies: ended with exit code 0 after 0:00:0",
    ):
        assert line in said, said
    assert trashed(sandbox) == GROUPS

    told = [json.loads(body) for _method, path, body in web_server.requests if path.startswith("/hook")]
    assert [(each["job"], each["occasion"], each["exit_code"]) for each in told] == [
        ("guarded", "guard", 4),
        ("refused", "failure", 6),
        ("copies", "change", 0),
    ]
    assert told[2]["changed"] == 2 * GROUPS
    assert [path for _method, path, _body in web_server.requests].count("/ping/canary") == 1
    assert [mail["Subject"] for mail in mail_server.mails] == [
        "immich-toolkit: guarded was stopped by a guard",
        "immich-toolkit: refused failed",
        "immich-toolkit: copies made changes",
    ]

    assert during.returncode == 1, during.stderr
    assert [line.split()[0] for line in during.stdout.splitlines()[2:]] == ["guarded", "refused", "copies"]
    assert "The last run of guarded failed with exit code 4." in during.stderr
    assert "The last run of refused failed with exit code 6." in during.stderr
    lines = [json.loads(line) for line in after.stdout.splitlines()]
    assert {line["job"]: line["well"] for line in lines[:-1]} == {"guarded": False, "refused": False, "copies": True}
    assert not any(line["schedule_running"] for line in lines[:-1])
    assert (after.returncode, lines[-1]["exit_code"]) == (1, 1)

    log = (office.folder / "log.jsonl").read_text()
    messages = [json.loads(line)["message"] for line in log.splitlines()]
    assert any(message.startswith("copies: ended with exit code 0") for message in messages)
    assert any('"message_type": "plan"' in message for message in messages), "its jobs write to the same log"
    everything = said + log + process.out + during.stdout + after.stdout
    everything += "".join(mail.get_content() for mail in mail_server.mails) + json.dumps(told)
    for secret in (PASSWORD, WRONG_KEY, sandbox.admin_key, "token=canary", "/ping/canary"):
        assert secret not in everything


def test_health_while_a_schedule_runs_and_a_second_one_that_is_refused(office: Desk) -> None:
    office.configure(f'[[job]]\ntool = "duplicates"\ncron = "{NEVER}"')
    before = office.run("health")
    assert before.returncode == 1 and before.stderr == "No schedule is running.\n"
    with office.start("schedule") as process:
        process.wait_for("duplicates: next due Tue 2028-02-29 00:00 CET")
        well = office.run("health")
        assert (well.returncode, well.stderr) == (ExitCode.DONE, "")
        assert [line.split() for line in well.stdout.splitlines()[1:]] == [
            ["job", "last", "success", "last", "run", "code", "next", "due"],
            ["duplicates", "-", "-", "2028-02-29", "00:00"],
        ]
        second = office.run("schedule", "faceless-album", CRON_EXPRESSION=NEVER)
        assert second.returncode == ExitCode.USAGE
        assert "Another schedule works on this server already." in second.stderr
        process.process.kill()
        process.process.wait()
    assert office.run("health").returncode == 1, "whoever is killed leaves no lock"
    with office.start("schedule") as process:
        process.wait_for("next due")
        (file,) = (office.folder / "state" / "immich-toolkit" / "schedule").glob("*.json")
        file.write_text("{")
        damaged = office.run("health")
        assert damaged.returncode == 1 and "it is damaged" in damaged.stderr
        assert process.stop() == ExitCode.DONE


def test_nobody_can_be_told_and_the_run_goes_on(office: Desk, sandbox: Sandbox) -> None:
    variables = {
        "CRON_EXPRESSION": NEVER,
        "RUN_IMMEDIATELY": "true",
        "IMMICH_APPLY": "true",
        "IMMICH_NOTIFY_CHANGE": "true",
        "ENABLE_EMAIL_ON_ERROR": "true",
        "EMAIL_SMTP_SERVER": "127.0.0.1",
        "EMAIL_SMTP_PORT": "1",
        "EMAIL_FROM": "me@example.org",
        "EMAIL_TO": "you@example.org",
        "IMMICH_WEBHOOK_URL": "http://127.0.0.1:1/canary",
        "IMMICH_PING_URL": "http://127.0.0.1:1/canary",
    }
    with office.start("schedule", "duplicates", "--log-file", "log", **variables) as process:
        process.wait_for("duplicates: ended with exit code 0", "Notification via ping failed: Connection refused.")
        assert process.stop() == ExitCode.DONE
    log = (office.folder / "log").read_text()
    assert "ERROR immich_tools Notification via mail by 127.0.0.1 failed: Connection refused." in log
    assert "Notification via webhook at 127.0.0.1 failed: Connection refused." in log
    assert "canary" not in log + process.err
    assert trashed(sandbox) == GROUPS


def test_without_a_cron_expression_a_tool_runs_once(office: Desk, web_server: WebServer) -> None:
    done = office.run(
        "schedule",
        "duplicates",
        IMMICH_APPLY="true",
        IMMICH_MAX_REMOVED="0",
        IMMICH_WEBHOOK_URL=web_server.url,
    )
    assert done.returncode == ExitCode.STOPPED
    assert "duplicates: ended with exit code 4" in done.stderr and "next due" not in done.stderr
    ((_method, _path, body),) = web_server.requests
    assert json.loads(body)["occasion"] == "guard"


def test_the_older_folder_album_container_changes_albums_without_being_asked(office: Desk, sandbox: Sandbox) -> None:
    library = sandbox.add_library("Photos", import_paths=["/photos"])
    sandbox.add_asset(original_path="/photos/Trip/a.jpg", library_id=library)
    variables = {"CRON_EXPRESSION": NEVER, "RUN_IMMEDIATELY": "true", "ROOT_PATH": "/photos"}
    for more, albums in (({"UNATTENDED": "false"}, set()), ({}, {"Trip"})):
        with office.start("schedule", "folder-albums", **variables, **more) as process:
            process.wait_for("folder-albums: ended with exit code 0")
            process.stop()
        assert {album["name"] for album in sandbox.dump()["albums"].values()} == albums
