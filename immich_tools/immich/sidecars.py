"""XMP sidecars as the server tells of them (Immich 3.2; alpha). Earlier, only its database and the disk tell."""

from __future__ import annotations

from collections.abc import Callable

from attrs import frozen

from immich_tools.errors import AccessDenied, RequestRefused
from immich_tools.immich import compat
from immich_tools.immich.assets import NO_SUCH
from immich_tools.immich.connection import Connection
from immich_tools.immich.models import Sidecar, Version


@frozen
class Sidecars:
    """The sidecars of the key's user's own assets."""

    connection: Connection
    version: Callable[[], Version]

    def of_asset(self, asset_id: str) -> tuple[Sidecar, ...] | None:
        """The sidecars of an asset, by path (permission ``assetFile.read``).

        :returns: None when the server does not tell: it is older than 3.2 or no longer has the feature, the key may not ask, the asset is
            not the user's own. That is not the same as an asset without sidecars.
        """
        if not compat.tells_asset_files(self.version()):
            return None
        # Not among the operations of the base spec, so it is spelled out here. In the table of operations: searchAssetFiles.
        parameters = {"assetId": asset_id, "type": "sidecar"}
        try:
            answer = self.connection.json({"method": "get", "url": "/asset-files", "params": parameters})
        except AccessDenied:
            return None
        except RequestRefused as refusal:
            if refusal.status in NO_SUCH:
                return None
            raise
        return tuple(sorted(Sidecar(path=each["path"], id=each["id"]) for each in answer))

    def content(self, sidecar: Sidecar, limit: int) -> bytes | None:
        """What a sidecar holds (permission ``assetFile.download``).

        :param limit: bytes after which reading ends.
        :returns: None when the server does not give it.
        """
        try:
            response = self.connection.open({"method": "get", "url": f"/asset-files/{sidecar.id}/download"})
        except AccessDenied:
            return None
        except RequestRefused as refusal:
            if refusal.status in NO_SUCH:
                return None
            raise
        content = bytearray()
        try:
            for piece in response.iter_bytes():
                content += piece
                if len(content) >= limit:
                    break
        finally:
            response.close()
        return bytes(content[:limit])
