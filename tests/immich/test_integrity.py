"""The server's own report of missing files: read to its end where there is one, else the reason why it was not."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from immich_tools import Immich
from immich_tools.errors import IncompleteListing, RequestRefused, ServerUnreachable
from immich_tools.immich.models import MissingFile, Report
from immich_tools.sandbox import Dialect, Sandbox


def connect(sandbox: Sandbox, key: str | None = None) -> Immich:
    return Immich.connect(
        sandbox.url, key or sandbox.admin_key, transport=sandbox.transport(), retry_wait=0, read_only=True
    )


def test_the_report_holds_the_missing_originals_of_all_users(tmp_path: Path) -> None:
    for count in (0, 1, 5):
        sandbox = Sandbox(Dialect.V3, folder=tmp_path / str(count))
        other = sandbox.add_user("Ben", "ben@example.com")
        for number in range(count + 1):
            sandbox.add_asset(content=b"%d" % number, owner_id=other.id if number % 2 else None)
        paths = sorted(asset.original_path for asset in sandbox.state.assets.values())
        for path in paths[:count]:
            Path(path).unlink()
        report = connect(sandbox).integrity.missing_files()
        assert (report.was_read, report.paths) == (True, frozenset(paths[:count]))


def test_version_2_has_no_report_and_is_not_asked_for_one() -> None:
    sandbox = Sandbox(Dialect.V2)
    report = connect(sandbox).integrity.missing_files()
    assert report == Report(reason="Immich 2.3.1 has none")
    assert [request.path for request in sandbox.requests] == ["/api/server/version"]


def test_a_key_that_may_not_read_the_report_gives_the_reason() -> None:
    sandbox = Sandbox(Dialect.V3)
    admin = next(iter(sandbox.state.users.values()))
    limited = sandbox.add_key(admin.id, ["asset.read"])
    everybody = sandbox.add_key(sandbox.add_user("Ben", "ben@example.com").id, ["all"])
    for key, reason in ((limited, "maintenance"), (everybody, "administrator")):
        report = connect(sandbox, key).integrity.missing_files()
        assert not report.was_read
        assert reason in report.reason
    assert connect(sandbox).integrity.missing_files() == Report(was_read=True)


IDS = [f"01a22458-383d-7e97-be1f-{number:012}" for number in range(7)]


def entry(number: int) -> dict[str, object]:
    """An entry as Immich 3.1.0 sends it: originals have an asset, sidecars and derived files do not."""
    is_original = number % 2 == 0
    return {
        "id": IDS[number],
        "type": "missing_file",
        "path": f"/data/{number}.jpg",
        "assetId": f"asset-{number}" if is_original else None,
        "fileAssetId": None if is_original else f"file-{number}",
        "createdAt": f"2026-11-2{number}T22:48:11.051Z",
    }


def paging(request: httpx.Request) -> httpx.Response:
    """Immich 3.1.0 with pages of three: refuses every limit; the cursor is the first entry of the next page."""
    if request.url.path == "/api/server/version":
        return httpx.Response(200, json={"major": 3, "minor": 1, "patch": 0})
    query = request.url.params
    if "limit" in query:
        message = "Invalid input: expected number, received string"
        return httpx.Response(
            400, json={"message": "Validation failed", "errors": [{"path": ["limit"], "message": message}]}
        )
    start = IDS.index(query["cursor"]) if "cursor" in query else 0
    body: dict[str, object] = {"items": [entry(number) for number in range(start, min(start + 3, len(IDS)))]}
    if start + 3 < len(IDS):
        body["nextCursor"] = IDS[start + 3]
    return httpx.Response(200, json=body)


def test_every_page_is_read_without_a_limit() -> None:
    immich = Immich.connect("http://immich", "key", transport=httpx.MockTransport(paging), retry_wait=0)
    report = immich.integrity.missing_files()
    assert [item.path for item in report.items] == [f"/data/{number}.jpg" for number in range(7)]
    moment = datetime(2026, 11, 20, 22, 48, 11, 51000, UTC)
    assert report.items[:2] == (
        MissingFile("/data/0.jpg", "asset-0", moment),
        MissingFile("/data/1.jpg", None, moment.replace(day=21)),
    )
    assert report.newest == moment.replace(day=26)


def answering(status: int, body: dict[str, object]) -> Immich:
    """A server of version 3 that answers every question about integrity alike."""

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/api/server/version":
            return httpx.Response(200, json={"major": 3, "minor": 9, "patch": 0})
        return httpx.Response(status, json=body)

    return Immich.connect("http://immich", "key", transport=httpx.MockTransport(answer), retry_wait=0)


def test_a_later_version_may_have_no_report() -> None:
    gone = {"message": "Cannot GET /api/admin/integrity/report", "error": "Not Found", "statusCode": 404}
    assert answering(404, gone).integrity.missing_files() == Report(reason="Immich 3.9.0 has none")


def test_a_refused_request_is_an_error_and_not_an_absent_report() -> None:
    with pytest.raises(RequestRefused, match="Validation failed"):
        answering(400, {"message": "Validation failed"}).integrity.missing_files()


def test_a_report_without_end_is_an_error() -> None:
    with pytest.raises(IncompleteListing, match="has no end"):
        answering(200, {"items": [], "nextCursor": "again"}).integrity.missing_files()


def test_a_server_that_fails_is_an_error_and_not_an_absent_report() -> None:
    with pytest.raises(ServerUnreachable):
        answering(503, {"message": "maintenance"}).integrity.missing_files()
