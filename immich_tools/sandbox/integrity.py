"""The integrity check of Immich 3, over the originals that have a real file."""

from typing import Final
from uuid import UUID

from immich_tools.sandbox import create
from immich_tools.sandbox.context import Server

KINDS: Final = ("untracked_file", "missing_file", "checksum_mismatch")


def missing_files(server: Server) -> list[dict[str, object]]:
    """Assets outside the trash whose original is not on disk any more."""
    return [
        {"id": report_id(asset.original_path), "assetId": asset.id, "path": asset.original_path, "type": "missing_file"}
        for asset in server.state.assets.values()
        if asset.file is not None and asset.deleted_at is None and not asset.file.exists()
    ]


def untracked_files(server: Server) -> list[dict[str, object]]:
    """Files in the sandbox's upload folder that no asset refers to."""
    if server.folder is None or not (server.folder / "upload").is_dir():
        return []
    known = {asset.file for asset in server.state.assets.values() if asset.file is not None}
    known |= {file.with_name(f"{file.name}.xmp") for file in known}
    found = (path for path in sorted((server.folder / "upload").rglob("*")) if path.is_file() and path not in known)
    return [{"id": report_id(str(path)), "path": str(path), "type": "untracked_file"} for path in found]


def report_id(path: str) -> str:
    """The id of a report's entry: the same for the same path, and of version 4 like all ids."""
    return str(UUID(bytes=create.sha1(path.encode())[:16], version=4))
