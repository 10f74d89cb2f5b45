"""What programs and logs get: a summary also after an error, and each request without anything secret."""

from __future__ import annotations

import io
import json
import logging
import re
from pathlib import Path
from threading import Thread
from typing import Any

import httpx
import pytest

from immich_tools import Immich, duplicates
from immich_tools.cli import toolkit_app
from immich_tools.commands import extras
from immich_tools.errors import ExitCode, UsageError
from immich_tools.plan.effects.base import Change
from immich_tools.plan.effects.tags import AddTag
from immich_tools.plan.executor import Progress
from immich_tools.plan.model import Keep, Label, Plan, Skip
from immich_tools.report.html import ROWS, fragment
from immich_tools.report.logs import LogFile
from immich_tools.report.output import Output
from immich_tools.sandbox import Dialect, Sandbox, sample_library
from immich_tools.secret import MASK, Secret
from immich_tools.settings import OutputOptions, Surroundings, make_app, protect, run
from tests.cli.shell import shell

KEY = "Qw3rTyUiOpAsDfGhJkLzXcVbNm0123456789abcdefg"
REQUEST = re.compile(r"(GET|PUT|POST|PATCH|DELETE) (/api/\S*): (\d{3}|\w+), \d+ ms, try (\d+)")


def last_line(folder: Path, *argv: str, environment: dict[str, str]) -> tuple[int, dict[str, Any], str]:
    """Exit code, the last line of stdout, and what was said to the person."""
    world = Surroundings(
        environment=environment,
        working_folder=folder,
        configuration_folder=folder,
        state_folder=folder / "state",
        stdout=io.StringIO(),
        stderr=io.StringIO(),
    )
    code = run(toolkit_app(), argv, world)
    assert isinstance(world.stdout, io.StringIO)
    assert isinstance(world.stderr, io.StringIO)
    out = world.stdout.getvalue()
    assert KEY not in out
    return code, json.loads(out.splitlines()[-1]) if out else {}, world.stderr.getvalue()


@pytest.mark.parametrize(
    ("argv", "environment", "code"),
    [
        (["duplicates", "--json"], {}, ExitCode.USAGE),
        (["duplicates"], {"IMMICH_JSON": "yes"}, ExitCode.USAGE),
        (["duplicates", "--json", "--aply"], {}, ExitCode.USAGE),
        (["duplicates", "--json"], {"IMMICH_TIMEOUT": "soon"}, ExitCode.USAGE),
        (["duplicates"], {"IMMICH_JSON": "yes", "IMMICH_DRY_RUN": ""}, ExitCode.USAGE),
        (
            ["duplicates", "--json"],
            {"IMMICH_URL": "http://127.0.0.1:9", "IMMICH_API_KEY": KEY},
            ExitCode.UNREACHABLE,
        ),
    ],
)
def test_an_error_ends_in_a_summary(
    tmp_path: Path, argv: list[str], environment: dict[str, str], code: ExitCode
) -> None:
    ended, line, said = last_line(tmp_path, *argv, environment=environment)
    assert line["message_type"] == "summary"
    assert line["exit_code"] == ended == code
    assert said == f"immich-toolkit: {line['message']}\n"


def test_without_json_there_is_none(tmp_path: Path) -> None:
    assert last_line(tmp_path, "duplicates", environment={})[1] == {}
    assert last_line(tmp_path, "duplicates", "--no-json", environment={"IMMICH_JSON": "1"})[1] == {}


def test_there_is_one_summary_only(tmp_path: Path) -> None:
    with shell(tmp_path) as opened:
        for command in ("duplicates --json", "duplicates --json --apply", "undo last --json"):
            ended = opened.run(f"{command} < /dev/null")
            kinds = [json.loads(line)["message_type"] for line in ended.out.splitlines()]
            assert kinds.count("summary") == 1
            assert kinds[-1] == "summary"
        # The last one could ask nobody.
        assert ended.code == ExitCode.USAGE
        assert "--yes" in json.loads(ended.out.splitlines()[-1])["message"]


def test_the_log_has_each_request_and_no_secret(tmp_path: Path) -> None:
    with shell(tmp_path) as opened:
        ended = opened.run("duplicates --apply --verbose --log-file log")
        log = (opened.folder / "log").read_text(encoding="utf-8")
        assert opened.sandbox.admin_key not in log
        for text in (log, ended.err):
            # Progress may share a line with what another thread says on a busy terminal.
            noted = list(REQUEST.finditer(text))
            assert len(noted) == len(opened.sandbox.requests)
            assert ("DELETE", "/api/assets", "204", "1") in [found.groups() for found in noted]


def test_the_log_counts_tries_and_leaves_the_query_out(caplog: pytest.LogCaptureFixture) -> None:
    sandbox = Sandbox(Dialect.V3)
    inner = sandbox.transport()
    failing = ["timeout", "busy"]

    def answer(request: httpx.Request) -> httpx.Response:
        match failing.pop() if failing else None:
            case "busy":
                return httpx.Response(503)
            case "timeout":
                raise httpx.ReadTimeout("too slow")
        response: httpx.Response = inner.handle_request(request)
        return response

    caplog.set_level(logging.DEBUG, "immich_tools")
    with Immich.connect(sandbox.url, sandbox.admin_key, transport=httpx.MockTransport(answer), retry_wait=0) as immich:
        immich.connection.json({"method": "get", "url": "/users/me", "params": {"token": KEY}})
    noted = [found.groups() for message in caplog.messages if (found := REQUEST.search(message))]
    path = "/api/users/me"
    assert noted == [
        ("GET", path, "503", "1"),
        ("GET", path, "ReadTimeout", "2"),
        ("GET", path, "200", "3"),
    ]
    assert KEY not in caplog.text
    assert sandbox.admin_key not in caplog.text


def test_a_secret_stays_out_of_the_log_of_another_thread(tmp_path: Path) -> None:
    log = logging.getLogger("immich_tools.immich.connection")

    def command() -> None:
        protect(Secret(KEY))
        with Output(OutputOptions(log_file=tmp_path / "log")):
            thread = Thread(target=log.debug, args=("GET /%s: 404", KEY))
            thread.start()
            thread.join()

    app = make_app("immich-example", "Example.")
    app.default(command)
    assert run(app, [], Surroundings(environment={}, working_folder=tmp_path)) == ExitCode.DONE
    assert f"GET /{MASK}: 404" in (tmp_path / "log").read_text(encoding="utf-8")


def test_doctor_ends_in_a_summary(tmp_path: Path) -> None:
    with shell(tmp_path) as opened:
        for environment in ({}, {"IMMICH_URL": "http://127.0.0.1:9"}):
            ended = opened.run("doctor --json", environment=environment)
            assert json.loads(ended.out.splitlines()[-1])["exit_code"] == ended.code


def test_a_log_that_fails_for_another_reason_is_not_hushed_up(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    told: list[str] = []
    log = LogFile(tmp_path / "log", told.append, size=1000, older=1)
    log.handle(logging.LogRecord("immich_tools", logging.INFO, __file__, 1, "%d", ("wrong",), None))
    log.close()
    assert not told
    assert "TypeError" in capsys.readouterr().err


def progress_lines(counts: list[tuple[int, int]], capsys: pytest.CaptureFixture[str]) -> list[str]:
    with Output() as output:
        watch = output.watcher("Applying")
        assert watch is not None
        for done, total in counts:
            watch(Progress(done, total))
    return capsys.readouterr().err.splitlines()


def test_progress_ends_with_the_last(capsys: pytest.CaptureFixture[str]) -> None:
    counts = [(number, 18) for number in range(19)]
    assert progress_lines([*counts, (18, 18)], capsys) == ["Applying: 0/18", "Applying: 18/18"]
    assert progress_lines([(0, 18), (7, 18)], capsys) == ["Applying: 0/18"]


def test_on_a_terminal_progress_is_one_line_that_is_written_again(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {"FORCE_COLOR": "1", "TERM": "xterm", "COLUMNS": "16", "NO_COLOR": "1"}.items():
        monkeypatch.setenv(name, value)
    with Output() as output:
        watch = output.watcher("Applying")
        assert watch is not None
        for done in (0, 9, 9, 10_000, 10_000):
            watch(Progress(done, 10_000))
    again = "\r\x1b[2K"
    # What is longer than the line would begin another one, and each time leave the one above.
    assert capsys.readouterr().err == f"{again}Applying: 0/100{again}Applying: 9/100{again}Applying: 10000\n"


def plan_of(**changes: Any) -> Plan:
    return Plan(tool="duplicates", user_id="me", server_version="3.1.0", population=9, **changes)


def test_html_has_changes_kept_and_left_alone() -> None:
    sandbox = Sandbox(Dialect.V3)
    sample_library(sandbox)
    with Immich.connect(sandbox.url, sandbox.admin_key, transport=sandbox.transport()) as immich:
        plan = duplicates.make_plan(duplicates.gather(immich))
    html = fragment(plan)
    assert html.count("<table>") == html.count("</table>") == 3
    assert html.count("<tr>") == 3 + len(plan.changes) + len(plan.keeps) + len(plan.skips)
    assert "<script" not in html
    assert "http" not in html


def test_html_escapes_everything() -> None:
    bad = "<b>&\"'\x1b</td>"
    plan = plan_of(
        changes=(Change(bad, AddTag(asset_id="1", tag_id="4", tag_value=bad), reason=bad, group=bad),),
        keeps=(Keep("2", f"{bad}\n{bad}"), *(Keep(bad, bad) for _number in range(ROWS))),
        skips=(Skip((bad, "3"), bad, bad),),
        notes=(bad,),
        labels={number: Label(bad) for number in ("1", "2", "3")},
    )
    html = fragment(plan)
    assert bad not in html
    assert "<b>" not in html
    assert "\x1b" not in html
    assert "<p>… and 1 more</p>" in html
    assert fragment(plan_of()).startswith("<pre>")


def test_what_is_missing_is_installed_from_the_clone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(extras, "find_spec", lambda _name: None)
    with pytest.raises(UsageError, match=re.escape('pip install ".[sandbox]"')):
        extras.need_sandbox()
