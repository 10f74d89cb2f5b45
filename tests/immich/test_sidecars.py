"""Sidecars by the API of Immich 3.2: paths and content, and None where the server does not tell."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx

from immich_tools import Immich
from immich_tools.album_backup import AlbumBackupOptions, gather
from immich_tools.immich.models import Sidecar
from immich_tools.sandbox import Dialect, Sandbox

XMP = b"<x:xmpmeta xmlns:x='adobe:ns:meta/'></x:xmpmeta>"


def entry(name: str, path: str) -> dict[str, Any]:
    """An answer of ``/asset-files`` in the shape of the API description of 3.3.5."""
    moment = "2026-11-20T12:00:00.000Z"
    flags = {"isEdited": False, "isProgressive": False, "isTransparent": False}
    return {"id": name, "createdAt": moment, "updatedAt": moment, "type": "sidecar", "path": path, **flags}


def server(version: tuple[int, int, int], listed: httpx.Response, content: httpx.Response | None = None) -> Immich:
    def answer(request: httpx.Request) -> httpx.Response:
        path = request.url.path
        if path == "/api/server/version":
            return httpx.Response(200, json=dict(zip(("major", "minor", "patch"), version, strict=True)))
        if path == "/api/asset-files" and dict(request.url.params) == {"assetId": "a", "type": "sidecar"}:
            return listed
        if content is not None and path == "/api/asset-files/s-1/download":
            return content
        raise AssertionError(request.url)

    return Immich.connect("http://nas", "key", transport=httpx.MockTransport(answer), read_only=True, retry_wait=0)


def test_the_paths_of_sidecars() -> None:
    answers = [entry("s-2", "/data/b.jpg.xmp"), entry("s-1", "/data/a.jpg.xmp")]
    found = server((3, 2, 0), httpx.Response(200, json=answers)).sidecars.of_asset("a")
    assert found == (Sidecar("/data/a.jpg.xmp", "s-1"), Sidecar("/data/b.jpg.xmp", "s-2"))
    assert server((3, 3, 5), httpx.Response(200, json=[])).sidecars.of_asset("a") == ()


def test_a_server_that_does_not_tell_is_not_one_without_sidecars() -> None:
    refusals = {
        400: "Not found or no assetFile.read access",
        403: "Missing required permission: assetFile.read",
        404: "Cannot GET /api/asset-files",
    }
    for status, message in refusals.items():
        refusal = httpx.Response(status, json={"message": message})
        assert server((3, 2, 0), refusal).sidecars.of_asset("a") is None
    assert server((3, 1, 0), httpx.Response(200, json=[])).sidecars.of_asset("a") is None


def test_the_content_of_a_sidecar_up_to_a_limit() -> None:
    sidecar = Sidecar("/data/a.jpg.xmp", "s-1")
    unused = httpx.Response(500)
    for limit, expected in ((1000, XMP), (len(XMP), XMP), (5, XMP[:5])):
        immich = server((3, 2, 0), unused, httpx.Response(200, content=XMP))
        assert immich.sidecars.content(sidecar, limit) == expected
    for status in (403, 404):
        refusal = httpx.Response(status, json={"message": "no"})
        assert server((3, 2, 0), unused, refusal).sidecars.content(sidecar, 1000) is None


def test_an_album_backup_takes_the_sidecar_of_an_upload_that_it_downloads(tmp_path: Path) -> None:
    sandbox = Sandbox(Dialect.V3)
    sandbox.add_library("Archive", [str(tmp_path)])
    asset_id = sandbox.add_asset(content=b"a")
    sandbox.add_album("Holiday", asset_ids=[asset_id])
    path = sandbox.state.assets[asset_id].original_path
    inner = sandbox.transport()

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/api/server/version":
            return httpx.Response(200, json={"major": 3, "minor": 2, "patch": 0})
        if request.url.path == "/api/asset-files":
            return httpx.Response(200, json=[entry("other", "/data/a.xmp"), entry("s-1", f"{path}.xmp")])
        if request.url.path == "/api/asset-files/s-1/download":
            return httpx.Response(200, content=XMP)
        return inner.handle_request(request)

    with Immich.connect(sandbox.url, sandbox.admin_key, transport=httpx.MockTransport(answer), retry_wait=0) as immich:
        facts = gather(immich, AlbumBackupOptions(album=("Holiday",), external_path=(str(tmp_path),)))
    assert facts.uploads[asset_id].sidecar == XMP
