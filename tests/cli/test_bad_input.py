"""What a person sees who gives a command something wrong: one clear line, the right exit code, no traceback, no key."""

from __future__ import annotations

import io
import json
import socket
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest
from attrs import frozen

from immich_tools.cli import toolkit_app
from immich_tools.errors import ExitCode
from immich_tools.sandbox import Dialect, Sandbox
from immich_tools.sandbox.serve import serve
from immich_tools.settings import Surroundings, run

KEY = "Qw3rTyUiOpAsDfGhJkLzXcVbNm0123456789abcdefg"


@frozen
class Ran:
    """What a command did: its exit code and everything it said."""

    code: int
    said: str


Command = Callable[..., Ran]


@pytest.fixture
def command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Command:
    """Runs ``immich-toolkit`` in an empty folder with nothing but the given environment."""

    def call(*argv: str, environment: Mapping[str, str]) -> Ran:
        errors = io.StringIO()
        world = Surroundings(
            environment=environment,
            working_folder=tmp_path,
            configuration_folder=tmp_path / "configuration",
            state_folder=tmp_path / "state",
            stdout=io.StringIO(),
            stderr=errors,
        )
        code = run(toolkit_app(), argv, world)
        captured = capsys.readouterr()
        return Ran(code, errors.getvalue() + captured.err + captured.out)

    return call


@contextmanager
def speaking(content_type: str, body: bytes) -> Iterator[str]:
    """A server that says the same to everything; yields its URL."""

    class Speaks(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("content-type", content_type)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    with HTTPServer(("127.0.0.1", 0), Speaks) as server:
        thread = Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture
def immich() -> Iterator[tuple[Sandbox, str]]:
    """A sandbox with one pair of duplicates, and its URL."""
    sandbox = Sandbox(dialect=Dialect.V3)
    group = "0d05d92f-6759-4c82-887a-f98f9e5b1f5b"
    for number in (1, 2):
        sandbox.add_asset(owner_id=sandbox.admin.id, original_file_name=f"IMG_{number}.jpg", duplicate_id=group)
    with serve(sandbox) as url:
        yield sandbox, url


@pytest.fixture
def closed_port() -> str:
    """A URL on which nobody listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{taken.getsockname()[1]}"


def one_line(ran: Ran, code: ExitCode, *words: str) -> None:
    """Exactly one line, with these words, and nothing that must not be there."""
    assert ran.code == code, ran.said
    lines = ran.said.strip().splitlines()
    assert len(lines) == 1, ran.said
    for word in words:
        assert word in lines[0]
    assert KEY not in ran.said
    assert "Traceback" not in ran.said


ENVIRONMENTS = [
    ({}, ExitCode.USAGE, ["IMMICH_URL"]),
    ({"IMMICH_URL": "http://127.0.0.1:9"}, ExitCode.USAGE, ["IMMICH_API_KEY"]),
    ({"IMMICH_URL": "", "IMMICH_API_KEY": KEY}, ExitCode.USAGE, ["IMMICH_URL", "empty"]),
    ({"IMMICH_URL": "http://127.0.0.1:9", "IMMICH_API_KEY": ""}, ExitCode.USAGE, ["IMMICH_API_KEY", "empty"]),
    ({"IMMICH_URL": "ftp://nas", "IMMICH_API_KEY": KEY}, ExitCode.USAGE, ["URL"]),
    ({"IMMICH_URL": "http://", "IMMICH_API_KEY": KEY}, ExitCode.USAGE, ["URL"]),
    ({"IMMICH_URL": "http://me:secret-word@nas", "IMMICH_API_KEY": KEY}, ExitCode.USAGE, ["password"]),
    (
        {"IMMICH_URL": "http://127.0.0.1:9", "IMMICH_API_KEY": KEY, "IMMICH_DRY_RUN": ""},
        ExitCode.USAGE,
        ["IMMICH_DRY_RUN", "empty"],
    ),
    (
        {"IMMICH_URL": "http://127.0.0.1:9", "IMMICH_API_KEY": KEY, "IMMICH_DRY_RUN": "maybe"},
        ExitCode.USAGE,
        ["IMMICH_DRY_RUN"],
    ),
    (
        {"IMMICH_URL": "http://127.0.0.1:9", "IMMICH_API_KEY": KEY, "IMMICH_TIMEOUT": "soon"},
        ExitCode.USAGE,
        ["IMMICH_TIMEOUT"],
    ),
    (
        {"IMMICH_URL": "http://127.0.0.1:9", "IMMICH_API_KEY": KEY, "IMMICH_DUPLICATES_RANK": "biggest"},
        ExitCode.USAGE,
        ["biggest"],
    ),
    (
        {"IMMICH_URL": "http://127.0.0.1:9", "IMMICH_API_KEY": KEY, "IMMICH_CA_FILE": "nowhere.pem"},
        ExitCode.USAGE,
        ["nowhere.pem"],
    ),
]


@pytest.mark.parametrize(("environment", "code", "words"), ENVIRONMENTS)
def test_a_wrong_environment_is_refused_before_anything_is_sent(
    command: Command, environment: dict[str, str], code: ExitCode, words: list[str]
) -> None:
    ran = command("duplicates", environment=environment)
    one_line(ran, code, *words)
    assert "secret-word" not in ran.said


def test_a_server_that_is_not_there(command: Command, closed_port: str) -> None:
    one_line(
        command("duplicates", environment={"IMMICH_URL": closed_port, "IMMICH_API_KEY": KEY}),
        ExitCode.UNREACHABLE,
        closed_port,
    )


def test_a_server_that_is_not_immich(command: Command) -> None:
    with speaking("text/html", b"<html><body>Welcome to my router</body></html>") as url:
        one_line(
            command("duplicates", environment={"IMMICH_URL": url, "IMMICH_API_KEY": KEY}),
            ExitCode.UNREACHABLE,
            "not Immich",
        )


def test_a_wrong_key(command: Command, immich: tuple[Sandbox, str]) -> None:
    one_line(
        command("duplicates", environment={"IMMICH_URL": immich[1], "IMMICH_API_KEY": KEY}), ExitCode.ACCESS, "API key"
    )


def test_a_key_without_a_permission(command: Command, immich: tuple[Sandbox, str]) -> None:
    sandbox, url = immich
    key = sandbox.add_key(sandbox.admin.id, permissions=("user.read", "asset.read"))
    one_line(
        command("duplicates", environment={"IMMICH_URL": url, "IMMICH_API_KEY": key}), ExitCode.ACCESS, "duplicate.read"
    )


def test_an_unknown_version_is_not_written_to(command: Command) -> None:
    with speaking("application/json", b'{"major": 4, "minor": 0, "patch": 0}') as url:
        ran = command("duplicates", "--apply", environment={"IMMICH_URL": url, "IMMICH_API_KEY": KEY})
        one_line(ran, ExitCode.UNSUPPORTED, "4.0.0", "--force-version")


HEAD = '"schema": 1, "tool": "duplicates", "user_id": "me", "server_version": "3.1.0", "population": 1'
PLANS = [
    ("", "not JSON"),
    ("{", "not JSON"),
    ("[]", "schema"),
    ('{"schema": 99}', "99"),
    ('{"schema": 1}', "missing"),
    (f'{{{HEAD}, "changes": {{}}}}', "changes"),
    (f'{{{HEAD}, "changes": [{{"id": "x", "action": {{"do": "explode"}}}}]}}', "explode"),
    (f'{{{HEAD}, "changes": [{{"id": "x", "action": {{"do": "trash", "trashed_ids": "all"}}}}]}}', "trashed_ids"),
]


@pytest.mark.parametrize(("text", "word"), PLANS)
def test_a_malformed_plan(command: Command, tmp_path: Path, text: str, word: str) -> None:
    plan = tmp_path / "plan.json"
    plan.write_text(text)
    ran = command("apply", str(plan), environment={"IMMICH_URL": "http://127.0.0.1:9", "IMMICH_API_KEY": KEY})
    one_line(ran, ExitCode.USAGE, "plan", word)


def test_a_plan_that_is_not_there(command: Command, tmp_path: Path) -> None:
    ran = command(
        "apply", str(tmp_path / "no.json"), environment={"IMMICH_URL": "http://127.0.0.1:9", "IMMICH_API_KEY": KEY}
    )
    one_line(ran, ExitCode.USAGE, "no.json")


def test_a_plan_is_not_overwritten(command: Command, immich: tuple[Sandbox, str], tmp_path: Path) -> None:
    sandbox, url = immich
    plan = tmp_path / "plan.json"
    plan.write_text("mine")
    ran = command(
        "duplicates", "--save-plan", str(plan), environment={"IMMICH_URL": url, "IMMICH_API_KEY": sandbox.admin_key}
    )
    assert ran.code == ExitCode.USAGE
    assert "not overwritten" in ran.said
    assert plan.read_text() == "mine"


def test_where_a_plan_cannot_be_saved_is_said_before_the_server_is_asked(command: Command, tmp_path: Path) -> None:
    ran = command(
        *("duplicates", "--save-plan", str(tmp_path / "none" / "plan.json")),
        environment={"IMMICH_URL": "http://127.0.0.1:9", "IMMICH_API_KEY": KEY},
    )
    one_line(ran, ExitCode.USAGE, "there is no such folder")


def test_a_plan_of_an_unknown_tool(command: Command, immich: tuple[Sandbox, str], tmp_path: Path) -> None:
    sandbox, url = immich
    plan = tmp_path / "plan.json"
    head = {"schema": 1, "tool": "vacuum", "user_id": sandbox.admin.id, "server_version": "3.1.0", "population": 2}
    plan.write_text(json.dumps(head))
    one_line(
        command("apply", str(plan), environment={"IMMICH_URL": url, "IMMICH_API_KEY": sandbox.admin_key}),
        ExitCode.USAGE,
        "vacuum",
    )


@pytest.mark.parametrize("name", ["no-such-run", "../../etc/passwd", "last"])
def test_a_run_that_is_not_there(command: Command, tmp_path: Path, name: str) -> None:
    environment = {"IMMICH_URL": "http://127.0.0.1:9", "IMMICH_API_KEY": KEY, "IMMICH_JOURNAL_FOLDER": str(tmp_path)}
    one_line(command("undo", name, environment=environment), ExitCode.USAGE, name)
    one_line(command("resume", name, environment=environment), ExitCode.USAGE, name)


@pytest.mark.parametrize(
    ("argv", "word"),
    [
        (["duplicates", "--aply"], "--apply"),
        (["duplicates", "--rank", "size,size"], "twice"),
        (["duplicates", "--no-keep-metadata", "--no-transfer-metadata"], "lose"),
        (["duplicates", "--dismiss", "--permanent"], "contradict"),
        (["duplicates", "--max-ratio", "7"], "--max-ratio"),
        (["duplicates", "--quiet", "--verbose"], "contradict"),
        (["duplicates", "extra"], "extra"),
        (["dupes"], "dupes"),
        (["undo"], "RUN"),
    ],
)
def test_wrong_options(command: Command, immich: tuple[Sandbox, str], argv: list[str], word: str) -> None:
    sandbox, url = immich
    ran = command(*argv, environment={"IMMICH_URL": url, "IMMICH_API_KEY": sandbox.admin_key})
    one_line(ran, ExitCode.USAGE, word)
    assert not sandbox.requests.writes()


def test_a_log_file_that_cannot_be_written(command: Command, immich: tuple[Sandbox, str], tmp_path: Path) -> None:
    sandbox, url = immich
    ran = command(
        "duplicates", "--log-file", str(tmp_path), environment={"IMMICH_URL": url, "IMMICH_API_KEY": sandbox.admin_key}
    )
    one_line(ran, ExitCode.USAGE, str(tmp_path))
