"""Originals come as they are, in pieces, whatever breaks on the way; and never as something else."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st

from immich_tools import Immich
from immich_tools.errors import AccessDenied, FileChanged, RequestRefused, ServerUnreachable
from immich_tools.sandbox import Dialect, FaultKind, Faults, Sandbox

Connect = Callable[..., Immich]
CONTENT = bytes(range(256)) * 4096
UNKNOWN = "00000000-0000-4000-8000-000000000000"
TRIES = 6


def downloaded(immich: Immich, asset_id: str, *, start: int = 0, edited: bool = False) -> bytes:
    with immich.downloads.open(asset_id, start=start, edited=edited) as download:
        return b"".join(download.pieces)


def test_the_original_and_what_is_known_of_it(sandbox: Sandbox, connect: Connect) -> None:
    """A dry run may read it too."""
    asset_id = sandbox.add_asset(content=CONTENT, original_file_name="a.heic")
    immich = connect(read_only=True)
    with immich.downloads.open(asset_id) as download:
        pieces = list(download.pieces)
    assert (download.size, download.media_type) == (len(CONTENT), "image/heic")
    assert b"".join(pieces) == CONTENT
    assert max(map(len, pieces)) < len(CONTENT)
    asset = immich.assets.get(asset_id)
    assert asset is not None
    assert asset.sha1 == hashlib.sha1(CONTENT, usedforsecurity=False).digest()


def test_external_files_have_no_digest(sandbox: Sandbox, immich: Immich, tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(CONTENT)
    library_id = sandbox.add_library("Photos", [str(tmp_path)])
    sandbox.add_asset(file=tmp_path / "a.jpg", original_path=str(tmp_path / "a.jpg"), library_id=library_id)
    (asset,) = immich.assets.stream()
    assert asset.sha1 is None
    assert downloaded(immich, asset.id) == CONTENT


@pytest.mark.parametrize("checksum", ["", "no base64", "YWJj"])
def test_what_is_no_digest_is_not_taken_for_one(immich: Immich, sandbox: Sandbox, checksum: str) -> None:
    sandbox.add_asset()
    (asset,) = immich.assets.stream()
    assert evolve(asset, checksum=checksum).sha1 is None


def test_motion_videos_are_assets_of_their_own(sandbox: Sandbox, immich: Immich) -> None:
    video = sandbox.add_asset(original_file_name="a.mov", content=b"video", visibility="hidden")
    still = sandbox.add_asset(content=b"still", live_photo_video_id=video)
    asset = immich.assets.get(still)
    assert asset is not None
    assert asset.live_photo_video_id is not None
    assert downloaded(immich, asset.live_photo_video_id) == b"video"


@pytest.mark.parametrize("start", [1, 100, len(CONTENT) - 1, len(CONTENT)])
def test_what_is_there_already_is_not_sent_again(sandbox: Sandbox, immich: Immich, start: int) -> None:
    asset_id = sandbox.add_asset(content=CONTENT)
    with immich.downloads.open(asset_id, start=start) as download:
        assert download.size == len(CONTENT)
        assert b"".join(download.pieces) == CONTENT[start:]


def test_more_is_there_than_the_file_has(sandbox: Sandbox, immich: Immich) -> None:
    asset_id = sandbox.add_asset(content=b"short")
    with pytest.raises(FileChanged, match=asset_id):
        downloaded(immich, asset_id, start=6)


def test_an_empty_file(sandbox: Sandbox, immich: Immich) -> None:
    assert downloaded(immich, sandbox.add_asset(content=b"")) == b""


def test_the_edited_version(sandbox: Sandbox, immich: Immich, dialect: Dialect) -> None:
    asset_id, plain = sandbox.add_asset(content=b"original", edited=b"edited"), sandbox.add_asset(content=b"plain")
    found = immich.assets.read_each([asset_id, plain])
    is_newer = dialect is Dialect.V3
    assert [found[name].is_edited for name in (asset_id, plain)] == [is_newer, False]
    assert downloaded(immich, asset_id) == b"original"
    assert downloaded(immich, asset_id, edited=True) == (b"edited" if is_newer else b"original")
    assert downloaded(immich, plain, edited=True) == b"plain"


@pytest.mark.parametrize("served", [False, True], ids=["in process", "over a port"])
def test_a_download_goes_on_where_it_broke_off(
    sandbox: Sandbox, tmp_path: Path, dialect: Dialect, served: bool
) -> None:
    """Each of the first answers breaks off in its middle, the requests between fail before they arrive."""
    sandbox.mount("/data", tmp_path)
    asset_id = sandbox.add_asset(content=CONTENT)
    sandbox.set_faults(
        Faults(
            at={
                1: FaultKind.RESET_WITHIN,
                2: FaultKind.UNAVAILABLE,
                3: FaultKind.RESET_BEFORE,
                4: FaultKind.RESET_WITHIN,
                5: FaultKind.TOO_MANY_REQUESTS,
            }
        )
    )
    if not served:
        immich = Immich.connect(sandbox.url, sandbox.admin_key, transport=sandbox.transport(), retry_wait=0)
        assert downloaded(immich, asset_id) == CONTENT
    else:
        with sandbox.serve() as url, Immich.connect(url, sandbox.admin_key, retry_wait=0) as immich:
            assert downloaded(immich, asset_id) == CONTENT
    assert [request.status for request in sandbox.requests] == [200, 503, None, 206, 429, 206]


@pytest.mark.parametrize("dialect", list(Dialect), ids=lambda dialect: dialect.value)
@settings(max_examples=30, deadline=None)
@given(size=st.integers(0, 3000), start=st.integers(0, 3000), seed=st.integers(0, 1000))
def test_whatever_breaks_the_bytes_are_right(dialect: Dialect, size: int, start: int, seed: int) -> None:
    sandbox = Sandbox(dialect)
    content = CONTENT[:size]
    asset_id = sandbox.add_asset(content=content)
    kinds = (FaultKind.RESET_WITHIN, FaultKind.RESET_AFTER, FaultKind.BAD_GATEWAY)
    sandbox.set_faults(Faults(failure_rate=0.4, kinds=kinds, seed=seed))
    immich = Immich.connect(sandbox.url, sandbox.admin_key, transport=sandbox.transport(), retry_wait=0)
    got = bytearray()
    try:
        with immich.downloads.open(asset_id, start=start) as download:
            for piece in download.pieces:
                got += piece
    except FileChanged:
        assert start > size
    except ServerUnreachable:
        assert content[start:].startswith(bytes(got))
    else:
        assert got == content[start:]


def test_gives_up_when_no_byte_comes_any_more(sandbox: Sandbox, immich: Immich) -> None:
    asset_id = sandbox.add_asset(content=CONTENT)
    sandbox.set_faults(Faults(failure_rate=1.0, kinds=(FaultKind.RESET_WITHIN,)))
    with pytest.raises(ServerUnreachable, match="connection reset"):
        downloaded(immich, asset_id)
    # Half of what was left each time: the file is read to its last byte, which never comes.
    assert len(sandbox.requests) == len(CONTENT).bit_length() - 1 + TRIES


def test_refusals(sandbox: Sandbox, connect: Connect) -> None:
    asset_id = sandbox.add_asset(content=b"a")
    with pytest.raises(RequestRefused, match=r"(?i)not found"):
        downloaded(connect(), UNKNOWN)
    with pytest.raises(AccessDenied, match=r"asset\.download"):
        downloaded(connect(sandbox.add_key(sandbox.admin.id, ["asset.read"])), asset_id)


Answer = Callable[[httpx.Request], httpx.Response]


def answering(*answers: Answer) -> Immich:
    """A server that gives these answers one after the other."""
    left = iter(answers)

    def server(request: httpx.Request) -> httpx.Response:
        return next(left)(request)

    return Immich.connect("http://nas", "key", transport=httpx.MockTransport(server), retry_wait=0)


def whole(content: bytes, **headers: str) -> Answer:
    return lambda request: httpx.Response(200, headers=headers, stream=httpx.ByteStream(content))


class Broken(httpx.SyncByteStream):
    def __init__(self, content: bytes) -> None:
        self._content = content

    def __iter__(self) -> Iterator[bytes]:
        yield self._content
        raise httpx.ReadError("reset")


def half(etag: str = '"1"') -> Answer:
    headers = {"content-length": "6", "etag": etag}
    return lambda request: httpx.Response(200, headers=headers, stream=Broken(b"abc"))


def rest(content: bytes, extent: str, etag: str = '"1"') -> Answer:
    headers = {"content-range": f"bytes {extent}", "etag": etag}
    return lambda request: httpx.Response(206, headers=headers, stream=httpx.ByteStream(content))


def test_a_proxy_that_ignores_ranges() -> None:
    ignoring = {"content-length": "6", "etag": '"1"'}
    assert downloaded(answering(half(), whole(b"abcdef", **ignoring)), "a") == b"abcdef"
    assert downloaded(answering(whole(b"abcdef", **ignoring)), "a", start=4) == b"ef"


def test_a_proxy_that_hides_the_size() -> None:
    with answering(whole(b"abcdef")).downloads.open("a") as download:
        assert download.size is None
        assert b"".join(download.pieces) == b"abcdef"


def test_an_answer_that_ends_too_early_is_continued() -> None:
    short = whole(b"abc", **{"content-length": "6"})
    assert downloaded(answering(short, rest(b"def", "3-5/6")), "a") == b"abcdef"


@pytest.mark.parametrize(
    "then",
    [
        rest(b"def", "3-5/6", etag='"2"'),
        rest(b"defg", "3-6/7"),
        lambda request: httpx.Response(416, headers={"content-range": "bytes */2"}),
    ],
    ids=["other identity", "other size", "shorter"],
)
def test_another_file_is_not_stuck_to_the_first_half(then: Answer) -> None:
    with pytest.raises(FileChanged):
        downloaded(answering(half(), then), "a")


@pytest.mark.parametrize(
    "answer",
    [
        lambda request: httpx.Response(200, html="<html>Log in</html>"),
        lambda request: httpx.Response(206, headers={"content-range": "bytes 1-5/6"}, content=b"bcdef"),
        lambda request: httpx.Response(206, content=b"def"),
    ],
    ids=["login page", "another range", "no range"],
)
def test_what_is_no_answer_to_the_question(answer: Answer) -> None:
    with pytest.raises(ServerUnreachable, match="not Immich"):
        downloaded(answering(answer), "a", start=3)


def test_a_download_that_is_left_early_ends_its_connection() -> None:
    closed = []

    class Endless(httpx.SyncByteStream):
        def __iter__(self) -> Iterator[bytes]:
            while True:
                yield b"a" * 1000

        def close(self) -> None:
            closed.append(True)

    immich = answering(lambda request: httpx.Response(200, stream=Endless()))
    with immich.downloads.open("a") as download:
        assert next(download.pieces) == b"a" * 1000
        assert not closed
    assert closed
