"""Tools that are run directly notify of their runs as a schedule does."""

from __future__ import annotations

import json
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from immich_tools.errors import ExitCode
from immich_tools.sandbox import Faults, Sandbox
from tests.service.conftest import WebServer
from tests.service.scheduler import Desk, add_pairs, desk

TOOLS: dict[str, dict[str, str]] = {
    "duplicates": {},
    "folder-albums": {"ROOT_PATH": "/photos"},
    "missing-originals": {"IMMICH_MISSING_ORIGINALS_RECHECK_DELAY": "0"},
    "album-backup": {"IMMICH_ALBUM_BACKUP_ALBUM": "Trip", "IMMICH_ALBUM_BACKUP_EXTERNAL_PATH": "/photos"},
    "faceless-album": {},
}


@pytest.fixture
def sandbox() -> Sandbox:
    sandbox = Sandbox()
    add_pairs(sandbox, 2)
    return sandbox


@pytest.fixture
def office(sandbox: Sandbox, tmp_path: Path) -> Iterator[Desk]:
    with sandbox.serve() as url:
        yield desk(tmp_path, url, sandbox.admin_key)


@pytest.fixture
def told(web_server: WebServer) -> dict[str, str]:
    """Variables that describe a webhook and a ping."""
    return {"IMMICH_WEBHOOK_URL": f"{web_server.url}/hook-canary", "IMMICH_PING_URL": f"{web_server.url}/ping-canary"}


def messages(web_server: WebServer) -> list[dict[str, Any]]:
    return [json.loads(body) for _method, path, body in web_server.requests if path == "/hook-canary"]


def pings(web_server: WebServer) -> int:
    return sum(path == "/ping-canary" for _method, path, _body in web_server.requests)


@pytest.mark.parametrize("tool", TOOLS)
def test_every_tool_reports_a_failure(office: Desk, web_server: WebServer, told: dict[str, str], tool: str) -> None:
    done = office.run(tool, **TOOLS[tool], **told, IMMICH_URL="http://127.0.0.1:9")
    assert done.returncode == ExitCode.UNREACHABLE, done.stderr
    (message,) = messages(web_server)
    assert (message["tool"], message["occasion"], message["exit_code"]) == (tool, "failure", 5)
    assert "Cannot reach" in message["message"] and pings(web_server) == 0


def test_changes_guards_failed_changes_and_pings(
    office: Desk, sandbox: Sandbox, web_server: WebServer, told: dict[str, str]
) -> None:
    assert office.run("duplicates", "--apply", "--max-removed", "0", **told).returncode == ExitCode.STOPPED
    assert office.run("duplicates", **told).returncode == ExitCode.DONE
    assert pings(web_server) == 1
    assert [message["occasion"] for message in messages(web_server)] == ["guard"]
    assert office.run("duplicates", "--apply", "--notify-change", **told).returncode == ExitCode.DONE
    assert pings(web_server) == 2
    assert [(each["occasion"], each["changed"]) for each in messages(web_server)][1:] == [("change", 4)]
    web_server.requests.clear()

    add_pairs(sandbox, 3)
    refused = [name for name, asset in sandbox.dump()["assets"].items() if not asset["isTrashed"]][-1:]
    sandbox.set_faults(Faults(refused_ids=frozenset(refused)))
    assert office.run("duplicates", "--apply", **told).returncode == ExitCode.CHANGES_FAILED
    ((failed,), web_server.requests[:]) = messages(web_server), []
    assert (failed["occasion"], failed["exit_code"]) == ("failure", 3) and failed["changed"] > 0

    assert office.run("duplicates", "--no-notify", "--url", "http://127.0.0.1:9", **told).returncode == 5
    assert office.run("duplicates", "--notify-failure=false", "--url", "http://127.0.0.1:9", **told).returncode == 5
    assert web_server.requests == []


def test_several_accounts_give_one_message_unless_they_tell_different_people(
    office: Desk, web_server: WebServer, told: dict[str, str]
) -> None:
    key = office.environment["IMMICH_API_KEY"]
    table = f"[[account]]\nname = 'anna'\napi-key = '{key}'\n[[account]]\nname = 'ben'\napi-key = 'wrong-key-canary'\n"
    office.configure(table)
    variables = {**told, "IMMICH_ACCOUNT": "anna,ben"}
    first = Desk(office.folder, {name: value for name, value in office.environment.items() if name != "IMMICH_API_KEY"})
    assert first.run("duplicates", **variables).returncode == ExitCode.ACCESS
    (message,) = messages(web_server)
    assert message["exit_code"] == 6 and "account ben" in message["message"] and pings(web_server) == 0
    web_server.requests.clear()
    # A variable would win over the table.
    del variables["IMMICH_WEBHOOK_URL"]
    office.configure(f"{table}[account.duplicates]\nwebhook-url = '{web_server.url}/ben'\n")
    assert first.run("duplicates", **variables).returncode == ExitCode.ACCESS
    assert sorted((path, body[:1]) for _method, path, body in web_server.requests) == [
        ("/ben", "{"),
        ("/ping-canary", ""),
    ]


def test_what_cannot_be_delivered_changes_no_exit_code(office: Desk) -> None:
    dead = {"IMMICH_WEBHOOK_URL": "http://127.0.0.1:1/canary", "IMMICH_PING_URL": "http://127.0.0.1:1/canary"}
    done = office.run("duplicates", **dead, IMMICH_NOTIFY_CHANGE="true", IMMICH_APPLY="true")
    assert done.returncode == ExitCode.DONE
    assert "Notification via webhook at 127.0.0.1 failed: Connection refused." in done.stderr
    assert "Notification via ping failed: Connection refused." in done.stderr
    assert "canary" not in done.stdout + done.stderr


def test_whoever_interrupts_a_run_is_not_told_of_it(
    office: Desk, sandbox: Sandbox, web_server: WebServer, told: dict[str, str]
) -> None:
    sandbox.set_faults(Faults(latency=0.05))
    with office.start("duplicates", "--apply", **told, IMMICH_CONCURRENCY="1") as process:
        while not sandbox.requests.writes():
            assert process.process.poll() is None, process.err
            time.sleep(0.01)
        assert process.stop(signal.SIGTERM) == ExitCode.INTERRUPTED
    assert web_server.requests == []


def test_a_schedule_and_its_job_tell_the_same_people_once(
    office: Desk, web_server: WebServer, told: dict[str, str]
) -> None:
    assert (
        office.run("schedule", "duplicates", **told, IMMICH_NOTIFY_CHANGE="true", IMMICH_APPLY="true").returncode == 0
    )
    assert [message["occasion"] for message in messages(web_server)] == ["change"]
    assert pings(web_server) == 1
