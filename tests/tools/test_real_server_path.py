"""The whole runs against a server that is named on the command line, as for a real one: here it is a sandbox of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from immich_tools.sandbox import Dialect, Sandbox

REPOSITORY = Path(__file__).parents[2]
SCENARIO = "tests/tools/test_duplicates_apply.py::test_undo_brings_the_exact_former_state_back"


def run_pytest(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run pytest on one of the whole runs in a process of its own."""
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", SCENARIO, *arguments]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("IMMICH_")}
    return subprocess.run(
        command, cwd=REPOSITORY, env=environment, capture_output=True, text=True, timeout=120, check=False
    )


@pytest.mark.parametrize("dialect", list(Dialect))
def test_a_scenario_runs_once_and_leaves_no_user_behind(dialect: Dialect) -> None:
    sandbox = Sandbox(dialect)
    with sandbox.serve() as url:
        ended = run_pytest("--immich-url", f"{url}/api/", "--immich-admin-key", sandbox.admin_key)

    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "1 passed" in ended.stdout
    assert [user.name for user in sandbox.state.users.values()] == ["Admin"]
    assert not sandbox.state.assets
    assert any(request.path == "/api/auth/login" for request in sandbox.requests)


def test_the_two_options_go_together() -> None:
    ended = run_pytest("--immich-url", "http://127.0.0.1:9")
    assert ended.returncode != 0
    assert "--immich-admin-key" in ended.stdout + ended.stderr
