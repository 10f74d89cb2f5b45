"""Several users in one configuration: tools run for each, other commands for the one that is chosen."""

from __future__ import annotations

import pytest

from immich_tools.errors import ExitCode
from immich_tools.plan.journal import find_run
from tests.tools.command_line import CommandLine
from tests.tools.host import Host
from tests.tools.server import Server
from tests.tools.snapshot import snapshot


@pytest.fixture
def ben(host: Host, server: Server) -> Server:
    """A second user; both have two copies of a picture."""
    other = host.new_user("Ben")
    for each in (server, other):
        each.photo("cake.jpg", size=(96, 72))
        each.photo("cake-copy.jpg")
        each.settle()
        each.group("cake", "cake.jpg", "cake-copy.jpg")
    return other


@pytest.fixture
def family(server: Server, ben: Server, shell: CommandLine) -> CommandLine:
    """A shell whose configuration file has an account for each of them, and no key in its environment."""
    (shell.folder / "immich-toolkit.toml").write_text(
        f'[[account]]\nname = "alex"\napi-key = "{server.key}"\n[[account]]\nname = "ben"\napi-key = "{ben.key}"\n'
    )
    return shell.with_environment({"IMMICH_URL": shell.url})


def test_a_tool_runs_for_each_and_each_takes_back_their_own(server: Server, ben: Server, family: CommandLine) -> None:
    before = snapshot(server), snapshot(ben)
    result = family.toolkit("duplicates", "--apply")
    assert result.code == ExitCode.DONE, result.err
    assert result.err.index("Account alex:") < result.err.index("Account ben:")
    assert [snapshot(each).trashed() for each in (server, ben)] == [{"cake-copy.jpg"}] * 2

    unclear = family.toolkit("undo", "last", "--yes")
    assert unclear.code == ExitCode.USAGE and "(alex, ben): choose one with --account" in unclear.err
    others = family.toolkit("undo", find_run(family.journals, "last").id, "--yes", "--account", "alex")
    assert others.code == ExitCode.USAGE and "another user" in others.err
    # Everybody's "last" is their own.
    assert family.toolkit("undo", "last", "--yes", "--account", "alex").code == ExitCode.DONE
    assert snapshot(server) == before[0] and snapshot(ben) != before[1]
    assert family.toolkit("undo", "last", "--yes", "--account", "ben").code == ExitCode.DONE
    assert snapshot(ben) == before[1]


def test_a_saved_plan_is_one_users(server: Server, ben: Server, family: CommandLine) -> None:
    assert family.toolkit("duplicates", "--save-plan", "plan.json").code == ExitCode.USAGE
    assert family.toolkit("duplicates", "--account", "ben", "--save-plan", "plan.json").code == ExitCode.DONE
    assert family.toolkit("apply", "plan.json", "--yes").code == ExitCode.USAGE
    assert family.toolkit("apply", "plan.json", "--yes", "--account", "ben").code == ExitCode.DONE
    assert (snapshot(ben).trashed(), snapshot(server).trashed()) == ({"cake-copy.jpg"}, set())


def test_the_doctor_looks_at_one_of_them(family: CommandLine) -> None:
    assert "choose one with --account" in family.toolkit("doctor").err
    assert family.toolkit("doctor", "--account", "alex").code == ExitCode.DONE
