"""The server's own report of missing files: read to its end where there is one, else no opinion."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from immich_tools import Immich
from immich_tools.errors import IncompleteListing, ServerUnreachable
from immich_tools.sandbox import Dialect, Sandbox


def connect(sandbox: Sandbox, key: str | None = None) -> Immich:
    """Connect with pages of two entries."""
    return Immich.connect(
        sandbox.url, key or sandbox.admin_key, transport=sandbox.transport(), retry_wait=0, page_size=2, read_only=True
    )


@pytest.mark.parametrize("count", [0, 1, 2, 3, 5])
def test_every_missing_original_of_everybody(tmp_path: Path, count: int) -> None:
    sandbox = Sandbox(Dialect.V3, folder=tmp_path)
    other = sandbox.add_user("Ben", "ben@example.com")
    for number in range(count + 1):
        sandbox.add_asset(content=b"%d" % number, owner_id=other.id if number % 2 else None)
    paths = sorted(asset.original_path for asset in sandbox.state.assets.values())
    for path in paths[:count]:
        Path(path).unlink()
    assert connect(sandbox).integrity.missing_paths() == frozenset(paths[:count])


def test_no_opinion_before_version_3() -> None:
    sandbox = Sandbox(Dialect.V2)
    immich = connect(sandbox)
    assert immich.integrity.missing_paths() is None
    assert [request.path for request in sandbox.requests] == ["/api/server/version"]


def test_no_opinion_where_the_key_or_its_user_may_not_read_it() -> None:
    sandbox = Sandbox(Dialect.V3)
    admin = next(iter(sandbox.state.users.values()))
    limited = sandbox.add_key(admin.id, ["asset.read"])
    everybody = sandbox.add_key(sandbox.add_user("Ben", "ben@example.com").id, ["all"])
    assert connect(sandbox, limited).integrity.missing_paths() is None
    assert connect(sandbox, everybody).integrity.missing_paths() is None
    assert connect(sandbox).integrity.missing_paths() == frozenset()


def answering(status: int, body: dict[str, object]) -> Immich:
    """A server of version 3 that answers every question about integrity alike."""

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/api/server/version":
            return httpx.Response(200, json={"major": 3, "minor": 9, "patch": 0})
        return httpx.Response(status, json=body)

    return Immich.connect("http://immich", "key", transport=httpx.MockTransport(answer), retry_wait=0)


def test_no_opinion_where_a_later_version_has_no_report() -> None:
    gone = {"message": "Cannot GET /api/admin/integrity/report", "error": "Not Found", "statusCode": 404}
    assert answering(404, gone).integrity.missing_paths() is None


def test_a_report_without_end_is_not_taken_for_a_whole_one() -> None:
    with pytest.raises(IncompleteListing, match="has no end"):
        answering(200, {"items": [], "nextCursor": "again"}).integrity.missing_paths()


def test_a_server_that_fails_is_no_server_without_opinion() -> None:
    with pytest.raises(ServerUnreachable):
        answering(503, {"message": "maintenance"}).integrity.missing_paths()
