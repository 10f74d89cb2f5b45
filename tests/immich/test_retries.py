"""What is sent again, how often, and what never is."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from pytest_httpx import HTTPXMock, IteratorStream

from immich_tools import Immich
from immich_tools.errors import ServerUnreachable, ToolkitError
from immich_tools.immich.connection import Connection
from immich_tools.immich.models import ItemError, ItemResult
from immich_tools.immich.transport import LONGEST_WAIT, Gate
from immich_tools.sandbox import FaultKind, Faults, Sandbox
from immich_tools.secret import Secret

TRIES = 6
READ = {"method": "get", "url": "/server/version"}
SEARCH = {"method": "post", "url": "/search/metadata", "json": {}}
UPDATE = {"method": "put", "url": "/assets", "json": {"ids": []}}
DELETE = {"method": "delete", "url": "/assets", "json": {"ids": []}}
RESTORE = {"method": "post", "url": "/trash/restore/assets", "json": {"ids": []}}
CREATE = {"method": "post", "url": "/albums", "json": {"albumName": "New"}}
ADDS_UP = {"method": "put", "url": "/assets", "json": {"ids": [], "dateTimeRelative": 5}}


def connection() -> Connection:
    return Immich.connect("http://nas:2283", "key", retry_wait=0).connection


@pytest.mark.parametrize("status", [429, 502, 503, 504])
@pytest.mark.parametrize("operation", [READ, SEARCH, UPDATE, DELETE, RESTORE])
def test_is_sent_again_until_it_works(httpx_mock: HTTPXMock, operation: dict[str, object], status: int) -> None:
    for _number in range(TRIES - 1):
        httpx_mock.add_response(status_code=status)
    httpx_mock.add_response(json={"done": True})
    assert connection().json(operation) == {"done": True}


@pytest.mark.parametrize(
    "error",
    [
        httpx.ConnectError("refused"),
        httpx.ConnectTimeout("slow"),
        httpx.ReadTimeout("slow"),
        httpx.ReadError("reset"),
        httpx.WriteError("reset"),
        httpx.RemoteProtocolError("disconnected"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_broken_connections_count_as_tries(httpx_mock: HTTPXMock, error: httpx.TransportError) -> None:
    for _number in range(TRIES - 1):
        httpx_mock.add_exception(error)
    httpx_mock.add_response(json={})
    assert connection().json(READ) == {}


def test_a_connection_that_breaks_inside_the_body_counts_as_a_try(httpx_mock: HTTPXMock) -> None:
    class Broken(httpx.SyncByteStream):
        def __iter__(self) -> Iterator[bytes]:
            yield b'{"half": '
            raise httpx.ReadError("reset")

    def answer(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, stream=Broken() if len(httpx_mock.get_requests()) < 3 else IteratorStream([b"{}"]))

    httpx_mock.add_callback(answer, is_reusable=True)
    assert connection().json(SEARCH) == {}
    assert len(httpx_mock.get_requests()) == 3


@pytest.mark.parametrize("status", [502, 503, 429])
@pytest.mark.parametrize("operation", [READ, UPDATE])
def test_gives_up_in_the_end(httpx_mock: HTTPXMock, operation: dict[str, object], status: int) -> None:
    httpx_mock.add_response(status_code=status, is_reusable=True)
    with pytest.raises(ServerUnreachable, match=str(status)):
        connection().send(operation)
    assert len(httpx_mock.get_requests()) == TRIES


@pytest.mark.parametrize("operation", [CREATE, ADDS_UP])
def test_what_adds_up_is_sent_once(httpx_mock: HTTPXMock, operation: dict[str, object]) -> None:
    failures: list[Callable[[], None]] = [
        lambda: httpx_mock.add_response(status_code=502),
        lambda: httpx_mock.add_response(status_code=429),
        lambda: httpx_mock.add_exception(httpx.ReadError("reset")),
        lambda: httpx_mock.add_exception(httpx.ConnectError("refused")),
    ]
    for fail in failures:
        fail()
        before = len(httpx_mock.get_requests())
        with pytest.raises(ServerUnreachable):
            connection().send(operation)
        assert len(httpx_mock.get_requests()) == before + 1


@pytest.mark.parametrize("status", [400, 401, 403, 404, 501, 505])
def test_refusals_are_not_sent_again(httpx_mock: HTTPXMock, status: int) -> None:
    httpx_mock.add_response(status_code=status, json={"message": "no"})
    with pytest.raises(ToolkitError):
        connection().send(READ)
    assert len(httpx_mock.get_requests()) == 1


def tries(operation: dict[str, Any], status: int, *, probe: bool = False) -> int:
    """How often an operation is sent to a server that always answers with a status."""
    sent: list[httpx.Request] = []

    def server(request: httpx.Request) -> httpx.Response:
        sent.append(request)
        return httpx.Response(status, json={"message": "oops"})

    immich = Immich.connect("http://nas", "key", transport=httpx.MockTransport(server), retry_wait=0)
    with pytest.raises(ToolkitError):
        immich.connection.send(operation, probe=probe)
    return len(sent)


def test_reads_are_sent_again_after_what_proxies_and_overloaded_servers_answer() -> None:
    for status in (408, *range(520, 528), 530):
        assert (tries(READ, status), tries(SEARCH, status)) == (TRIES, TRIES), status
        assert (tries(UPDATE, status), tries(CREATE, status)) == (1, 1), status


def test_a_read_that_the_server_fails_on_is_sent_three_times_and_a_probe_once() -> None:
    assert (tries(READ, 500), tries(SEARCH, 500)) == (3, 3)
    assert (tries(UPDATE, 500), tries(CREATE, 500)) == (1, 1)
    assert (tries(SEARCH, 500, probe=True), tries(SEARCH, 502, probe=True)) == (1, TRIES)


def test_a_long_wait_that_the_server_asks_for_is_reported_once(monkeypatch: pytest.MonkeyPatch) -> None:
    now, said = [0.0], list[str]()
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    monkeypatch.setattr(time, "sleep", lambda seconds: None)
    answers = iter([("2", 429), ("60", 429), ("60", 429), ("0", 200), ("60", 429), ("0", 200)])

    def server(request: httpx.Request) -> httpx.Response:
        seconds, status = next(answers)
        return httpx.Response(status, json={}, headers={"retry-after": seconds})

    immich = Immich.connect("http://nas", "key", transport=httpx.MockTransport(server), report_wait=said.append)
    immich.connection.send(READ)
    assert said == ["The server is busy and asks to wait: 30 s."]
    now[0] += 31
    immich.connection.send(READ)
    assert len(said) == 2


def test_without_anybody_to_tell_a_long_wait_is_logged(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(time, "sleep", lambda seconds: None)
    answers = iter([httpx.Response(503, headers={"retry-after": "7"}), httpx.Response(200, json={})])
    transport = httpx.MockTransport(lambda request: next(answers))
    Immich.connect("http://nas", "key", transport=transport).connection.send(READ)
    assert "asks to wait: 7 s" in caplog.text


@pytest.mark.parametrize(
    ("retry_after", "waits"),
    [("7", 7.0), ("86400", LONGEST_WAIT), ("Fri, 31 Dec 9999 23:59:59 GMT", LONGEST_WAIT), ("0", 0.0), ("soon", 0.0)],
)
@pytest.mark.filterwarnings("default")
def test_retry_after_is_obeyed_within_limits(
    httpx_mock: HTTPXMock, monkeypatch: pytest.MonkeyPatch, retry_after: str, waits: float
) -> None:
    slept: list[float] = []
    monkeypatch.setattr(time, "sleep", slept.append)
    httpx_mock.add_response(status_code=429, headers={"retry-after": retry_after})
    httpx_mock.add_response(json={})
    connection().json(READ)
    assert slept == [waits]


def test_waits_grow_and_end(httpx_mock: HTTPXMock, monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []
    monkeypatch.setattr(time, "sleep", slept.append)
    httpx_mock.add_response(status_code=503, is_reusable=True)
    with pytest.raises(ServerUnreachable):
        Immich.connect("nas", "key", retry_wait=1.0).connection.send(READ)
    longest = [1.0, 2.0, 4.0, 8.0, 16.0]
    assert all(most / 2 <= wait <= most for wait, most in zip(slept, longest, strict=True))


def test_nothing_is_sent_again_when_patience_is_over() -> None:
    sent: list[httpx.Request] = []

    def server(request: httpx.Request) -> httpx.Response:
        sent.append(request)
        raise httpx.ReadTimeout("slow")

    gate = Gate(
        httpx.MockTransport(server), base_path="/api", api_key=Secret("key"), read_only=False, wait=0, patience=0
    )
    with httpx.Client(base_url="http://nas/api", transport=gate) as client, pytest.raises(httpx.ReadTimeout):
        client.get("/server/version")
    assert len(sent) == 1


def test_patience_lasts_over_all_tries(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: clock[0])

    def server(request: httpx.Request) -> httpx.Response:
        clock[0] += 100.0
        raise httpx.ReadTimeout("slow")

    gate = Gate(
        httpx.MockTransport(server), base_path="/api", api_key=Secret("key"), read_only=False, wait=0, patience=250.0
    )
    with httpx.Client(base_url="http://nas/api", transport=gate) as client, pytest.raises(httpx.ReadTimeout):
        client.get("/server/version")
    assert clock == [300.0]


@pytest.mark.parametrize("seed", range(3))
def test_a_listing_over_a_bad_network_is_complete(sandbox: Sandbox, connect: Callable[..., Immich], seed: int) -> None:
    ids = {sandbox.add_asset() for _number in range(60)}
    sandbox.set_faults(Faults(failure_rate=0.2, seed=seed))
    assert {asset.id for asset in connect(page_size=10).assets.stream()} == ids


@pytest.mark.parametrize("kind", [FaultKind.RESET_AFTER, FaultKind.BAD_GATEWAY_AFTER, FaultKind.GATEWAY_TIMEOUT_AFTER])
def test_writes_whose_answer_was_lost_are_the_same_done_twice(
    sandbox: Sandbox, connect: Callable[..., Immich], kind: FaultKind
) -> None:
    ids = [sandbox.add_asset() for _number in range(4)]
    album_id = sandbox.add_album("Holiday")
    tag_id = sandbox.add_tag("sea")
    immich = connect()
    _ = immich.me, immich.version

    def losing_the_answer(write: Callable[[], object]) -> None:
        sandbox.set_faults(Faults(at={1: kind}))
        write()

    losing_the_answer(lambda: immich.albums.add(album_id, ids))
    losing_the_answer(lambda: immich.tags.add(tag_id, ids[:2]))
    losing_the_answer(lambda: immich.assets.trash(ids[2:]))
    losing_the_answer(lambda: immich.assets.restore(ids[2:3]))
    immich.stacks.create(ids[:2])
    stack = immich.stacks.of(ids[0])
    assert stack is not None
    losing_the_answer(lambda: immich.stacks.dissolve(stack.id))
    sandbox.set_faults(None)
    assert immich.albums.member_ids(immich.albums.get(album_id)) == set(ids[:3])
    assert immich.tags.carried({tag_id: ids}) == {tag_id: frozenset(ids[:2])}
    assert [immich.assets.read_each(ids)[asset_id].is_trashed for asset_id in ids] == [False, False, False, True]
    assert immich.stacks.of(ids[0]) is None


@pytest.mark.parametrize(
    ("kind", "error", "repeated"),
    [
        (None, None, False),
        (FaultKind.REFUSED_CONNECTION, None, False),
        (FaultKind.TOO_MANY_REQUESTS, None, False),
        (FaultKind.RESET_BEFORE, None, True),
        (FaultKind.BAD_GATEWAY, None, True),
        (FaultKind.UNAVAILABLE, None, True),
        (FaultKind.RESET_AFTER, ItemError.DUPLICATE, True),
        (FaultKind.BAD_GATEWAY_AFTER, ItemError.DUPLICATE, True),
        (FaultKind.GATEWAY_TIMEOUT_AFTER, ItemError.DUPLICATE, True),
    ],
)
def test_a_second_answer_says_that_it_may_be_one(
    sandbox: Sandbox, connect: Callable[..., Immich], kind: FaultKind | None, error: ItemError | None, repeated: bool
) -> None:
    """What was there before, and what the first try did, both come back as a duplicate."""
    asset_id, album_id, tag_id = sandbox.add_asset(), sandbox.add_album("Holiday"), sandbox.add_tag("sea")
    immich = connect()
    for add, target in ((immich.albums.add, album_id), (immich.tags.add, tag_id)):
        sandbox.set_faults(None if kind is None else Faults(at={1: kind}))
        assert add(target, [asset_id]) == [ItemResult(asset_id, error, repeated)]
