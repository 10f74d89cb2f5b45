"""Several owners: each one's assets go with their own key, one's trouble is not the others', and guards count over all of them."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from immich_tools.errors import ExitCode
from tests.tools.host import Host
from tests.tools.originals import Originals
from tests.tools.server import TAKEN, Server


@pytest.fixture
def other(host: Host) -> Server:
    """Another user of the server."""
    return host.new_user("Ben")


@pytest.fixture(params=["originals", "in_database"])
def both(request: pytest.FixtureRequest, server: Server, other: Server) -> Originals:
    """Five uploads of each of two users, read from either source; one of each is missing."""
    found: Originals = request.getfixturevalue(request.param)
    found.users.append(other)
    for user in (server, other):
        for number in range(5):
            user.photo(f"{number}.jpg", taken=TAKEN + timedelta(days=number))
        user.settle()
    found.fill()
    for user in (server, other):
        found.file("0.jpg", user).unlink()
    return found


def keys(*users: Server) -> dict[str, str]:
    return {"IMMICH_API_KEYS": ",".join(f"{user.user_id}:{user.key}" for user in users)}


def test_without_a_key_an_owner_is_listed_and_left_alone(both: Originals, server: Server, other: Server) -> None:
    result = both.run("--apply")
    assert both.trashed(server) == {"0.jpg"} and not both.trashed(other)
    told = f"there is no key of its owner {other.user_id}" in result.out
    assert told is (both.postgres is not None), "the API tells of nobody else's"


def test_each_with_their_own_key(both: Originals, server: Server, other: Server) -> None:
    result = both.with_variables(keys(server, other)).run("--apply")
    assert both.trashed(server) == both.trashed(other) == {"0.jpg"}
    assert f"Account {server.user_id}:" in result.err and f"Account {other.user_id}:" in result.err


def test_by_the_address_of_the_user(both: Originals, server: Server, other: Server) -> None:
    address = other.api.get("/users/me")["email"]
    both.with_variables({"IMMICH_API_KEYS": f"{address}:{other.key}"}).run("--apply")
    assert both.trashed(other) == {"0.jpg"} and not both.trashed(server)


@pytest.mark.parametrize("name", ["id", "address"])
def test_a_key_of_somebody_else_is_refused(both: Originals, server: Server, other: Server, name: str) -> None:
    called = other.user_id if name == "id" else other.api.get("/users/me")["email"]
    result = both.with_variables({"IMMICH_API_KEYS": f"{called}:{server.key}"}).run("--apply", code=ExitCode.USAGE)
    assert "belongs to" in result.err and server.key not in result.err
    assert not both.trashed(server)


def test_two_keys_of_one_user_are_refused(both: Originals, server: Server) -> None:
    second = server.new_key(["all"])
    variables = {"IMMICH_API_KEYS": f"one:{server.key},two:{second}"}
    result = both.with_variables(variables).run("--apply", code=ExitCode.USAGE)
    assert "one more of the same user" in result.err and both.trashed(server) == {"0.jpg"}


def test_what_goes_wrong_for_one_does_not_stop_the_other(both: Originals, server: Server, other: Server) -> None:
    limited = server.new_key(["asset.read", "asset.statistics", "stack.read", "user.read"])
    variables = {"IMMICH_API_KEYS": f"{server.user_id}:{limited},{other.user_id}:{other.key}"}
    result = both.with_variables(variables).run("--apply", code=ExitCode.ACCESS)
    assert both.trashed(other) == {"0.jpg"} and not both.trashed(server)
    assert f"account {server.user_id}: The API key lacks" in result.err
    broken = {"IMMICH_API_KEYS": f"{server.user_id}:wrong,{other.user_id}:{other.key}"}
    assert both.with_variables(broken).run("--apply", code=ExitCode.ACCESS).err.count("wrong") == 0


def test_accounts_of_the_configuration_file(both: Originals, server: Server, other: Server) -> None:
    tables = [f'[[account]]\nname = "{user.user_id}"\napi-key = "{user.key}"\n' for user in (server, other)]
    (both.shell.folder / "immich-toolkit.toml").write_text("\n".join(tables))
    files = both.with_variables({})
    files.run("--apply", "--account", other.user_id)
    assert both.trashed(other) == {"0.jpg"} and not both.trashed(server)
    files.run("--apply")
    assert both.trashed(server) == {"0.jpg"}


def test_a_dying_disk_does_not_know_owners(both: Originals, server: Server, other: Server) -> None:
    """Two of ten are a fifth of the disk, and one user's two of five would be more."""
    both.file("1.jpg", server).unlink()
    with_keys = both.with_variables(keys(server, other))
    result = with_keys.run("--apply", ratio="0.25", code=ExitCode.STOPPED)
    assert "3 missing of 10 originals" in result.err
    assert not both.trashed(server) and not both.trashed(other)
    with_keys.run("--apply", ratio="0.3")
    assert both.trashed(server) == {"0.jpg", "1.jpg"}


def test_what_was_trashed_of_one_counts_for_the_other(both: Originals, server: Server, other: Server) -> None:
    with_keys = both.with_variables(keys(server, other))
    with_keys.run("--apply", "--account", server.user_id, ratio="0.2")
    both.file("1.jpg", other).unlink()
    result = with_keys.run("--apply", ratio="0.25", code=ExitCode.STOPPED)
    assert "2 missing and 1 trashed by earlier runs of 10" in result.err


def test_a_plan_of_several_is_not_saved(both: Originals, server: Server, other: Server) -> None:
    result = both.with_variables(keys(server, other)).run("--save-plan", "plan.json", code=ExitCode.USAGE)
    assert "--account" in result.err and not Path(both.shell.folder / "plan.json").exists()
