"""``--summary-file``: how a command ended, for programs, whatever happens."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Annotated, Any

import pytest
from cyclopts import Parameter

from immich_tools.cli import toolkit_app
from immich_tools.errors import AccessDenied, ExitCode
from immich_tools.plan.result import Status
from immich_tools.report.output import Output
from immich_tools.settings import (
    ConnectionOptions,
    EachAccountOptions,
    OutputOptions,
    SourceOptions,
    Surroundings,
    account_in_turn,
    make_app,
    run,
)
from immich_tools.settings.summary import joint_summary, summary_line
from tests.cli.shell import shell

FILE = "summary.json"


def ended(folder: Path, *argv: str, environment: dict[str, str] | None = None, app: Any = None) -> tuple[int, str]:
    """Exit code, and what was said to the person."""
    world = Surroundings(
        environment=environment or {},
        working_folder=folder,
        configuration_folder=folder,
        state_folder=folder / "state",
        stdout=io.StringIO(),
        stderr=io.StringIO(),
    )
    code = run(app or toolkit_app(), argv, world)
    assert isinstance(world.stderr, io.StringIO)
    return code, world.stderr.getvalue()


def written(folder: Path) -> dict[str, Any]:
    """The summary."""
    document = json.loads((folder / FILE).read_text())
    assert isinstance(document, dict)
    return document


def test_what_a_run_did(tmp_path: Path) -> None:
    with shell(tmp_path, groups=2) as opened:
        for options, results in (
            ("--json", {}),
            # Two enter the album, one becomes its cover, and two go.
            ("--apply --quiet", {Status.DONE.value: 5}),
            ("--apply --json", {}),
        ):
            done = opened.run(f"duplicates {options} --summary-file {FILE}")
            summary = written(tmp_path)
            assert (summary["results"], summary["exit_code"], summary["unfinished"]) == (results, done.code, False)
            assert (summary["run"] is None) == (not results) and "message" not in summary
            if "--json" in options:
                assert json.loads(done.out.splitlines()[-1]) == summary


def test_commands_without_a_plan_have_one_too(tmp_path: Path) -> None:
    assert ended(tmp_path, "runs", f"--summary-file={FILE}")[0] == ExitCode.DONE
    assert written(tmp_path) == summary_line(0)


@pytest.mark.parametrize(
    ("argv", "environment", "code"),
    [
        (["duplicates", "--summary-file", FILE], {}, ExitCode.USAGE),
        ([f"--summary-file={FILE}", "duplicates"], {}, ExitCode.USAGE),
        (["duplicates", "--aply", "--summary-file", FILE], {}, ExitCode.USAGE),
        (["duplicate", "--summary-file", FILE], {}, ExitCode.USAGE),
        (["duplicates"], {"IMMICH_SUMMARY_FILE": FILE}, ExitCode.USAGE),
        (["duplicates"], {"IMMICH_SUMMARY_FILE": FILE, "IMMICH_DRY_RUN": ""}, ExitCode.USAGE),
    ],
)
def test_an_error_is_in_it(argv: list[str], environment: dict[str, str], code: ExitCode, tmp_path: Path) -> None:
    found, said = ended(tmp_path, *argv, environment=environment)
    summary = written(tmp_path)
    assert summary["exit_code"] == found == code
    assert said == f"immich-toolkit: {summary['message']}\n"


def test_a_file_that_is_no_summary_is_left_as_it_is(tmp_path: Path) -> None:
    for content in ("a picture", '{"message_type": "plan"}', "[]", "{"):
        (tmp_path / FILE).write_text(content)
        code, said = ended(tmp_path, "runs", f"--summary-file={FILE}")
        assert code == ExitCode.UNEXPECTED and "another file has that name" in said
        assert (tmp_path / FILE).read_text() == content
    (tmp_path / FILE).write_text("")
    assert ended(tmp_path, "runs", f"--summary-file={FILE}")[0] == ExitCode.DONE


def test_a_summary_that_cannot_be_written_keeps_the_error_that_was_there_before(tmp_path: Path) -> None:
    code, said = ended(tmp_path, "duplicates", "--summary-file=none/summary.json")
    assert code == ExitCode.USAGE
    assert "The summary cannot be written to" in said and "No such file" in said
    assert ended(tmp_path, "runs", f"--summary-file={tmp_path}")[0] == ExitCode.UNEXPECTED


def test_several_accounts_have_one_summary(tmp_path: Path) -> None:
    def command(
        *,
        connection: Annotated[ConnectionOptions, Parameter(name="*")] = ConnectionOptions(),
        output: Annotated[OutputOptions, Parameter(name="*")] = OutputOptions(),
        accounts: Annotated[EachAccountOptions, Parameter(name="*")] = EachAccountOptions(),
        source: Annotated[SourceOptions, Parameter(name="*")] = SourceOptions(),
    ) -> int:
        name = account_in_turn()
        with Output(output) as out:
            if name == "ben":
                raise AccessDenied("the key was refused")
            return out.ended(ExitCode.DONE)

    app = make_app("immich-example", "Example.", table="duplicates")
    app.default(command)
    keys = "anna:one-key-of-anna,ben:one-key-of-ben,zoe:one-key-of-zoe"
    code, _said = ended(tmp_path, f"--summary-file={FILE}", environment={"IMMICH_API_KEYS": keys}, app=app)
    assert code == ExitCode.ACCESS
    assert written(tmp_path) == summary_line(code, message="account ben: the key was refused")


def test_joining_adds_the_counts() -> None:
    one = {**summary_line(0), "run": "a", "results": {"done": 2, "failed": 1}, "account": "anna"}
    other = {**summary_line(0), "run": "b", "results": {"done": 3}, "unfinished": True, "account": "ben"}
    joint = joint_summary([one, other], ExitCode.CHANGES_FAILED)
    assert joint == {**summary_line(3), "results": {"done": 5, "failed": 1}, "unfinished": True}
    assert joint_summary([one], 0)["run"] == "a"
    assert joint_summary([one, summary_line(0)], 0)["run"] == "a", "a command may end after its plans"
    same = {**summary_line(2), "message": "no server"}
    assert joint_summary([same, same], 2)["message"] == "no server"
