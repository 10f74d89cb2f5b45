"""Failures on purpose are reproducible, and say truthfully whether the request was carried out."""

from typing import Any

import httpx
import pytest

from immich_tools.sandbox import Dialect, FaultKind, Faults, Sandbox

KINDS: list[tuple[FaultKind, type[Exception] | int, bool]] = [
    (FaultKind.REFUSED_CONNECTION, httpx.ConnectError, False),
    (FaultKind.RESET_BEFORE, httpx.ReadError, False),
    (FaultKind.RESET_AFTER, httpx.ReadError, True),
    (FaultKind.RESET_WITHIN, httpx.ReadError, True),
    (FaultKind.TOO_MANY_REQUESTS, 429, False),
    (FaultKind.BAD_GATEWAY, 502, False),
    (FaultKind.BAD_GATEWAY_AFTER, 502, True),
    (FaultKind.UNAVAILABLE, 503, False),
    (FaultKind.GATEWAY_TIMEOUT_AFTER, 504, True),
]


@pytest.mark.parametrize(("kind", "seen", "is_done"), KINDS)
def test_kinds(sandbox: Sandbox, call: Any, kind: FaultKind, seen: Any, is_done: bool) -> None:
    asset_id = sandbox.add_asset()
    sandbox.set_faults(Faults(at={2: kind}, retry_after=3))
    assert call("GET", "/server/ping").status_code == 200
    if isinstance(seen, int):
        answer = call("DELETE", "/assets", {"ids": [asset_id]})
        assert answer.status_code == seen
        assert answer.headers.get("retry-after") == ("3" if seen == 429 else None)
    else:
        with pytest.raises(seen):
            call("DELETE", "/assets", {"ids": [asset_id]})
    assert (sandbox.state.assets[asset_id].deleted_at is not None) is is_done
    assert len(sandbox.requests.writes()) == 1


def outcomes(faults: Faults) -> list[int | None]:
    sandbox = Sandbox(Dialect.V3, faults=faults)
    headers = {"x-api-key": sandbox.admin_key}
    with httpx.Client(transport=sandbox.transport(), base_url=sandbox.url, headers=headers) as client:
        for _ in range(200):
            try:
                client.get("/api/server/ping")
            except httpx.TransportError:
                continue
    return [request.status for request in sandbox.requests]


def test_random_failures_are_reproducible() -> None:
    first = outcomes(Faults(failure_rate=0.2, seed=7))
    assert first == outcomes(Faults(failure_rate=0.2, seed=7))
    assert first != outcomes(Faults(failure_rate=0.2, seed=8))
    assert 15 <= sum(status != 200 for status in first) <= 70
    assert {429, 502, 503, None} <= set(first)


def test_reads_can_be_spared() -> None:
    assert set(outcomes(Faults(failure_rate=1.0, only_writes=True))) == {200}


def test_half_of_a_batch(sandbox: Sandbox, call: Any) -> None:
    ids = [sandbox.add_asset() for _ in range(5)]
    album = sandbox.add_album("Album")
    sandbox.set_faults(Faults(at={1: FaultKind.HALF_OF_BATCH}))
    results = call("PUT", f"/albums/{album}/assets", {"ids": ids}).json()
    assert [entry["id"] for entry in results] == ids
    assert [entry.get("error") for entry in results] == [None, "unknown", None, "unknown", None]
    assert list(sandbox.state.albums[album].asset_ids) == ids[::2]


def test_refused_ids_spoil_their_batch(sandbox: Sandbox, call: Any) -> None:
    good, bad = sandbox.add_asset(), sandbox.add_asset()
    sandbox.set_faults(Faults(refused_ids=frozenset({bad})))
    assert call("DELETE", "/assets", {"ids": [good, bad]}).status_code == 400
    assert call("DELETE", "/assets", {"ids": [good]}).status_code == 204
    assert call("GET", f"/assets/{bad}").status_code == 200


def test_a_reset_closes_a_real_connection(sandbox: Sandbox) -> None:
    sandbox.set_faults(Faults(at={1: FaultKind.RESET_AFTER}))
    headers = {"x-api-key": sandbox.admin_key}
    with sandbox.serve() as url, httpx.Client(base_url=url, headers=headers) as client:
        with pytest.raises((httpx.ReadError, httpx.RemoteProtocolError)):
            client.post("/api/tags", json={"name": "done"})
        assert [tag["value"] for tag in client.get("/api/tags").json()] == ["done"]
