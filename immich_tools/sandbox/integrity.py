"""The integrity check of Immich 3, over the originals that have a real file."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final
from uuid import UUID

from attrs import frozen

from immich_tools.sandbox import sidecars
from immich_tools.sandbox.context import Server
from immich_tools.sandbox.jobs import INTEGRITY, Steps
from immich_tools.sandbox.moments import milliseconds

KINDS: Final = ("untracked_file", "missing_file", "checksum_mismatch")
JOBS: Final = ("integrity-missing-files", "integrity-untracked-files")
PAGE: Final = 500


@frozen
class Finding:
    """One file that is missing, or that belongs to nothing; `asset_id` is the asset of an original, `file_of` that of a
    sidecar."""

    path: str
    asset_id: str | None = None
    file_of: str | None = None


def queue_check(server: Server) -> None:
    """Queue a check of all files; reports hold what the last one found."""
    server.queues.add(INTEGRITY, lambda: _check(server))


def findings(server: Server, kind: str) -> list[dict[str, object]]:
    """What the last check found, newest first. Without delayed jobs a check is made for each report."""
    if server.queues.jobs is None:
        for _step in _check(server):
            pass
    return server.integrity.get(kind, [])


def _check(server: Server) -> Steps:
    yield
    now = server.state.now()
    for kind, finder in (("missing_file", _missing), ("untracked_file", _untracked)):
        found = sorted(finder(server), key=lambda finding: finding.path)
        server.integrity[kind] = [
            {
                "id": _id(int(now.timestamp() * 1000), kind, number),
                "type": kind,
                "path": finding.path,
                "assetId": finding.asset_id,
                "fileAssetId": finding.file_of,
                "createdAt": milliseconds(now),
            }
            for number, finding in reversed([*enumerate(found)])
        ]


def _missing(server: Server) -> Iterator[Finding]:
    """Originals of assets outside the trash, and their sidecars."""
    for asset in server.state.assets.values():
        if asset.file is None or asset.deleted_at is not None:
            continue
        if not asset.file.exists():
            yield Finding(asset.original_path, asset_id=asset.id)
        if asset.sidecar_path is not None and sidecars.read(server, asset) is None:
            yield Finding(asset.sidecar_path, file_of=asset.id)


def _untracked(server: Server) -> Iterator[Finding]:
    """Files in the sandbox's upload folder that no asset refers to."""
    if server.folder is None:
        return
    known = {asset.file for asset in server.state.assets.values() if asset.file is not None}
    known |= {file.with_name(f"{file.name}.xmp") for file in known}
    for path in (server.folder / "upload").rglob("*"):
        if path.is_file() and path not in known:
            yield Finding(str(path))


def _id(milliseconds: int, kind: str, number: int) -> str:
    """An id that grows with the time and the number, of version 7 as the server's."""
    return str(UUID(int=milliseconds << 80 | 7 << 76 | 2 << 62 | KINDS.index(kind) << 32 | number))
