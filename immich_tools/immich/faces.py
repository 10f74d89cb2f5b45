"""Faces: which an asset shows, and whether the server has looked for them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from attrs import frozen

from immich_sdk.api.faces import get_faces
from immich_sdk.api.jobs import get_queues_legacy
from immich_tools.errors import AccessDenied, RequestRefused
from immich_tools.immich.assets import NO_SUCH
from immich_tools.immich.configuration import Configuration
from immich_tools.immich.connection import Connection
from immich_tools.immich.convert import Json, person_from_json
from immich_tools.immich.models import Asset, Face, Recognition

QUEUES: Final = ("sidecar", "metadataExtraction", "thumbnailGeneration", "faceDetection", "facialRecognition")
"""What an upload goes through until its people are known, in this order."""
UNFINISHED: Final = ("active", "waiting", "delayed", "paused")


@frozen
class Faces:
    """The faces in the assets that the key's user may see."""

    connection: Connection

    def of_asset(self, asset_id: str) -> tuple[Face, ...] | None:
        """Every face in an asset, by id (permission ``face.read``); None when there is no such asset, or it may not be seen."""
        try:
            answer = self.connection.json(get_faces._get_kwargs(id=asset_id))
        except RequestRefused as refusal:
            if refusal.status in NO_SUCH:
                return None
            raise
        return tuple(sorted(map(face_from_json, answer), key=lambda face: face.id))

    def detected(self, assets: Iterable[Asset]) -> dict[str, bool]:
        """Whether any face was found in some assets, recognised or not: asset id → answer; assets that are gone are missing.

        Assets listed with people tell themselves until Immich 3. For the others one request each is sent, but not for those that
        show a recognised person.
        """
        given = {asset.id: asset for asset in assets}
        told = {asset_id: _told(asset) for asset_id, asset in given.items()}
        asked = sorted(asset_id for asset_id, answer in told.items() if answer is None)
        found = dict(zip(asked, self.connection.each(asked, self.of_asset), strict=True))
        return {asset_id: answer for asset_id, answer in told.items() if answer is not None} | {
            asset_id: bool(faces) for asset_id, faces in found.items() if faces is not None
        }

    def recognition(self) -> Recognition:
        """How far the server is with finding faces; only an administrator's key (permission ``job.read``) sees what is pending."""
        return Recognition(is_on=Configuration(self.connection).recognizes_faces(), pending=self._pending())

    def _pending(self) -> int | None:
        try:
            queues = self.connection.json(get_queues_legacy._get_kwargs())
        except AccessDenied:
            return None
        return sum(int(queues[name]["jobCounts"][state]) for name in QUEUES for state in UNFINISHED)


def _told(asset: Asset) -> bool | None:
    if asset.people or asset.unassigned_faces:
        return True
    return None if asset.people is None or asset.unassigned_faces is None else False


def face_from_json(item: Json) -> Face:
    """A face of ``GET /faces``."""
    person = item.get("person")
    return Face(
        id=item["id"],
        person=None if person is None else person_from_json(person),
        width=item["imageWidth"],
        height=item["imageHeight"],
        left=item["boundingBoxX1"],
        top=item["boundingBoxY1"],
        right=item["boundingBoxX2"],
        bottom=item["boundingBoxY2"],
    )
