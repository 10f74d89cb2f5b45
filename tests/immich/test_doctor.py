"""What `doctor` finds, and that one finding does not hide the others."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from immich_tools import Immich
from immich_tools.errors import ExitCode
from immich_tools.immich.doctor import Check, Level, examine
from immich_tools.sandbox import Dialect, Sandbox

NEEDS = {"duplicates": ("getAssetDuplicates", "searchAssets", "deleteAssets"), "albums": ("getAllAlbums",)}
NAMES = [
    *("reachable", "version", "key", "permissions duplicates", "permissions albums", "trash", "clock", "library"),
    "exclusion patterns",
]
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


def checks_of(immich: Immich) -> dict[str, Check]:
    checks = examine(immich, NEEDS, now=NOW.timestamp)
    assert [check.name for check in checks] == NAMES
    assert all((check.exit_code is None) == (check.level is not Level.PROBLEM) for check in checks)
    return {check.name: check for check in checks}


def connected(sandbox: Sandbox, key: str | None = None, **options: Any) -> Immich:
    return Immich.connect(
        sandbox.url, key or sandbox.admin_key, transport=sandbox.transport(), retry_wait=0, read_only=True, **options
    )


def levels(checks: dict[str, Check]) -> dict[str, Level]:
    return {name: check.level for name, check in checks.items() if check.level is not Level.OK}


@pytest.fixture
def sandbox(dialect: Dialect) -> Sandbox:
    """A sandbox whose clock stands still."""
    return Sandbox(dialect, now=lambda: NOW)


def test_all_is_well(sandbox: Sandbox) -> None:
    sandbox.add_asset()
    checks = checks_of(connected(sandbox))
    assert levels(checks) == {}
    assert str(sandbox.dialect.version) in checks["reachable"].message
    assert "'admin' belongs to Admin, an administrator" in checks["key"].message
    assert "30 days" in checks["trash"].message
    assert "1 asset" in checks["library"].message


def test_lacking_permissions(sandbox: Sandbox) -> None:
    key = sandbox.add_key(sandbox.admin.id, ["user.read", "asset.read", "duplicate.read", "asset.statistics"])
    checks = checks_of(connected(sandbox, key))
    assert levels(checks) == {"permissions duplicates": Level.PROBLEM, "permissions albums": Level.PROBLEM}
    assert "lacks the permission asset.delete." in checks["permissions duplicates"].message
    assert "lacks the permission album.read." in checks["permissions albums"].message
    assert checks["permissions albums"].exit_code is ExitCode.ACCESS


def test_a_key_that_may_nearly_nothing(sandbox: Sandbox) -> None:
    key = sandbox.add_key(sandbox.admin.id, ["album.read"])
    checks = checks_of(connected(sandbox, key))
    assert levels(checks) == {
        "key": Level.PROBLEM,
        "permissions duplicates": Level.PROBLEM,
        "library": Level.PROBLEM,
    }
    assert "user.read" in checks["key"].message
    assert "asset.delete, asset.read, duplicate.read" in checks["permissions duplicates"].message


def test_a_wrong_key(sandbox: Sandbox) -> None:
    checks = checks_of(connected(sandbox, "wrong-key"))
    assert levels(checks) == {
        "key": Level.PROBLEM,
        "permissions duplicates": Level.WARNING,
        "permissions albums": Level.WARNING,
        "library": Level.WARNING,
        "exclusion patterns": Level.WARNING,
    }
    assert checks["key"].exit_code is ExitCode.ACCESS
    assert "wrong-key" not in repr(checks)


@pytest.mark.parametrize(("trash", "days"), [(False, 30), (True, 0)])
def test_no_trash(dialect: Dialect, trash: bool, days: int) -> None:
    checks = checks_of(connected(Sandbox(dialect, trash=trash, trash_days=days, now=lambda: NOW)))
    assert levels(checks) == {"trash": Level.WARNING}


@pytest.mark.parametrize(
    ("ahead", "level"), [(0, Level.OK), (59, Level.OK), (-59, Level.OK), (62, Level.WARNING), (-3600, Level.WARNING)]
)
def test_clock(dialect: Dialect, ahead: int, level: Level) -> None:
    sandbox = Sandbox(dialect, now=lambda: NOW + timedelta(seconds=ahead))
    assert checks_of(connected(sandbox))["clock"].level is level


def test_an_unreachable_server_is_asked_once() -> None:
    sent: list[httpx.Request] = []

    def server(request: httpx.Request) -> httpx.Response:
        sent.append(request)
        return httpx.Response(404, html="not found")

    immich = Immich.connect("nas", "key", transport=httpx.MockTransport(server))
    checks = checks_of(immich)
    assert checks["reachable"].exit_code is ExitCode.UNREACHABLE
    assert {check.level for name, check in checks.items() if name != "reachable"} == {Level.WARNING}
    assert len(sent) == 1


Server = Callable[[httpx.Request], httpx.Response]


def changed(sandbox: Sandbox, path: str, response: httpx.Response) -> httpx.MockTransport:
    """The sandbox, but for one answer."""
    inner = sandbox.transport()

    def server(request: httpx.Request) -> httpx.Response:
        if request.url.path == path:
            return response
        answer: httpx.Response = inner.handle_request(request)
        return answer

    return httpx.MockTransport(server)


@pytest.mark.parametrize("force_version", [False, True])
def test_an_unsupported_version(sandbox: Sandbox, force_version: bool) -> None:
    answer = httpx.Response(200, json={"major": 4, "minor": 0, "patch": 0}, headers={"date": "nonsense"})
    transport = changed(sandbox, "/api/server/version", answer)
    immich = Immich.connect(sandbox.url, sandbox.admin_key, transport=transport, force_version=force_version)
    checks = checks_of(immich)
    expected = Level.WARNING if force_version else Level.PROBLEM
    assert levels(checks) == {"version": expected, "clock": Level.WARNING}
    assert checks["version"].exit_code is (None if force_version else ExitCode.UNSUPPORTED)


@pytest.mark.parametrize("path", ["/api/server/config", "/api/assets/statistics", "/api/users/me"])
def test_one_answer_fails(sandbox: Sandbox, path: str) -> None:
    transport = changed(sandbox, path, httpx.Response(500, json={"message": "oops"}))
    checks = checks_of(Immich.connect(sandbox.url, sandbox.admin_key, transport=transport))
    assert list(levels(checks).values()) == [Level.PROBLEM]


def with_version(sandbox: Sandbox, major: int, minor: int, patch: int) -> dict[str, Check]:
    answer = httpx.Response(200, json={"major": major, "minor": minor, "patch": patch})
    transport = changed(sandbox, "/api/server/version", answer)
    return checks_of(Immich.connect(sandbox.url, sandbox.admin_key, transport=transport))


def test_a_minor_version_newer_than_those_compared_is_a_warning() -> None:
    cases = [
        ((2, 3, 1), "2.3.1 is supported", Level.OK),
        ((2, 7, 5), "supported, by its API description", Level.OK),
        ((3, 1, 0), "3.1.0 is supported", Level.OK),
        ((3, 2, 2), "supported, by its API description", Level.OK),
        ((3, 3, 9), "supported, by its API description", Level.OK),
        ((3, 4, 0), "3.4.0 is newer than 3.3", Level.WARNING),
    ]
    for version, message, level in cases:
        check = with_version(Sandbox(Dialect.V3, now=lambda: NOW), *version)["version"]
        assert message in check.message
        assert check.level is level, version


def test_exclusion_patterns_before_3_2_are_a_warning_that_names_the_libraries() -> None:
    sandbox = Sandbox(Dialect.V3, now=lambda: NOW)
    sandbox.add_library("Plain", ["/ext/plain"])
    assert with_version(sandbox, 3, 1, 0)["exclusion patterns"].level is Level.OK
    sandbox.add_library("Raw", ["/ext/raw"], exclusion_patterns=["**/*.RW2"])
    found = with_version(sandbox, 3, 1, 0)["exclusion patterns"]
    assert (found.level, "Raw" in found.message, "Plain" in found.message) == (Level.WARNING, True, False)
    assert with_version(sandbox, 3, 2, 0)["exclusion patterns"].level is Level.OK


def test_a_key_that_may_not_see_libraries_is_no_problem() -> None:
    sandbox = Sandbox(Dialect.V3, now=lambda: NOW)
    key = sandbox.add_key(sandbox.add_user("Bea", "bea@example.com").id)
    check = checks_of(connected(sandbox, key))["exclusion patterns"]
    assert (check.level, "Not checked" in check.message) == (Level.OK, True)


def test_a_trash_that_nothing_tells_about_is_a_warning_with_the_reason() -> None:
    sandbox = Sandbox(Dialect.V3, now=lambda: NOW)
    gone = httpx.Response(404, json={"message": "Cannot GET /api/server/features"})
    check = checks_of(
        Immich.connect(sandbox.url, sandbox.admin_key, transport=changed(sandbox, "/api/server/features", gone))
    )["trash"]
    assert check.level is Level.WARNING
    assert "deletions count as permanent" in check.message
